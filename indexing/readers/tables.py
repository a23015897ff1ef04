"""Tables as lines: each row readable by itself, its cells with the names of their columns.

A passage may hold one row out of a hundred; "2021 | 150" says nothing there, while
"Year: 2021 | Ducks: 150" does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# A cell that claims to span a million columns would ask for as many cells.
_MOST_ACROSS = 200
_MOST_DOWN = 2_000
# Cells of one table, those that are spanned included.
_MOST_CELLS = 2_000_000
# Column names longer than this are sentences.
_NAME = 80
_YEAR = re.compile(r"(?:1[89]|20|21)\d\d")
_LETTER = re.compile(r"[^\W\d_]")
# Numbers, amounts, percentages, dates and the like: what stands below a column's name.
_VALUE = re.compile(
    r"[(<>≈~±+\-−–]?\s*[$€£¥]?\s*\d[\d.,:/'’ \-–]*(?:%|[$€£¥]|[A-Za-z]{1,3})?\)?"
    r"|true|false|yes|no|-|–|n/?a",
    re.IGNORECASE,
)
_VALUE_LENGTH = 40


class Cell(NamedTuple):
    """A cell and how many columns and rows it takes."""

    text: str
    across: int = 1
    down: int = 1


def expand(rows: Iterable[Sequence[Cell]], header_rows: int = 0) -> list[list[str]]:
    """Rows of equal columns out of cells that may span several.

    What spans rows is said in each of them, for each row should tell all by itself. What spans
    columns is said once, but in header rows for each column.
    """
    grid: list[list[str]] = []
    # Column to the text that still hangs down into it, and for how many rows.
    hanging: dict[int, tuple[str, int]] = {}
    total = 0
    for number, cells in enumerate(rows):
        line: list[str] = []

        def hang(line: list[str] = line) -> None:
            while (held := hanging.get(len(line))) is not None:
                text, left = held
                if left > 1:
                    hanging[len(line)] = (text, left - 1)
                else:
                    del hanging[len(line)]
                line.append(text)

        for cell in cells:
            hang()
            across = min(max(cell.across, 1), _MOST_ACROSS)
            down = min(max(cell.down, 1), _MOST_DOWN)
            for column in range(across):
                text = cell.text if column == 0 or number < header_rows else ""
                if down > 1:
                    hanging[len(line)] = (text, down - 1)
                line.append(text)
        hang()
        grid.append(line)
        total += len(line)
        if total > _MOST_CELLS:
            break
    return grid


def table_lines(rows: Sequence[Sequence[str]], header_rows: int) -> list[str]:
    """The rows as lines, each cell with its column's name; "" for a row without anything.

    Args:
        rows: Their cells' texts.
        header_rows: How many rows at the top name the columns.
    """
    flat = [[" ".join(cell.split()) for cell in row] for row in rows]
    names = _names(flat[:header_rows])
    lines: list[str] = []
    for number, cells in enumerate(flat):
        if number < header_rows or not any(names):
            lines.append(bars(_without_repeats(cells) if number < header_rows else cells))
            continue
        filled = [index for index, cell in enumerate(cells) if cell]
        if filled == [0] and len(names) > 1:
            lines.append(cells[0])  # A row that heads those below it.
            continue
        lines.append(
            " | ".join(
                _named(names[index] if index < len(names) else "", cells[index]) for index in filled
            )
        )
    return lines


def bars(cells: Sequence[str]) -> str:
    """A row as one line, its cells parted by bars, those that are empty left out at its ends."""
    flat = [" ".join(cell.split()) for cell in cells]
    filled = [index for index, cell in enumerate(flat) if cell]
    return " | ".join(flat[filled[0] : filled[-1] + 1]) if filled else ""


def guess_header(rows: Sequence[Sequence[str]], usual: bool = False) -> int:
    """How many rows at the top name the columns, where the file does not say: 0 or 1.

    Args:
        rows: Their cells' texts.
        usual: Such tables mostly have a header (spreadsheets); so of two columns of words the
            first row is taken for one.
    """
    if len(rows) < 2:
        return 0
    first = [" ".join(cell.split()) for cell in rows[0]]
    while first and not first[-1]:
        first.pop()
    body = rows[1:200]
    width = max(len(row) for row in body)
    # The corner may be empty; another name missing means that these are no names.
    named = first[1:] if first and not first[0] else first
    if len(first) < 2 or not all(named) or len(set(named)) < len(named) or width > len(first) + 1:
        return 0
    if any(len(name) > _NAME for name in named):
        return 0
    if not all(
        (_LETTER.search(name) and not _is_value(name)) or _YEAR.fullmatch(name) for name in named
    ):
        return 0
    for index, name in enumerate(first):
        cells = [row[index].strip() for row in body if index < len(row) and row[index].strip()]
        values = sum(map(_is_value, cells))
        if (
            cells
            and values > 0.5 * len(cells)
            and (len(first) > 2 or usual or values == len(cells))
        ):
            return 1
        if name in cells:
            return 0
    return int(len(first) > 2 or usual)


def _is_value(text: str) -> bool:
    text = text.strip()
    return len(text) <= _VALUE_LENGTH and _VALUE.fullmatch(text) is not None


def _names(rows: Sequence[Sequence[str]]) -> list[str]:
    """The columns' names, those of several rows joined."""
    names: list[str] = []
    for column in range(max((len(row) for row in rows), default=0)):
        parts = [row[column] for row in rows if column < len(row) and row[column]]
        names.append(" ".join(dict.fromkeys(parts)))
    return names


def _named(name: str, cell: str) -> str:
    if not name or name == cell:
        return cell
    return f"{name} {cell}" if name.endswith(":") else f"{name}: {cell}"


def _without_repeats(cells: Sequence[str]) -> list[str]:
    """A header row in which what spans columns stands once."""
    return ["" if index and cell == cells[index - 1] else cell for index, cell in enumerate(cells)]
