"""XLSX: sheets with their cells, comments, text boxes and charts.

openpyxl opens the workbook and parses the cells. Its iteration over rows fills every gap with
empty cells, up to the sixteen thousandth column, so its parser is asked itself.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler
from indexing.readers.package import load_office
from indexing.readers.sheets import SheetRow, SheetWriter, cell_text
from indexing.readers.xlsx_extras import Extras
from indexing.types import CanonicalDocument, Place, ReadProgress

_YIELD_S = 0.1
# As many as Excel has.
_COLUMNS = 16_384
_ROWS = 1_048_576


def read_xlsx(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a workbook; its pages are its sheets.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        UnsupportedFormat: It is Excel's old binary format.
        TooLarge: It unpacks to more than a package may, or has more cells than a file may.
        FileUnreadable: Damaged, or no workbook.
        EmptyDocument: No text in it.
    """
    # About fonts, validations and the like, which nobody reads.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    yield ReadProgress(0, None)
    data = load_office(path, password, ".xls")
    yield ReadProgress(0, None)
    try:
        workbook: Any = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=True, keep_links=False
        )
        sheets: list[Any] = list(workbook.worksheets)
        title = str(workbook.properties.title or "")
    except MemoryError:
        raise
    except Exception as error:  # A damaged package raises anything.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error
    assembler = Assembler()
    extras = Extras(path, data)
    writer = SheetWriter(str(path), assembler)
    uncomputed: list[str] = []
    for number, sheet in enumerate(sheets, 1):
        cells = _Cells(path, workbook, sheet)
        place = Place("sheet", number, sheet.title)
        due = time.monotonic() + _YIELD_S
        for _ in writer.add(place, cells.rows(), hidden=sheet.sheet_state != "visible"):
            if time.monotonic() > due:
                yield ReadProgress(number - 1, len(sheets))
                due = time.monotonic() + _YIELD_S
        extras.add(assembler, place, sheet._worksheet_path)  # noqa: SLF001 -- nothing else tells it
        if cells.uncomputed:
            uncomputed.append(
                f"sheet {sheet.title}: {cells.uncomputed} formulas were never computed"
            )
        yield ReadProgress(number, len(sheets))
    extras.add_chart_sheets(assembler, len(sheets))
    return assembler.finish(path, "xlsx", title, warnings=tuple(uncomputed))


class _Cells:
    """The rows of one sheet.

    Attributes:
        uncomputed: Formulas whose value the file does not hold.
    """

    def __init__(self, path: Path, workbook: Any, sheet: Any) -> None:
        self.uncomputed = 0
        self._path = path
        self._workbook = workbook
        self._sheet = sheet

    def rows(self) -> Iterator[SheetRow]:
        """Rows that hold anything."""
        workbook, sheet = self._workbook, self._sheet
        percent = _percent_styles(workbook)
        last = 0
        try:
            with sheet._get_source() as source:  # noqa: SLF001 -- as its own iteration does
                parser: Any = WorkSheetParser(
                    source,
                    sheet._shared_strings,  # noqa: SLF001
                    data_only=True,
                    epoch=workbook.epoch,
                    date_formats=workbook._date_formats,  # noqa: SLF001
                    timedelta_formats=workbook._timedelta_formats,  # noqa: SLF001
                )
                parse_cell: Any = parser.parse_cell

                def shown(element: Any) -> dict[str, Any]:
                    return self._cell(element, parse_cell(element))

                parser.parse_cell = shown
                for number, cells in parser.parse():
                    texts: dict[int, str] = {}
                    for cell in cells:
                        text = cell_text(cell["value"], cell["style_id"] in percent)
                        if text and 1 <= cell["column"] <= _COLUMNS:
                            texts[cell["column"]] = text
                    if texts and last < number <= _ROWS:
                        last = number
                        yield number, dict(sorted(texts.items()))
        except (ValueError, TypeError, KeyError, IndexError, OSError, SyntaxError) as error:
            raise FileUnreadable(
                str(self._path), f"sheet {sheet.title}: {type(error).__name__}: {error}"[:300]
            ) from error

    def _cell(self, element: Any, cell: dict[str, Any]) -> dict[str, Any]:
        """A parsed cell; one whose formula was never computed shows the formula."""
        if cell["value"] is None and (formula := element.find(FORMULA_TAG)) is not None:
            self.uncomputed += 1
            cell["value"] = f"={formula.text or ''}"
        return cell


def _percent_styles(workbook: Any) -> frozenset[int]:
    """Styles of cells that are shown as percentages."""
    found: set[int] = set()
    own: Any = workbook._number_formats  # noqa: SLF001 -- read-only cells are made the same way
    for index, style in enumerate(workbook._cell_styles):  # noqa: SLF001
        number = style.numFmtId
        if number < BUILTIN_FORMATS_MAX_SIZE:
            form = BUILTIN_FORMATS.get(number, "")
        else:
            at = number - BUILTIN_FORMATS_MAX_SIZE
            form = own[at] if at < len(own) else ""
        if "%" in form:
            found.add(index)
    return frozenset(found)
