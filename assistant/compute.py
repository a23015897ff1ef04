"""Compute is one resource: while the model answers, everything in the background steps aside.

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
    """Counts what is in progress and holds background work back meanwhile."""

    def __init__(self, *background: Pausable) -> None:
        self._background = [*background]
        self._student: Pausable | None = None
        self._answers = 0
        self._holds: dict[int, int] = {}
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether an answer is in progress."""
        return self._answers > 0

    def set_student(self, student: Pausable) -> None:
        """Name whose background work is the model's own: only an answer holds it back."""
        self._student = student

    @contextlib.contextmanager
    def answering(self) -> Generator[None, None, None]:
        """Hold back background work inside the `with` block; blocks may overlap and nest."""
        held = [*self._background, *([self._student] if self._student else [])]
        with self._lock:
            self._answers += 1
            self._hold(held)
        try:
            yield
        finally:
            with self._lock:
                self._answers -= 1
                self._release(held)

    @contextlib.contextmanager
    def studying(self) -> Generator[None, None, None]:
        """Hold back all background work but the model's; blocks may overlap and nest."""
        held = [*self._background]
        with self._lock:
            self._hold(held)
        try:
            yield
        finally:
            with self._lock:
                self._release(held)

    # The lock is held over the calls, so that a pause and a resume of two threads reach the
    # worker in the order in which they were counted. The calls only queue.

    def _hold(self, workers: list[Pausable]) -> None:
        for worker in workers:
            self._holds[id(worker)] = self._holds.get(id(worker), 0) + 1
            if self._holds[id(worker)] == 1:
                worker.pause_background()

    def _release(self, workers: list[Pausable]) -> None:
        for worker in workers:
            self._holds[id(worker)] -= 1
            if self._holds[id(worker)] == 0:
                worker.resume_background()
