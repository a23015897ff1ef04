"""JSON, XML and YAML: records as rows, and what is nested under its names.

A line such as `"price": 9` says nothing by itself; `name: Anna | price: 9` does.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

from indexing.errors import FileUnreadable, TooLarge
from indexing.readers.assemble import Assembler, clean, clean_verbatim
from indexing.readers.html import walk_html
from indexing.readers.own_text import OwnText
from indexing.readers.package import load
from indexing.readers.plain import read_text
from indexing.readers.xml import local, parse_xml
from indexing.types import CanonicalDocument, Place, ReadProgress

# Values of a file; more is a database.
_MOST_VALUES = 2_000_000
# Levels that get a heading of their own; what lies deeper is told by its path.
_LEVELS = 6
_DEPTH = 200
_XHTML = "{http://www.w3.org/1999/xhtml}html"


def read_json(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read JSON, one value or one a line, or a notebook.

    Raises:
        FileUnreadable: No JSON.
        TooLarge: Too many bytes or values.
        EmptyDocument: Nothing in it.
    """
    yield ReadProgress(0, None)
    text = (yield from read_text(path)).lstrip("\ufeff")
    try:
        value = _parse(text)
    except json.JSONDecodeError as whole:
        try:
            value = [_parse(line) for line in text.split("\n") if line.strip()]
        except json.JSONDecodeError:
            problem = f"{whole.msg}, line {whole.lineno}"
            raise FileUnreadable(str(path), f"JSON: {problem}") from whole
    except RecursionError:
        raise FileUnreadable(str(path), "JSON: nested too deep") from None
    yield ReadProgress(0, None)
    assembler = Assembler()
    notebook = path.suffix.lower() == ".ipynb" and isinstance(value, dict)
    if notebook and isinstance(cells := cast("dict[str, Any]", value).get("cells"), list):
        _add_notebook(assembler, cast("list[Any]", cells))
        return assembler.finish(path, "notebook", None)
    yield from _Writer(path, assembler).add(value)
    return assembler.finish(path, "json", None)


