"""What lies on a sheet beside its cells: comments, text boxes, charts."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from indexing.readers.assemble import Assembler, clean
from indexing.readers.charts import chart_texts
from indexing.readers.package import DAMAGE, read_part
from indexing.readers.xml import local, parse_xml
from indexing.types import Place

# Excel writes a threaded comment once more for older versions, with words of its own in front.
_THREADED = "[Threaded comment]"


class Extras:
    """The parts of a workbook that its sheets are related to."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._package = zipfile.ZipFile(io.BytesIO(data))
        self._people: dict[str, str] = {}
        for kind, part in self._related("xl/workbook.xml"):
            if kind == "person":
                for person in self._xml(part).iter():
                    if local(person) == "person":
                        name = clean(str(person.get("displayName") or ""))
                        self._people[str(person.get("id"))] = name

    def add(self, assembler: Assembler, place: Place, sheet: str) -> None:
        """Add what lies on a sheet.

        Args:
            place: The sheet.
            sheet: Its part's name in the package.
        """
        for kind, part in sorted(self._related(sheet)):
            if kind == "comments":
                self._comments(assembler, place, part)
            elif kind == "threadedComment":
                self._threaded(assembler, place, part)
            elif kind == "drawing":
                self._drawing(assembler, place, part)

    def add_chart_sheets(self, assembler: Assembler, sheets: int) -> None:
        """Add the sheets that are nothing but a chart, behind the others.

        Args:
            sheets: How many others there are.
        """
        names = {
            str(value): str(sheet.get("name") or "")
            for sheet in self._xml("xl/workbook.xml").iter()
            if local(sheet) == "sheet"
            for key, value in sheet.attrib.items()
            if key.endswith("}id")
        }
        for kind, part, key in self._relations("xl/workbook.xml"):
            if kind == "chartsheet":
                sheets += 1
                place = Place("sheet", sheets, names.get(key, ""))
                assembler.begin_page()
                assembler.at(place)
                assembler.heading(place.name, 1)
                self.add(assembler, place, part)

    def _comments(self, assembler: Assembler, place: Place, part: str) -> None:
        root = self._xml(part)
        authors = [clean(a.text or "") for a in root.iter() if local(a) == "author"]
        for comment in root.iter():
            if local(comment) != "comment":
                continue
            text = clean("".join(t.text or "" for t in comment.iter() if local(t) == "t"))
            number = str(comment.get("authorId") or "")
            author = (
                authors[int(number)] if number.isdecimal() and int(number) < len(authors) else ""
            )
            if not text.startswith(_THREADED):
                _comment(assembler, place, comment.get("ref"), author, text)

    def _threaded(self, assembler: Assembler, place: Place, part: str) -> None:
        for comment in self._xml(part).iter():
            if local(comment) == "threadedComment":
                text = clean("".join(t.text or "" for t in comment if local(t) == "text"))
                author = self._people.get(str(comment.get("personId")), "")
                _comment(assembler, place, comment.get("ref"), author, text)

    def _drawing(self, assembler: Assembler, place: Place, part: str) -> None:
        assembler.at(place)
        for shape in self._xml(part).iter():
            if local(shape) != "txBody":
                continue
            for paragraph in shape:
                text = "".join(t.text or "" for t in paragraph.iter() if local(t) == "t")
                assembler.block(clean(text), "paragraph")
        for kind, chart in self._related(part):
            if kind == "chart":
                title, lines = chart_texts(self._xml(chart))
                assembler.block(title, "paragraph")
                assembler.table(lines)

    def _xml(self, part: str) -> Any:
        return parse_xml(self._path, read_part(self._path, self._package, part))

    def _related(self, part: str) -> Iterator[tuple[str, str]]:
        for kind, target, _ in self._relations(part):
            yield kind, target

    def _relations(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Kind, part and id of what a part is related to within the package."""
        folder, name = posixpath.split(part)
        try:
            data = self._package.read(f"{folder}/_rels/{name}.rels")
        except DAMAGE:
            return
        for relation in parse_xml(self._path, data):
            target = str(relation.get("Target") or "")
            if relation.get("TargetMode") == "External" or not target:
                continue
            resolved = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
            kind = str(relation.get("Type") or "").rpartition("/")[2]
            if resolved in self._package.namelist():
                yield kind, resolved, str(relation.get("Id") or "")


def _comment(assembler: Assembler, place: Place, cell: str | None, author: str, text: str) -> None:
    if not text:
        return
    assembler.at(msgspec.structs.replace(place, cells=cell or ""))
    by = f" by {author}" if author else ""
    assembler.block(f"[Comment on {cell}{by}] {text}", "paragraph")
    assembler.at(place)
