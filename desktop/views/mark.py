"""The mark: a niche with an open book in it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from desktop.theme.theme import Theme


class Mark(QWidget):
    """The mark, in the accent colour."""

    def __init__(self, theme: Theme, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedSize(size, size)
        theme.changed.connect(self._on_theme_changed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the mark."""
        painter = QPainter(self)
        paint_mark(painter, QRectF(self.rect()), self._theme.colour("accent"),
                   self._theme.colour("surface-sunken"))  # fmt: skip
        painter.end()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()


def app_icon(theme: Theme) -> QIcon:
    """Return the application's icon."""
    icon = QIcon()
    for size in (16, 32, 64, 128, 256):
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_mark(painter, QRectF(0, 0, size, size), theme.colour("accent"),
                   theme.colour("surface-raised"))  # fmt: skip
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def paint_mark(painter: QPainter, rect: QRectF, ink: QColor, paper: QColor) -> None:
    """Draw the mark: a round-headed niche, filled, with an open book left out of it."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    unit = rect.width() / 20
    painter.translate(rect.topLeft())
    painter.scale(unit, unit)
    niche = QPainterPath()
    niche.moveTo(3, 19)
    niche.lineTo(3, 8)
    niche.arcTo(QRectF(3, 1, 14, 14), 180, -180)
    niche.lineTo(17, 19)
    niche.closeSubpath()
    painter.fillPath(niche, ink)
    book = QPainterPath(QPointF(10, 10.2))
    book.cubicTo(QPointF(8.8, 9.2), QPointF(7.2, 8.9), QPointF(5.4, 9.0))
    book.lineTo(5.4, 14.6)
    book.cubicTo(QPointF(7.2, 14.5), QPointF(8.8, 14.8), QPointF(10, 15.8))
    book.cubicTo(QPointF(11.2, 14.8), QPointF(12.8, 14.5), QPointF(14.6, 14.6))
    book.lineTo(14.6, 9.0)
    book.cubicTo(QPointF(12.8, 8.9), QPointF(11.2, 9.2), QPointF(10, 10.2))
    painter.fillPath(book, paper)
    painter.setPen(QPen(ink, 1))
    painter.drawLine(QPointF(10, 10.6), QPointF(10, 15.4))
    painter.resetTransform()
