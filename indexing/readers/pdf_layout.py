"""From the lines of a PDF's pages to its paragraphs, headings, lists and tables.

PDF keeps none of them. What is known of a line is where it stands, how large and how bold
it is; the rules here are a reader's: a line that ends early ends a paragraph, what stands
at the head of every page is no part of the text, larger or bold lines alone are headings.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from statistics import median
from typing import NamedTuple

from indexing.readers.pdf_lines import Line, PageLines
from indexing.types import BlockKind

_BULLET = re.compile(r"^[\u2022\u2023\u25aa\u25a0\u25cf\u25cb\u25e6\u2043\u00b7\uf0b7\uf0a7\uf0d8\u27a2\u2713\u2714o\u2013\u2014*-](?=\s|$)")
_NUMBERED = re.compile(r"^(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})\)|\d{1,2}\.)(?=\s|$)", re.IGNORECASE)
_LABEL = re.compile(r"^[(\[]?(?:\d{1,3}(?:\.\d{1,3}){0,4}|[A-Za-z]|[ivxIVX]{1,5})[.)\]]?$|^(?:item|note|section|article)\s+\w{1,4}[.:]?$", re.I)
_PAGE_NUMBER = re.compile(
    r"^\W*(?:page|seite|pagina|p\.)?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*(?:(?:of|/|von|de)\s*\d{1,4})?\W*$", re.I
)
_TERMINAL = re.compile(r"[.!?:;\u3002\uff01\uff1f][\"'\u201d\u2019)\]]*$")
_LEADERS = re.compile(r"(?:\s?[.\u2026_]){4,}")
_DIGITS = re.compile(r"\d+")
_ZONE = 0.12


class Group(NamedTuple):
    """A block to be: its lines in reading order.

    Attributes:
        level: For a heading, 1 for the outermost; else 0.
    """

    kind: BlockKind
    lines: list[Line]
    level: int


def lay_out(pages: list[PageLines]) -> list[Group]:
    """Group the lines of a document into blocks, in reading order."""
    kept = _without_running_lines(pages)
    body = _BodyStyle(kept)
    groups: list[Group] = []
    run: list[Line] = []
    for lines, page in zip(kept, pages, strict=True):
        columns = _right_edges(lines, page.width)
        for position, line in enumerate(lines):
            if run and _continues(run, line, columns, body):
                run.append(line)
                continue
            if run:
                groups.append(_group(run))
            run = [line]
            if position == 0:
                body.column_before = body.column_here
            body.column_here = columns.get(id(line), page.width)
        body.column_before = body.column_here
    if run:
        groups.append(_group(run))
    return _with_headings(_with_tables(groups), body)


class _BodyStyle:
    """What the running text of the document looks like."""

    def __init__(self, pages: list[list[Line]]) -> None:
        sizes: Counter[float] = Counter()
        bold = characters = 0
        leadings: list[float] = []
        for lines in pages:
            for before, line in zip(lines, lines[1:], strict=False):
                step = (line.bottom - before.bottom) / line.size
                if 0.8 < step < 3 and abs(line.size - before.size) < 0.1 * line.size:
                    leadings.append(round(step, 2))
            for line in lines:
                length = sum(map(len, line.cells))
                sizes[round(line.size * 2) / 2] += length
                characters += length
                bold += length if line.bold else 0
        self.size = sizes.most_common(1)[0][0] if sizes else 10.0
        self.bold = bold > 0.5 * characters
        common = Counter(leadings).most_common(3)
        # Of about equally common line distances the smallest is that inside paragraphs.
        self.leading = min(
            (step for step, count in common if count * 2 >= common[0][1]), default=1.2
        )
        self.column_here = self.column_before = 0.0


def _without_running_lines(pages: list[PageLines]) -> list[list[Line]]:
    """Leave out page numbers, and what repeats at the head or foot of the pages.

    The first of the repeated lines stays, for it may name the document.
    """
    seen: defaultdict[tuple[str, bool, int], list[int]] = defaultdict(list)
    edges: list[list[tuple[Line, tuple[str, bool, int], str]]] = []
    for number, page in enumerate(pages):
        here: list[tuple[Line, tuple[str, bool, int], str]] = []
        for line in page.lines:
            head = line.bottom < _ZONE * page.height
            if not head and line.top < (1 - _ZONE) * page.height:
                continue
            text = line.text
            pattern = _DIGITS.sub("#", text.lower())
            key = (pattern, head, round(line.top / page.height * 50))
            here.append((line, key, text))
            seen[key].append(number)
        edges.append(here)
    total = len(pages)
    shown: set[tuple[str, bool, int]] = set()
    kept: list[list[Line]] = []
    texts: defaultdict[tuple[str, bool, int], set[str]] = defaultdict(set)
    for here in edges:
        for _, key, text in here:
            texts[key].add(text)
    for page, here in zip(pages, edges, strict=True):
        dropped: set[int] = set()
        for line, key, text in here:
            count = sum(
                len(seen.get((key[0], key[1], key[2] + shift), ())) for shift in (-1, 0, 1)
            )
            number = _PAGE_NUMBER.match(text) is not None and len(text) <= 24
            if number and (count >= 2 or total == 1) and len(page.lines) > 1:
                dropped.add(id(line))
            elif count >= 3 and (
                (len(texts[key]) == 1 and count >= 0.1 * total) or count >= 0.6 * total
            ):
                if key in shown or len(texts[key]) > 1:
                    dropped.add(id(line))
                shown.add(key)
        kept.append([line for line in page.lines if id(line) not in dropped])
    return kept


def _right_edges(lines: list[Line], width: float) -> dict[int, float]:
    """For each line, how far to the right the text of its column goes."""
    edges: dict[int, float] = {}
    if not lines:
        return edges
    ordered = sorted(lines, key=lambda line: line.left)
    lefts = [line.left for line in ordered]
    for line in lines:
        slack = 4 * line.size
        near = ordered[bisect_left(lefts, line.left - slack) : bisect_left(lefts, line.left + slack)]
        edges[id(line)] = max((other.right for other in near[:400]), default=width)
    return edges


def _continues(run: list[Line], line: Line, columns: dict[int, float], body: _BodyStyle) -> bool:
    """Whether a line goes on with the paragraph of `run`."""
    before = run[-1]
    if is_row(before) or is_row(line):
        return False
    if abs(before.size - line.size) > 0.09 * max(before.size, line.size):
        return False
    if before.bold != line.bold and (before.bold or not _flows(before, line)):
        return False
    text = line.cells[0]
    if _BULLET.match(text) or _NUMBERED.match(text):
        return False
    above = before.text
    lower = text[:1].islower()
    same_page = before.page == line.page
    step = (line.bottom - before.bottom) / line.size
    beside = line.left < before.right and line.right > before.left
    if same_page and step > 0 and beside:
        if step > max(body.leading * 1.3, 1.0) and not (before.hyphen and step < 3):
            usual = _step(run)
            if usual is None or step > usual * 1.15:
                return False
        if lower or before.hyphen:
            return True
        edge = columns.get(id(before), before.right)
        word = text.split(" ", 1)[0]
        average = (line.right - line.left) / max(1, len(line.text))
        short = before.right + average * (len(word) + 1) < edge - 1.5 * line.size
        if short:
            return False
        return not (_TERMINAL.search(above) and line.left > before.left + 0.8 * line.size)
    # The next page or column: only what plainly is the same sentence goes on.
    if before.bold and not lower:
        return False
    if same_page and step > -2:
        return before.hyphen and lower
    return _flows(before, line) and (lower or len(above) > 40)


def _flows(before: Line, line: Line) -> bool:
    if before.hyphen:
        return True
    return not _TERMINAL.search(before.text) and (
        line.cells[0][:1].islower() or before.text[-1:] in ",-\u2013\u2014" or not before.bold
    )


def _step(run: list[Line]) -> float | None:
    steps = [
        (b.bottom - a.bottom) / b.size
        for a, b in zip(run, run[1:], strict=False)
        if a.page == b.page and b.bottom > a.bottom
    ]
    return median(steps) if steps else None


def is_row(line: Line) -> bool:
    """Whether a line is a row of cells rather than prose after a bullet or a number."""
    return len(row_cells(line)) > 1


def row_cells(line: Line) -> list[str]:
    """The cells of a line, with signs put to their numbers and labels to their text."""
    cells = [_LEADERS.sub(" \u2026 ", cell).strip() for cell in line.cells]
    if len(cells) > 1 and (_LABEL.match(cells[0]) or _BULLET.match(cells[0])) and len(cells) == 2:
        return [" ".join(cells)]
    joined: list[str] = []
    for cell in cells:
        if joined and (joined[-1] in "$€£¥(" or cell in ("%", ")", ")%") or _only_sign(joined[-1])):
            tight = joined[-1].endswith(("$", "€", "£", "¥", "(")) or cell in ("%", ")", ")%")
            joined[-1] += cell if tight else " " + cell
        elif cell:
            joined.append(cell)
    return joined


def _only_sign(cell: str) -> bool:
    return cell in ("$", "€", "£", "¥", "US$", "$ (", "$(")


def _group(run: list[Line]) -> Group:
    if len(run) == 1 and is_row(run[0]):
        return Group("table", run, 0)
    text = run[0].cells[0]
    if _BULLET.match(text) or _NUMBERED.match(text):
        return Group("list_item", run, 0)
    return Group("paragraph", run, 0)


def _with_tables(groups: list[Group]) -> list[Group]:
    """Join rows that stand together, with the short lines between them, into tables."""
    joined: list[Group] = []
    for group in groups:
        last = joined[-1] if joined else None
        if group.kind == "table" and last is not None and _near(last.lines[-1], group.lines[0], 2.5):
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
                and _near(before.lines[-1], last.lines[0], 2.5)
            ):
                joined.pop()
                joined[-1] = Group("table", before.lines + last.lines + group.lines, 0)
                continue
        joined.append(group)
    return joined


def _near(above: Line, below: Line, reach: float) -> bool:
    return above.page == below.page and -0.5 < (below.bottom - above.bottom) / below.size < reach


def _with_headings(groups: list[Group], body: _BodyStyle) -> list[Group]:
    """Tell headings by size and weight, and rank them by size."""
    chosen: dict[int, float] = {}
    for index, group in enumerate(groups):
        if group.kind == "table":
            continue
        first = group.lines[0]
        text = " ".join(line.text for line in group.lines)
        if len(text) > 200 or sum(character.isalpha() for character in text) < 3:
            continue
        if _BULLET.match(text) or text[:1].islower():
            continue
        large = first.size >= 1.12 * body.size and len(group.lines) <= 3
        strong = (
            all(line.bold for line in group.lines)
            and not body.bold
            and first.size >= 0.9 * body.size
            and len(group.lines) <= 2
            and len(text) <= 120
            and not text.endswith((".", ";", ","))
        )
        if large or strong:
            chosen[index] = round(first.size * 2) / 2 if large else body.size
    sizes = sorted(set(chosen.values()), reverse=True)
    levels = {size: min(rank, 6) for rank, size in enumerate(sizes, 1)}
    return [
        Group("heading", group.lines, levels[chosen[index]]) if index in chosen else group
        for index, group in enumerate(groups)
    ]
