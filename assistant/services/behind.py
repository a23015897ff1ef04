"""A generation that stands behind all others: given up as soon as the model is wanted."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeVar

E = TypeVar("E")
R = TypeVar("R")


class Behind(Generic[E, R]):
    """Runs one generator at a time that another job may interrupt between two steps.

    The engine holds one prompt: what is paused in the midst of an answer cannot be gone on with
    once another was read. So it ends there, and whoever asked for it asks again.
    """

    def __init__(self) -> None:
        self._steps: Generator[E, None, R] | None = None
        self._stepping = False

    def run(self, steps: Generator[E, None, R]) -> Generator[E, None, R | None]:
        """Pass a generator's events and result on; None where it had to give way."""
        self.give_way()
        self._steps = steps
        try:
            while self._steps is steps:
                self._stepping = True
                try:
                    event = next(steps)
                except StopIteration as end:
                    return end.value
                finally:
                    self._stepping = False
                yield event
            return None
        finally:
            steps.close()
            if self._steps is steps:
                self._steps = None

    def give_way(self) -> None:
        """End what is paused; does nothing within one of its own steps."""
        if self._stepping or self._steps is None:
            return
        steps: Generator[Any, None, Any] = self._steps
        self._steps = None
        steps.close()
