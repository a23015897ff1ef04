"""Measures how fast a model reads and writes, in the seconds after it was first loaded."""

from __future__ import annotations

import time
from collections.abc import Generator

from models.engine.reading import PromptReader
from models.engine.types import PrefillProgress
from models.errors import DecodeFailed, NoModelLoaded
from models.speeds import Speed

_READ_TOKENS = 320
_WRITE_TOKENS = 12


def measure_speed(
    reader: PromptReader, vocabulary_size: int
) -> Generator[PrefillProgress, None, Speed | None]:
    """Reads and writes a little in an empty cache, and empties it again.

    Args:
        reader: Of the model.
        vocabulary_size: How many tokens there are to read.

    Returns:
        None where the cache was in use, or was wanted meanwhile.

    Raises:
        DecodeFailed: llama.cpp failed.
        NoModelLoaded: The model was unloaded meanwhile.
    """
    memory = reader.memory
    # What the tokens say makes no difference to the speed.
    tokens = [7 * i % vocabulary_size for i in range(_READ_TOKENS)]
    done = 0
    while done < _READ_TOKENS:
        if reader.closed:
            raise NoModelLoaded
        if reader.busy or memory.tokens != tokens[:done]:
            return None
        done = reader.step(tokens, done)
        yield PrefillProgress(done=done, total=_READ_TOKENS, cached=0)
    if reader.closed:
        raise NoModelLoaded
    if reader.busy or memory.tokens != tokens:
        return None
    began = time.monotonic()
    for token in tokens[:_WRITE_TOKENS]:
        code = memory.decode((token,), logits=1)
        if code:
            raise DecodeFailed(code)
    seconds = time.monotonic() - began
    memory.clear()
    return Speed(read=reader.speed, write=_WRITE_TOKENS / seconds if seconds > 0 else 0.0)
