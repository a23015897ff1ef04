"""What a PDF's running text looks like, and which of its lines are headings."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from indexing.readers.pdf_lines import Line
from indexing.readers.pdf_rows import BULLET
from indexing.types import BlockKind

TERMINAL = re.compile(r"[.!?:;\u3002\uff01\uff1f][\"'\u201d\u2019)\]]*$")
_NAMED = re.compile(
    r"^(?:item|note|section|article|part|chapter|annex|appendix)\s+\w{1,5}\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")
_BOXES = re.compile("[\u2610-\u2612\u25a1\u25fb]")


class Group(NamedTuple):
    """A block to be: its lines in reading order.

    Attributes:
        level: For a heading, 1 for the outermost; else 0.
    """

    kind: BlockKind
    lines: list[Line]
    level: int


class BodyStyle:
    """What the running text of the document looks like."""

    def __init__(self, pages: list[list[Line]]) -> None:
        self._sizes: list[Counter[float]] = []
        bold = characters = 0
        leadings: Counter[float] = Counter()
        for lines in pages:
            sizes: Counter[float] = Counter()
            for before, line in pairwise(lines):
                step = (line.bottom - before.bottom) / line.size
                if 0.8 < step < 3 and abs(line.size - before.size) < 0.1 * line.size:
                    leadings[round(step, 2)] += 1
            for line in lines:
                length = sum(map(len, line.cells))
                sizes[round(line.size * 2) / 2] += length
                characters += length
                bold += length if line.bold else 0
            self._sizes.append(sizes)
        self.bold = bold > 0.5 * characters
        common = leadings.most_common(3)
        # Of about equally common line distances the smallest is that inside paragraphs.
        self.leading = min(
            (step for step, count in common if count * 2 >= common[0][1]), default=1.2
        )

    def size(self, page: int) -> float:
        """The size of most of the text about a page: parts of a file differ in scale."""
        around: Counter[float] = Counter()
        for sizes in self._sizes[max(0, page - 1) : page + 2]:
            around.update(sizes)
        return around.most_common(1)[0][0] if around else 10.0


def with_headings(
    groups: list[Group], body: BodyStyle, known: frozenset[float] = frozenset()
) -> tuple[list[Group], frozenset[float]]:
    """Tell headings by size, weight and wording, and rank them in that order.

    Args:
        known: The sizes of large headings in the part of the document before.

    Returns:
        The groups, and the sizes of all large headings.
    """
    large: dict[int, float] = {}
    strong: set[int] = set()
    worded: set[int] = set()
    for index, group in enumerate(groups):
        text = " ".join(line.text for line in group.lines)
        if group.kind == "table" or not _may_be_title(text):
            continue
        first = group.lines[0]
        usual = body.size(first.page)
        if first.size >= 1.12 * usual and len(group.lines) <= 3:
            large[index] = round(first.size * 2) / 2
        elif len(group.lines) > 2 or len(text) > 120 or text.endswith((".", ";", ",")):
            continue
        elif all(line.bold for line in group.lines) and not body.bold and first.size > 0.9 * usual:
            strong.add(index)
        elif len(group.lines) == 1 and _titles(groups, index, body):
            (strong if _NAMED.match(text) else worded).add(index)
    sizes = known.union(large.values())
    levels = {size: min(rank, 5) for rank, size in enumerate(sorted(sizes, reverse=True), 1)}
    deepest = max(levels.values(), default=0)
    ranked: list[Group] = []
    for index, group in enumerate(groups):
        level = 0
        if index in large:
            level = levels[large[index]]
        elif index in strong:
            level = deepest + 1
        elif index in worded:
            level = deepest + 1 + bool(strong)
        ranked.append(Group("heading", group.lines, level) if level else group)
    return ranked, sizes


def _may_be_title(text: str) -> bool:
    return (
        len(text) <= 200
        and sum(character.isalpha() for character in text) >= 3
        and not text[:1].islower()
        and not BULLET.match(text)
        and not _BOXES.search(text)
    )


def _titles(groups: list[Group], index: int, body: BodyStyle) -> bool:
    """Whether a plain short line is the title of the paragraph after it, by its wording."""
    line = groups[index].lines[0]
    text = line.text
    if len(text) > 70 or TERMINAL.search(text) or index + 1 >= len(groups):
        return False
    named = _NAMED.match(text) is not None
    words = [word for word in _WORD.findall(text) if len(word) > 3]
    if not words or not all(word[0].isupper() for word in words):
        return False
    if not named and re.search(r"\d", re.sub(r"^[\d.]+\s", "", text)):
        return False
    following = groups[index + 1]
    below = following.lines[0]
    prose = following.kind == "paragraph" and len(following.lines) > 1
    if not (prose or named) or not near(line, below, 4) or below.size > 1.05 * line.size:
        return False
    aligned = abs(below.left - line.left) <= 3 * line.size
    middle = (line.left + line.right) / 2 - (below.left + below.right) / 2
    if not (aligned or abs(middle) <= 3 * line.size):
        return False
    if line.right - line.left > 0.8 * (below.right - below.left):
        return False
    before = groups[index - 1].lines[-1] if index else None
    return (
        before is None
        or before.page != line.page
        or (line.bottom - before.bottom) / line.size > 1.15 * body.leading
    )


def near(above: Line, below: Line, reach: float) -> bool:
    """Whether a line follows on another of its page, at most `reach` font sizes below."""
    return above.page == below.page and -0.5 < (below.bottom - above.bottom) / below.size < reach
