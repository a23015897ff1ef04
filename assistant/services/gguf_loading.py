"""Loading a GGUF model of the search, in the index process."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final, TypeVar

from models.engine.types import LoadProgress, LoadSettings

# What such a model reads at once: a passage with its headings has about 250, and a question fewer.
# Some could read 30 times as much, and would set aside memory for it.
_MAX_TOKENS: Final = 512

M = TypeVar("M")


def load_now(
    load: Callable[[str, LoadSettings], Generator[LoadProgress, None, M]], path: Path
) -> M:
    """Load a model at once: those of a search take seconds at most, and nobody sees how far.

    Args:
        load: A loader of `models.engine`, which gives the model in the end.
        path: The GGUF file.

    Raises:
        InvalidModelFile: It is not of the kind that `load` takes.
        LoadFailed: llama.cpp refused it, or memory did not suffice.
    """
    loading = load(str(path), LoadSettings(context_tokens=_MAX_TOKENS, flash_attention=True))
    while True:
        try:
            next(loading)
        except StopIteration as end:
            return end.value
