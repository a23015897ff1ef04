"""The scrolling of a conversation: at its end while it grows, in place while things open."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QWidget

MARGIN = 24
NEAR_END = 32
# How long a layout may take to settle.
HOLD_MS = 400


class ChatScroll(QScrollArea):
    """Keeps in sight what is being read.

    Attributes:
        at_end: Whether the end is kept in sight while the conversation grows.
    """

    def __init__(self, column: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.at_end = True
        self._adjusting = False
        self._held: tuple[Callable[[], int], int] | None = None
        self._hold_timer = QTimer(self, singleShot=True, interval=HOLD_MS)
        self._hold_timer.timeout.connect(self.let_go)
        self.frame = centred(column)
        self.setWidget(self.frame)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        bar = self.verticalScrollBar()
        bar.setSingleStep(24)
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_range_changed)

    def hold(self, top: Callable[[], int]) -> None:
        """Keep a place where it is seen while there is a new width, or more above it.

        Args:
            top: Where the place is, in pixels below the conversation's beginning.
        """
        self._held = top, top() - self.verticalScrollBar().value()
        self._hold_timer.start()

    @Slot()
    def let_go(self) -> None:
        """Hold no place any longer."""
        self._held = None

    def show_place(self, top: Callable[[], int]) -> None:
        """Bring a place into the upper part of what is seen, and keep it there meanwhile.

        Args:
            top: Where the place is, as `hold` takes it.
        """
        self.at_end = False
        seen_at = self.viewport().height() // 3
        self._scroll_to(top() - seen_at)
        self._held = top, seen_at
        self._hold_timer.start()

    def _scroll_to(self, value: int) -> None:
        self._adjusting = True
        self.verticalScrollBar().setValue(value)
        self._adjusting = False

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        self.at_end = value >= self.verticalScrollBar().maximum() - NEAR_END
        if not self._adjusting:
            self.let_go()

    @Slot(int, int)
    def _on_range_changed(self, _: int, maximum: int) -> None:
        bar = self.verticalScrollBar()
        # The column stays in the middle of the page, over the composer, with a bar or without.
        left = MARGIN + (bar.sizeHint().width() if maximum > 0 else 0)
        layout = self.frame.layout()
        if layout is not None and layout.contentsMargins().left() != left:
            layout.setContentsMargins(left, 0, MARGIN, 0)
        if self._held is not None:
            top, seen_at = self._held
            self._scroll_to(top() - seen_at)
        elif self.at_end:
            self._scroll_to(maximum)


def centred(widget: QWidget, margin: int = MARGIN) -> QWidget:
    """Return a frame that keeps a widget in its middle."""
    frame = QWidget()
    frame.setObjectName("column")
    row = QHBoxLayout(frame)
    row.setContentsMargins(margin, 0, margin, 0)
    row.setSpacing(0)
    row.addStretch(1)
    row.addWidget(widget, 1000)
    row.addStretch(1)
    return frame