def read_xml(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read XML of any kind: its texts and attributes under the names of their elements.

    Raises:
        FileUnreadable: No XML, or it declares entities.
        TooLarge: Too many bytes or values.
        EmptyDocument: Nothing in it.
    """
    yield ReadProgress(0, None)
    root = parse_xml(path, load(path))
    yield ReadProgress(0, None)
    assembler = Assembler()
    if root.tag == _XHTML:
        for element in root.iter("*"):
            element.tag = local(element)
        walker = yield from walk_html(assembler, root)
        return assembler.finish(path, "html", walker.first_heading)
    yield from _Writer(path, assembler).add({local(root): _value_of(root)})
    return assembler.finish(path, "xml", None)


def read_yaml(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read YAML as the text that it is: its names stand where a person would look.

    Raises:
        TooLarge, FileUnreadable, EmptyDocument: As for plain text.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    own = OwnText(text)
    own.paragraphs(0, len(text), "code")
    return own.finish(path, "yaml", None, [(0, Place("line"))])


def _parse(text: str) -> Any:
    # Numbers stay as they are written: 1.50 is not 1.5.
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


class _Writer:
    """Adds a value: dictionaries, lists and scalars."""

    def __init__(self, path: Path, assembler: Assembler) -> None:
        self._path = path
        self._assembler = assembler
        self._left = _MOST_VALUES

    def add(self, value: Any, level: int = 1) -> Generator[ReadProgress, None, None]:
        """Adds a value; what is nested in it becomes sections down to `_LEVELS`."""
        if isinstance(value, dict):
            yield from self._add_dictionary(cast("dict[str, Any]", value), level)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            lines: list[str] = []
            for item in items:
                if lines and sum(map(len, lines)) > 20_000:
                    self._assembler.table(lines)
                    lines = []
                    yield ReadProgress(0, None)
                if line := self._line(item):
                    lines.append(line)
            self._assembler.table(lines)
        elif line := self._line(value):
            self._assembler.block(line, "paragraph")

    def _add_dictionary(
        self, value: dict[str, Any], level: int
    ) -> Generator[ReadProgress, None, None]:
        lines: list[str] = []
        for key, inner in value.items():
            if isinstance(inner, (dict, list)) and level <= _LEVELS and not _is_short(inner):
                self._assembler.table(lines)
                lines = []
                self._assembler.heading(" ".join(clean(str(key)).split())[:200], level)
                yield from self.add(inner, level + 1)
                self._assembler.leave(level)
            elif line := self._line({key: inner}):
                lines.append(line)
        self._assembler.table(lines)

    def _line(self, value: Any) -> str:
        """A value on one line, what is nested in it under its path."""
        parts: list[str] = []
        for name, scalar in _flat(value, "", 0):
            self._left -= 1
            if self._left < 0:
                raise TooLarge(str(self._path), "values", _MOST_VALUES + 1, _MOST_VALUES)
            text = " ".join(clean(_shown(scalar)).split())
            if text:
                parts.append(f"{name}: {text}" if name else text)
        return " | ".join(parts)


def _flat(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _DEPTH:
        yield name, "…"
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            own = " ".join(clean(str(key)).split())
            yield from _flat(inner, ".".join(filter(None, (name, own))), depth + 1)
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        if all(not isinstance(item, (dict, list)) for item in items):
            yield name, ", ".join(map(_shown, items))
        else:
            for item in items:
                yield from _flat(item, name, depth + 1)
    else:
        yield name, value


def _shown(value: Any) -> str:
    return (
        {True: "true", False: "false", None: ""}[value]
        if value in (True, False, None)
        else str(value)
    )


def _is_short(value: Any) -> bool:
    """Whether a value is told on the line of its name: a list of a few words."""
    if isinstance(value, dict):
        return not value
    items = cast("list[Any]", value)
    scalars = all(not isinstance(item, (dict, list)) for item in items)
    return scalars and sum(len(str(item)) for item in items) <= 200


def _value_of(element: Any, depth: int = 0) -> Any:
    """An element as a value: text, a dictionary of its parts, or a list of equal ones."""
    children = [child for child in element if isinstance(child.tag, str)]
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    own = clean(element.text or "")
    mixed = bool(own) or any(clean(child.tail or "") for child in children)
    if not children or mixed or depth > _DEPTH:
        text = clean("".join(element.itertext()))
        return {**attributes, "": text} if attributes else text
    value: dict[str, Any] = dict(attributes)
    for child in children:
        inner = _value_of(child, depth + 1)
        name = local(child)
        known = value.get(name)
        if known is None:
            value[name] = inner
        elif isinstance(known, list):
            cast("list[Any]", known).append(inner)
        else:
            value[name] = [known, inner]
    return value


def _add_notebook(assembler: Assembler, cells: list[Any]) -> None:
    """Adds a notebook's cells with what they printed."""
    for cell in cells:
        if not isinstance(cell, dict):
            continue
        known = cast("dict[str, Any]", cell)
        source = _joined(known.get("source"))
        if known.get("cell_type") == "code":
            assembler.block(clean_verbatim(source), "code")
            for output in cast("list[dict[str, Any]]", known.get("outputs") or []):
                data = cast("dict[str, Any]", output.get("data") or {})
                printed = _joined(output.get("text") or data.get("text/plain"))
                assembler.block(clean_verbatim(printed), "code")
            continue
        for paragraph in source.split("\n\n"):
            first = paragraph.lstrip()
            level = len(first) - len(first.lstrip("#"))
            if 1 <= level <= 6 and "\n" not in first.strip():
                assembler.heading(clean(first.lstrip("#")), level)
            else:
                assembler.block(clean(paragraph), "paragraph")


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(str(piece) for piece in cast("list[Any]", value))
    return str(value or "")
