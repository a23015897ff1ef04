"""How large a model is, and whether it fits this machine, as the command line says it."""

from __future__ import annotations

from typing import Final

import msgspec

from assistant.assistant import Assistant
from assistant.wording import bytes_text
from models.engine.types import LoadSettings
from models.facts import ModelFacts
from models.fit import Fit, context_in_force, forecast, free_memory, judge, largest_context
from models.gguf_header import GgufHeader

_WORDS: Final[dict[Fit, str]] = {"well": "fits well", "tight": "is tight", "not": "will not fit"}


class Fitting(msgspec.Struct, frozen=True):
    """What a model would take of this machine's memory.

    Attributes:
        fit: A word for it.
        needed_bytes: What it needs, loaded as the settings say.
        free_bytes: What is free now.
        context_tokens: The context window it would have.
        largest_context: The largest one that fits; 0 for none.
    """

    fit: Fit
    needed_bytes: int
    free_bytes: int
    context_tokens: int
    largest_context: int


def fitting(header: GgufHeader, settings: LoadSettings) -> Fitting:
    """Judge a model by its header."""
    free = free_memory()
    memory = forecast(header, settings)
    return Fitting(
        fit=judge(memory, free),
        needed_bytes=memory.needed,
        free_bytes=free,
        context_tokens=context_in_force(header, settings.context_tokens),
        largest_context=largest_context(header, settings, free),
    )


def fitting_text(known: Fitting) -> str:
    """Return it in a line."""
    largest = f"up to {known.largest_context:,} fit" if known.largest_context else "none fits"
    return (
        f"{_WORDS[known.fit]}: needs {bytes_text(known.needed_bytes)} of "
        f"{bytes_text(known.free_bytes)} free with a context of {known.context_tokens:,} tokens; "
        f"{largest}"
    )


def fitting_word(assistant: Assistant, facts: ModelFacts) -> str:
    """Return in a word whether a model fits, loaded as the settings say; "" for one that cannot."""
    header = assistant.models.header(facts) if facts.problem is None else None
    return (
        "" if header is None else _WORDS[fitting(header, assistant.load_settings(facts.name)).fit]
    )


def parameters_text(parameters: int | None) -> str:
    """Return a number of parameters as people write it: 1.5B, 135M."""
    if not parameters:
        return ""
    if parameters >= 10**9:
        return f"{parameters / 10**9:.1f}B"
    return f"{parameters / 10**6:.0f}M"
