"""Passages: pieces of a document small enough to embed, cut where a reader would cut.

A passage packs whole sentences, list items and table rows, stays within one top-level
section, and starts with its heading where it has one. Sentences longer than a passage are
cut at clauses, then between words, and only at the last inside a word.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import NamedTuple

from indexing.sentences import split_sentences
from indexing.types import Block, CanonicalDocument, Passage

CountTokens = Callable[[list[str]], list[int]]

# A subsection starts a new passage once the passage holds this share of the maximum.
_SUBSECTION_FILL = 0.6
# Passages before the end of a section that are made about equal, so that no crumb is left over.
# Only those: were all of a section's passages made equal, a changed sentence would move every
# cut of the section, and all of it would be embedded again.
_EVEN_OUT = 3
# What is left over is added to the passage before it when it is smaller than this share.
_CRUMB = 0.2
# Texts counted in one call: enough to batch, few enough to stay small in memory.
_BATCH = 4096

_CLAUSE = re.compile(r"(?<=[;:,)\u2014\u2013])\s+(?=\S)|\n\s*|(?<=[\uff0c\u3001\uff1b])(?=\S)")
_WORD = re.compile(r"\S+")


class _Unit(NamedTuple):
    """A sentence, row or piece of one that no passage may cut."""

    start: int
    end: int
    tokens: int
    headings: tuple[str, ...]
    is_heading: bool
    opens_block: bool


def split_passages(
    document: CanonicalDocument, count_tokens: CountTokens, max_tokens: int
) -> list[Passage]:
    """Cut a document into passages for embedding.

    Args:
        document: The document; only its text, blocks and page starts are used.
        count_tokens: The embedder's count for each text, special tokens not included.
            It is called with many texts at a time.
        max_tokens: The most tokens a passage may have.

    Returns:
        Passages in order. They do not overlap, together they hold every character of the
        blocks that is not white space, and none is longer than `max_tokens` by the sum of
        its sentences' counts, unless a single character is.
    """
    if max_tokens < 1:
        raise ValueError("max_tokens must be at least 1")
    units = _measured(document, count_tokens, max_tokens)
    passages: list[Passage] = []
    for group in _groups(units):
        pieces = _merge_crumbs(_pack(group, max_tokens), max_tokens)
        passages += [_passage(document, piece) for piece in pieces]
    return passages


def _measured(
    document: CanonicalDocument, count_tokens: CountTokens, max_tokens: int
) -> list[_Unit]:
    text = document.text
    spans: list[tuple[int, int]] = []
    owners: list[tuple[Block, bool]] = []
    for block in document.blocks:
        opens = True
        for start, end in _pieces(text, block):
            spans.append((start, end))
            owners.append((block, opens))
            opens = False
    counts: list[int] = []
    for first in range(0, len(spans), _BATCH):
        counts += count_tokens([text[a:b] for a, b in spans[first : first + _BATCH]])
    units: list[_Unit] = []
    for (start, end), tokens, (block, opens) in zip(spans, counts, owners, strict=True):
        heading = block.kind == "heading"
        if tokens <= max_tokens:
            units.append(_Unit(start, end, tokens, block.headings, heading, opens))
            continue
        pieces = _cut_long(text, start, end, count_tokens, max_tokens)
        units += [
            _Unit(a, b, n, block.headings, False, opens and index == 0)
            for index, (a, b, n) in enumerate(pieces)
        ]
    return units


def _pieces(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The sentences of a block, or its lines where lines are its units."""
    content = text[block.start : block.end]
    if block.kind in ("table", "code"):
        position = block.start
        for line in content.split("\n"):
            stripped = line.strip()
            if stripped:
                start = position + line.index(stripped)
                yield start, start + len(stripped)
            position += len(line) + 1
    elif block.kind == "heading":
        stripped = content.strip()
        if stripped:
            start = block.start + content.index(stripped)
            yield start, start + len(stripped)
    else:
        for start, end in split_sentences(content):
            yield block.start + start, block.start + end


def _cut_long(
    text: str, start: int, end: int, count_tokens: CountTokens, max_tokens: int
) -> list[tuple[int, int, int]]:
    """Cut a span that is too long into `(start, end, tokens)` that each fit."""
    clauses: list[tuple[int, int]] = []
    position = start
    for gap in _CLAUSE.finditer(text, start, end):
        stop = position + len(text[position : gap.start()].rstrip())
        if stop > position:
            clauses.append((position, stop))
        position = gap.end()
    if position < end:
        clauses.append((position, end))
    fitting: list[tuple[int, int, int]] = []
    for (a, b), tokens in _counted(text, clauses, count_tokens):
        if tokens <= max_tokens:
            fitting.append((a, b, tokens))
        else:
            fitting += _cut_words(text, a, b, count_tokens, max_tokens)
    return _joined(fitting, max_tokens)


