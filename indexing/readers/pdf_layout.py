"""From the lines of a PDF's pages to its paragraphs, lists, tables and headings.

PDF keeps none of them. What is known of a line is where it stands, how large and how bold
it is; the rules here are a reader's: a line that ends early ends a paragraph, what stands
at the head of every page is no part of the text, larger or bold lines alone are headings.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import msgspec

from indexing.readers.pdf_headings import TERMINAL, BodyStyle, Group, near, with_headings
from indexing.readers.pdf_lines import Line, PageLines
from indexing.readers.pdf_rows import BULLET, is_row, with_joined_rows
from indexing.readers.pdf_running import NOTHING_RUNNING, Running, without_running_lines

_NUMBERED = re.compile(r"^(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})\)|\d{1,2}\.)(?=\s|$)", re.IGNORECASE)

# Raised signs and numbers of notes, which pdfium gives as lines of their own.
_MARKS = re.compile(r"^[\u00ae\u2122\u00a9*\u2020\u2021\u00a7\s]*(?:\(\d{1,2}\)[\s,]*)*$")


class Style(msgspec.Struct, frozen=True, array_like=True):
    """What the pages of a document have in common, as far as they were laid out.

    Attributes:
        pages: How many those are.
        running: What is printed on page after page.
        sizes: The sizes of large headings.
    """

    pages: int = 0
    running: Running = NOTHING_RUNNING
    sizes: frozenset[float] = frozenset()


class Layout(NamedTuple):
    """The blocks of some pages in reading order, and the style of all pages up to them."""

    groups: list[Group]
    style: Style


NO_STYLE = Style()


def lay_out(pages: list[PageLines], before: Style = NO_STYLE) -> Layout:
    """Group the lines of pages into blocks, in reading order.

    Args:
        pages: Those of a document, or a part of it; their lines count pages from its first.
        before: The style of the pages before them.
    """
    kept, running = without_running_lines(pages, before.pages, before.running)
    body = BodyStyle(kept)
    groups: list[Group] = []
    run: list[Line] = []
    for lines, page in zip(kept, pages, strict=True):
        joined = [
            line
            for line in with_joined_rows(lines, page.width)
            if not (_MARKS.match(line.text) and line.size < 0.8 * body.size(line.page))
        ]
        columns = _right_edges(joined, page.width)
        for line in joined:
            if run and _continues(run, line, columns, body):
                run.append(line)
                continue
            if run:
                groups.append(_group(run))
            run = [line]
    if run:
        groups.append(_group(run))
    ranked, sizes = with_headings(_with_tables(groups), body, before.sizes)
    return Layout(_with_asides(ranked, pages), Style(before.pages + len(pages), running, sizes))


def _with_asides(groups: list[Group], pages: list[PageLines]) -> list[Group]:
    """The blocks with what is told beside the text of a page behind those that begin on it."""
    asides = deque(line for page in pages for line in page.asides)
    if not asides:
        return groups
    found: list[Group] = []
    for group in groups:
        while asides and asides[0].page < group.lines[0].page:
            found.append(Group("paragraph", [asides.popleft()], 0))
        found.append(group)
    return found + [Group("paragraph", [line], 0) for line in asides]


def _right_edges(lines: list[Line], width: float) -> dict[int, float]:
    """For each line, how far to the right the text of its column goes."""
    edges: dict[int, float] = {}
    if not lines:
        return edges
    ordered = sorted(lines, key=lambda line: line.left)
    lefts = [line.left for line in ordered]
    for line in lines:
        slack = 4 * line.size
        column = ordered[
            bisect_left(lefts, line.left - slack) : bisect_left(lefts, line.left + slack)
        ]
        edges[id(line)] = max((other.right for other in column[:400]), default=width)
    return edges


def _continues(run: list[Line], line: Line, columns: dict[int, float], body: BodyStyle) -> bool:
    """Whether a line goes on with the paragraph of `run`."""
    before = run[-1]
    if is_row(before) or is_row(line):
        return False
    if abs(before.size - line.size) > 0.09 * max(before.size, line.size):
        return False
    if before.bold != line.bold and (before.bold or not _flows(before, line)):
        return False
    text = line.cells[0]
    if BULLET.match(text) or _NUMBERED.match(text):
        return False
    step = (line.bottom - before.bottom) / line.size
    if before.page != line.page or step < -2:
        return _goes_on_elsewhere(before, line)
    if step <= 0 or line.left >= before.right or line.right <= before.left:
        return before.hyphen and text[:1].islower()
    return _goes_on_below(run, line, step, columns.get(id(before), before.right), body)


def _goes_on_elsewhere(before: Line, line: Line) -> bool:
    """On the next page or column only what plainly is the same sentence goes on."""
    lower = line.cells[0][:1].islower()
    if before.bold and not lower:
        return False
    return _flows(before, line) and (lower or len(before.text) > 40)


def _goes_on_below(run: list[Line], line: Line, step: float, edge: float, body: BodyStyle) -> bool:
    """Whether the line under the last of `run`, `step` font sizes below, goes on with it.

    Args:
        edge: How far to the right the column's text goes.
    """
    before, text = run[-1], line.cells[0]
    if step > max(body.leading * 1.3, 1.0) and not (before.hyphen and step < 3):
        usual = _step(run)
        if usual is None or step > usual * 1.15:
            return False
    if text[:1].islower() or before.hyphen:
        return True
    # A line is full when the next word would not have fitted into it.
    word = text.split(" ", 1)[0]
    average = (line.right - line.left) / max(1, len(line.text))
    if before.right + average * (len(word) + 1) < edge - 1.5 * line.size:
        return False
    return not (TERMINAL.search(before.text) and line.left > before.left + 0.8 * line.size)


def _flows(before: Line, line: Line) -> bool:
    if before.hyphen:
        return True
    return not TERMINAL.search(before.text) and (
        line.cells[0][:1].islower() or before.text[-1:] in ",-\u2013\u2014" or not before.bold
    )


def _step(run: list[Line]) -> float | None:
    steps = [
        (b.bottom - a.bottom) / b.size
        for a, b in pairwise(run[-24:])
        if a.page == b.page and b.bottom > a.bottom
    ]
    return median(steps) if steps else None


def _group(run: list[Line]) -> Group:
    if len(run) == 1 and is_row(run[0]):
        return Group("table", run, 0)
    text = run[0].cells[0]
    if BULLET.match(text) or _NUMBERED.match(text):
        return Group("list_item", run, 0)
    return Group("paragraph", run, 0)


def _with_tables(groups: list[Group]) -> list[Group]:
    """Join rows that stand together, with the short lines between them, into tables."""
    joined: list[Group] = []
    for group in groups:
        last = joined[-1] if joined else None
        if group.kind == "table" and last is not None and near(last.lines[-1], group.lines[0], 2.5):
            if last.kind == "table":
                joined[-1] = Group("table", last.lines + group.lines, 0)
                continue
            before = joined[-2] if len(joined) > 1 else None
            if (
                before is not None
                and before.kind == "table"
                and len(last.lines) == 1
                and last.kind == "paragraph"
                and len(last.lines[0].text) < 80
                and near(before.lines[-1], last.lines[0], 2.5)
            ):
                joined.pop()
                joined[-1] = Group("table", before.lines + last.lines + group.lines, 0)
                continue
        joined.append(group)
    return joined
