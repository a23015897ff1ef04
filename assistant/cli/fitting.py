"""How large a model is, and whether it fits this machine, as the command line says it."""

from __future__ import annotations

from typing import Final

from assistant.assistant import Assistant
from assistant.cli.console import Console
from assistant.memory import Fitting, fitting
from assistant.wording import bytes_text
from models.engine.types import LoadSettings
from models.facts import ModelFacts
from models.fit import Fit, Room, demand, guess

_WORDS: Final[dict[Fit, str]] = {"well": "fits well", "tight": "is tight", "not": "will not fit"}


def fitting_text(known: Fitting) -> str:
    """Return it in a line."""
    largest = f"up to {known.largest_context:,} fit" if known.largest_context else "none fits"
    where = " on the graphics card" if known.on_card else ""
    return (
        f"{_WORDS[known.fit]}: needs {bytes_text(known.needed_bytes)} of "
        f"{bytes_text(known.free_bytes)} free{where} with a context of {known.context_tokens:,} "
        f"tokens; {largest}"
    )


def fitting_word(assistant: Assistant, facts: ModelFacts) -> str:
    """Return in a word whether a model fits, loaded as the settings say; "" for one that cannot."""
    header = assistant.models.header(facts) if facts.problem is None else None
    if header is None:
        return ""
    known = fitting(header, assistant.load_settings(facts.name), assistant.memory.room())
    return _WORDS[known.fit]


def guessed_word(size: int, room: Room) -> str:
    """Return in a word whether a model fits of which only the file's size is known."""
    return _WORDS[demand(guess(size, has_card=room.card > 0), room).fit]


def warn_when_short(assistant: Assistant, console: Console) -> None:
    """Say of models that will not fit, before they are loaded, that they will not."""

    def warn(facts: ModelFacts, settings: LoadSettings, known: Fitting) -> LoadSettings:
        console.note(shortage_text(facts.name, known))
        return settings

    assistant.memory.when_short = warn


def shortage_text(name: str, known: Fitting) -> str:
    """Return what it means that a model will not fit, and what can be done about it."""
    if known.smaller_context:
        advice = (
            f"'studiolo models settings {name} context_tokens={known.smaller_context}' gives it a "
            "context that fits."
        )
    elif known.on_card:
        advice = (
            f"'studiolo models settings {name} gpu_layers=N' puts only N layers there, and "
            "'studiolo models use NAME' chooses another model."
        )
    else:
        advice = (
            "Close other programs, or choose a smaller model with 'studiolo models use NAME'; "
            "'studiolo models list' shows what fits."
        )
    memory = "the graphics card's memory" if known.on_card else "memory"
    return (
        f"Warning: {name} needs {bytes_text(known.needed_bytes)} of {memory} with a context of "
        f"{known.context_tokens:,} tokens, and {bytes_text(known.free_bytes)} are free: it may be "
        f"very slow, or fail to load. {advice}"
    )


def parameters_text(parameters: int | None) -> str:
    """Return a number of parameters as people write it: 1.5B, 135M."""
    if not parameters:
        return ""
    if parameters >= 10**9:
        return f"{parameters / 10**9:.1f}B"
    return f"{parameters / 10**6:.0f}M"
