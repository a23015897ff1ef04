"""What a Word document keeps outside of its body: notes, comments, headers, footers, styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from indexing.readers.assemble import clean

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_NOTES = {
    _RELATED + "footnotes": "footnote",
    _RELATED + "endnotes": "endnote",
    _RELATED + "comments": "comment",
}
_EDGES = {_RELATED + "header": "Header", _RELATED + "footer": "Footer"}
# What people tick and point with, of the font Wingdings.
_SIGNS = {
    "6F": "\u2610", "A8": "\u2610", "FD": "\u2612", "FE": "\u2611", "FB": "\u2717", "FC": "\u2713",
    "DF": "\u2190", "E0": "\u2192", "E8": "\u2192", "F0": "\u21e8",
}  # fmt: skip
_PAGE_NUMBER = re.compile(r"\W*(?:[^\W\d]{1,6}\W*)?\d*\W*(?:(?:/|of|von|de|sur|van)\W*)?\d*\W*")


def notes_of(document: Any) -> dict[str, Any]:
    """Footnotes, endnotes and comments by kind and id ("footnote2"), separators left out."""
    notes: dict[str, Any] = {}
    for reltype, root in _roots(document, frozenset(_NOTES)):
        kind = _NOTES[reltype]
        for note in root.iter(W + kind):
            if note.get(W + "type") in (None, "normal"):
                notes[f"{kind}{note.get(W + 'id')}"] = note
    return notes


def edges_of(document: Any, text_of: Callable[[Any], str]) -> list[str]:
    """Headers and footers, each once and marked; those of nothing but a page number left out.

    Args:
        text_of: Gives the text of a paragraph.
    """
    found: dict[str, None] = {}
    for reltype, root in _roots(document, frozenset(_EDGES)):
        lines = [clean(text_of(paragraph)) for paragraph in root.iter(W + "p")]
        text = "\n".join(filter(None, lines))
        if text and not _PAGE_NUMBER.fullmatch(text):
            found[f"[{_EDGES[reltype]}] {text}"] = None
    return sorted(found, reverse=True)


def styles_of(document: Any) -> dict[str, tuple[str, int | None]]:
    """Style id to its name in lower case and its outline level (0 outermost), inherited."""
    try:
        elements = list(document.styles.element.iter(W + "style"))
    except (KeyError, AttributeError):
        return {}
    names: dict[str, str] = {}
    levels: dict[str, int | None] = {}
    parents: dict[str, str] = {}
    for element in elements:
        key = str(element.get(W + "styleId") or "")
        name = element.find(W + "name")
        names[key] = "" if name is None else str(name.get(W + "val") or "").lower()
        outline = element.find(f"{W}pPr/{W}outlineLvl")
        level = None if outline is None else number(outline.get(W + "val"))
        if level is None and names[key].startswith("heading "):
            counted = number(names[key].removeprefix("heading "))
            level = None if counted is None else counted - 1
        levels[key] = level
        based = element.find(W + "basedOn")
        if based is not None:
            parents[key] = str(based.get(W + "val") or "")
    resolved: dict[str, tuple[str, int | None]] = {}
    for key, name in names.items():
        ancestor, seen = key, set[str]()
        while levels.get(ancestor) is None and ancestor in parents and ancestor not in seen:
            seen.add(ancestor)
            ancestor = parents[ancestor]
        resolved[key] = (name, levels.get(ancestor))
    return resolved


def sign_of(symbol: Any) -> str:
    """The letter for a sign out of a font of signs; "" for one that tells nothing."""
    # Those of private use are the font's own, moved there.
    code = str(symbol.get(W + "char") or "").upper()[-2:]
    return _SIGNS.get(code, "") if symbol.get(W + "font") == "Wingdings" else ""


def tick_of(box: Any) -> str:
    """Whether a box of a form is ticked."""
    state = box.find(W + "checked")
    if state is None:
        state = box.find(W + "default")
    is_ticked = state is not None and state.get(W + "val") not in ("0", "false", "off")
    return "\u2612" if is_ticked else "\u2610"


def number(value: str | None) -> int | None:
    """An attribute's number; None where it is none."""
    try:
        return int(value or "")
    except ValueError:
        return None


def _roots(document: Any, reltypes: frozenset[str]) -> Iterator[tuple[str, Any]]:
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if relation.reltype not in reltypes or relation.is_external:
            continue
        try:
            yield relation.reltype, parse_xml(relation.target_part.blob)
        except (ValueError, SyntaxError, KeyError):
            continue
