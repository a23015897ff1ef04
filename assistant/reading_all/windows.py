"""Windows: successive passages of a document that the model is shown at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from assistant.answering import plan
from indexing.types import Passage

# A section that begins when the window is this full begins the next one: what belongs together
# is read together.
_FULL_ENOUGH = 0.6
# What the instructions, the question and the headings take of the context, at most.
_AROUND_TOKENS = 600
# Room for what the model writes about a window.
WRITTEN_TOKENS = 700
# Small models overlook much of a long window (of 40 things to be listed the starter found 24 with
# 900 tokens, 35 with 400), and what is given up for a question in between is one window; a short
# one lacks what its sentences point at.
_MOST_TOKENS = 400
_FEWEST_TOKENS = 300
# Reading a window takes about so long, so that there is progress to see and a stop is cheap.
_SECONDS = 12.0


class Window(NamedTuple):
    """A run of passages: `text[start:end]` of its document.

    Attributes:
        passages: In order.
    """

    document: int
    passages: tuple[Passage, ...]

    @property
    def start(self) -> int:
        """Offset of its first character in the document's canonical text."""
        return self.passages[0].start

    @property
    def end(self) -> int:
        """The offset after its last character."""
        return self.passages[-1].end

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings it begins under."""
        return self.passages[0].headings

    def section(self, offset: int) -> tuple[str, ...]:
        """Return the innermost heading over a character of it, if there is one."""
        for passage in reversed(self.passages):
            if passage.start <= offset:
                return passage.headings[-1:]
        return ()

    def halves(self) -> tuple[Window, Window] | None:
        """Return it as two windows; None where it is a single passage."""
        if len(self.passages) < 2:
            return None
        middle = len(self.passages) // 2
        return (
            Window(self.document, self.passages[:middle]),
            Window(self.document, self.passages[middle:]),
        )

    def digest(self, text: str) -> str:
        """Return what tells its text and headings from any other's, given the document's text."""
        told = "\x00".join((*self.headings, text[self.start : self.end]))
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def window_chars(context_tokens: int, read_tokens_per_s: float) -> int:
    """Return how many characters a window may have.

    Args:
        context_tokens: What the model holds.
        read_tokens_per_s: How fast it reads; 0 while that is not known.
    """
    room = context_tokens - _AROUND_TOKENS - WRITTEN_TOKENS
    in_time = (read_tokens_per_s or plan.ASSUMED_TOKENS_PER_S) * _SECONDS
    tokens = max(_FEWEST_TOKENS, min(room, int(in_time), _MOST_TOKENS))
    return plan.evidence_chars(tokens)


def cut(document: int, passages: Sequence[Passage], most_chars: int) -> list[Window]:
    """Return a document's passages as windows, each of them in exactly one.

    Args:
        document: Its id.
        passages: All of its passages, in order.
        most_chars: How long a window may be; a longer passage is a window of its own.
    """
    windows: list[Window] = []
    run: list[Passage] = []
    for passage in passages:
        if run:
            length = passage.end - run[0].start
            elsewhere = passage.headings != run[-1].headings
            full = run[-1].end - run[0].start >= _FULL_ENOUGH * most_chars
            if length > most_chars or (elsewhere and full):
                windows.append(Window(document, tuple(run)))
                run = []
        run.append(passage)
    if run:
        windows.append(Window(document, tuple(run)))
    return windows
