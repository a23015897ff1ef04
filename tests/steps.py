"""What works step by step, run to its end."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

R = TypeVar("R")


def end_of(steps: Generator[object, None, R]) -> R:
    """Take all steps of a generator; return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
