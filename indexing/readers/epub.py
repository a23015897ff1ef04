"""EPUB: a book's chapters in the order of its spine, named by its table of contents."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler, clean
from indexing.readers.html import DECLARATION, decode_html, main_part, parse_html, walk_html
from indexing.readers.package import load, open_package, read_part
from indexing.readers.xml import local, parse_xml
from indexing.types import CanonicalDocument, Place, ReadProgress

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML = frozenset(("lt", "gt", "amp", "quot", "apos"))

# Files of the book, each with the chapters that begin in it: the id where, and the title.
Contents = dict[str, list[tuple[str, str]]]


def read_epub(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a book; its pages are the files of its spine, its places the chapters.

    Raises:
        FileUnreadable: Damaged, no book, or copy-protected.
        TooLarge: It unpacks to more than a package may.
        EmptyDocument: No text in it.
    """
    yield ReadProgress(0, None)
    with open_package(path, load(path)) as package:
        book = _Book(path, package)
        book.refuse_encrypted()
        assembler = Assembler()
        missing: list[str] = []
        title = ""
        chapter = 0
        for number, name in enumerate(book.spine, 1):
            assembler.begin_page()
            begins = book.contents.get(name, [])
            marks: dict[str, Place] = {}
            for anchor, heading in begins:
                chapter += 1
                place = Place("chapter", chapter, heading)
                if not anchor:
                    assembler.at(place)
                    assembler.enter(heading, 1)
                else:
                    marks[anchor] = place
            try:
                root = yield from book.page(name)
            except FileUnreadable as error:
                missing.append(error.problem)
                continue
            if root is not None:
                yield from walk_html(assembler, main_part(root), marks)
            title = title or (begins[0][1] if begins else "")
            yield ReadProgress(number, len(book.spine))
        return assembler.finish(path, "epub", book.title or title, warnings=tuple(missing))


class _Book:
    """An open book.

    Attributes:
        title: Its title, "" without one.
        spine: The files that hold its text, in reading order.
        contents: The chapters that begin in each file.
    """

    def __init__(self, path: Path, package: zipfile.ZipFile) -> None:
        self._path = path
        self._package = package
        container = parse_xml(path, read_part(path, package, _CONTAINER))
        roots = [str(e.get("full-path")) for e in container.iter() if local(e) == "rootfile"]
        if not roots:
            raise FileUnreadable(str(path), "no root file")
        self._folder = posixpath.dirname(roots[0])
        package_root = parse_xml(path, read_part(path, package, roots[0]))
        items = {str(e.get("id")): e for e in package_root.iter() if local(e) == "item"}
        titles = [e.text for e in package_root.iter() if local(e) == "title" and e.text]
        self.title = clean(titles[0]) if titles else ""
        self.spine = [
            self._resolved(self._folder, str(items[key].get("href") or ""))[0]
            for e in package_root.iter()
            if local(e) == "itemref" and (key := str(e.get("idref"))) in items
            if items[key].get("media-type") in _PAGES
        ]
        self.contents: Contents = {}
        for item in items.values():
            name = self._resolved(self._folder, str(item.get("href") or ""))[0]
            if "nav" in str(item.get("properties") or "").split():
                self._read_contents(name)
        for item in items.values():
            if not self.contents and item.get("media-type") == "application/x-dtbncx+xml":
                self._read_contents(self._resolved(self._folder, str(item.get("href") or ""))[0])

    def refuse_encrypted(self) -> None:
        """Raises FileUnreadable where chapters, and not just fonts, are encrypted.

        No password opens them, but the reading program that the book was bought for.
        """
        if _ENCRYPTION not in self._package.namelist():
            return
        root = parse_xml(self._path, read_part(self._path, self._package, _ENCRYPTION))
        hidden = {unquote(str(e.get("URI"))) for e in root.iter() if local(e) == "CipherReference"}
        if hidden & set(self.spine):
            raise FileUnreadable(str(self._path), "copy_protected")

    def page(self, name: str) -> Generator[ReadProgress, None, Any]:
        """The root element of a file of the spine, its names without namespaces."""
        data = read_part(self._path, self._package, name)
        text = decode_html(self._path, data)
        # It is given as UTF-8, whatever it says of itself.
        named = DECLARATION.sub("", _ENTITY.sub(_character, text))
        try:
            root = parse_xml(self._path, named.encode(), recover=False)
        except FileUnreadable:
            # Not well formed: as a browser would take it.
            return (yield from parse_html(self._path, text))
        for element in root.iter(etree.Element):
            element.tag = local(element)
        return root

    def _read_contents(self, name: str) -> None:
        """Notes the chapters that a table of contents of either kind names, in its order."""
        try:
            root = parse_xml(self._path, read_part(self._path, self._package, name))
        except FileUnreadable:
            return
        folder = posixpath.dirname(name)
        for element in root.iter():
            tag = local(element)
            if tag == "a" and element.get("href"):
                kind = next((n for n in element.iterancestors() if local(n) == "nav"), None)
                if kind is None or not str(_typed(kind)).startswith("toc"):
                    continue
                target, title = str(element.get("href")), "".join(element.itertext())
            elif tag == "navPoint":
                content = next((c for c in element if local(c) == "content"), None)
                label = next((c for c in element if local(c) == "navLabel"), None)
                if content is None or label is None:
                    continue
                target, title = str(content.get("src") or ""), "".join(label.itertext())
            else:
                continue
            file, anchor = self._resolved(folder, target)
            heading = " ".join(clean(title).split())[:200]
            known = self.contents.setdefault(file, [])
            if heading and all(anchor != other for other, _ in known):
                known.append((anchor, heading))

    def _resolved(self, folder: str, target: str) -> tuple[str, str]:
        """The part that a reference names, and the id behind the "#"."""
        file, _, anchor = target.partition("#")
        return posixpath.normpath(posixpath.join(folder, unquote(file))), unquote(anchor)


def _typed(nav: Any) -> str:
    """What a list of links is for; in a table of contents without a word, for just that."""
    values = [str(value) for key, value in nav.attrib.items() if key.endswith("type")]
    return values[0] if values else "toc"


def _character(entity: re.Match[str]) -> str:
    name = entity.group(1)
    return entity.group() if name in _OF_XML else html.unescape(entity.group())
