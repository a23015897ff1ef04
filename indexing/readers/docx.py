"""DOCX: headings, paragraphs, lists, tables, notes and comments in reading order.

python-docx opens the package and finds its parts; the body is walked as XML here, because
its own iteration leaves out content controls, tracked insertions and text boxes. Entities
are not resolved, and nothing is fetched.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from indexing.readers.assemble import Assembler, clean
from indexing.readers.charts import chart_texts
from indexing.readers.docx_numbering import Numbering
from indexing.readers.docx_package import open_docx
from indexing.readers.docx_parts import edges_of, notes_of, number, sign_of, styles_of, tick_of
from indexing.readers.omml import equation_text
from indexing.readers.pictures import PLENTY, Pictures
from indexing.readers.tables import guess_header, table_lines
from indexing.readers.xml import parse_xml
from indexing.types import BlockKind, CanonicalDocument, ReadProgress

_YIELD_S = 0.1

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Columns that a cell may claim to span.
_MOST_ACROSS = 63
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
    password: str | None = None,
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a Word document.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        UnsupportedFormat: It is Word's old binary format.
        TooLarge: It unpacks to more than a package may.
        FileUnreadable: Damaged, or no Word document.
        EmptyDocument: No text in it.
    """
    yield ReadProgress(0, None)
    document = open_docx(path, password)
    yield ReadProgress(0, None)
    walker = _Walker(path, document)
    due = time.monotonic() + _YIELD_S
    for _ in walker.walk():
        if time.monotonic() > due:
            yield ReadProgress(0, None, walker.pictures.seen)
            due = time.monotonic() + _YIELD_S
    try:
        title = str(document.core_properties.title or "")
    except (KeyError, ValueError, AttributeError):
        title = ""
    warnings = walker.pictures.warnings()
    return walker.assembler.finish(path, "docx", title or walker.title, warnings=warnings)


