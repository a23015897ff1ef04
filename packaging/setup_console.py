"""What set-up says: steps, one live line of progress, and problems with their way out."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

PLAIN_INTERVAL_S = 20.0
LIVE_INTERVAL_S = 0.2


class SetUpError(Exception):
    """Something the person can mend; the message is one sentence that says what and how."""


class Console:
    """Writes steps and progress to stderr.

    On a terminal the progress is one line that changes; elsewhere (a log, CI) a new line is
    written now and then.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._last = 0.0
        self._started = time.monotonic()
        self._open_line = False

    def step(self, text: str) -> None:
        """Begin a step: a line of its own, from which the elapsed time counts."""
        self._clear()
        self._stream.write(text + "\n")
        self._stream.flush()
        self._started = time.monotonic()
        self._last = self._started

    def progress(self, text: str) -> None:
        """Show how far the step is; called as often as one likes."""
        now = time.monotonic()
        if now - self._last < (LIVE_INTERVAL_S if self._live else PLAIN_INTERVAL_S):
            return
        self._last = now
        line = f"  {elapsed(now - self._started)}  {text}"
        if self._live:
            width = max(20, shutil.get_terminal_size().columns - 1)
            self._stream.write("\r" + line[:width].ljust(width))
            self._open_line = True
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def done(self, text: str) -> None:
        """End a step with what came of it."""
        self._clear()
        self._stream.write(f"  {text} ({elapsed(time.monotonic() - self._started)})\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the terminal on a line of its own."""
        self._clear()

    def _clear(self) -> None:
        if self._open_line:
            width = max(20, shutil.get_terminal_size().columns - 1)
            self._stream.write("\r" + " " * width + "\r")
            self._open_line = False


def elapsed(seconds: float) -> str:
    """Write a duration as minutes and seconds, or with hours when there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """Write a number of bytes as a person reads it, in decimal units."""
    if count >= 1e9:
        return f"{count / 1e9:.2f} GB"
    if count >= 1e6:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e3:.0f} kB"
