"""Words with an arrow that opens what they are about."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from desktop.theme.theme import Theme
from desktop.widgets.labels import ElidedLabel

ARROW = 12


class Disclosure(QPushButton):
    """Shows and hides a widget; its arrow stands flush with the text above."""

    def __init__(self, theme: Theme, text: str, opened: QWidget) -> None:
        super().__init__()
        self._theme = theme
        self._opened = opened
        self.setProperty("role", "disclosure")
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._words = ElidedLabel(text, "small")
        row = QHBoxLayout(self)
        row.setContentsMargins(ARROW, 0, 4, 0)
        row.addWidget(self._words)
        self._words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        opened.hide()
        self.toggled.connect(self._on_toggled)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As wide as the words."""
        words = self._words.fontMetrics().horizontalAdvance(self._words.text())
        return QSize(ARROW + words + 6, 24)

    def minimumSizeHint(self) -> QSize:
        """Allow the words to be shortened."""
        return QSize(80, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the arrow, its own edge on the button's."""
        super().paintEvent(event)
        name = "chevron-down" if self.isChecked() else "chevron-right"
        # The glyph has so much air around it.
        left = -2 if self.isChecked() else -4
        painter = QPainter(self)
        place = QRect(left, (self.height() - ARROW) // 2, ARROW, ARROW)
        self._theme.icon(name, size=ARROW).paint(painter, place)
        painter.end()

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        self._opened.setVisible(on)
