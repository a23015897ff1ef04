"""A document to be read through: its windows, and which of its pages were read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import NamedTuple

from assistant.answering.receipts import DocumentReceipt
from assistant.reading_all.windows import Window, cut
from indexing.catalog import Catalog
from indexing.types import Block, DocumentRow


class Readable(NamedTuple):
    """A document with its text.

    Attributes:
        page_starts: The offset at which each page begins; empty without pages.
        windows: All of its passages, in order.
        blocks: Its paragraphs, headings and the like, in order.
    """

    row: DocumentRow
    text: str
    page_starts: tuple[int, ...]
    windows: tuple[Window, ...]
    blocks: tuple[Block, ...]

    @property
    def measure(self) -> int:
        """What its progress is counted in: pages, or passages of one without pages."""
        return len(self.page_starts) or self.row.passages

    def measured(self, read: Collection[int]) -> int:
        """Return how much of `measure` was read, given the numbers of the windows that were."""
        return len(self._pages_read(read)) if self.page_starts else self._passages_read(read)

    def receipt(self, read: Collection[int], cut_off: Collection[int]) -> DocumentReceipt:
        """Say how much of it was read.

        Args:
            read: Numbers (from 0) of the windows that the model has read.
            cut_off: Of those about which it did not come to an end.
        """
        unread = {page for number in cut_off for page in self._pages_of(self.windows[number])}
        return DocumentReceipt(
            document=self.row.id,
            title=self.row.title,
            pages=len(self.page_starts) or None,
            pages_read=len(self._pages_read(read)),
            passages=sum(len(window.passages) for window in self.windows),
            passages_read=self._passages_read(read),
            empty_pages=tuple(sorted(self._empty_pages())),
            unread_pages=tuple(sorted(unread)),
        )

    def _passages_read(self, read: Collection[int]) -> int:
        return sum(len(self.windows[number].passages) for number in read)

    def _pages_read(self, read: Collection[int]) -> set[int]:
        """Return the pages with text all of which the model has read."""
        pages: set[int] = set()
        missing: set[int] = set()
        for number, window in enumerate(self.windows):
            (pages if number in read else missing).update(self._pages_of(window))
        return pages - missing - self._empty_pages()

    def _pages_of(self, window: Window) -> range:
        if not self.page_starts:
            return range(0)
        first = max(1, bisect_right(self.page_starts, window.start))
        return range(first, max(first, bisect_left(self.page_starts, window.end)) + 1)

    def _empty_pages(self) -> set[int]:
        ends = (*self.page_starts[1:], len(self.text))
        spans = enumerate(zip(self.page_starts, ends, strict=False), start=1)
        return {page for page, (start, end) in spans if not self.text[start:end].strip()}


def readable(catalog: Catalog, row: DocumentRow, window_chars: int) -> Readable:
    """Return a document that can be read through."""
    return Readable(
        row=row,
        text=catalog.text(row.id),
        page_starts=catalog.page_starts(row.id),
        windows=tuple(cut(row.id, catalog.passages(row.id), window_chars)),
        blocks=tuple(catalog.blocks(row.id)),
    )


def not_read(row: DocumentRow) -> DocumentReceipt:
    """Say why nothing of a document was read."""
    return DocumentReceipt(
        document=row.id,
        title=row.title,
        pages=row.pages,
        pages_read=0,
        passages=row.passages,
        passages_read=0,
        reason=row.reason or row.status,
    )
