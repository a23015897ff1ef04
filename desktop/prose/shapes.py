"""What is drawn behind the words: where chips, code, quotes and rules are, and how they look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QTextBlock, QTextCursor, QTextDocument

from desktop.prose.style import (
    CHIP,
    CODE_BLOCK,
    CODE_PADDING,
    QUOTE_LEVEL,
    RULE,
    ProseStyle,
)
from desktop.theme.theme import Theme

RADIUS = 8


class Chip(NamedTuple):
    """A citation's chip: where its characters stand in the document, and its number."""

    start: int
    end: int
    number: int


def find_chips(document: QTextDocument) -> Iterator[Chip]:
    """Yield the chips of a document, in order."""
    block = document.begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            fragment = iterator.fragment()
            number = fragment.charFormat().property(CHIP)
            if isinstance(number, int):
                end = fragment.position() + fragment.length()
                yield Chip(fragment.position(), end, number)
            iterator += 1
        block = block.next()


def chip_rect(document: QTextDocument, chip: Chip, style: ProseStyle) -> QRectF:
    """Return where a chip is drawn; nothing where its line is not laid out."""
    block = document.findBlock(chip.start)
    layout = block.layout()
    line = layout.lineForTextPosition(chip.start - block.position())
    if not line.isValid():
        return QRectF()
    # PySide returns the pair (x, position); the stubs promise only a float.
    left, right = (
        _x(line.cursorToX(position - block.position())) for position in (chip.start, chip.end)
    )
    height = style.small_font.pointSizeF() * 1.75
    baseline = layout.position().y() + line.y() + line.ascent()
    return QRectF(layout.position().x() + left, baseline - height * 0.76, right - left, height)


def block_rect(document: QTextDocument, block: QTextBlock, width: int) -> QRectF:
    """Return where a block is drawn in a view of this width: code has its frame around it."""
    if not block.blockFormat().property(CODE_BLOCK):
        return document.documentLayout().blockBoundingRect(block)
    lines = block.layout().boundingRect().translated(block.layout().position())
    left = block.blockFormat().leftMargin()
    return QRectF(
        lines.left() - CODE_PADDING,
        lines.top() - CODE_PADDING + 2,
        width - lines.left() + left,
        lines.height() + 2 * CODE_PADDING - 4,
    )


def plain_text(document: QTextDocument, chips: Sequence[Chip], start: int, end: int) -> str:
    """Return a stretch of the words, with citations written as [1]."""
    cursor = QTextCursor(document)
    pieces: list[str] = []
    done = start
    for chip in chips:
        if chip.start >= start and chip.end <= end:
            pieces.append(_selected(cursor, done, chip.start).rstrip("\u00a0 ") + " ")
            pieces.append(f"[{chip.number}]")
            done = chip.end
    pieces.append(_selected(cursor, done, end))
    # Qt's own signs for the ends of paragraphs and lines.
    return "".join(pieces).replace("\u2029", "\n").replace("\u2028", "\n").replace("\u00a0", " ")


def paint_backdrop(
    painter: QPainter, document: QTextDocument, seen: QRectF, width: int, theme: Theme
) -> None:
    """Draw code, quotes and rules as far as they are seen in a view of this width."""
    painter.setPen(Qt.PenStyle.NoPen)
    block = document.begin()
    while block.isValid():
        rect = block_rect(document, block, width)
        if rect.top() > seen.bottom():
            break
        if rect.bottom() >= seen.top():
            described = block.blockFormat()
            if described.property(CODE_BLOCK):
                painter.setBrush(theme.colour("surface-sunken"))
                painter.setPen(theme.colour("line"))
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
                painter.setPen(Qt.PenStyle.NoPen)
            elif described.property(RULE):
                line = QRectF(rect.left(), rect.center().y(), rect.width(), 1)
                painter.fillRect(line, theme.colour("line"))
            if isinstance(described.property(QUOTE_LEVEL), int):
                _paint_quote(painter, document, block, width, theme)
        block = block.next()


def paint_chip(painter: QPainter, rect: QRectF, theme: Theme, *, hovered: bool) -> None:
    """Draw what is behind a chip's number."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("proof-soft-hover" if hovered else "proof-soft"))
    painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)


def _paint_quote(
    painter: QPainter, document: QTextDocument, block: QTextBlock, width: int, theme: Theme
) -> None:
    """Draw a line for each level of a quote, down to its next paragraph."""
    rect = block_rect(document, block, width)
    bottom = rect.bottom()
    following = block.next()
    if following.isValid() and following.blockFormat().property(QUOTE_LEVEL):
        bottom = block_rect(document, following, width).top()
    level: int = block.blockFormat().property(QUOTE_LEVEL)
    left = block.layout().position().x() + block.blockFormat().leftMargin()
    for step in range(level):
        line = QRectF(left - 16 * (level - step), rect.top(), 2, bottom - rect.top())
        painter.fillRect(line, theme.colour("line-strong"))


def _x(value: Any) -> float:
    return float(value[0]) if isinstance(value, tuple) else float(value)


def _selected(cursor: QTextCursor, start: int, end: int) -> str:
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return cursor.selectedText()
