"""The outline of a PDF (its bookmarks) laid over its text."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from indexing.readers.assemble import clean
from indexing.readers.pdf_lines import PageLines

_MAX_ENTRIES = 5000
_MAX_DEPTH = 6
_PLAIN = re.compile(r"[\W_]+")


class Place(NamedTuple):
    """What the outline says of a block.

    Attributes:
        entered: Sections, with their level, that begin here without a title in the text.
        level: The block's level if it is the title of a section, else 0.
    """

    entered: list[tuple[int, str]]
    level: int


class _Entry(NamedTuple):
    page: int
    top: float
    level: int
    title: str
    plain: str
    printed: bool


class Outline:
    """Asked for every block in reading order.

    Args:
        document: A `pypdfium2.PdfDocument`.
        pages: Its pages, or those of a part of it.
        first: Index of the first of them.

    Attributes:
        depth: The deepest level of the outline; 0 without one.
    """

    def __init__(self, document: Any, pages: list[PageLines], first: int = 0) -> None:
        self._entries: list[_Entry] = []
        self._next = 0
        self.depth = 0
        plain_lines: dict[int, list[str]] = {}
        for count, mark in enumerate(document.get_toc(max_depth=_MAX_DEPTH)):
            if count >= _MAX_ENTRIES:
                break
            title = " ".join(clean(mark.get_title() or "").split())
            destination = mark.get_dest()
            page = _page(destination) - first
            if not title or not 0 <= page + first < len(document):
                continue
            self.depth = max(self.depth, mark.level + 1)
            if not 0 <= page < len(pages):
                continue
            if page not in plain_lines:
                plain_lines[page] = [_plain(line.text) for line in pages[page].lines]
            plain = _plain(title)
            printed = any(_begins(plain, line) for line in plain_lines[page])
            top = _top(destination, pages[page])
            self._entries.append(_Entry(page, top, mark.level + 1, title, plain, printed))
        # Entries that point backwards would never be reached in reading order.
        self._entries.sort(key=lambda entry: entry.page)

    def pass_over(self, page: int) -> list[tuple[int, str]]:
        """The sections, with their level, that begin before a page and after the last block."""
        entered: list[tuple[int, str]] = []
        while self._next < len(self._entries) and self._entries[self._next].page < page:
            entry = self._entries[self._next]
            entered.append((entry.level, entry.title))
            self._next += 1
        return entered

    def place(self, page: int, top: float, text: str) -> Place:
        """Where a block, `top` points from the head of a page of those given, stands."""
        entered: list[tuple[int, str]] = []
        plain: str | None = None
        while self._next < len(self._entries):
            entry = self._entries[self._next]
            if entry.page > page:
                break
            if entry.page == page:
                if plain is None:
                    plain = _plain(text) if len(text) < 400 else ""
                if _same(entry.plain, plain):
                    self._next += 1
                    return Place(entered, entry.level)
                later = self._title_later(page, plain)
                if later is not None:
                    skipped = self._entries[self._next : later]
                    entered += [(other.level, other.title) for other in skipped]
                    self._next = later + 1
                    return Place(entered, self._entries[later].level)
                if entry.printed or entry.top > top + 2:
                    break
            entered.append((entry.level, entry.title))
            self._next += 1
        return Place(entered, 0)

    def _title_later(self, page: int, plain: str) -> int | None:
        for index in range(self._next + 1, min(self._next + 12, len(self._entries))):
            if self._entries[index].page != page:
                return None
            if _same(self._entries[index].plain, plain):
                return index
        return None


def _page(destination: Any) -> int:
    """Index of the page a destination names; -1 where it names none."""
    index: Any = None if destination is None else destination.get_index()
    return index if isinstance(index, int) else -1


def _top(destination: Any, page: PageLines) -> float:
    """How far below the page's head a destination is; 0.0 when it names no place."""
    try:
        _, position = destination.get_view()
    except (KeyError, ValueError):
        return 0.0
    # XYZ gives left, top, zoom; FitH gives top.
    height = position[1] if len(position) > 1 else position[0] if len(position) == 1 else None
    return 0.0 if height is None else max(0.0, page.height - float(height))


def _plain(text: str) -> str:
    return _PLAIN.sub("", text).lower()


def _begins(title: str, line: str) -> bool:
    """Whether a line is a title or, of one that takes several lines, its first."""
    return _same(title, line) or (len(line) > 10 and title.startswith(line))


def _same(title: str, text: str) -> bool:
    """Whether a block's text is a section's title, give or take its number."""
    if not title or not text:
        return False
    if title == text:
        return True
    shorter, longer = sorted((title, text), key=len)
    return len(shorter) > 5 and longer.endswith(shorter) and len(longer) - len(shorter) < 12
