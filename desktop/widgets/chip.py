"""A chip: a file's name with its state, and a cross to take it away."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from desktop.theme.theme import Theme
from desktop.widgets.buttons import IconButton
from desktop.widgets.labels import ElidedLabel, label, restyle, set_role

LONGEST = 220


class Chip(QFrame):
    """A pill with an icon, a name, a state and a cross.

    Signals:
        removed: The cross was clicked.
        clicked: The chip itself was clicked.
    """

    removed = Signal()
    clicked = Signal()

    def __init__(self, theme: Theme, icon: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self._theme = theme
        self._kind = icon
        self._icon_name = icon
        self._fraction: float | None = None
        self._busy = False
        self._icon = QLabel()
        self._name = ElidedLabel(text, "plain", Qt.TextElideMode.ElideMiddle)
        self._name.setFont(theme.small_font)
        self._name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._state = label("", "small")
        self._remove = IconButton(
            theme, "remove", self.tr("Remove {name}").format(name=text), size=12
        )
        self._remove.setFixedSize(18, 18)
        self._remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(6)
        row.addWidget(self._icon)
        row.addWidget(self._name, 1)
        row.addWidget(self._state)
        row.addWidget(self._remove)
        self.setFixedHeight(26)
        self.setMaximumWidth(LONGEST + 80)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_name(self, text: str) -> None:
        """Show what it is called now."""
        if text != self._name.text():
            self._name.setText(text)
            self._remove.set_name(self.tr("Remove {name}").format(name=text))
            self.updateGeometry()

    def set_state(self, state: str, text: str, fraction: float | None, tip: str) -> None:
        """Show how far the file is: `state` is "adding", "ready" or "failed"."""
        self._busy, self._fraction = state == "adding", fraction
        self._state.setText(text)
        self._state.setVisible(bool(text))
        set_role(self._state, "small-danger" if state == "failed" else "small")
        self._icon_name = "warning" if state == "failed" else self._kind
        if self.property("state") != state:
            self.setProperty("state", state)
            restyle(self)
        self.setToolTip(tip)
        self.setAccessibleName(f"{self._name.text()} {text}".strip())
        self._on_theme_changed()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as its words, up to a limit."""
        words = min(LONGEST, self._name.fontMetrics().horizontalAdvance(self._name.text()) + 4)
        state = self._state.sizeHint().width() + 6 if self._state.text() else 0
        return QSize(8 + 16 + 6 + words + state + 6 + 18 + 4, 26)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Report a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the progress as a line along the chip's bottom."""
        super().paintEvent(event)
        if not self._busy or self._fraction is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        painter.setClipPath(clip)
        painter.fillRect(
            QRectF(0, self.height() - 3, self.width() * self._fraction, 3),
            self._theme.colour("accent"),
        )
        painter.end()

    @Slot()
    def _on_theme_changed(self) -> None:
        token = "danger" if self._icon_name == "warning" else "text-muted"
        self._icon.setPixmap(self._theme.icon(self._icon_name, token, 16).pixmap(16, 16))
