"""A field to choose from, with the arrow of the icon set."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from desktop.theme.theme import Theme

ARROW = 12


class Choice(QComboBox):
    """A combo box that the wheel does not change while a page is scrolled."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Long choices are shortened in the field rather than claiming their width.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        theme.changed.connect(self._on_theme_changed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field and its arrow."""
        super().paintEvent(event)
        painter = QPainter(self)
        place = QRect(self.width() - ARROW - 10, (self.height() - ARROW) // 2, ARROW, ARROW)
        self._theme.icon("chevron-down", size=ARROW).paint(painter, place)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()
