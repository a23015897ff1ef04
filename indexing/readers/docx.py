"""DOCX: headings, paragraphs, lists, tables and notes in reading order.

python-docx opens the package and finds its parts; the body is walked as XML here, because
its own iteration leaves out content controls, tracked insertions and text boxes. Entities
are not resolved, and nothing is fetched.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from indexing.readers.assemble import Assembler, clean, row
from indexing.readers.docx_numbering import Numbering
from indexing.readers.docx_package import open_docx
from indexing.types import BlockKind, CanonicalDocument, ReadProgress

_YIELD_S = 0.1

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_NOTES = {
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes": "footnote",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/endnotes": "endnote",
}
# Wrappers whose content is the document's as it stands.
_TRANSPARENT = frozenset(
    _W + name
    for name in [
        "sdt",
        "sdtContent",
        "ins",
        "moveTo",
        "smartTag",
        "customXml",
        "hyperlink",
        "fldSimple",
        "body",
    ]
) | {_MC + "AlternateContent", _MC + "Choice"}
_SKIPPED = frozenset(
    _W + name
    for name in ["del", "moveFrom", "pPr", "rPr", "sdtPr", "sdtEndPr", "instrText", "delText"]
) | {_MC + "Fallback"}


def read_docx(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a Word document.

    Raises:
        PasswordNeeded: It is encrypted; Word's encryption cannot be opened here.
        UnsupportedFormat: It is Word's old binary format.
        TooLarge: It unpacks to more than `MAX_UNPACKED`.
        FileUnreadable: Damaged, or no Word document.
        EmptyDocument: No text in it.
    """
    yield ReadProgress(0, None)
    document = open_docx(path)
    yield ReadProgress(0, None)
    walker = _Walker(document)
    due = time.monotonic() + _YIELD_S
    for _ in walker.walk():
        if time.monotonic() > due:
            yield ReadProgress(0, None)
            due = time.monotonic() + _YIELD_S
    try:
        title = str(document.core_properties.title or "")
    except (KeyError, ValueError, AttributeError):
        title = ""
    return walker.assembler.finish(path, "docx", title or walker.title)


class _Walker:
    """Walks the body in reading order and fills an assembler."""

    def __init__(self, document: Any) -> None:
        self.assembler = Assembler()
        self.title: str | None = None
        self._body = document.element.body
        self._styles = _styles(document)
        self._numbering = Numbering(document)
        self._notes = _notes(document)
        self._boxes: list[Any] = []
        self._noted: list[tuple[str, str]] = []

    def walk(self) -> Generator[None, None, None]:
        """Visit the body; yields after each paragraph or table."""
        for element in _block_elements(self._body):
            if element.tag == _W + "p":
                self._paragraph(element)
            else:
                self._table(element)
            yield from self._after()
            yield

    def _after(self) -> Iterator[None]:
        """Text boxes anchored in, and notes called by, what was just added."""
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            for element in _block_elements(box):
                if element.tag == _W + "p":
                    self._paragraph(element)
                else:
                    self._table(element)
                yield
        noted, self._noted = self._noted, []
        for key, label in noted:
            note = self._notes.pop(key, None)
            if note is not None:
                text = clean("\n".join(self._text(p) for p in note.iter(_W + "p")))
                if text:
                    self.assembler.block(f"[{label}] {text}", "paragraph")

    def _paragraph(self, element: Any) -> None:
        text = clean(self._text(element))
        style = _style_of(element)
        name, level = self._styles.get(style, ("", None))
        own_level = element.find(f"{_W}pPr/{_W}outlineLvl")
        if own_level is not None:
            level = _number(own_level.get(_W + "val"))
        label = self._numbering.label(element, style) if text else None
        if name == "title" and text:
            if self.title is None:
                self.title = " ".join(text.split())
            self.assembler.block(" ".join(text.split()), "heading")
        elif level is not None and 0 <= level <= 8 and text and len(text) <= 400:
            title = " ".join(text.split())
            self.assembler.heading(f"{label} {title}" if label else title, level + 1)
        elif label is not None:
            self.assembler.block(f"{label} {text}", "list_item")
        elif text:
            kind: BlockKind = "quote" if "quote" in name else "paragraph"
            if name.startswith("list"):
                kind = "list_item"
            self.assembler.block(text, kind)

    def _table(self, element: Any) -> None:
        rows = [
            [self._cell(cell) for cell in _children(line, _W + "tc")]
            for line in _children(element, _W + "tr")
        ]
        if max((len(cells) for cells in rows), default=0) <= 1:
            # One column is a frame around text: keep what stands in it as it is.
            for line in _children(element, _W + "tr"):
                for cell in _children(line, _W + "tc"):
                    for inner in _block_elements(cell):
                        if inner.tag == _W + "p":
                            self._paragraph(inner)
                        elif _depth(inner) < 16:
                            self._table(inner)
            return
        lines = [line for line in map(row, rows) if line]
        self.assembler.block("\n".join(lines), "table")

    def _cell(self, cell: Any) -> str:
        pieces: list[str] = []
        for paragraph in cell.iter(_W + "p"):
            text = clean(self._text(paragraph))
            if text:
                label = self._numbering.label(paragraph, _style_of(paragraph))
                pieces.append(f"{label} {text}" if label else text)
        return " ".join(pieces)

    def _text(self, paragraph: Any) -> str:
        """A paragraph's text; boxes and notes in it are put aside for `_after`."""
        pieces: list[str] = []
        pending: list[Any] = list(reversed(paragraph))
        while pending:
            element = pending.pop()
            tag = element.tag
            if tag in (_W + "t", _M + "t"):
                pieces.append(element.text or "")
            elif tag in (_W + "tab", _W + "ptab"):
                pieces.append("\t")
            elif tag in (_W + "br", _W + "cr"):
                pieces.append("\n")
            elif tag == _W + "noBreakHyphen":
                pieces.append("-")
            elif tag == _W + "txbxContent":
                self._boxes.append(element)
            elif tag in (_W + "footnoteReference", _W + "endnoteReference"):
                kind = "footnote" if tag.endswith("footnoteReference") else "endnote"
                label = element.get(_W + "id") or ""
                if f"{kind}{label}" in self._notes:
                    self._noted.append((f"{kind}{label}", label))
                    pieces.append(f"[{label}]")
            elif tag not in _SKIPPED and isinstance(tag, str):
                pending.extend(reversed(element))
        return "".join(pieces)


