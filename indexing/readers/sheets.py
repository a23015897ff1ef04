"""Sheets of cells as text: the tables on them, row by row, each row with its cells' place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterable, Sequence

import msgspec

from indexing.errors import TooLarge
from indexing.places import cell_range
from indexing.readers.assemble import Assembler, clean
from indexing.readers.tables import guess_header, table_lines
from indexing.types import Place

# Cells of a file that are not empty.
MAX_CELLS = 5_000_000
# Rows of a table that are looked at together; a longer one goes on under the same names.
_REGION = 1_000

# A row that has anything: its number and its cells' texts by column, both from 1.
SheetRow = tuple[int, dict[int, str]]


class SheetWriter:
    """Adds sheets to a text, one after the other."""

    def __init__(self, path: str, assembler: Assembler) -> None:
        self._path = path
        self._assembler = assembler
        self._cells = 0
        self._names: list[str] | None = None

    def add(
        self, place: Place, rows: Iterable[SheetRow], hidden: bool = False
    ) -> Generator[None, None, None]:
        """Adds a sheet under its name; yields now and then.

        Args:
            place: The sheet; one without a name is the only one.
            rows: In order; rows without anything left out.

        Raises:
            TooLarge: More than `MAX_CELLS` in the file.
        """
        self._assembler.at(place)
        self._assembler.leave(1)
        if place.name:
            self._assembler.begin_page()
            self._assembler.heading(place.name, 1)
        if hidden:
            self._assembler.block("[Hidden sheet]", "paragraph")
        region: list[SheetRow] = []
        for number, cells in rows:
            self._cells += len(cells)
            if self._cells > MAX_CELLS:
                raise TooLarge(self._path, "cells", self._cells, MAX_CELLS)
            gap = bool(region) and number > region[-1][0] + 1
            if gap or len(region) >= _REGION:
                self._region(place, region, ends=gap)
                region = []
                yield
            region.append((number, cells))
        self._region(place, region, ends=True)
        self._assembler.at(place)
        yield

    def _region(self, place: Place, rows: list[SheetRow], ends: bool) -> None:
        """Adds rows that follow one another without a gap.

        Args:
            ends: Nothing of this region comes after them.
        """
        if self._names is not None:
            self._table(place, rows, self._names)
        else:
            for part in _side_by_side(rows):
                self._names = self._part(place, part)
        if ends:
            self._names = None

    def _part(self, place: Place, rows: list[SheetRow]) -> list[str]:
        """Adds a table with the lines above it; returns the names of its columns."""
        widest = max((len(cells) for _, cells in rows), default=0)
        first = 0
        while widest > 1 and first < len(rows) and len(rows[first][1]) == 1:
            number, cells = rows[first]
            ((column, text),) = cells.items()
            self._assembler.at(_at(place, column, number, column, number))
            self._assembler.block(text, "paragraph")
            first += 1
        rows = rows[first:]
        right = max((max(cells) for _, cells in rows), default=0)
        left = min((min(cells) for _, cells in rows), default=1)
        grid = [_dense(cells, left, right) for _, cells in rows]
        names = [""] * (left - 1) + grid[0] if guess_header(grid, usual=True) else []
        self._table(place, rows, names, names_first=bool(names))
        return names

    def _table(
        self, place: Place, rows: list[SheetRow], names: list[str], names_first: bool = False
    ) -> None:
        if not rows:
            return
        right = max(len(names), *(max(cells) for _, cells in rows))
        grid = [_dense(cells, 1, right) for _, cells in rows]
        if names_first:
            lines = table_lines(grid, 1)
        elif names:
            lines = table_lines([names, *grid], 1)[1:]
        else:
            lines = table_lines(grid, 0)
        kept = [(row, line) for row, line in zip(rows, lines, strict=True) if line]
        self._assembler.table(
            [line for _, line in kept],
            [_at(place, min(cells), number, max(cells), number) for (number, cells), _ in kept],
        )


def _side_by_side(rows: list[SheetRow]) -> list[list[SheetRow]]:
    """Tables that stand beside one another, parted by an empty column.

    Only what has names of its own on top is a table of its own: an empty column is often
    nothing but space between labels and their numbers.
    """
    used = sorted({column for _, cells in rows for column in cells})
    groups: list[list[int]] = []
    for column in used:
        if groups and column == groups[-1][-1] + 1:
            groups[-1].append(column)
        else:
            groups.append([column])
    if len(groups) < 2:
        return [rows]
    parts: list[list[SheetRow]] = []
    for group in groups:
        columns = set(group)
        part = [
            (number, kept)
            for number, cells in rows
            if (kept := {column: text for column, text in cells.items() if column in columns})
        ]
        grid = [_dense(cells, group[0], group[-1]) for _, cells in part]
        if len(group) < 2 or not guess_header(grid):
            return [rows]
        parts.append(part)
    return parts


def _dense(cells: dict[int, str], left: int, right: int) -> list[str]:
    return [cells.get(column, "") for column in range(left, right + 1)]


def _at(place: Place, left: int, top: int, right: int, bottom: int) -> Place:
    return msgspec.structs.replace(place, cells=cell_range(left, top, right, bottom))


def cell_text(value: object, percent: bool = False) -> str:
    """A cell's value as a person reads it; "" for an empty one.

    Args:
        percent: It is shown as a percentage.
    """
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return f"{value * 100:.10g}%" if percent else f"{value:.15g}"
        case dt.datetime():
            # A date alone is kept as midnight.
            midnight = value.time() == dt.time()
            return str(value.date()) if midnight else value.isoformat(" ", "seconds")
        case dt.time():
            return value.isoformat("seconds")
        case _:
            return clean(str(value))


def filled(values: Sequence[object]) -> dict[int, str]:
    """The cells of a row that hold anything, by column from 1."""
    texts = {column: cell_text(value) for column, value in enumerate(values, 1)}
    return {column: text for column, text in texts.items() if text}
