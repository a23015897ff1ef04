"""The material of an answer: the given evidence as spans that a sentence can be held against."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from assistant.answering.words import Word, read_words
from indexing.sentences import split_sentences
from indexing.types import Evidence

# How many sentences before a span may name what its pronouns stand for.
_CONTEXT_SENTENCES = 3

_BREAK = "\n\n"
# Characters of a paragraph that say what a quote speaks of: more before it than after.
_BEFORE = 500
_AFTER = 300


class Span(NamedTuple):
    """One sentence (or table row, or list item) of the evidence.

    Attributes:
        source: Which piece of evidence, by position.
        start: Offset in the document's canonical text.
        end: The offset after it.
        text: Exactly what stands there.
        words: Its words.
        keys: What its words are compared by, function words included.
        context: Keys of the title, the headings and the sentences just before it.
    """

    source: int
    start: int
    end: int
    text: str
    words: tuple[Word, ...]
    keys: frozenset[str]
    context: frozenset[str]


class Material:
    """The sentences of the given evidence, with how rare each of their words is."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self.evidence = tuple(evidence)
        self.spans: list[Span] = []
        self._holding: defaultdict[str, list[int]] = defaultdict(list)
        for source, piece in enumerate(self.evidence):
            self._read(source, piece)
        for position, span in enumerate(self.spans):
            for key in span.keys:
                self._holding[key].append(position)

    def rarity(self, key: str) -> float:
        """Return how much a word tells one sentence of the material from another (> 0)."""
        held = len(self._holding.get(key, ()))
        return max(0.2, math.log((len(self.spans) + 1) / (held + 0.5)))

    def holds(self, key: str) -> bool:
        """Tell whether any sentence of the material has the word."""
        return key in self._holding

    def paragraph(self, document: int, start: int, end: int) -> str:
        """Return the paragraph around a quote, or as much of it as is near.

        Args:
            document: Where the quote stands.
            start: Its offset in the document's canonical text.
            end: The offset after it.
        """
        piece = self._piece(document, start, end)
        if piece is None:
            return ""
        first, last = start - piece.start, end - piece.start
        begins = piece.text.rfind(_BREAK, 0, first) + len(_BREAK)
        if begins < len(_BREAK):
            begins = 0
        ends = piece.text.find(_BREAK, last)
        ends = len(piece.text) if ends < 0 else ends
        return piece.text[max(begins, first - _BEFORE) : min(ends, last + _AFTER)].strip()

    def around(self, document: int, start: int, end: int) -> str:
        """Return all that was given around a quote, with its title and headings.

        Args:
            document: Where the quote stands.
            start: Its offset in the document's canonical text.
            end: The offset after it.
        """
        piece = self._piece(document, start, end)
        return "\n".join((piece.title, *piece.headings, piece.text)) if piece else ""

    def _piece(self, document: int, start: int, end: int) -> Evidence | None:
        for piece in self.evidence:
            if piece.document == document and piece.start <= start and end <= piece.end:
                return piece
        return None

    def nearest(self, weights: dict[str, float], limit: int) -> list[int]:
        """Return the positions of the spans that share most of the weight, best first."""
        shared: Counter[int] = Counter()
        for key, weight in weights.items():
            for position in self._holding.get(key, ()):
                shared[position] += weight  # pyright: ignore[reportArgumentType]
        ranked = sorted(shared, key=lambda position: (-shared[position], position))
        return ranked[:limit]

    def together(self, first: int, second: int) -> bool:
        """Tell whether two spans follow each other in the same paragraph of one document."""
        before, after = self.spans[first], self.spans[second]
        if before.source != after.source or second != first + 1:
            return False
        piece = self.evidence[before.source]
        gap = piece.text[before.end - piece.start : after.start - piece.start]
        return "\n\n" not in gap

    def quote(self, first: int, last: int) -> tuple[int, int, str]:
        """Return where a run of spans stands in its document, and its exact text."""
        piece = self.evidence[self.spans[first].source]
        start, end = self.spans[first].start, self.spans[last].end
        return start, end, piece.text[start - piece.start : end - piece.start]

    def _read(self, source: int, piece: Evidence) -> None:
        around = frozenset(
            word.key for title in (piece.title, *piece.headings) for word in read_words(title)
        )
        recent: list[frozenset[str]] = []
        for start, end in split_sentences(piece.text):
            text = piece.text[start:end]
            words = tuple(read_words(text))
            keys = frozenset(word.key for word in words)
            context = around.union(*recent[-_CONTEXT_SENTENCES:])
            recent.append(keys)
            self.spans.append(
                Span(source, piece.start + start, piece.start + end, text, words, keys, context)
            )
