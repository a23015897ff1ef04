"""Walk the tree of an HTML page, of a chapter, of a letter: what a person would read on it."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from indexing.readers.assemble import Assembler, clean, clean_verbatim
from indexing.readers.tables import Cell, expand, guess_header, table_lines
from indexing.types import BlockKind, Place

_DROPPED_WORDS = """
script style noscript template head nav iframe object embed svg canvas math button select input
textarea datalist audio video map dialog menu frameset noframes
"""
_DROPPED = frozenset(_DROPPED_WORDS.split())
_DROPPED_ROLES = frozenset(("navigation", "menu", "menubar", "search", "dialog", "alertdialog"))
_BLOCKS_WORDS = """
address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main ol p pre section
summary table tbody td tfoot th thead tr ul caption title
"""
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_BLANKS = re.compile(r"\s+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ALT_WORDS = 3
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


class HtmlWalker:
    """Walks a tree in reading order and fills an assembler.

    Attributes:
        first_heading: The first there is, for a title.
        deepest: How many elements deep it went.
        marks: Ids of elements, and the place that begins there.
    """

    def __init__(self, assembler: Assembler) -> None:
        self.assembler = assembler
        self.first_heading: str | None = None
        self.deepest = 0
        self.marks: dict[str, Place] = {}
        # Whether a table holds no other one; those that do are layout.
        self._innermost: dict[Any, bool] = {}
        self._inline: list[str] = []
        self._quotes = 0
        self._lists: list[list[int | None]] = []
        self._marker: str | None = None
        self._cells: list[Cell] | None = None
        self._rows: list[list[Cell]] = []
        self._headers = 0
        self._in_table = 0
        self._in_pre = 0
        self._heading: int | None = None
        self._depth = 0

    def walk(self, start: Any) -> Generator[None, None, None]:
        """Visit everything under `start`; yields after each element."""
        self._innermost = {
            table: not table.xpath("boolean(.//table)") for table in start.iter("table")
        }
        pending: list[tuple[Any, bool]] = [(start, False)]
        while pending:
            element, leaving = pending.pop()
            if leaving:
                self._depth -= 1
                self._leave(element)
                if element is not start:
                    self._add(element.tail)
                continue
            if not isinstance(element.tag, str) or _dropped(element):
                if element.tag == "math":
                    self._add(element.get("alttext") or " ".join(element.itertext()))
                if element is not start:
                    self._add(element.tail)
                continue
            self._depth += 1
            self.deepest = max(self.deepest, self._depth)
            self._enter(element)
            pending.append((element, True))
            pending.extend((child, False) for child in reversed(element))
            yield
        self._flush()

    def _enter(self, element: Any) -> None:
        tag = element.tag
        if self.marks and (mark := self.marks.get(element.get("id") or "")) is not None:
            self.assembler.at(mark)
        if tag == "br":
            self._inline.append("\n")
        elif tag == "img":
            # A few words are mostly the name of a button; more of them tell what is to be seen.
            words = str(element.get("alt") or "").split()
            if len(words) >= _ALT_WORDS:
                self._inline.append(f" [Picture: {' '.join(words)}] ")
        elif tag in _BLOCKS and not self._inside_cell(tag):
            self._flush()
            if tag in _HEADINGS:
                self._heading = _HEADINGS[tag]
            elif tag in ("ul", "ol", "menu", "dir"):
                self._lists.append([_start(element) if tag == "ol" else None])
            elif tag == "li":
                self._marker = self._next_marker()
            elif tag == "blockquote":
                self._quotes += 1
            elif tag == "pre":
                self._in_pre += 1
            elif tag == "table" and self._innermost.get(element):
                self._in_table += 1
                self._rows = []
                self._headers = 0
            elif tag == "tr" and self._in_table:
                self._cells = []
        elif tag in _BLOCKS:
            self._inline.append(" ")
        self._add(element.text)

    def _add(self, text: str | None) -> None:
        if text:
            self._inline.append(text if self._in_pre else _BLANKS.sub(" ", text))

    def _leave(self, element: Any) -> None:
        tag = element.tag
        if tag in ("td", "th") and self._in_table:
            if self._cells is None:
                self._cells = []
            text = clean("".join(self._inline))
            self._cells.append(Cell(text, _span(element, "colspan"), _span(element, "rowspan")))
            self._inline = []
        elif tag in _BLOCKS and not self._inside_cell(tag):
            if tag == "tr" and self._in_table:
                self._inline = []
                self._end_row(element)
                return
            if tag == "caption" and self._in_table:
                caption = clean("".join(self._inline))
                self._inline = []
                self.assembler.block(caption, "paragraph")
                return
            self._flush()
            if tag in _HEADINGS:
                self._heading = None
            elif tag in ("ul", "ol", "menu", "dir") and self._lists:
                self._lists.pop()
            elif tag == "li":
                self._marker = None
            elif tag == "blockquote":
                self._quotes -= 1
            elif tag == "pre":
                self._in_pre -= 1
            elif tag == "table" and self._innermost.get(element):
                self._in_table -= 1
                self._end_table()
        elif tag in _BLOCKS:
            self._inline.append(" ")

    def _inside_cell(self, tag: str) -> bool:
        """Whether a block stands inside a table cell, where it is only part of the row."""
        return self._cells is not None and tag not in ("table", "tr", "tbody", "thead", "tfoot")

    def _end_table(self) -> None:
        self._cells = None
        rows, self._rows = self._rows, []
        if max(map(len, rows), default=0) > 1:
            grid = expand(rows, self._headers)
            headers = self._headers if self._headers < len(grid) else 0
            lines = table_lines(grid, headers or guess_header(grid))
            self.assembler.table([line for line in lines if line])
        else:
            # One column is no table but layout.
            for cells in rows:
                self.assembler.block("\n".join(cell.text for cell in cells), "paragraph")

    def _end_row(self, element: Any) -> None:
        cells, self._cells = self._cells, None
        if not cells or not any(cell.text for cell in cells):
            return
        own = [child.tag for child in element if isinstance(child.tag, str)]
        heads = "td" not in own or element.getparent().tag == "thead"
        if heads and self._headers == len(self._rows):
            self._headers += 1
        self._rows.append(cells)

    def _next_marker(self) -> str:
        if self._lists and (number := self._lists[-1][0]) is not None:
            self._lists[-1][0] = number + 1
            return f"{number}. "
        return "• "

    def _flush(self) -> None:
        pieces, self._inline = self._inline, []
        if not pieces:
            return
        raw = "".join(pieces)
        if self._in_pre:
            self.assembler.block(clean_verbatim(raw), "code")
            return
        text = clean(raw)
        if not text:
            return
        if self._heading is not None:
            title = " ".join(text.split())
            if self.first_heading is None:
                self.first_heading = title
            self.assembler.heading(title, self._heading)
            return
        kind: BlockKind = "quote" if self._quotes else "paragraph"
        if self._lists:
            kind = "list_item"
            text = (self._marker or "") + text
            self._marker = None
        self.assembler.block(text, kind)


def _start(element: Any) -> int:
    value = element.get("start") or "1"
    return int(value) if re.fullmatch(r"-?\d{1,6}", value) else 1


def _dropped(element: Any) -> bool:
    if element.tag in _DROPPED or element.get("role") in _DROPPED_ROLES:
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    style = element.get("style")
    return style is not None and _HIDDEN.search(style) is not None


def _span(element: Any, name: str) -> int:
    value = str(element.get(name) or "1").strip()
    return int(value) if value.isdecimal() and len(value) < 6 else 1