def _cut_words(
    text: str, start: int, end: int, count_tokens: CountTokens, max_tokens: int
) -> list[tuple[int, int, int]]:
    pending = [match.span() for match in _WORD.finditer(text, start, end)]
    fitting: list[tuple[int, int, int]] = []
    # Each round halves what does not fit, so a word of any length takes few calls.
    while pending:
        halves: list[tuple[int, int]] = []
        for (a, b), tokens in _counted(text, pending, count_tokens):
            if (tokens <= max_tokens and b - a <= 40 * max_tokens) or b - a == 1:
                fitting.append((a, b, tokens))
            else:
                middle = (a + b) // 2
                halves += [(a, middle), (middle, b)]
        pending = halves
    return _joined(sorted(fitting), max_tokens)


def _counted(
    text: str, spans: list[tuple[int, int]], count_tokens: CountTokens
) -> Iterator[tuple[tuple[int, int], int]]:
    for first in range(0, len(spans), _BATCH):
        batch = spans[first : first + _BATCH]
        yield from zip(batch, count_tokens([text[a:b] for a, b in batch]), strict=True)


def _joined(pieces: list[tuple[int, int, int]], max_tokens: int) -> list[tuple[int, int, int]]:
    """Join neighbours as long as they fit together."""
    joined: list[tuple[int, int, int]] = []
    for start, end, tokens in pieces:
        if joined and joined[-1][2] + tokens <= max_tokens:
            first, _, before = joined[-1]
            joined[-1] = (first, end, before + tokens)
        else:
            joined.append((start, end, tokens))
    return joined


def _groups(units: list[_Unit]) -> Iterator[list[_Unit]]:
    """Runs of units of one top-level section, its own heading first."""
    group: list[_Unit] = []
    for unit in units:
        starts_section = unit.is_heading and not unit.headings
        only_headings = all(other.is_heading for other in group)
        if (
            group
            and not only_headings
            and (starts_section or _section(unit) != _section(group[-1]))
        ):
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _section(unit: _Unit) -> str | None:
    return unit.headings[0] if unit.headings else None


def _pack(group: list[_Unit], max_tokens: int) -> list[list[_Unit]]:
    left = sum(unit.tokens for unit in group)
    share = _share(left, max_tokens)
    pieces: list[list[_Unit]] = []
    current: list[_Unit] = []
    size = 0
    for index, unit in enumerate(group):
        if current and _breaks_before(group, index, current, size, share, max_tokens):
            tail = _trailing_headings(current)
            pieces.append(current[: len(current) - len(tail)])
            current = tail
            left -= size
            size = sum(other.tokens for other in tail)
            left += size
            share = _share(left, max_tokens)
            if size + unit.tokens > max_tokens:
                # A heading so long that its text does not fit beside it stands alone.
                pieces.append(current)
                left -= size
                current, size = [], 0
        current.append(unit)
        size += unit.tokens
    pieces.append(current)
    return [piece for piece in pieces if piece]


def _share(left: int, max_tokens: int) -> float:
    """How many tokens the next piece should have of those that are left of the section."""
    pieces = max(1, -(-left // max_tokens))
    return left / pieces if pieces <= _EVEN_OUT else max_tokens


def _breaks_before(
    group: list[_Unit], index: int, current: list[_Unit], size: int, share: float, max_tokens: int
) -> bool:
    unit = group[index]
    if size + unit.tokens > max_tokens:
        return True
    if all(other.is_heading for other in current):
        return False
    if unit.is_heading and not current[-1].is_heading and size >= _SUBSECTION_FILL * max_tokens:
        return True
    if size + unit.tokens - share <= max(0.0, share - size):
        # Better end with the paragraph than cut the next one, where it does not fit whole.
        if unit.opens_block and size >= 0.7 * share:
            return size + _rest_of_block(group, index) > max_tokens
        return False
    # Over the equal share: go on only to finish the paragraph.
    return unit.opens_block or size + _rest_of_block(group, index) > max_tokens


def _rest_of_block(group: list[_Unit], index: int) -> int:
    tokens = group[index].tokens
    for unit in group[index + 1 : index + 64]:
        if unit.opens_block:
            break
        tokens += unit.tokens
    return tokens


def _trailing_headings(units: list[_Unit]) -> list[_Unit]:
    """Headings at the end belong to what follows them."""
    keep = len(units)
    while keep > 0 and units[keep - 1].is_heading:
        keep -= 1
    return units[keep:]


def _merge_crumbs(pieces: list[list[_Unit]], max_tokens: int) -> list[list[_Unit]]:
    merged: list[list[_Unit]] = []
    for piece in pieces:
        size = sum(unit.tokens for unit in piece)
        if merged and size < _CRUMB * max_tokens:
            before = sum(unit.tokens for unit in merged[-1])
            if before + size <= max_tokens:
                merged[-1] = merged[-1] + piece
                continue
        merged.append(piece)
    return merged


def _passage(document: CanonicalDocument, units: list[_Unit]) -> Passage:
    start = units[0].start
    body = [unit.headings for unit in units if not unit.is_heading]
    paths = body or [units[-1].headings]
    headings = paths[0]
    for path in paths:
        shared = (a == b for a, b in zip(headings, path, strict=False))
        headings = headings[: sum(takewhile(bool, shared))]
    page = bisect_right(document.page_starts, start) if document.page_starts else None
    return Passage(
        start=start,
        end=units[-1].end,
        page=max(1, page) if page is not None else None,
        headings=headings,
        tokens=sum(unit.tokens for unit in units),
    )
