"""PPTX: slides with their titles, texts, tables, charts, notes and comments.

python-pptx opens the package and finds the slides in their order; a slide is walked as XML
here, because python-pptx leaves out what newer versions wrap for older ones.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler, clean
from indexing.readers.charts import chart_texts
from indexing.readers.package import load_office
from indexing.readers.pictures import PLENTY, Pictures
from indexing.readers.tables import Cell, expand, guess_header, table_lines
from indexing.readers.xml import local, parse_xml
from indexing.types import BlockKind, CanonicalDocument, Place, ReadProgress

_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_TITLES = ("title", "ctrTitle")
# Placeholders that the layout fills on each slide.
_FURNITURE = ("sldNum", "dt", "ftr", "hdr")
_COMMENTS = ("/comments", "/relationships/comments")
_WRAPPERS = ("AlternateContent", "Choice", "grpSp", "spTree")


def read_pptx(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a presentation; its pages are its slides.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        UnsupportedFormat: It is PowerPoint's old binary format.
        TooLarge: It unpacks to more than a package may.
        FileUnreadable: Damaged, or no presentation.
        EmptyDocument: No text in it.
    """
    import pptx

    yield ReadProgress(0, None)
    data = load_office(path, password, ".ppt")
    yield ReadProgress(0, None)
    try:
        presentation: Any = pptx.Presentation(io.BytesIO(data))
        slides = list(presentation.slides)
    except MemoryError:
        raise
    except Exception as error:  # A damaged package raises anything.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error
    assembler = Assembler()
    authors = _authors(path, presentation.part)
    pictures = Pictures(path)
    title = ""
    for number, slide in enumerate(slides, 1):
        assembler.begin_page()
        assembler.at(Place("slide", number))
        one = _Slide(path, assembler, slide, authors)
        first = one.add()
        title = title or first
        for picture in one.pictures():
            for _ in pictures.add(assembler, picture, number):
                yield ReadProgress(number - 1, len(slides), pictures.seen)
        one.add_notes()
        yield ReadProgress(number, len(slides), pictures.seen)
    with suppress(KeyError, ValueError, AttributeError):
        title = str(presentation.core_properties.title or "") or title
    document = assembler.finish(path, "pptx", title, warnings=pictures.warnings())
    return msgspec.structs.replace(document, scans=tuple(pictures.scans))


