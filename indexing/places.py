"""Places: what a span of a document is cited by where it is no page."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from indexing.types import Place

_CELLS = re.compile(r"([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?")


def place_at(places: Sequence[tuple[int, Place]], start: int, end: int) -> Place | None:
    """The place of `text[start:end]`: where it begins, with all the cells of that sheet it takes.

    Args:
        places: As in `CanonicalDocument.places`.
    """
    first = bisect_right(places, start, key=lambda item: item[0]) - 1
    if first < 0:
        return None
    place = places[first][1]
    cells = place.cells
    for offset, other in places[first + 1 :]:
        if offset >= end or msgspec.structs.replace(other, cells=place.cells) != place:
            break
        cells = _joined(cells, other.cells)
    return msgspec.structs.replace(place, cells=cells)


def cell_range(left: int, top: int, right: int, bottom: int) -> str:
    """Cells as a person names them: columns and rows, from 1, as "A2:D9", or one as "A2"."""
    first, last = f"{column_name(left)}{top}", f"{column_name(right)}{bottom}"
    return first if first == last else f"{first}:{last}"


def column_name(number: int) -> str:
    """A column's letters: 1 is A, 27 is AA."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _joined(cells: str, other: str) -> str:
    """The smallest range that holds both."""
    one, two = _CELLS.fullmatch(cells), _CELLS.fullmatch(other)
    if one is None or two is None:
        return cells or other
    columns = [one[1], two[1], one[3] or one[1], two[3] or two[1]]
    rows = [int(one[2]), int(two[2]), int(one[4] or one[2]), int(two[4] or two[2])]
    left, right = min(columns, key=_order), max(columns, key=_order)
    return f"{left}{min(rows)}:{right}{max(rows)}"


def _order(column: str) -> tuple[int, str]:
    return len(column), column
