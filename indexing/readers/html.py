"""HTML: what a person would read on the page, as headings, paragraphs, lists and tables.

The parser is libxml2's, which resolves nothing and fetches nothing here; the tree is walked
without recursion, so depth is no danger.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from lxml import etree

from indexing.errors import EmptyDocument, FileUnreadable, TooLarge
from indexing.readers.assemble import Assembler, clean, clean_verbatim
from indexing.readers.plain import decode
from indexing.readers.tables import bars
from indexing.types import BlockKind, CanonicalDocument, ReadProgress

MAX_BYTES = 64 * 1024 * 1024
_FEED = 256 * 1024
_YIELD_S = 0.1
# libxml2 drops, without a word, what stands some 2,048 elements deep. No page needs that, but
# nothing must be lost unsaid.
_DEPTH = 2000

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
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_BLANKS = re.compile(r"\s+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def read_html(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read an HTML file.

    Raises:
        TooLarge: Over `MAX_BYTES`.
        FileUnreadable: Binary, or nothing the parser makes anything of.
        EmptyDocument: Nothing to read on it.
    """
    yield ReadProgress(0, None)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    data = path.read_bytes()
    declared = _CHARSET.search(data[:4096])
    text = decode(path, data, declared.group(1).decode("ascii") if declared else None)
    text = _DECLARATION.sub("", text.replace("\x00", ""))
    if not text.strip():
        raise EmptyDocument(str(path))
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    encoded = text.encode("utf-8", errors="replace")
    for first in range(0, len(encoded), _FEED):
        parser.feed(encoded[first : first + _FEED])
        yield ReadProgress(0, None)
    try:
        root: Any = parser.close()
    except etree.XMLSyntaxError as error:
        raise FileUnreadable(str(path), str(error)[:300]) from error
    if root is None:
        raise EmptyDocument(str(path))
    titles = root.xpath("//title")
    title = clean("".join(titles[0].itertext())) if titles else None
    walker = _Walker()
    walker.tables = {table: not table.xpath("boolean(.//table)") for table in root.iter("table")}
    due = time.monotonic() + _YIELD_S
    for _ in walker.walk(_main_part(root)):
        if time.monotonic() > due:
            yield ReadProgress(0, None)
            due = time.monotonic() + _YIELD_S
    warnings = ()
    if walker.deepest > _DEPTH:
        warnings = (f"what is nested more than {_DEPTH} elements deep is not read",)
    return walker.assembler.finish(path, "html", title or walker.first_heading, warnings=warnings)


def _main_part(root: Any) -> Any:
    """The element that holds the page's matter: <main> or a lone <article>, if it is most."""
    bodies = root.xpath("//body")
    body = bodies[0] if bodies else root
    total = float(body.xpath("string-length(normalize-space(.))"))
    for expression in ("//main|//*[@role='main']", "//article"):
        candidates = root.xpath(expression)
        if len(candidates) == 1:
            length = float(candidates[0].xpath("string-length(normalize-space(.))"))
            if length > 200 and length > 0.4 * total:
                return candidates[0]
    return body


class _Walker:
    """Walks the tree in reading order and fills an assembler."""

    def __init__(self) -> None:
        self.assembler = Assembler()
        self.first_heading: str | None = None
        self.tables: dict[Any, bool] = {}
        self._inline: list[str] = []
        self._quotes = 0
        self._lists: list[list[int | None]] = []
        self._marker: str | None = None
        self._cells: list[str] | None = None
        self._rows: list[str] = []
        self._in_table = 0
        self._in_pre = 0
        self._heading: int | None = None
        self._depth = 0
        self.deepest = 0

    def walk(self, start: Any) -> Generator[None, None, None]:
        """Visit everything under `start`; yields after each element."""
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
        if tag == "br":
            self._inline.append("\n")
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
            elif tag == "table" and self.tables.get(element):
                self._in_table += 1
                self._rows = []
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
            self._cells.append(clean("".join(self._inline)))
            self._inline = []
        elif tag in _BLOCKS and not self._inside_cell(tag):
            if tag == "tr" and self._in_table:
                self._inline = []
                if line := bars(self._cells or []):
                    self._rows.append(line)
                self._cells = None
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
            elif tag == "table" and self.tables.get(element):
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
        if any(" | " in line for line in rows):
            self.assembler.block("\n".join(rows), "table")
        else:
            # One column is no table but layout.
            for line in rows:
                self.assembler.block(line, "paragraph")

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
