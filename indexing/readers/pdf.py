"""PDF: pdfium gives the text and its places, recognition what stands in pictures of pages."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from indexing.errors import EmptyDocument, FileUnreadable, TooLarge
from indexing.readers.paged import assemble_pages
from indexing.readers.pdf_file import MAX_PAGES, open_pdf
from indexing.readers.pdf_lines import PageLines, page_lines
from indexing.readers.pdf_order import in_page_order
from indexing.readers.pdf_outline import Outline
from indexing.readers.pdf_scan import agree, beside, is_lost, picture, worth_of
from indexing.readers.pdfium import PdfiumError, raw
from indexing.readers.scans import Account, read_scan
from indexing.types import CanonicalDocument, ReadProgress

MAX_CHARACTERS = 60_000_000
_YIELD_S = 0.1

log = logging.getLogger(__name__)


def read_pdf(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a PDF file.

    Raises:
        PasswordNeeded: It is encrypted, and `password` does not open it.
        FileUnreadable: Damaged beyond mending.
        TooLarge: More bytes, pages or characters than are allowed.
        EmptyDocument: No page has text, nor a picture with text that could be recognised.
    """
    yield ReadProgress(0, None)
    document = open_pdf(path, password)
    try:
        return (yield from _read(document, path))
    finally:
        document.close()


def _read(document: Any, path: Path) -> Generator[ReadProgress, None, CanonicalDocument]:
    total = len(document)
    if total > MAX_PAGES:
        raise TooLarge(str(path), "pages", total, MAX_PAGES)
    if document.get_formtype():
        document.init_forms()
    pages: list[PageLines] = []
    account = Account()
    characters = 0
    due = time.monotonic() + _YIELD_S
    for index in range(total):
        page = yield from _page(document, index, account)
        if page.cut:
            account.cut.append(index + 1)
        characters += sum(len(line.text) for line in page.lines)
        if characters > MAX_CHARACTERS:
            raise TooLarge(str(path), "characters", characters, MAX_CHARACTERS)
        pages.append(page)
        if time.monotonic() > due or index + 1 == total:
            yield ReadProgress(index + 1, total, account.seen)
            due = time.monotonic() + _YIELD_S
    if not any(page.lines for page in pages):
        if len(account.unreadable) == total:
            raise FileUnreadable(str(path), "no page can be read")
        raise EmptyDocument(str(path), total)
    outline = Outline(document, pages)
    title = document.get_metadata_value("Title")
    return (
        yield from assemble_pages(
            path, "pdf", pages, outline, title, account.warnings(), tuple(account.scans)
        )
    )


def _page(document: Any, index: int, account: Account) -> Generator[ReadProgress, None, PageLines]:
    """The lines of a page: its own text, or what is recognised in its picture."""
    page = _loaded(document, index)
    if page is None:
        account.unreadable.append(index + 1)
        return PageLines([], 1.0, 1.0)
    try:
        lines = page_lines(page, index)
        lines = lines._replace(lines=in_page_order(lines.lines))
        worth = worth_of(page, lines)
        if worth == "whole":
            return lines
        lost = worth == "doubtful" and is_lost(lines)
        if not account.may_scan:
            account.passed_over.append(index + 1)
            return lines._replace(lines=[]) if lost else lines
        account.seen += 1
        reading = read_scan(picture(page), index, lines.width, lines.height)
        while True:
            try:
                next(reading)
            except StopIteration as end:
                scan = end.value
                break
            yield ReadProgress(index, len(document), account.seen)
    except PdfiumError as error:
        log.warning("page %d has no readable text: %s", index + 1, error)
        account.unreadable.append(index + 1)
        return PageLines([], 1.0, 1.0)
    finally:
        page.close()
    if not scan.page.lines and not lost and lines.lines:
        return lines
    if worth == "doubtful" and not lines.unmapped and agree(lines, scan.page):
        return lines
    account.note(index + 1, scan)
    return beside(lines, scan.page) if worth == "beside" else scan.page


def _loaded(document: Any, index: int) -> Any | None:
    """A page with what is typed into its fields; None for one that cannot be loaded."""
    try:
        page = document[index]
        # What is typed into fields is no text of the page until it is flattened into it.
        if document.formenv is not None and page.flatten() == raw.FLATTEN_SUCCESS:
            page.close()
            page = document[index]
    except PdfiumError as error:
        log.warning("page %d cannot be loaded: %s", index + 1, error)
        return None
    return page
