"""reStructuredText: the file's own text, with its titles, lists, tables and literal blocks."""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import accumulate
from pathlib import Path

from indexing.readers.own_text import OwnText
from indexing.readers.plain import read_text
from indexing.types import BlockKind, CanonicalDocument, ReadProgress

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
_ITEM = re.compile(r"(?:[-*+•]|\(?(?:\d{1,3}|[a-zA-Z]|#)[.)])\s+\S")
_CODE = re.compile(r"\.\.\s+(?:code|code-block|sourcecode|literalinclude|math|parsed-literal)::")
_TABLE = re.compile(r"\+[-=+]{3,}\+\s*$|={2,}(?:\s+={2,})+\s*$")


def read_rst(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a reStructuredText file.

    Raises:
        TooLarge, FileUnreadable, EmptyDocument: As for plain text.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    lines = text.split("\n")
    offsets = [0, *accumulate(len(line) + 1 for line in lines)]
    own = OwnText(text)
    # Which sign stands for which level follows from the order in which they occur.
    levels: list[tuple[str, bool]] = []
    title: str | None = None
    at = 0
    literal = False
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        if (found := _title(lines, at)) is not None:
            last, name, style = found
            if style not in levels:
                levels.append(style)
            own.heading(offsets[at], offsets[last] - 1, name, levels.index(style) + 1)
            title = title or name
            at, literal = last, False
            continue
        last = at + 1
        while last < len(lines) and lines[last].strip() and _title(lines, last) is None:
            last += 1
        kind, literal = _kind(lines[at:last], literal)
        own.add(offsets[at], offsets[last] - 1, kind)
        at = last
        if at % 5_000 == 0:
            yield ReadProgress(at, len(lines))
    return own.finish(path, "rst", title)


def _title(lines: list[str], at: int) -> tuple[int, str, tuple[str, bool]] | None:
    """A title that begins at a line: the line behind it, its text, and its sign and style."""
    first = lines[at]
    over = _ADORNMENT.match(first)
    if over is not None and at + 2 < len(lines):
        name, below = lines[at + 1].strip(), lines[at + 2]
        if name and below.rstrip() == first.rstrip() and not _ADORNMENT.match(lines[at + 1]):
            return at + 3, name, (over.group(1), True)
    if over is None and at + 1 < len(lines) and not first[:1].isspace():
        under = _ADORNMENT.match(lines[at + 1])
        if under is not None and len(lines[at + 1].rstrip()) >= len(first.strip()):
            return at + 2, first.strip(), (under.group(1), False)
    return None


def _kind(block: list[str], literal: bool) -> tuple[BlockKind, bool]:
    """What a run of lines is, and whether an indented one behind it is literal."""
    first = block[0]
    opens = block[-1].rstrip().endswith("::") or _CODE.match(first.strip()) is not None
    if first[:1].isspace() and literal:
        return "code", True
    if _CODE.match(first.strip()):
        return "code", True
    if _TABLE.match(first.strip()):
        return "table", False
    if _ITEM.match(first.strip()):
        return "list_item", opens
    return (
        "quote" if first[:1].isspace() and not first.strip().startswith("..") else "paragraph"
    ), opens
