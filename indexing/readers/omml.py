"""Equations of Office documents as a line of text, as one would type them.

Powers and roots would otherwise run together: "E = mc2", "b2 4ac2a".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from indexing.readers.xml import local

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Deeper than any formula; what lies below is taken as plain letters.
_DEPTH = 40


Part = Callable[[str], str]


def equation_text(element: Any, depth: int = 0) -> str:
    """An equation, or a part of one, on one line: `x = (-b ± √(b^2 - 4ac))/(2a)`."""
    name = local(element)
    if name == "t":
        return element.text or ""
    if depth > _DEPTH:
        return "".join(text.text or "" for text in element.iter(_M + "t", _W + "t"))
    if name.endswith("Pr"):
        return ""

    def part(child: str) -> str:
        return "".join(equation_text(found, depth + 1) for found in element.findall(_M + child))

    if name in _FORMS:
        return _FORMS[name](part)
    inner = [equation_text(child, depth + 1) for child in element]
    if name == "nary":
        sign = _value(element, "naryPr", "chr") or "∫"
        return f"{sign}{_limits(part)} {part('e')}"
    if name == "d":
        begin, end = _value(element, "dPr", "begChr"), _value(element, "dPr", "endChr")
        between = ", ".join(filter(None, inner))
        return f"{'(' if begin is None else begin}{between}{')' if end is None else end}"
    if name in ("m", "mr"):
        return ("; " if name == "m" else ", ").join(filter(None, inner))
    return "".join(inner)


def _limits(part: Part) -> str:
    low, high = part("sub"), part("sup")
    return (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")


_FORMS: dict[str, Callable[[Part], str]] = {
    "f": lambda part: f"{_grouped(part('num'))}/{_grouped(part('den'))}",
    "sSup": lambda part: part("e") + _limits(part),
    "sSub": lambda part: part("e") + _limits(part),
    "sSubSup": lambda part: part("e") + _limits(part),
    "rad": lambda part: f"{part('deg')}√{_grouped(part('e'))}",
    "func": lambda part: f"{part('fName')} {part('e')}",
    "limLow": lambda part: f"{part('e')}_{_grouped(part('lim'))}",
    "limUpp": lambda part: f"{part('e')}^{_grouped(part('lim'))}",
}


def _grouped(text: str) -> str:
    """In brackets where it is more than one sign or number."""
    text = text.strip()
    single = (
        len(text) == 1 or text.isalnum() or (text[:1] == "(" and text.find(")") == len(text) - 1)
    )
    return text if single else f"({text})"


def _value(element: Any, properties: str, name: str) -> str | None:
    found = element.find(f"{_M}{properties}/{_M}{name}")
    return None if found is None else str(found.get(_M + "val") or "")
