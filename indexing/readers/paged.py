"""From the lines of pages to the canonical document, with a box for each line."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import msgspec

from indexing.readers.assemble import Assembler, clean
from indexing.readers.pdf_headings import Group
from indexing.readers.pdf_layout import lay_out
from indexing.readers.pdf_lines import Line, PageLines
from indexing.readers.pdf_outline import Outline
from indexing.readers.pdf_rows import row_cells
from indexing.types import CanonicalDocument, LineBox, ReadProgress, ScannedPage

_YIELD_S = 0.1

_BULLET = re.compile(
    r"^[\u2022\u2023\u25aa\u25a0\u25cf\u25cb\u25e6\u2043\u00b7\uf0b7\uf0a7\uf0d8\u27a2o](?=\s|$)"
)
_INK = re.compile(r"\w")
_WORD_END = re.compile(r"([\w-]+)-?$")
_WORD_START = re.compile(r"^[\w-]+")
_WORDS = re.compile(r"\w+(?:-\w+)+|\w{4,}")


def assemble_pages(
    path: Path,
    kind: str,
    pages: list[PageLines],
    outline: Outline | None = None,
    title: str | None = None,
    warnings: tuple[str, ...] = (),
    scans: tuple[ScannedPage, ...] = (),
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Lay out pages and put them together.

    Args:
        pages: The lines of each, in reading order.
        outline: The document's own, where it has one.

    Raises:
        EmptyDocument: No page has a line of text.
    """
    yield ReadProgress(len(pages), len(pages))
    groups = lay_out(pages)
    yield ReadProgress(len(pages), len(pages))
    assembler = Assembler()
    hyphens = _Hyphens(groups)
    boxes: list[LineBox] = []
    starts: list[int | None] = [None] * len(pages)
    due = time.monotonic() + _YIELD_S
    for group in groups:
        text, spans = _joined(group, hyphens)
        if not _INK.search(text):
            continue
        first = group.lines[0]
        level = group.level
        if outline is not None:
            found = outline.place(first.page, first.top, text)
            for depth, name in found.entered:
                assembler.enter(name, depth)
            level = found.level or (outline.depth + level if level else 0)
        if level:
            span = assembler.heading(text, level, first.page + 1)
        else:
            span = assembler.block(text, group.kind, first.page + 1)
        if span is None:
            continue
        for line, (start, end) in zip(group.lines, spans, strict=True):
            begin = span[0] + start
            if starts[line.page] is None:
                starts[line.page] = begin
            if end > start:
                boxes.append(_box(line, begin, span[0] + end, pages[line.page]))
        if time.monotonic() > due:
            yield ReadProgress(len(pages), len(pages))
            due = time.monotonic() + _YIELD_S
    following = assembler.length
    page_starts: list[int] = []
    for start in reversed(starts):
        # Where columns or floats made a later page's text come first, keep the order.
        following = following if start is None else min(start, following)
        page_starts.append(following)
    page_starts.reverse()
    if page_starts:
        page_starts[0] = 0
    document = assembler.finish(path, kind, title, tuple(page_starts), tuple(boxes), warnings)
    return msgspec.structs.replace(document, scans=scans)


def _joined(group: Group, hyphens: _Hyphens) -> tuple[str, list[tuple[int, int]]]:
    """The text of a block, and where in it each of its lines stands."""
    table = group.kind == "table"
    text = ""
    spans: list[tuple[int, int]] = []
    for index, line in enumerate(group.lines):
        piece = clean(" | ".join(row_cells(line))) if table else clean(" ".join(row_cells(line)))
        if index == 0 and group.kind == "list_item":
            piece = _BULLET.sub("\u2022", piece)
        if table:
            text += "\n" if text else ""
        elif text and index:
            before = group.lines[index - 1]
            keep = hyphens.joint(text, piece, before)
            if keep is None:
                text += " "
            elif keep == "-":
                text += "" if text.endswith("-") else "-"
            else:
                while text.endswith("-"):
                    text = text[:-1]
                    spans[-1] = (spans[-1][0], min(spans[-1][1], len(text)))
        start = len(text)
        text += piece
        spans.append((start, len(text)))
    return text, spans


def _box(line: Line, start: int, end: int, page: PageLines) -> LineBox:
    left, top, right, bottom = page.share(line)
    return LineBox(
        start=start, end=end, page=line.page + 1, left=left, top=top, right=right, bottom=bottom
    )


class _Hyphens:
    """Decides by the document's own words whether a hyphen at a line's end is part of one."""

    def __init__(self, groups: list[Group]) -> None:
        self._words: Counter[str] = Counter()
        if any(line.hyphen or line.text.endswith("-") for g in groups for line in g.lines):
            for group in groups:
                for line in group.lines:
                    self._words.update(word.lower() for word in _WORDS.findall(line.text))

    def joint(self, text: str, following: str, line: Line) -> str | None:
        """What stands between two lines: None a blank, "" nothing, "-" a hyphen."""
        if not (line.hyphen or text.endswith("-")):
            return None
        left, right = _WORD_END.search(text.rstrip("-")), _WORD_START.match(following)
        if left is None or right is None:
            return "-" if line.hyphen else None
        first, second = left.group(1).lower(), right.group().lower()
        whole, parted = self._words[first + second], self._words[f"{first}-{second}"]
        if parted > whole:
            return "-"
        if whole or (second[:1].isalpha() and following[:1].islower() and "-" not in first):
            return "" if first[-1:].isalpha() else "-"
        return "-"
