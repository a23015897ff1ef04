"""PDF: pdfium reads the text and its places; pypdf mends files that pdfium will not open."""

from __future__ import annotations

import io
import logging
import re
import time
from collections import Counter
from collections.abc import Generator
from itertools import islice
from pathlib import Path
from typing import Any

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, TooLarge
from indexing.readers.assemble import Assembler, clean
from indexing.readers.pdf_headings import Group
from indexing.readers.pdf_layout import lay_out
from indexing.readers.pdf_lines import Line, PageLines, page_lines
from indexing.readers.pdf_outline import Outline
from indexing.readers.pdf_rows import row_cells
from indexing.readers.pdfium import PdfiumError, error_code, helpers, raw
from indexing.types import CanonicalDocument, LineBox, ReadProgress

MAX_BYTES = 2 * 1024 * 1024 * 1024
MAX_PAGES = 20_000
MAX_CHARACTERS = 60_000_000
_MAX_REPAIR_BYTES = 200 * 1024 * 1024
_YIELD_S = 0.1

_PASSWORD = 4  # FPDF_ERR_PASSWORD
_BULLET = re.compile(
    r"^[\u2022\u2023\u25aa\u25a0\u25cf\u25cb\u25e6\u2043\u00b7\uf0b7\uf0a7\uf0d8\u27a2o](?=\s|$)"
)
_INK = re.compile(r"\w")
_WORD_END = re.compile(r"([\w-]+)-?$")
_WORD_START = re.compile(r"^[\w-]+")
_WORDS = re.compile(r"\w+(?:-\w+)+|\w{4,}")

log = logging.getLogger(__name__)


