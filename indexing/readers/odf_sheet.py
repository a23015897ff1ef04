"""The rows of an OpenDocument sheet, which says "and a million more like this" in one word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from indexing.places import column_name
from indexing.readers.odf_text import OFFICE, TABLE, TextWalker
from indexing.readers.sheets import SheetRow

_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576


def sheet_rows(
    walker: TextWalker, sheet: Any, comments: list[tuple[str, str]]
) -> Iterator[SheetRow]:
    """Rows that hold anything, those that are repeated as often as they are.

    Args:
        walker: Gives the text of a cell.
        comments: Filled with cells and what is remarked on them.
    """
    number = 0
    for line in sheet.iter(TABLE + "table-row"):
        cells = _cells(walker, line, number + 1, comments)
        times = _repeated(line, "number-rows-repeated")
        if cells:
            for again in range(1, min(times, _MOST_ROWS - number) + 1):
                yield number + again, cells
        number += times
        if number >= _MOST_ROWS:
            return


def _cells(
    walker: TextWalker, line: Any, number: int, comments: list[tuple[str, str]]
) -> dict[int, str]:
    cells: dict[int, str] = {}
    column = 1
    for cell in line:
        if cell.tag not in (TABLE + "table-cell", TABLE + "covered-table-cell"):
            continue
        annotation = cell.find(OFFICE + "annotation")
        if annotation is not None:
            comments.append((f"{column_name(column)}{number}", walker.comment(annotation)))
            cell.remove(annotation)
        text = walker.cell_text(cell)
        times = _repeated(cell, "number-columns-repeated")
        if text:
            for again in range(column, min(column + times, _MOST_COLUMNS + 1)):
                cells[again] = text
        column += times
        if column > _MOST_COLUMNS:
            break
    return cells


def _repeated(element: Any, name: str) -> int:
    value = str(element.get(TABLE + name) or "1")
    return max(1, int(value)) if value.isdecimal() and len(value) < 9 else 1