def _block_elements(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables right under `parent`, wrappers seen through."""
    pending: list[Any] = list(reversed(parent))
    while pending:
        element = pending.pop()
        if element.tag in (_W + "p", _W + "tbl"):
            yield element
        elif element.tag in _TRANSPARENT:
            pending.extend(reversed(element))


def _children(parent: Any, tag: str) -> Iterator[Any]:
    pending: list[Any] = list(reversed(parent))
    while pending:
        element = pending.pop()
        if element.tag == tag:
            yield element
        elif element.tag in _TRANSPARENT:
            pending.extend(reversed(element))


def _depth(element: Any) -> int:
    return sum(1 for _ in element.iterancestors(_W + "tbl"))


def _style_of(paragraph: Any) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return "" if style is None else str(style.get(_W + "val") or "")


def _styles(document: Any) -> dict[str, tuple[str, int | None]]:
    """Style id to its name in lower case and its outline level (0 outermost), inherited."""
    try:
        elements = list(document.styles.element.iter(_W + "style"))
    except (KeyError, AttributeError):
        return {}
    names: dict[str, str] = {}
    levels: dict[str, int | None] = {}
    parents: dict[str, str] = {}
    for element in elements:
        key = str(element.get(_W + "styleId") or "")
        name = element.find(_W + "name")
        names[key] = "" if name is None else str(name.get(_W + "val") or "").lower()
        outline = element.find(f"{_W}pPr/{_W}outlineLvl")
        level = None if outline is None else _number(outline.get(_W + "val"))
        if level is None and names[key].startswith("heading "):
            number = _number(names[key].removeprefix("heading "))
            level = None if number is None else number - 1
        levels[key] = level
        based = element.find(_W + "basedOn")
        if based is not None:
            parents[key] = str(based.get(_W + "val") or "")
    resolved: dict[str, tuple[str, int | None]] = {}
    for key, name in names.items():
        ancestor, seen = key, set[str]()
        while levels.get(ancestor) is None and ancestor in parents and ancestor not in seen:
            seen.add(ancestor)
            ancestor = parents[ancestor]
        resolved[key] = (name, levels.get(ancestor))
    return resolved


def _notes(document: Any) -> dict[str, Any]:
    """Notes by kind and id, separators left out."""
    from docx.oxml import parse_xml

    notes: dict[str, Any] = {}
    for relation in document.part.rels.values():
        kind = _NOTES.get(relation.reltype)
        if kind is None or relation.is_external:
            continue
        try:
            root = parse_xml(relation.target_part.blob)
        except (ValueError, SyntaxError):
            continue
        for note in root.iter(_W + kind):
            if note.get(_W + "type") in (None, "normal"):
                notes[f"{kind}{note.get(_W + 'id')}"] = note
    return notes


def _number(value: str | None) -> int | None:
    try:
        return int(value or "")
    except ValueError:
        return None
