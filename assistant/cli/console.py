"""What the command line writes: results on stdout, everything else on stderr."""

from __future__ import annotations

import re
import sys
import time
from typing import Any, Final, TextIO

import msgspec

DONE: Final = 0
FAILED: Final = 1
BAD_USAGE: Final = 2
PARTLY_FAILED: Final = 3
INTERRUPTED: Final = 130

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PROGRESS_INTERVAL_S: Final = 0.1


class Console:
    """The two streams of a command.

    Attributes:
        json: Whether stdout gets one JSON document and nothing else.
    """

    def __init__(
        self, *, json: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self.json = json
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._live = self._err.isatty()
        self._shown = 0
        self._last = 0.0

    @property
    def interactive(self) -> bool:
        """Whether a person watches stdout."""
        return self._out.isatty() and not self.json

    def document(self, value: Any) -> None:
        """Write the one JSON document."""
        self.write(to_json(value) + "\n")

    def line(self, value: Any) -> None:
        """Write one line of JSON at once, so that a reader at the other end can go on with it."""
        self.write(to_json(value) + "\n")

    def print(self, text: str = "") -> None:
        """Write a line of a result that is not JSON."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write a piece of a result as it is, now."""
        self._wipe()
        self._out.write(plain(text) if self.interactive else text)
        self._out.flush()

    def note(self, text: str) -> None:
        """Say something beside the result."""
        self._wipe()
        self._err.write(plain(text) + "\n")
        self._err.flush()

    def progress(self, text: str) -> None:
        """Show what goes on now, in place of what was shown before; on a terminal only."""
        now = time.monotonic()
        if not self._live or now - self._last < _PROGRESS_INTERVAL_S:
            return
        self._last = now
        text = plain(text)[:100]
        self._err.write("\r" + text.ljust(self._shown))
        self._err.flush()
        self._shown = len(text)

    def _wipe(self) -> None:
        if self._shown:
            self._err.write("\r" + " " * self._shown + "\r")
            self._err.flush()
            self._shown = 0


def plain(text: str) -> str:
    """Return a text without control characters: a document must not steer the terminal."""
    return _CONTROL.sub("\ufffd", text)


def to_json(value: Any) -> str:
    """Return a value as one line of JSON, characters of all scripts as they are."""
    return msgspec.json.encode(value).decode()


def table(rows: list[tuple[str, ...]], heads: tuple[str, ...]) -> str:
    """Return rows in aligned columns under their heads."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    ]
    return "\n".join(lines)
