"""XLS and XLSB: Excel's binary workbooks, read by calamine."""

from __future__ import annotations

import io
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import python_calamine

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler
from indexing.readers.package import decrypt_office, is_encrypted_package, load
from indexing.readers.sheets import SheetRow, SheetWriter, filled
from indexing.types import CanonicalDocument, Place, ReadProgress

_YIELD_S = 0.1
_workbooks: Any = python_calamine.CalamineWorkbook


def read_xls(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a binary workbook; its pages are its sheets.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        TooLarge: Over the size of a file, or of its cells.
        FileUnreadable: Damaged, or no workbook.
        EmptyDocument: No text in it.
    """
    yield ReadProgress(0, None)
    workbook = _opened(path, password)
    assembler = Assembler()
    writer = SheetWriter(str(path), assembler)
    sheets = [
        sheet
        for sheet in workbook.sheets_metadata
        if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    for number, sheet in enumerate(sheets, 1):
        try:
            cells = workbook.get_sheet_by_name(sheet.name)
        except python_calamine.CalamineError as error:
            raise FileUnreadable(str(path), f"sheet {sheet.name}: {error}"[:300]) from error
        hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
        due = time.monotonic() + _YIELD_S
        for _ in writer.add(Place("sheet", number, sheet.name), _rows(cells), hidden):
            if time.monotonic() > due:
                yield ReadProgress(number - 1, len(sheets))
                due = time.monotonic() + _YIELD_S
        yield ReadProgress(number, len(sheets))
    return assembler.finish(path, "xlsx", None)


def _opened(path: Path, password: str | None) -> python_calamine.CalamineWorkbook:
    data = load(path)
    if is_encrypted_package(data):
        data = decrypt_office(path, data, password)
    try:
        try:
            return _workbooks.from_filelike(io.BytesIO(data))
        except python_calamine.PasswordError:
            return _workbooks.from_filelike(io.BytesIO(decrypt_office(path, data, password)))
    except (python_calamine.CalamineError, OSError) as error:
        raise FileUnreadable(str(path), str(error)[:300]) from error


def _rows(sheet: Any) -> Iterator[SheetRow]:
    top, left = sheet.start or (0, 0)
    for number, values in enumerate(sheet.to_python(skip_empty_area=True), top + 1):
        cells = {column + left: text for column, text in filled(values).items()}
        if cells:
            yield number, cells