class _Slide:
    """Adds one slide to the text."""

    def __init__(
        self, path: Path, assembler: Assembler, slide: Any, authors: dict[str, str]
    ) -> None:
        self._path = path
        self._assembler = assembler
        self._slide = slide
        self._authors = authors

    def add(self) -> str:
        """Adds what stands on it; returns its title, "" without one."""
        root = self._slide._element  # noqa: SLF001 -- the slide's XML has no other name
        shapes = list(_shapes(root))
        heads = [shape for shape in shapes if _placeholder(shape) in _TITLES]
        title = " ".join(" ".join(_texts(shape)) for shape in heads)
        title = " ".join(title.split())
        self._assembler.leave(1)
        if title:
            self._assembler.heading(title, 1)
        if root.get("show") in ("0", "false"):
            self._assembler.block("[Hidden slide]", "paragraph")
        for shape in shapes:
            if shape not in heads and _placeholder(shape) not in _FURNITURE:
                self._shape(shape)
        return title

    def add_notes(self) -> None:
        """Adds what was said of it: notes and comments."""
        self._notes()
        self._comments()

    def pictures(self) -> list[bytes]:
        """Its pictures; none where it has plenty of text itself."""
        root = self._slide._element  # noqa: SLF001
        text = "".join(text for shape in _shapes(root) for text in _texts(shape))
        if sum(character.isalnum() for character in text) >= PLENTY:
            return []
        keys = [blip.get(_R + "embed") for blip in root.iter(_A + "blip")]
        return [part.blob for key in keys if (part := self._related(key)) is not None]

    def _shape(self, shape: Any) -> None:
        if local(shape) == "graphicFrame":
            for table in shape.iter(_A + "tbl"):
                self._table(table)
            for element in shape.iter():
                name = local(element)
                if name == "chart" and (part := self._related(element.get(_R + "id"))) is not None:
                    title, lines = chart_texts(parse_xml(self._path, part.blob))
                    self._assembler.block(title, "paragraph")
                    self._assembler.table(lines)
                elif (
                    name == "relIds" and (part := self._related(element.get(_R + "dm"))) is not None
                ):
                    root = parse_xml(self._path, part.blob)
                    for paragraph in root.iter(_A + "p"):
                        self._assembler.block(_text(paragraph), "list_item")
            return
        is_list = _placeholder(shape) in ("body", "obj", "")
        count = 0
        paragraphs = [p for p in shape.iter(_A + "p") if _text(p)]
        for paragraph in paragraphs:
            properties = paragraph.find(_A + "pPr")
            marks = {local(mark) for mark in properties} if properties is not None else set[str]()
            text = _text(paragraph)
            kind: BlockKind = "paragraph"
            if "buAutoNum" in marks:
                count += 1
                kind, text = "list_item", f"{count}. {text}"
            elif "buNone" not in marks and (
                "buChar" in marks
                or (is_list and len(paragraphs) > 1)
                or (properties is not None and properties.get("lvl") not in (None, "0"))
            ):
                kind, text = "list_item", f"• {text}"
            self._assembler.block(text, kind)

    def _table(self, table: Any) -> None:
        rows: list[list[Cell]] = []
        for line in table.iter(_A + "tr"):
            cells: list[Cell] = []
            for cell in line.iter(_A + "tc"):
                if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                    continue
                text = " ".join(filter(None, map(_text, cell.iter(_A + "p"))))
                cells.append(Cell(text, _int(cell.get("gridSpan")), _int(cell.get("rowSpan"))))
            rows.append(cells)
        properties = table.find(_A + "tblPr")
        marked = properties is not None and properties.get("firstRow") in ("1", "true")
        grid = expand(rows, int(marked))
        header = 1 if marked and len(grid) > 1 else guess_header(grid)
        self._assembler.table([line for line in table_lines(grid, header) if line])

    def _notes(self) -> None:
        if not self._slide.has_notes_slide:
            return
        try:
            root = self._slide.notes_slide._element  # noqa: SLF001
        except (KeyError, AttributeError, ValueError):
            return
        for shape in _shapes(root):
            if _placeholder(shape) == "body":
                for text in _texts(shape):
                    self._assembler.block(f"[Speaker notes] {text}", "paragraph")

    def _comments(self) -> None:
        for relation in self._slide.part.rels.values():
            if relation.is_external or not relation.reltype.endswith(_COMMENTS):
                continue
            root = parse_xml(self._path, relation.target_part.blob)
            for comment in root.iter():
                if local(comment) not in ("cm", "reply"):
                    continue
                text = _comment_text(comment)
                author = self._authors.get(str(comment.get("authorId") or ""), "")
                by = f" by {author}" if author else ""
                if text:
                    self._assembler.block(f"[Comment{by}] {text}", "paragraph")

    def _related(self, key: str | None) -> Any:
        try:
            return self._slide.part.related_part(key)
        except (KeyError, AttributeError, ValueError):
            return None


def _shapes(root: Any) -> Iterator[Any]:
    """Shapes of a slide in their order, groups and wrappers seen through."""
    common = root.find(_P + "cSld")
    pending: list[Any] = list(reversed(common)) if common is not None else []
    while pending:
        element = pending.pop()
        name = local(element)
        if name in _WRAPPERS:
            pending.extend(reversed(element))
        elif name in ("sp", "graphicFrame", "cxnSp", "contentPart"):
            yield element


def _placeholder(shape: Any) -> str | None:
    """The type of placeholder that a shape fills, "" for the usual one; None for no placeholder."""
    found = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return None if found is None else str(found.get("type") or "")


def _texts(shape: Any) -> list[str]:
    return [text for text in map(_text, shape.iter(_A + "p")) if text]


def _text(paragraph: Any) -> str:
    pieces: list[str] = []
    for element in paragraph.iter():
        name = local(element)
        if name == "t":
            pieces.append(element.text or "")
        elif name == "br":
            pieces.append("\n")
        elif name == "tab":
            pieces.append(" ")
    # A line break within a paragraph is kept as the file has it: a vertical tab.
    return clean("".join(pieces).replace("\v", "\n"))


def _comment_text(comment: Any) -> str:
    """The text of a comment of either kind, its replies left out."""
    pieces: list[str] = []
    for child in comment:
        if local(child) == "text":
            pieces.append(child.text or "")
        elif local(child) == "txBody":
            pieces += [_text(paragraph) for paragraph in child.iter(_A + "p")]
    return clean("\n".join(pieces))


def _authors(path: Path, part: Any) -> dict[str, str]:
    authors: dict[str, str] = {}
    for relation in part.rels.values():
        if not relation.is_external and relation.reltype.lower().endswith(("authors",)):
            for author in parse_xml(path, relation.target_part.blob).iter():
                if author.get("id") and author.get("name"):
                    authors[str(author.get("id"))] = clean(str(author.get("name")))
    return authors


def _int(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else 1
