"""PDF: pdfium gives the text and its places, recognition what stands in pictures of pages."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec

from indexing.errors import EmptyDocument, FileUnreadable, TooLarge
from indexing.readers.paged import assemble_part
from indexing.readers.parts import PART_WEIGHT, SCAN_WEIGHT, carried, with_rest
from indexing.readers.pdf_annotations import (
    Annotation,
    annotations_of,
    asides_of,
    draw,
    with_fields,
)
from indexing.readers.pdf_file import MAX_PAGES, attached_to, open_pdf
from indexing.readers.pdf_lines import PageLines, page_lines
from indexing.readers.pdf_order import in_page_order
from indexing.readers.pdf_outline import Outline
from indexing.readers.pdf_scan import agree, beside, is_lost, picture, worth_of
from indexing.readers.pdfium import PdfiumError
from indexing.readers.scans import Account, read_scan
from indexing.types import CanonicalDocument, ReadProgress, Rest

MAX_CHARACTERS = 60_000_000
_YIELD_S = 0.1

log = logging.getLogger(__name__)


def read_pdf(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a PDF file, whole.

    Raises:
        PasswordNeeded: It is encrypted, and `password` does not open it.
        FileUnreadable: Damaged beyond mending.
        TooLarge: More bytes, pages or characters than are allowed.
        EmptyDocument: No page has text, nor a picture with text that could be recognised.
    """
    return (yield from _opened(path, password, None, math.inf))


def read_pdf_part(
    path: Path, password: str | None = None, rest: Rest | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read the first part of a PDF file, or the next one: all of it where it is not long.

    No page is read twice, and what runs through all pages (heads, feet, sections) is known to
    each part from those before it.

    Args:
        rest: Of the part before.

    Raises:
        EmptyDocument: No page of any part has text.
        ReadError: As `read_pdf`.
    """
    return (yield from _opened(path, password, rest, PART_WEIGHT))


def _opened(
    path: Path, password: str | None, rest: Rest | None, most: float
) -> Generator[ReadProgress, None, CanonicalDocument]:
    yield ReadProgress(0, None) if rest is None else ReadProgress(rest.read, rest.pages)
    document, is_mended = open_pdf(path, password)
    try:
        if len(document) > MAX_PAGES:
            raise TooLarge(str(path), "pages", len(document), MAX_PAGES)
        if document.get_formtype():
            document.init_forms()
        return (yield from _read(document, path, rest, math.inf if is_mended else most))
    finally:
        document.close()


def _read(
    document: Any, path: Path, rest: Rest | None, most: float
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read pages until they weigh `most`."""
    state = carried(rest)
    total, index = len(document), rest.read if rest is not None else 0
    pages = state.pages()
    first = index - len(pages)
    account, characters, weight = state.account, state.characters, 0
    seen_before = account.seen
    due = time.monotonic() + _YIELD_S
    while index < total and weight < most:
        seen = account.seen
        page = yield from _page(document, index, index - first, account, seen_before)
        weight += SCAN_WEIGHT if account.seen > seen else 1
        index += 1
        if page.cut:
            account.cut.append(index)
        characters += sum(len(line.text) for line in page.lines)
        if characters > MAX_CHARACTERS:
            raise TooLarge(str(path), "characters", characters, MAX_CHARACTERS)
        pages.append(page)
        if time.monotonic() > due or index == total:
            yield ReadProgress(index, total, account.seen - seen_before)
            due = time.monotonic() + _YIELD_S
    is_last = index >= total
    has_words = any(page.lines or page.asides for page in pages)
    if is_last and not state.before.has_text and not has_words:
        if len(account.unreadable) == total:
            raise FileUnreadable(str(path), "no page can be read")
        raise EmptyDocument(str(path), total, account.lacks_ocr)
    part = yield from assemble_part(
        path,
        "pdf",
        pages,
        ReadProgress(index, total, account.seen - seen_before),
        Outline(document, pages, first),
        document.get_metadata_value("Title"),
        state.before,
        is_last,
    )
    found = with_rest(part, pages, index, total, characters, account)
    attached = attached_to(document)
    return msgspec.structs.replace(found, warnings=found.warnings + attached)


def _page(
    document: Any, index: int, number: int, account: Account, seen_before: int
) -> Generator[ReadProgress, None, PageLines]:
    """The lines of a page: its own text, or what is recognised in its picture.

    Args:
        number: Its index among the pages of the part.
        seen_before: How many pictures were read with the parts before.
    """
    page, annotations = _loaded(document, index)
    if page is None:
        account.unreadable.append(index + 1)
        return PageLines([], 1.0, 1.0)
    found = yield from _text(document, page, index, number, account, seen_before)
    if not annotations:
        return found
    asides = asides_of(annotations, found, number)
    return with_fields(found, annotations)._replace(asides=asides)


def _text(
    document: Any, page: Any, index: int, number: int, account: Account, seen_before: int
) -> Generator[ReadProgress, None, PageLines]:
    """The text of a loaded page, which is closed; else as `_page`."""
    try:
        lines = page_lines(page, number)
        lines = lines._replace(lines=in_page_order(lines.lines))
        worth = worth_of(page, lines)
        if worth == "whole":
            return lines
        lost = worth == "doubtful" and is_lost(lines)
        if not account.may_scan:
            account.passed_over.append(index + 1)
            return lines._replace(lines=[]) if lost else lines
        account.seen += 1
        reading = read_scan(picture(page), number, lines.width, lines.height)
        while True:
            try:
                next(reading)
            except StopIteration as end:
                scan = end.value
                break
            yield ReadProgress(index, len(document), account.seen - seen_before)
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


def _loaded(document: Any, index: int) -> tuple[Any | None, list[Annotation]]:
    """A page with what is typed into its fields, and what else was put onto it.

    None for one that cannot be loaded.
    """
    try:
        page = document[index]
        annotations = annotations_of(page, document.formenv)
        # What is typed onto a page is no text of it until it is drawn into it.
        if any(one.kind != "comment" for one in annotations) and draw(page):
            page.close()
            page = document[index]
    except PdfiumError as error:
        log.warning("page %d cannot be loaded: %s", index + 1, error)
        return None, []
    return page, annotations
