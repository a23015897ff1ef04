"""From the lines of pages to the canonical document, with a box for each line."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

import msgspec

from indexing.readers.assemble import Assembler, clean, title_or_name
from indexing.readers.pdf_headings import Group
from indexing.readers.pdf_layout import NO_STYLE, Style, lay_out
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


# Of so many of its last pages a part of a document looks for one that ends a paragraph.
_LAST_PAGES = 20


class Before(msgspec.Struct, frozen=True, array_like=True):
    """What the parts of a document tell the one that follows them.

    Attributes:
        style: What their pages have in common.
        sections: Those that go on, with their level, outermost first.
        has_text: Whether there is any.
    """

    style: Style = NO_STYLE
    sections: tuple[tuple[int, str], ...] = ()
    has_text: bool = False


class Part(NamedTuple):
    """A part of a document.

    Attributes:
        document: Its text, whose offsets and pages count from its beginning.
        pages: How many of the pages given are in it: the others belong to the part after it.
        after: For that one.
    """

    document: CanonicalDocument
    pages: int
    after: Before


THE_BEGINNING = Before()


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
    done = ReadProgress(len(pages), len(pages))
    part = yield from assemble_part(path, kind, pages, done, outline, title)
    return msgspec.structs.replace(part.document, warnings=warnings, scans=scans)


def assemble_part(
    path: Path,
    kind: str,
    pages: list[PageLines],
    progress: ReadProgress,
    outline: Outline | None = None,
    title: str | None = None,
    before: Before = THE_BEGINNING,
    is_last: bool = True,
) -> Generator[ReadProgress, None, Part]:
    """Lay out a part of a document and put it together.

    Args:
        pages: The lines of each of its pages, in reading order; they count from its first.
        progress: What is told meanwhile.
        outline: The document's own, of these pages, where it has one.
        before: What the parts before it tell.
        is_last: Whether it ends with the document. Else it ends where a paragraph does, if one
            of its last pages does.

    Raises:
        EmptyDocument: The document has ended without a line of text.
    """
    yield progress
    layout = lay_out(pages, before.style)
    yield progress
    groups, count = layout.groups, len(pages)
    if not is_last:
        groups, count = _complete(groups, count)
    assembler = Assembler()
    for level, name in before.sections:
        assembler.enter(name, level)
    hyphens = _Hyphens(groups)
    boxes: list[LineBox] = []
    starts: list[int | None] = [None] * count
    due = time.monotonic() + _YIELD_S
    for group in groups:
        text, spans = _joined(group, hyphens)
        if not _INK.search(text):
            continue
        span = _put(assembler, group, text, outline)
        if span is None:
            continue
        for line, (start, end) in zip(group.lines, spans, strict=True):
            begin = span[0] + start
            if starts[line.page] is None:
                starts[line.page] = begin
            if end > start:
                boxes.append(_box(line, begin, span[0] + end, pages[line.page]))
        if time.monotonic() > due:
            yield progress
            due = time.monotonic() + _YIELD_S
    for depth, name in outline.pass_over(count) if outline is not None else ():
        assembler.enter(name, depth)
    page_starts = _page_starts(starts, assembler.length)
    has_text = assembler.length > 0
    if has_text or (is_last and not before.has_text):
        document = assembler.finish(path, kind, title, page_starts, tuple(boxes))
    else:
        document = CanonicalDocument(title_or_name(title, path), kind, "", (), page_starts)
    after = Before(
        msgspec.structs.replace(layout.style, pages=before.style.pages + count),
        assembler.sections,
        before.has_text or has_text,
    )
    return Part(document, count, after)


def _put(
    assembler: Assembler, group: Group, text: str, outline: Outline | None
) -> tuple[int, int] | None:
    """Add the block of a group, under the sections that begin with it."""
    first = group.lines[0]
    level = group.level
    if outline is not None:
        found = outline.place(first.page, first.top, text)
        for depth, name in found.entered:
            assembler.enter(name, depth)
        level = found.level or (outline.depth + level if level else 0)
    if level:
        return assembler.heading(text, level, first.page + 1)
    return assembler.block(text, group.kind, first.page + 1)


def _complete(groups: list[Group], count: int) -> tuple[list[Group], int]:
    """The groups up to the last page that ends a paragraph, and how many pages those are.

    All of them where none of the last pages does.
    """
    following = count
    for number in range(len(groups) - 1, 0, -1):
        following = min(following, *(line.page for line in groups[number].lines))
        if following < count - _LAST_PAGES:
            break
        last = groups[number - 1]
        # A heading belongs to what comes after it.
        if not last.level and max(line.page for line in last.lines) < following:
            return groups[:number], following
    return groups, count


def _page_starts(starts: list[int | None], length: int) -> tuple[int, ...]:
    """Where each page begins; one without text, where the next one does."""
    following = length
    page_starts: list[int] = []
    for start in reversed(starts):
        # Where columns or floats made a later page's text come first, keep the order.
        following = following if start is None else min(start, following)
        page_starts.append(following)
    page_starts.reverse()
    if page_starts:
        page_starts[0] = 0
    return tuple(page_starts)


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
