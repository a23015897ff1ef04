"""Walk the text of an OpenDocument file: headings, paragraphs, lists, tables, notes, boxes."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from indexing.readers.assemble import Assembler, clean
from indexing.readers.package import read_part
from indexing.readers.tables import Cell, expand, guess_header, table_lines
from indexing.readers.xml import local, parse_xml
from indexing.types import BlockKind

_NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE = f"{{{_NAMES}office:1.0}}"
TEXT = f"{{{_NAMES}text:1.0}}"
TABLE = f"{{{_NAMES}table:1.0}}"
DRAW = f"{{{_NAMES}drawing:1.0}}"
STYLE = f"{{{_NAMES}style:1.0}}"
PRESENTATION = f"{{{_NAMES}presentation:1.0}}"
_CHART = f"{{{_NAMES}chart:1.0}}"
_SVG = f"{{{_NAMES}svg-compatible:1.0}}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XLINK = "{http://www.w3.org/1999/xlink}"
# What is no text of its own, or is kept elsewhere.
_SKIPPED = frozenset((
    TEXT + "tracked-changes", OFFICE + "annotation-end", OFFICE + "forms", OFFICE + "scripts",
    TEXT + "sequence-decls", TEXT + "variable-decls", _SVG + "title", _SVG + "desc",
    OFFICE + "event-listeners", TEXT + "note-citation",
))  # fmt: skip
_MOST_SPACES = 100


class TextWalker:
    """Fills an assembler.

    Attributes:
        title: What the text calls itself, if it does.
    """

    def __init__(
        self, path: Path, package: zipfile.ZipFile, assembler: Assembler, root: Any
    ) -> None:
        self.assembler = assembler
        self.title: str | None = None
        self._path = path
        self._package = package
        self._numbered = _numbered_lists(root)
        self._parents = {
            str(style.get(STYLE + "name")): str(style.get(STYLE + "parent-style-name") or "")
            for style in root.iter(STYLE + "style")
        }
        # Notes, comments and boxes of the paragraph at hand, put behind it.
        self._aside: list[Any] = []

    def walk(self, parent: Any, lists: tuple[str, ...] = ()) -> Generator[None, None, None]:
        """Adds what stands under an element; yields after each block."""
        for element in parent:
            tag = element.tag
            if tag == TEXT + "h":
                self._heading(element)
            elif tag == TEXT + "p":
                self._paragraph(element, "")
            elif tag == TEXT + "list":
                self._list(element, lists)
            elif tag == TABLE + "table":
                self.table(element)
            elif tag == DRAW + "object":
                self._object(element)
            elif isinstance(tag, str) and tag not in _SKIPPED:
                # Sections, indexes, frames, groups, shapes and the like.
                yield from self.walk(element, lists)
            yield from self._put_aside()
            yield

    def inline(self, paragraph: Any) -> str:
        """The text of a paragraph; its notes and boxes are put aside."""
        pieces: list[str] = [paragraph.text or ""]
        pending: list[tuple[Any, bool]] = [(child, False) for child in reversed(paragraph)]
        while pending:
            element, left = pending.pop()
            if left:
                pieces.append(element.tail or "")
                continue
            pending.append((element, True))
            tag = element.tag
            if tag == TEXT + "s":
                count = str(element.get(TEXT + "c") or "1")
                pieces.append(" " * (min(int(count), _MOST_SPACES) if count.isdecimal() else 1))
            elif tag == TEXT + "tab":
                pieces.append("\t")
            elif tag == TEXT + "line-break":
                pieces.append("\n")
            elif tag == TEXT + "note":
                self._aside.append(element)
                citation = element.find(TEXT + "note-citation")
                pieces.append(f"[{(citation.text or '') if citation is not None else ''}]")
            elif tag in (OFFICE + "annotation", DRAW + "frame", DRAW + "custom-shape", DRAW + "g"):
                self._aside.append(element)
            elif isinstance(tag, str) and tag not in _SKIPPED:
                pieces.append(element.text or "")
                pending.extend((child, False) for child in reversed(element))
        return clean("".join(pieces))

    def table(self, element: Any) -> None:
        """Adds a table, or the text of one that is a frame of one column."""
        rows: list[list[Cell]] = []
        headers = 0
        for line in element.iter(TABLE + "table-row"):
            if next(line.iterancestors(TABLE + "table")) is not element:
                continue
            cells = [
                Cell(
                    self.cell_text(cell),
                    _int(cell.get(TABLE + "number-columns-spanned")),
                    _int(cell.get(TABLE + "number-rows-spanned")),
                )
                for cell in line
                if cell.tag == TABLE + "table-cell"
            ]
            if line.getparent().tag == TABLE + "table-header-rows" and headers == len(rows):
                headers += 1
            rows.append(cells)
        if max(map(len, rows), default=0) <= 1:
            for cells in rows:
                for cell in cells:
                    self.assembler.block(cell.text, "paragraph")
            return
        grid = expand(rows, headers)
        headers = headers if headers < len(grid) else 0
        lines = table_lines(grid, headers or guess_header(grid))
        self.assembler.table([line for line in lines if line])

    def cell_text(self, cell: Any) -> str:
        """The paragraphs of a cell on one line."""
        return " ".join(filter(None, map(self.inline, cell.iter(TEXT + "p", TEXT + "h"))))

    def comment(self, annotation: Any) -> str:
        """A comment behind the bracket that names it: " by Anna] Why?"."""
        creator = annotation.find(_DC + "creator")
        author = clean(creator.text or "") if creator is not None else ""
        texts = filter(None, map(self.inline, annotation.iter(TEXT + "p")))
        return f"{f' by {author}' if author else ''}] {' '.join(texts)}"

    def _heading(self, element: Any) -> None:
        level = _int(element.get(TEXT + "outline-level"))
        self.assembler.heading(" ".join(self.inline(element).split()), min(level, 9))

    def _paragraph(self, element: Any, marker: str) -> None:
        text = self.inline(element)
        style = str(element.get(TEXT + "style-name") or "")
        style = f"{style} {self._parents.get(style, '')}".lower()
        if "title" in style.split() and text:
            self.title = self.title or text
            self.assembler.block(" ".join(text.split()), "heading")
        elif marker:
            self.assembler.block(f"{marker} {text}" if text else "", "list_item")
        else:
            kind: BlockKind = "quote" if "quotation" in style else "paragraph"
            self.assembler.block(text, kind)

    def _list(self, element: Any, lists: tuple[str, ...]) -> None:
        """Adds a list with the lists in it."""
        style = str(element.get(TEXT + "style-name") or (lists[0] if lists else ""))
        lists = (style, *lists[1:], "") if lists else (style,)
        numbered = (style, len(lists)) in self._numbered
        count = 0
        for item in element:
            if item.tag not in (TEXT + "list-item", TEXT + "list-header"):
                continue
            first = True
            for child in item:
                if child.tag == TEXT + "list":
                    if len(lists) < 20:
                        self._list(child, lists)
                    continue
                if child.tag == TEXT + "h":
                    self._heading(child)
                elif child.tag == TEXT + "p":
                    count += int(first)
                    marker = f"{count}." if numbered else "•"
                    self._paragraph(child, marker if first else "")
                    first = False
                for _ in self._put_aside():
                    pass

    def _put_aside(self) -> Generator[None, None, None]:
        aside, self._aside = self._aside, []
        for element in aside:
            if element.tag == TEXT + "note":
                citation = element.find(TEXT + "note-citation")
                label = (citation.text or "") if citation is not None else ""
                kind = "Endnote" if element.get(TEXT + "note-class") == "endnote" else "Footnote"
                texts = filter(None, map(self.inline, element.iter(TEXT + "p")))
                self.assembler.block(f"[{kind} {label}] {' '.join(texts)}", "paragraph")
            elif element.tag == OFFICE + "annotation":
                self.assembler.block(f"[Comment{self.comment(element)}", "paragraph")
            else:
                yield from self.walk(element)

    def _object(self, element: Any) -> None:
        """Adds the numbers of a chart."""
        folder = posixpath.normpath(str(element.get(_XLINK + "href") or "")).lstrip("/")
        part = f"{folder}/content.xml"
        if part not in self._package.namelist():
            return
        root = parse_xml(self._path, read_part(self._path, self._package, part))
        if next(root.iter(_CHART + "chart"), None) is None:
            return
        for title in root.iter(_CHART + "title", _CHART + "subtitle"):
            self.assembler.block(self.cell_text(title), "paragraph")
        for table in root.iter(TABLE + "table"):
            self.table(table)


def _numbered_lists(root: Any) -> frozenset[tuple[str, int]]:
    """List styles by name and level whose items are counted."""
    return frozenset(
        (str(style.get(STYLE + "name")), _int(level.get(TEXT + "level")))
        for style in root.iter(TEXT + "list-style")
        for level in style
        if local(level) == "list-level-style-number"
        and (level.get(STYLE + "num-format") or "") != ""
    )


def _int(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 8 else 1
