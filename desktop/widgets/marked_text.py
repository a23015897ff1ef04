"""One line of text with some of its words marked, shortened so that the first mark is seen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

Marks = Sequence[tuple[int, int]]
# So much of the line may stand ahead of the first mark.
_AHEAD = 0.4


def shorten(
    text: str, marks: Marks, metrics: QFontMetricsF, width: float
) -> tuple[str, list[tuple[int, int]]]:
    """Cut words off the beginning until the first mark is in sight.

    Returns:
        The text on one line, and the marks in it.
    """
    line = "".join(" " if character.isspace() else character for character in text)
    if not marks or metrics.horizontalAdvance(line) <= width:
        return line, list(marks)
    start, first = 0, marks[0]
    while start < first[0] and (metrics.horizontalAdvance(line[start : first[0]]) > _AHEAD * width):
        after = line.find(" ", start, first[0])
        start = after + 1 if after >= 0 else first[0]
    if start == 0:
        return line, list(marks)
    ahead = "" if line[start] == "…" else "…"
    moved = len(ahead) - start
    return ahead + line[start:], [(begin + moved, end + moved) for begin, end in marks]


def draw_marked(
    painter: QPainter, rect: QRect, text: str, marks: Marks, colour: QColor, mark: QColor
) -> None:
    """Draw a line of text in a colour, with its marked words on another."""
    metrics = QFontMetricsF(painter.font())
    line, marked = shorten(text, marks, metrics, rect.width())
    shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, rect.width())
    for begin, end in marked:
        if begin >= len(shown):
            break
        left = rect.left() + metrics.horizontalAdvance(shown[:begin])
        wide = metrics.horizontalAdvance(shown[begin : min(end, len(shown))])
        top = rect.center().y() - metrics.height() / 2
        painter.fillRect(QRectF(left - 1, top, wide + 2, metrics.height()), mark)
    painter.setPen(colour)
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)
