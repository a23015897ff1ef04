"""Markdown as tokens, the finished part of a stream, and marks that survive the parsing.

The sentences of an answer are given by their offsets in its Markdown source. Invisible
private-use characters put there before parsing come out at the same place in the rendered
text, whatever the parser did in between.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.answering.types import AnswerSentence

# Planes 15 and 16 are private use; an index into the sentences is added to these.
_ENDS: Final = 0xF0000
_STARTS: Final = 0x100000
_MOST: Final = 0xFF00
_PRIVATE = re.compile("[\U000f0000-\U0010ffff]")
_MARKS = re.compile("([\U000f0000-\U0010ffff])")

# What may stand before a sentence on its line and must stay first there.
_LINE_OPENING = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)[ \t]+)*[*_~`\"']*")
_OPAQUE = frozenset({"fence", "code_block", "table_open", "hr"})


class MarkedSource(msgspec.Struct, frozen=True):
    """Markdown with its sentences marked.

    Attributes:
        source: The Markdown, with a private-use character at each sentence's end and at the
            start of each sentence that nothing supports.
        ends: Sentence by the line (from 0) on which it ends, in order.
    """

    source: str
    ends: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """Return the parser: CommonMark with tables, without raw HTML."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def parse(source: str) -> list[Token]:
    """Parse Markdown into the parser's flat list of block tokens."""
    return parser().parse(source)


def finished_length(source: str) -> int:
    """Return how much of a growing text consists of blocks that can no longer change.

    All top-level blocks but the last one are finished: the next characters can only
    continue the last. What link definitions further down would change is left aside.
    """
    starts = [
        token.map[0]
        for token in parse(source)
        if token.level == 0 and token.map and not token.type.endswith("_close")
    ]
    if len(starts) < 2:
        return 0
    return _line_starts(source)[starts[-1]]


def mark(source: str, sentences: Sequence[AnswerSentence]) -> MarkedSource:
    """Put marks at the ends of sentences, and at the starts of unsupported ones.

    No mark is put into code, tables or rules, where it would change what is read: such a
    sentence is only in `ends`, for its citations to follow the block.
    """
    source = _PRIVATE.sub("\ufffd", source)
    lines = _line_starts(source)
    opaque = [range(*token.map) for token in parse(source) if token.map and token.type in _OPAQUE]
    ends: list[tuple[int, int]] = []
    marks: list[tuple[int, int, str]] = []
    for index, sentence in enumerate(sentences[:_MOST]):
        start, end = max(0, sentence.start), min(len(source), sentence.end)
        end = start + len(source[start:end].rstrip())
        if end <= start:
            continue
        line = bisect_right(lines, end - 1) - 1
        ends.append((line, index))
        if any(line in block for block in opaque):
            continue
        # Inside closing stars: after ".**" a letter would keep them from closing anything.
        inside = start + len(source[start:end].rstrip("*_~"))
        marks.append((inside if inside > start else end, 0, chr(_ENDS + index)))
        if not sentence.supported:
            at = _after_opening(source, lines, start)
            first = bisect_right(lines, at) - 1
            if at < end and not any(first in block for block in opaque):
                marks.append((at, 1, chr(_STARTS + index)))
    marks.sort()
    pieces: list[str] = []
    done = 0
    for at, _, character in marks:
        pieces += (source[done:at], character)
        done = at
    pieces.append(source[done:])
    return MarkedSource("".join(pieces), tuple(ends))


def split_marks(text: str) -> list[str | tuple[bool, int]]:
    """Return the pieces of a text: words, and marks as (is it an end, sentence)."""
    pieces: list[str | tuple[bool, int]] = []
    for piece in _MARKS.split(text):
        if not piece:
            continue
        code = ord(piece[0])
        if code >= _STARTS:
            pieces.append((False, code - _STARTS))
        elif code >= _ENDS:
            pieces.append((True, code - _ENDS))
        else:
            pieces.append(piece)
    return pieces


def without_marks(text: str) -> str:
    """Return the text as it was before it was marked."""
    return _PRIVATE.sub("", text)


def _after_opening(source: str, lines: list[int], start: int) -> int:
    line_start = lines[bisect_right(lines, start) - 1]
    opening = _LINE_OPENING.match(source, line_start)
    at = max(start, opening.end() if opening else start)
    while at < len(source) and source[at] in " \t\n":
        at += 1
    return at


def _line_starts(source: str) -> list[int]:
    starts = [0]
    starts += [match.end() for match in re.finditer("\n", source)]
    return starts
