"""Prompt lookup: what an answer may go on with, found in the text it seems to quote.

An answer over documents repeats stretches of them. Where its last tokens stand in the prompt too,
what follows there is a good guess at what comes next: the draft. The idea is A. Saxena's prompt
lookup decoding (2023).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]

# Two tokens alone, as in "of the", stand everywhere.
_SHORTEST_MATCH = 3
_LONGEST_MATCH = 16
# A batch of 4 took 1.5 times as long as one token, of 8 three times, of 16 three and a half times
# (1.5B model, a processor with AVX-512): llama.cpp computes by fours there, and by sixteens. The
# token before a draft is in its batch.
_SHORT_DRAFT = 3
LONGEST_DRAFT = 15
_LONG_MATCH = 8


class PromptLookup:
    """Drafts the next tokens of one text.

    A match gives a short draft, and a long one where it is long: a quotation that goes on. After
    each draft that was wrong from its start a longer match is asked for, until one is right, so
    that text which quotes nothing is hardly ever drafted. All of it depends on the tokens alone:
    the same text is always drafted in the same pieces.

    Args:
        tokens: The text so far: the prompt.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._size = len(tokens)
        self._text: Tokens = np.empty(2 * self._size + LONGEST_DRAFT, np.int32)
        self._text[: self._size] = tokens
        self._needed = _SHORTEST_MATCH
        self._drafted: Tokens = np.empty(0, np.int32)
        self._drafted_at = 0  # where in the text it was to go

    def add(self, token: int) -> None:
        """Takes the next token of the text."""
        if self._size == len(self._text):
            self._text = np.concatenate((self._text, np.empty_like(self._text)))
        self._text[self._size] = token
        self._size += 1

    def draft(self, longest: int) -> list[int]:
        """What may come next; nothing where there is no guess worth computing.

        Args:
            longest: Most tokens that are of use.
        """
        self._judge()
        ends, matched = self._matches()
        if matched < self._needed:
            return []
        wanted = min(longest, LONGEST_DRAFT if matched >= _LONG_MATCH else _SHORT_DRAFT)
        # What comes first is the documents' own, and has the longest text after it.
        begin = int(ends[0])
        self._drafted = self._text[begin : min(begin + max(wanted, 0), self._size)].copy()
        self._drafted_at = self._size
        return self._drafted.tolist()

    def _matches(self) -> tuple[NDArray[np.intp], int]:
        """Where in the text the longest stretch ends that the text itself ends with.

        Returns:
            The offsets after it, in order, and how many tokens it has; not told beyond
            `_LONGEST_MATCH`.
        """
        text, size = self._text, self._size
        ends = np.flatnonzero(text[: size - 1] == text[size - 1]) + 1
        matched = int(len(ends) > 0)
        while 0 < matched < _LONGEST_MATCH:
            longer = ends[ends > matched]
            longer = longer[text[longer - matched - 1] == text[size - matched - 1]]
            if not len(longer):
                break
            ends = longer
            matched += 1
        return ends, matched

    def _judge(self) -> None:
        """Learns from what became of the last draft."""
        if not len(self._drafted) or self._size == self._drafted_at:
            return
        right = self._text[self._drafted_at] == self._drafted[0]
        self._needed = _SHORTEST_MATCH if right else min(self._needed + 1, _LONGEST_MATCH)
        self._drafted = self._drafted[:0]
