"""The labels of numbered and bulleted paragraphs of a Word document.

Word keeps no numbers in the text: a paragraph names a list and a level, and the label is
counted. A contract's "4.2 (a)" is worth the counting.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, NamedTuple

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLACE = re.compile(r"%(\d)")


class _Level(NamedTuple):
    format: str
    text: str
    start: int


class Numbering:
    """Counts through a document; ask for labels in reading order."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract_of: dict[str, str] = {}
        self._counters: dict[str, dict[int, int]] = {}
        self._of_style: dict[str, tuple[str, int]] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            root = None
        if root is not None:
            self._read(root)
        with suppress(KeyError, AttributeError):
            self._read_styles(document.styles.element)

    def label(self, paragraph: Any, style: str) -> str | None:
        """The paragraph's label ("4.2", "(a)", "•"), or None when it is in no list."""
        found = self._list_of(paragraph, style)
        if found is None:
            return None
        number, depth = found
        abstract = self._abstract_of.get(number)
        level = self._levels.get(abstract or "", {}).get(depth)
        if abstract is None or level is None:
            return "•"
        counters = self._counters.setdefault(abstract, {})
        counters[depth] = counters.get(depth, level.start - 1) + 1
        for deeper in [key for key in counters if key > depth]:
            del counters[deeper]
        if level.format == "bullet":
            return "•"
        if level.format == "none":
            return None
        levels = self._levels[abstract]

        def place(match: re.Match[str]) -> str:
            index = int(match.group(1)) - 1
            other = levels.get(index, level)
            return _shown(counters.get(index, other.start), other.format)

        return _PLACE.sub(place, level.text).strip() or "•"

    def _list_of(self, paragraph: Any, style: str) -> tuple[str, int] | None:
        properties = paragraph.find(f"{_W}pPr/{_W}numPr")
        inherited = self._of_style.get(style)
        if properties is None:
            return inherited
        number = properties.find(_W + "numId")
        depth = properties.find(_W + "ilvl")
        level = _int(depth.get(_W + "val"), 0) if depth is not None else 0
        if number is None:
            return (inherited[0], level) if inherited else None
        value = str(number.get(_W + "val") or "0")
        return None if value == "0" else (value, level)

    def _read(self, root: Any) -> None:
        for abstract in root.iter(_W + "abstractNum"):
            levels: dict[int, _Level] = {}
            for level in abstract.iter(_W + "lvl"):
                levels[_int(level.get(_W + "ilvl"), 0)] = _Level(
                    _value(level, "numFmt", "decimal"),
                    _value(level, "lvlText", ""),
                    _int(_value(level, "start", "1"), 1),
                )
            self._levels[str(abstract.get(_W + "abstractNumId"))] = levels
        for number in root.iter(_W + "num"):
            abstract = _value(number, "abstractNumId", "")
            self._abstract_of[str(number.get(_W + "numId"))] = abstract

    def _read_styles(self, styles: Any) -> None:
        for style in styles.iter(_W + "style"):
            number = style.find(f"{_W}pPr/{_W}numPr/{_W}numId")
            if number is None:
                continue
            depth = style.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
            value = str(number.get(_W + "val") or "0")
            if value != "0":
                level = _int(depth.get(_W + "val"), 0) if depth is not None else 0
                self._of_style[str(style.get(_W + "styleId") or "")] = (value, level)


def _shown(number: int, format_: str) -> str:
    if format_ in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * min(1 + (number - 1) // 26, 8)
        return letter.upper() if format_ == "upperLetter" else letter
    if format_ in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        roman = _roman(number)
        return roman.upper() if format_ == "upperRoman" else roman
    if format_ == "decimalZero":
        return f"{number:02d}"
    return str(number)


def _roman(number: int) -> str:
    signs = (
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
        (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    )  # fmt: skip
    pieces: list[str] = []
    for value, sign in signs:
        while number >= value:
            pieces.append(sign)
            number -= value
    return "".join(pieces)


def _value(parent: Any, name: str, default: str) -> str:
    child = parent.find(_W + name)
    return default if child is None else str(child.get(_W + "val") or default)


def _int(value: str | None, default: int) -> int:
    try:
        return int(value or "")
    except ValueError:
        return default
