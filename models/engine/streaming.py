"""Turns raw generated text into answer and thinking, and finds where to stop.

The result depends on the text only, never on how it was cut into pieces: text that may
still become a tag or a stop string is held back until it is decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Kind = Literal["text", "thinking"]
Piece = tuple[Kind, str]

THINKING_TAGS: tuple[tuple[str, str], ...] = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
)


def opened_thinking(prompt: str) -> str | None:
    """The closing tag to expect where a prompt ends inside a thinking part, else None."""
    tail = prompt.rstrip()
    for opening, closing in THINKING_TAGS:
        if tail.endswith(opening):
            return closing
    return None


def _may_open(text: str) -> bool:
    """Whether a text is the beginning of a tag that opens thinking."""
    return any(tag.startswith(text) for tag, _ in THINKING_TAGS)


def _held_length(text: str, patterns: Iterable[str]) -> int:
    """Length of the longest end of `text` that is a proper beginning of a pattern."""
    longest = 0
    for pattern in patterns:
        for length in range(min(len(pattern) - 1, len(text)), longest, -1):
            if text.endswith(pattern[:length]):
                longest = length
                break
    return longest


class AnswerSplitter:
    """Splits a stream into answer and thinking, up to the first stop string.

    Thinking is recognised where a part begins (nothing but white space before it), as
    models write it, so that an answer about `<think>` tags stays an answer. Stop strings
    count in the answer only. White space at the start of a part is dropped.

    Attributes:
        stopped: A stop string was found; everything after it is ignored.
    """

    def __init__(self, stop: Iterable[str] = (), thinking_until: str | None = None) -> None:
        self.stopped = False
        self._stop = tuple(dict.fromkeys(s for s in stop if s))
        self._closing = thinking_until  # the tag that ends the thinking part we are in
        self._fresh = True  # nothing but white space in this part so far
        self._buffer = ""

    @property
    def kind(self) -> Kind:
        """What the next text will be."""
        return "text" if self._closing is None else "thinking"

    @property
    def closing(self) -> str:
        """The tag that ends the thinking part we are in; empty outside one."""
        return self._closing or ""

    @property
    def begun(self) -> bool:
        """Whether there is more of this part than white space, or what may open thinking."""
        held = self._buffer.lstrip()
        return not self._fresh or bool(held and not _may_open(held))

    def feed(self, text: str) -> list[Piece]:
        """Takes further text; returns what is decided by it, in order."""
        if self.stopped:
            return []
        pieces: list[Piece] = []
        self._buffer += text
        while self._step(pieces):
            pass
        return _merged(pieces)

    def finish(self) -> list[Piece]:
        """Ends the stream: what was held back is plain text after all."""
        rest, self._buffer = self._buffer, ""
        pieces: list[Piece] = []
        if not self.stopped:
            self._emit(rest, pieces)
        return _merged(pieces)

    def _step(self, pieces: list[Piece]) -> bool:
        """Decides a piece of the buffer; False when more text is needed to go on."""
        if self._fresh:
            self._buffer = self._buffer.lstrip()
        if not self._buffer:
            return False
        patterns = self._stop if self._closing is None else (self._closing,)
        start, end = _first_match(self._buffer, patterns)
        if self._closing is None and self._fresh:
            for opening, closing in THINKING_TAGS:
                # A stop string that is complete before the tag comes first.
                if self._buffer.startswith(opening) and len(opening) <= end:
                    self._buffer = self._buffer[len(opening) :]
                    self._closing = closing
                    return True
            if start is None and _may_open(self._buffer):
                return False
        if start is not None:
            self._emit(self._buffer[:start], pieces)
            self._buffer = self._buffer[end:]
            self._fresh = True
            if self._closing is None:
                self.stopped = True
                self._buffer = ""
                return False
            self._closing = None
            return True
        decided = len(self._buffer) - _held_length(self._buffer, patterns)
        if decided:
            self._emit(self._buffer[:decided], pieces)
            self._buffer = self._buffer[decided:]
        return False

    def _emit(self, text: str, pieces: list[Piece]) -> None:
        if self._fresh:
            text = text.lstrip()
        if text:
            self._fresh = False
            pieces.append((self.kind, text))


def _first_match(text: str, patterns: Iterable[str]) -> tuple[int | None, int]:
    """Start and end of the pattern that is complete first; the longest of those."""
    best: tuple[int | None, int] = (None, len(text) + 1)
    for pattern in patterns:
        start = text.find(pattern)
        if start < 0:
            continue
        end = start + len(pattern)
        if end < best[1] or (end == best[1] and best[0] is not None and start < best[0]):
            best = (start, end)
    return best


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Joins neighbours of one kind."""
    merged: list[Piece] = []
    for kind, text in pieces:
        if merged and merged[-1][0] == kind:
            merged[-1] = (kind, merged[-1][1] + text)
        else:
            merged.append((kind, text))
    return merged
