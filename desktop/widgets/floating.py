"""What floats above the page: a card beside a place, a message at the bottom, a drop target."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QObject,
    QPoint,
    QPropertyAnimation,
    QRect,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.theme.theme import Theme
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.labels import label

NOTICE_MS = 7000
# What can be undone waits longer for that.
UNDO_MS = 12000


def cast_shadow(widget: QWidget, theme: Theme) -> None:
    """Give a floating widget its shadow: the only ones there are."""
    shadow = QGraphicsDropShadowEffect(widget)
    shadow.setBlurRadius(24)
    shadow.setOffset(0, 4)
    shadow.setColor(theme.colour("shadow"))
    widget.setGraphicsEffect(shadow)


class FloatingCard(QFrame):
    """A card inside its window, placed below or above a spot of the screen."""

    MARGIN = 8

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("floatingCard")
        cast_shadow(self, theme)
        self.hide()

    def show_at(self, place: QRect) -> None:
        """Show the card beside a rectangle given in screen coordinates."""
        window = self._window
        self.adjustSize()
        top_left = window.mapFromGlobal(place.topLeft())
        x = min(top_left.x() - 16, window.width() - self.width() - self.MARGIN)
        y = top_left.y() + place.height() + self.MARGIN
        if y + self.height() > window.height() - self.MARGIN:
            y = top_left.y() - self.height() - self.MARGIN
        self.move(QPoint(max(self.MARGIN, x), max(self.MARGIN, y)))
        self.show()
        self.raise_()


class Snackbar(QFrame):
    """A short message at the bottom of its window, with at most one button."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("snackbar")
        self._theme = theme
        self._act: Callable[[], None] | None = None
        self._gone: Callable[[], None] | None = None
        self._label = label("", wrap=False)
        self._button = push_button("", "link")
        self._button.clicked.connect(self._on_action)
        self._close = IconButton(theme, "close", self.tr("Dismiss"), size=16)
        self._close.clicked.connect(self._on_dismissed)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(self._label)
        row.addWidget(self._button)
        row.addWidget(self._close)
        cast_shadow(self, theme)
        self._timer = QTimer(self, singleShot=True, interval=NOTICE_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._animation = QPropertyAnimation(self, b"pos", self)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        window.installEventFilter(self)
        self._over: QWidget = window
        self._above = 24
        self.hide()

    def set_place(self, over: QWidget, above: int) -> None:
        """Stand in the middle of a part of the window, so many pixels above its bottom."""
        if over is not self._over:
            over.installEventFilter(self)
        self._over, self._above = over, above

    def show_message(
        self,
        text: str,
        action: str = "",
        act: Callable[[], None] | None = None,
        gone: Callable[[], None] | None = None,
    ) -> None:
        """Show a message in place of the one before; `gone` is called when it goes unused."""
        self._tell_gone()
        width = max(200, self._over.width() - 200)
        self._label.setWordWrap(False)
        self._label.setText(text)
        if self._label.sizeHint().width() > width:
            self._label.setWordWrap(True)
            self._label.setFixedWidth(width)
        else:
            self._label.setMinimumWidth(0)
            self._label.setMaximumWidth(16777215)
        self._button.setText(action)
        self._button.setAccessibleName(action)
        self._button.setVisible(bool(action))
        self._act, self._gone = act, gone
        self.setAccessibleName(text)
        self.adjustSize()
        end = self._place()
        self.show()
        self.raise_()
        self._timer.start(NOTICE_MS if act is None else UNDO_MS)
        if self._theme.animation_ms:
            self._animation.stop()
            self._animation.setDuration(self._theme.animation_ms)
            self._animation.setStartValue(end + QPoint(0, 16))
            self._animation.setEndValue(end)
            self._animation.start()
        else:
            self.move(end)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the bottom when what it stands over is resized."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            # Once what it stands over has its new size too.
            QTimer.singleShot(0, self, self._on_resized)
        return super().eventFilter(watched, event)

    def _place(self) -> QPoint:
        over = self._over
        corner = over.mapTo(self._window, QPoint(0, 0)) if over is not self._window else QPoint()
        return corner + QPoint(
            (over.width() - self.width()) // 2, over.height() - self.height() - self._above
        )

    @Slot()
    def _on_resized(self) -> None:
        self.move(self._place())

    @Slot()
    def _on_action(self) -> None:
        act, self._act = self._act, None
        self._gone = None
        self.hide()
        if act is not None:
            act()

    @Slot()
    def _on_timeout(self) -> None:
        if self.underMouse() or self._button.hasFocus():
            self._timer.start()
        else:
            self._on_dismissed()

    @Slot()
    def _on_dismissed(self) -> None:
        self.hide()
        self._tell_gone()

    def _tell_gone(self) -> None:
        gone, self._gone = self._gone, None
        if gone is not None:
            gone()


class DropOverlay(QFrame):
    """Covers a window while files are dragged over it, and says what dropping them does."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        frame = QFrame()
        frame.setObjectName("dropOverlay")
        self._title = label("", "title")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint = label("", "muted")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner = QVBoxLayout(frame)
        inner.setSpacing(8)
        inner.addStretch()
        inner.addWidget(self._title)
        inner.addWidget(self._hint)
        inner.addStretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.addWidget(frame)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim what is covered."""
        painter = QPainter(self)
        veil = self._theme.colour("surface")
        # What is covered may be guessed at, not read: the words above it are.
        veil.setAlphaF(0.97)
        painter.fillRect(self.rect(), veil)
        painter.end()

    def cover(self, title: str, hint: str) -> None:
        """Cover the window."""
        self._title.setText(title)
        self._hint.setText(hint)
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
