"""Compute is one resource: while the model answers, background indexing steps aside.

Two native thread pools on the same cores ruin both, so the person's question comes first
and the background goes on when it is answered.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from typing import Protocol


class Pausable(Protocol):
    """Whatever has background work to hold back: a `Worker`, as it happens."""

    def pause_background(self) -> None:
        """Hold back background work, within one step of it."""
        ...

    def resume_background(self) -> None:
        """Go on with it."""
        ...


class ComputeGate:
    """Counts the answers in progress and holds back background work while there are any."""

    def __init__(self, *background: Pausable) -> None:
        self._background = background
        self._answers = 0
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether an answer is in progress."""
        return self._answers > 0

    @contextlib.contextmanager
    def answering(self) -> Generator[None, None, None]:
        """Hold back background work inside the `with` block; blocks may overlap and nest."""
        # The lock is held over the calls, so that a pause and a resume of two threads
        # reach the worker in the order in which they were counted. The calls only queue.
        with self._lock:
            self._answers += 1
            if self._answers == 1:
                for each in self._background:
                    each.pause_background()
        try:
            yield
        finally:
            with self._lock:
                self._answers -= 1
                if self._answers == 0:
                    for each in self._background:
                        each.resume_background()