class _Walker:
    """Walks the body in reading order and fills an assembler."""

    def __init__(self, path: Path, document: Any) -> None:
        self.assembler = Assembler()
        self.title: str | None = None
        self.pictures = Pictures(path)
        self._path = path
        self._document = document
        self._styles = styles_of(document)
        self._numbering = Numbering(document)
        self._notes = notes_of(document)
        self._counts = {"footnote": 0, "endnote": 0}
        # What the paragraph at hand calls for, put behind it.
        self._boxes: list[Any] = []
        self._charts: list[str] = []
        self._blips: list[str] = []
        self._noted: list[tuple[str, str]] = []

    def walk(self) -> Generator[None, None, None]:
        """Visit the body; yields after each paragraph or table."""
        says_little = self._says_little()
        for element in _block_elements(self._document.element.body):
            if element.tag == _W + "p":
                self._paragraph(element)
            else:
                self._table(element)
            yield from self._after()
            blips, self._blips = self._blips, []
            for key in blips if says_little else ():
                yield from self._picture(key)
            yield
        self.assembler.leave(1)
        for edge in edges_of(self._document, self._text):
            self.assembler.block(edge, "paragraph")

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
        charts, self._charts = self._charts, []
        for key in charts:
            self._chart(key)
        noted, self._noted = self._noted, []
        for key, label in noted:
            note = self._notes.pop(key, None)
            if note is not None:
                text = clean("\n".join(self._text(p) for p in note.iter(_W + "p")))
                if text:
                    self.assembler.block(f"[{label}] {text}", "paragraph")

    def _says_little(self) -> bool:
        """Whether the body has so little text that it is mostly in its pictures."""
        body = self._document.element.body
        text = "".join(element.text or "" for element in body.iter(_W + "t"))
        letters = sum(character.isalnum() for character in text)
        return letters < PLENTY * sum(1 for _ in body.iter(_A + "blip"))

    def _picture(self, key: str) -> Generator[None, None, None]:
        try:
            part = self._document.part.related_parts[key]
        except KeyError:
            return  # A picture that lies elsewhere.
        yield from self.pictures.add(self.assembler, part.blob)

    def _chart(self, key: str) -> None:
        try:
            part = self._document.part.related_parts[key]
        except KeyError:
            return
        title, lines = chart_texts(parse_xml(self._path, part.blob))
        self.assembler.block(title, "paragraph")
        self.assembler.table(lines)

    def _paragraph(self, element: Any) -> None:
        text = clean(self._text(element))
        style = _style_of(element)
        name, level = self._styles.get(style, ("", None))
        own_level = element.find(f"{_W}pPr/{_W}outlineLvl")
        if own_level is not None:
            level = number(own_level.get(_W + "val"))
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
        rows, headers = self._rows(element)
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
        lines = table_lines(rows, headers or guess_header(rows))
        self.assembler.table([line for line in lines if line])

    def _rows(self, table: Any) -> tuple[list[list[str]], int]:
        """The texts of a table's cells, and how many rows at its top it repeats on each page.

        A cell that spans rows is said in each of them, one that spans columns once.
        """
        rows: list[list[str]] = []
        headers = 0
        for line in _children(table, _W + "tr"):
            cells: list[str] = []
            is_header = line.find(f"{_W}trPr/{_W}tblHeader") is not None
            for cell in _children(line, _W + "tc"):
                properties = cell.find(_W + "tcPr")
                merged = properties.find(_W + "vMerge") if properties is not None else None
                span = properties.find(_W + "gridSpan") if properties is not None else None
                across = number(span.get(_W + "val")) if span is not None else 1
                if merged is not None and merged.get(_W + "val") != "restart":
                    above = rows[-1] if rows else []
                    text = above[len(cells)] if len(cells) < len(above) else ""
                else:
                    text = self._cell(cell)
                cells.append(text)
                again = text if is_header else ""
                cells += [again] * (min(across or 1, _MOST_ACROSS) - 1)
            if is_header and headers == len(rows):
                headers += 1
            rows.append(cells)
        return rows, headers if headers < len(rows) else 0

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
            if tag == _W + "t":
                pieces.append(element.text or "")
            elif tag == _M + "oMath":
                pieces.append(f" {equation_text(element)} ")
            elif tag in (_W + "tab", _W + "ptab"):
                pieces.append("\t")
            elif tag in (_W + "br", _W + "cr"):
                pieces.append("\n")
            elif tag == _W + "noBreakHyphen":
                pieces.append("-")
            elif tag == _W + "sym":
                pieces.append(sign_of(element))
            elif tag == _W + "checkBox":
                pieces.append(tick_of(element))
            elif tag == _W + "txbxContent":
                self._boxes.append(element)
            elif tag == _C + "chart":
                self._charts.append(str(element.get(_R + "id")))
            elif tag == _A + "blip":
                self._blips.append(str(element.get(_R + "embed")))
            elif tag in (_W + "footnoteReference", _W + "endnoteReference"):
                pieces.append(self._note(element))
            elif tag == _W + "commentReference":
                self._comment(element)
            elif tag not in _SKIPPED and isinstance(tag, str):
                pending.extend(reversed(element))
        return "".join(pieces)

    def _note(self, reference: Any) -> str:
        """The mark of a note as Word counts it; its text is put aside."""
        kind = "footnote" if reference.tag.endswith("footnoteReference") else "endnote"
        key = f"{kind}{reference.get(_W + 'id')}"
        if key not in self._notes:
            return ""
        self._counts[kind] += 1
        count = self._counts[kind]
        self._noted.append((key, f"{kind.capitalize()} {count}"))
        return f"[{count}]" if kind == "footnote" else f"[endnote {count}]"

    def _comment(self, reference: Any) -> None:
        key = f"comment{reference.get(_W + 'id')}"
        if (comment := self._notes.get(key)) is not None:
            author = clean(str(comment.get(_W + "author") or ""))
            self._noted.append((key, f"Comment by {author}" if author else "Comment"))


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