def read_pdf(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a PDF file.

    Raises:
        PasswordNeeded: It is encrypted, and `password` does not open it.
        FileUnreadable: Damaged beyond mending.
        TooLarge: More bytes, pages or characters than are allowed.
        EmptyDocument: No page has text: a scan.
    """
    yield ReadProgress(0, None)
    document = open_pdf(path, password)
    try:
        return (yield from _read(document, path))
    finally:
        document.close()


def open_pdf(path: Path, password: str | None) -> Any:
    """Open a file with pdfium, mended by pypdf where need be: a `pypdfium2.PdfDocument`.

    Raises:
        PasswordNeeded, FileUnreadable, TooLarge: As `read_pdf`.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    if size == 0:
        raise EmptyDocument(str(path))
    try:
        document = helpers.PdfDocument(path, password=password)
    except PdfiumError as error:
        if error_code(error) == _PASSWORD:
            raise PasswordNeeded(str(path), wrong=password is not None) from error
        mended = _mended(path, password, str(error))
        try:
            document = helpers.PdfDocument(mended)
        except PdfiumError as again:
            raise FileUnreadable(str(path), str(error)) from again
    if len(document) == 0:
        document.close()
        raise FileUnreadable(str(path), "no pages")
    return document


def _mended(path: Path, password: str | None, problem: str) -> bytes:
    """The file written anew by pypdf, which finds objects that the file's index lost."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import FileNotDecryptedError, WrongPasswordError

    if path.stat().st_size > _MAX_REPAIR_BYTES:
        raise FileUnreadable(str(path), problem)
    try:
        reader = PdfReader(io.BytesIO(path.read_bytes()), strict=False, password=password)
        writer = PdfWriter()
        # One page too many is enough to be refused when the pages are counted.
        for page in islice(reader.pages, MAX_PAGES + 1):
            writer.add_page(page)
        buffer = io.BytesIO()
        writer.write(buffer)
    except (FileNotDecryptedError, WrongPasswordError) as error:
        raise PasswordNeeded(str(path), wrong=password is not None) from error
    except MemoryError:
        raise
    except Exception as error:  # pypdf raises what it comes upon in a damaged file.
        raise FileUnreadable(str(path), problem) from error
    return buffer.getvalue()


def _read(document: Any, path: Path) -> Generator[ReadProgress, None, CanonicalDocument]:
    total = len(document)
    if total > MAX_PAGES:
        raise TooLarge(str(path), "pages", total, MAX_PAGES)
    if document.get_formtype():
        document.init_forms()
    pages: list[PageLines] = []
    warnings: list[str] = []
    characters = 0
    due = time.monotonic() + _YIELD_S
    unreadable: list[int] = []
    for index in range(total):
        page = _page(document, index)
        if page is None:
            unreadable.append(index + 1)
            page = PageLines([], 1.0, 1.0, False)
        if page.cut:
            warnings.append(f"page {index + 1} has more text than is read")
        characters += sum(len(line.text) for line in page.lines)
        if characters > MAX_CHARACTERS:
            raise TooLarge(str(path), "characters", characters, MAX_CHARACTERS)
        pages.append(page)
        if time.monotonic() > due or index + 1 == total:
            yield ReadProgress(index + 1, total)
            due = time.monotonic() + _YIELD_S
    if not any(page.lines for page in pages):
        if len(unreadable) == total:
            raise FileUnreadable(str(path), "no page can be read")
        raise EmptyDocument(str(path), total)
    if unreadable:
        warnings.append(f"{_numbers(unreadable)} cannot be read")
    silent = [i for i, page in enumerate(pages, 1) if not page.lines and i not in set(unreadable)]
    if silent:
        warnings.append(f"{_numbers(silent)} {'has' if len(silent) == 1 else 'have'} no text")
    outline = Outline(document, pages)
    yield ReadProgress(total, total)
    groups = lay_out(pages)
    yield ReadProgress(total, total)
    title = document.get_metadata_value("Title")
    return (yield from _assemble(path, pages, groups, outline, title, tuple(warnings)))


def _page(document: Any, index: int) -> PageLines | None:
    """The lines of a page, form fields' contents included; None for one that cannot be read."""
    try:
        page = document[index]
        # What is typed into fields is no text of the page until it is flattened into it.
        if document.formenv is not None and page.flatten() == raw.FLATTEN_SUCCESS:
            page.close()
            page = document[index]
    except PdfiumError as error:
        log.warning("page %d cannot be loaded: %s", index + 1, error)
        return None
    try:
        return page_lines(page, index)
    except PdfiumError as error:
        log.warning("page %d has no readable text: %s", index + 1, error)
        return None
    finally:
        page.close()


def _numbers(pages: list[int]) -> str:
    """Page numbers as words: "page 3", or "pages 3, 5-9"."""
    runs: list[str] = []
    first = last = pages[0]
    for number in [*pages[1:], -1]:
        if number == last + 1:
            last = number
            continue
        runs.append(str(first) if first == last else f"{first}-{last}")
        first = last = number
    return f"page{'s' if len(pages) > 1 else ''} {', '.join(runs)}"


def _assemble(
    path: Path,
    pages: list[PageLines],
    groups: list[Group],
    outline: Outline,
    title: str | None,
    warnings: tuple[str, ...],
) -> Generator[ReadProgress, None, CanonicalDocument]:
    assembler = Assembler()
    hyphens = _Hyphens(groups)
    boxes: list[LineBox] = []
    starts: list[int | None] = [None] * len(pages)
    due = time.monotonic() + _YIELD_S
    for group in groups:
        text, spans = _joined(group, hyphens)
        if not _INK.search(text):
            continue
        first = group.lines[0]
        found = outline.place(first.page, first.top, text)
        for level, name in found.entered:
            assembler.enter(name, level)
        level = found.level or (outline.depth + group.level if group.level else 0)
        if level:
            span = assembler.heading(text, level, first.page + 1)
        else:
            span = assembler.block(text, group.kind, first.page + 1)
        if span is None:
            continue
        for line, (start, end) in zip(group.lines, spans, strict=True):
            begin = span[0] + start
            if starts[line.page] is None:
                starts[line.page] = begin
            if end > start:
                boxes.append(_box(line, begin, span[0] + end, pages[line.page]))
        if time.monotonic() > due:
            yield ReadProgress(len(pages), len(pages))
            due = time.monotonic() + _YIELD_S
    following = assembler.length
    page_starts: list[int] = []
    for start in reversed(starts):
        # Where columns or floats made a later page's text come first, keep the order.
        following = following if start is None else min(start, following)
        page_starts.append(following)
    page_starts.reverse()
    if page_starts:
        page_starts[0] = 0
    return assembler.finish(path, "pdf", title, tuple(page_starts), tuple(boxes), warnings)


def _joined(group: Group, hyphens: _Hyphens) -> tuple[str, list[tuple[int, int]]]:
    """The text of a block, and where in it each of its lines stands."""
    table = group.kind == "table"
    text = ""
    spans: list[tuple[int, int]] = []
    for index, line in enumerate(group.lines):
        piece = clean(" | ".join(row_cells(line))) if table else clean(" ".join(row_cells(line)))
        if index == 0 and group.kind == "list_item":
            piece = _BULLET.sub("\u2022", piece)
        if table:
            text += "\n" if text else ""
        elif text and index:
            before = group.lines[index - 1]
            keep = hyphens.joint(text, piece, before)
            if keep is None:
                text += " "
            elif keep == "-":
                text += "" if text.endswith("-") else "-"
            else:
                while text.endswith("-"):
                    text = text[:-1]
                    spans[-1] = (spans[-1][0], min(spans[-1][1], len(text)))
        start = len(text)
        text += piece
        spans.append((start, len(text)))
    return text, spans


def _box(line: Line, start: int, end: int, page: PageLines) -> LineBox:
    def share(value: float, whole: float) -> float:
        return round(min(1.0, max(0.0, value / whole)), 5)

    return LineBox(
        start=start,
        end=end,
        page=line.page + 1,
        left=share(line.left, page.width),
        top=share(line.top, page.height),
        right=share(line.right, page.width),
        bottom=share(line.bottom, page.height),
    )


class _Hyphens:
    """Decides by the document's own words whether a hyphen at a line's end is part of one."""

    def __init__(self, groups: list[Group]) -> None:
        self._words: Counter[str] = Counter()
        if any(line.hyphen or line.text.endswith("-") for g in groups for line in g.lines):
            for group in groups:
                for line in group.lines:
                    self._words.update(word.lower() for word in _WORDS.findall(line.text))

    def joint(self, text: str, following: str, line: Line) -> str | None:
        """What stands between two lines: None a blank, "" nothing, "-" a hyphen."""
        if not (line.hyphen or text.endswith("-")):
            return None
        left, right = _WORD_END.search(text.rstrip("-")), _WORD_START.match(following)
        if left is None or right is None:
            return "-" if line.hyphen else None
        first, second = left.group(1).lower(), right.group().lower()
        whole, parted = self._words[first + second], self._words[f"{first}-{second}"]
        if parted > whole:
            return "-"
        if whole or (second[:1].isalpha() and following[:1].islower() and "-" not in first):
            return "" if first[-1:].isalpha() else "-"
        return "-"
