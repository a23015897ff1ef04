"""Put what a PDF draws late into the place where a person reads it.

Programs draw pages mostly in reading order, but heads, titles and boxes often first or last.
The order of the content is kept, but for pieces that plainly stand above others of their column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from indexing.readers.pdf_lines import Line

T = TypeVar("T")

# A page in more pieces than this is a drawing or a table cell by cell: it stays as it is.
_MOST_PIECES = 300
# Of two pieces one above the other, the lower may begin this much, in font sizes, too high.
_SLACK = 0.5


def in_page_order(lines: list[Line]) -> list[Line]:
    """The lines of a page, in the order of its content, with what was drawn late put in place."""
    pieces = _pieces(lines)
    if not 1 < len(pieces) <= _MOST_PIECES:
        return lines
    boxes = [_Box(piece) for piece in pieces]
    order = _ordered(boxes, lambda one, other: one.is_above(other))
    return [line for index in order for line in pieces[index]]


def _pieces(lines: list[Line]) -> list[list[Line]]:
    """Lines that go on downwards in one column, or along a row."""
    pieces: list[list[Line]] = []
    for line in lines:
        before = pieces[-1][-1] if pieces else None
        if before is not None and (_follows(before, line) or _beside(before, line)):
            pieces[-1].append(line)
        else:
            pieces.append([line])
    return pieces


def _follows(before: Line, line: Line) -> bool:
    below = line.bottom > before.bottom - _SLACK * line.size
    return below and line.left < before.right and line.right > before.left


def _beside(before: Line, line: Line) -> bool:
    return abs(line.bottom - before.bottom) < _SLACK * line.size and line.left >= before.left


class _Box:
    def __init__(self, piece: list[Line]) -> None:
        self.left = min(line.left for line in piece)
        self.right = max(line.right for line in piece)
        self.top = min(line.top for line in piece)
        self.bottom = max(line.bottom for line in piece)
        self.slack = _SLACK * min(line.size for line in piece)

    def is_above(self, other: _Box) -> bool:
        """Whether it stands above another piece of the same column."""
        return (
            self.bottom <= other.top + self.slack
            and self.left < other.right
            and self.right > other.left
        )


def _ordered(items: Sequence[T], precedes: Callable[[T, T], bool]) -> list[int]:
    """Indexes in their order, but each after all that precede it."""
    waits_for = [
        {i for i, other in enumerate(items) if i != index and precedes(other, item)}
        for index, item in enumerate(items)
    ]
    order: list[int] = []
    left = list(range(len(items)))
    while left:
        # Where pieces lie on one another and each waits for the other, the first goes ahead.
        at = next((index for index in left if not waits_for[index]), left[0])
        left.remove(at)
        order.append(at)
        for waiting in waits_for:
            waiting.discard(at)
    return order
