"""A switch: on or off, at once."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.theme.theme import Theme

WIDTH = 36
HEIGHT = 20
FOCUS = 3  # room for the ring that marks it for the keyboard


class Switch(QAbstractButton):
    """A button that stays on; a screen reader takes it for a check box."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedSize(self.sizeHint())
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Leave room for the focus ring."""
        return QSize(WIDTH + 2 * FOCUS, HEIGHT + 2 * FOCUS)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track, the knob at its side, and the ring of the focus."""
        theme, on = self._theme, self.isChecked()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(FOCUS, FOCUS, WIDTH, HEIGHT)
        if self.hasFocus():
            painter.setPen(theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
        painter.setPen(theme.colour("accent" if on else "line-strong"))
        painter.setBrush(theme.colour("accent" if on else "surface-raised"))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), HEIGHT / 2, HEIGHT / 2)
        knob = HEIGHT - 8
        left = track.right() - knob - 4 if self._at_end(on=on) else track.left() + 4
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent-text" if on else "text-muted"))
        painter.drawEllipse(QRectF(left, track.top() + 4, knob, knob))
        painter.end()

    def _at_end(self, *, on: bool) -> bool:
        """Whether the knob is at the right: where on is, depends on the reading direction."""
        return on == (self.layoutDirection() == Qt.LayoutDirection.LeftToRight)
