"""CSV and TSV: rows of cells, whatever parts them."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Generator, Iterator
from pathlib import Path

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler
from indexing.readers.plain import read_text
from indexing.readers.sheets import SheetRow, SheetWriter, filled
from indexing.types import CanonicalDocument, Place, ReadProgress

_YIELD_S = 0.1
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_LINES = 50
# A cell of a hundred thousand characters is text that lost its quotation marks.
_MOST_CHARACTERS = 1_000_000


def read_delimited(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a file of separated values; places are the cells that a spreadsheet would show.

    Raises:
        TooLarge, FileUnreadable, EmptyDocument: As for plain text.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    assembler = Assembler()
    writer = SheetWriter(str(path), assembler)
    csv.field_size_limit(_MOST_CHARACTERS)
    due = time.monotonic() + _YIELD_S
    try:
        for _ in writer.add(Place("sheet"), _rows(text, separator_of(path, text))):
            if time.monotonic() > due:
                yield ReadProgress(0, None)
                due = time.monotonic() + _YIELD_S
    except csv.Error as error:
        raise FileUnreadable(str(path), str(error)) from error
    return assembler.finish(path, "csv", None)


def separator_of(path: Path, text: str) -> str:
    """What parts the cells: the sign that cuts most of the first lines into equally many."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    sample = "\n".join(text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES])
    best, best_score = ",", 0.0
    for separator in _SEPARATORS:
        try:
            widths = [
                len(row) for row in csv.reader(io.StringIO(sample), delimiter=separator) if row
            ]
        except csv.Error:
            continue
        if not widths:
            continue
        usual = max(set(widths), key=widths.count)
        score = widths.count(usual) / len(widths) * (usual > 1) * (1 + min(usual, 20) / 100)
        if score > best_score:
            best, best_score = separator, score
    return best


def _rows(text: str, separator: str) -> Iterator[SheetRow]:
    for number, values in enumerate(csv.reader(io.StringIO(text), delimiter=separator), 1):
        if cells := filled(values):
            yield number, cells
