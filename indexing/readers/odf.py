"""ODT, ODS and ODP: the texts, workbooks and presentations of LibreOffice and its relatives."""

from __future__ import annotations

import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler, clean
from indexing.readers.odf_password import unlock
from indexing.readers.odf_sheet import sheet_rows
from indexing.readers.odf_text import DRAW, OFFICE, PRESENTATION, STYLE, TABLE, TEXT, TextWalker
from indexing.readers.package import load, open_package, read_part
from indexing.readers.sheets import SheetWriter
from indexing.readers.xml import parse_xml
from indexing.types import CanonicalDocument, Place, ReadProgress

_META = "{http://purl.org/dc/elements/1.1/}title"
_KINDS = {"text": "odt", "spreadsheet": "ods", "presentation": "odp", "drawing": "odp"}


def read_odf(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read an OpenDocument file; the pages of a workbook are its sheets, else slides.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        TooLarge: It unpacks to more than a package may, or has more cells than a file may.
        FileUnreadable: Damaged, or no such document.
        EmptyDocument: No text in it.
    """
    yield ReadProgress(0, None)
    with (
        open_package(path, load(path)) as locked,
        unlock(path, locked, password) as package,
    ):
        root = parse_xml(path, read_part(path, package, "content.xml"))
        yield ReadProgress(0, None)
        body: Any = root.find(OFFICE + "body")
        matter: Any = None if body is None else next(body.iterchildren("*"), None)
        kind = _KINDS.get(str(matter.tag).removeprefix(OFFICE)) if matter is not None else None
        if kind is None:
            raise FileUnreadable(str(path), "no OpenDocument body")
        assembler = Assembler()
        walker = TextWalker(path, package, assembler, root)
        if kind == "odt":
            yield from _add_text(path, package, walker, matter)
        elif kind == "ods":
            yield from _add_sheets(path, walker, root, matter)
        else:
            yield from _add_slides(walker, root, matter)
        return assembler.finish(path, kind, _title(path, package) or walker.title)


def _add_text(
    path: Path, package: zipfile.ZipFile, walker: TextWalker, matter: Any
) -> Generator[ReadProgress, None, None]:
    for _ in walker.walk(matter):
        yield ReadProgress(0, None)
    walker.assembler.leave(1)
    styles = _optional(path, package, "styles.xml")
    edges: dict[str, None] = {}
    for name, label in (("header", "Header"), ("footer", "Footer")):
        for edge in parse_xml(path, styles).iter(STYLE + name) if styles else ():
            texts = [walker.inline(p) for p in edge.iter(TEXT + "p", TEXT + "h")]
            text = "\n".join(filter(None, texts))
            if any(character.isalpha() for character in text):
                edges[f"[{label}] {text}"] = None
    for text in edges:
        walker.assembler.block(text, "paragraph")


def _add_sheets(
    path: Path, walker: TextWalker, root: Any, matter: Any
) -> Generator[ReadProgress, None, None]:
    writer = SheetWriter(str(path), walker.assembler)
    hidden = _hidden_styles(root, TABLE + "display", "false")
    sheets = matter.findall(TABLE + "table")
    for number, sheet in enumerate(sheets, 1):
        place = Place("sheet", number, clean(str(sheet.get(TABLE + "name") or "")))
        is_hidden = sheet.get(TABLE + "style-name") in hidden
        comments: list[tuple[str, str]] = []
        for _ in writer.add(place, sheet_rows(walker, sheet, comments), is_hidden):
            yield ReadProgress(number - 1, len(sheets))
        for cell, text in comments:
            walker.assembler.at(Place("sheet", number, place.name, cell))
            walker.assembler.block(f"[Comment on {cell}{text}", "paragraph")
        yield ReadProgress(number, len(sheets))


def _add_slides(walker: TextWalker, root: Any, matter: Any) -> Generator[ReadProgress, None, None]:
    hidden = _hidden_styles(root, PRESENTATION + "visibility", "hidden")
    slides = matter.findall(DRAW + "page")
    assembler = walker.assembler
    for number, slide in enumerate(slides, 1):
        assembler.begin_page()
        assembler.at(Place("slide", number))
        assembler.leave(1)
        notes = slide.find(PRESENTATION + "notes")
        if notes is not None:
            slide.remove(notes)
        heads = [
            frame
            for frame in slide.iter(DRAW + "frame")
            if frame.get(PRESENTATION + "class") == "title"
        ]
        for frame in heads:
            title = " ".join(walker.inline(p) for p in frame.iter(TEXT + "p", TEXT + "h"))
            assembler.heading(" ".join(title.split()), 1)
            walker.title = walker.title or title
            frame.getparent().remove(frame)
        if slide.get(DRAW + "style-name") in hidden:
            assembler.block("[Hidden slide]", "paragraph")
        for _ in walker.walk(slide):
            yield ReadProgress(number - 1, len(slides))
        if notes is not None:
            for paragraph in notes.iter(TEXT + "p"):
                if text := walker.inline(paragraph):
                    assembler.block(f"[Speaker notes] {text}", "paragraph")
        yield ReadProgress(number, len(slides))


def _hidden_styles(root: Any, attribute: str, value: str) -> frozenset[str]:
    """Names of the styles that hide a sheet or slide."""
    return frozenset(
        str(style.get(STYLE + "name"))
        for style in root.iter(STYLE + "style")
        if any(child.get(attribute) == value for child in style)
    )


def _title(path: Path, package: zipfile.ZipFile) -> str:
    data = _optional(path, package, "meta.xml")
    title = parse_xml(path, data).find(f".//{_META}") if data else None
    return clean(title.text or "") if title is not None else ""


def _optional(path: Path, package: zipfile.ZipFile, part: str) -> bytes:
    """A part's content; nothing where it is missing or damaged, for the text is elsewhere."""
    try:
        return read_part(path, package, part)
    except FileUnreadable:
        return b""
