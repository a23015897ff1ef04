"""How much a model's yes is worth: told from questions to which the right reply is known.

One model says yes to nearly everything, another to nearly nothing, and how likely either word was
still tells a text that answers from one that does not. The scale is each model's own; it is
measured once, and kept.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import msgspec

from assistant.answering import prompt
from models.engine.types import Generation
from models.small_files import Remembered

# A model whose replies differ less than this cannot tell the two apart (Qwen2.5-Coder-0.5B: 0.2).
_LEAST_DIFFERENCE = 1.0
# A reply that seldom begins with either word, as it begins with thinking, says nothing.
_LEAST_SHARE = 0.2
_TRACE = 1e-9


class Pair(msgspec.Struct, frozen=True):
    """A text, a question that it answers, and one that it does not."""

    text: str
    answered: str
    unanswered: str


# msgspec is not safe where several threads use a type for the first time: so at import.
msgspec.json.Decoder(Pair)


class Scale(msgspec.Struct, frozen=True):
    """Mean log-odds of a model's replies to questions that a text does not answer, and does."""

    unanswered: float
    answered: float

    @property
    def tells(self) -> bool:
        """Whether the model's replies tell the two apart."""
        return self.answered - self.unanswered >= _LEAST_DIFFERENCE

    def sureness(self, odds: float) -> float:
        """Return where log-odds lie: 0 as of unanswered questions, 1 as of answered ones."""
        width = self.answered - self.unanswered
        return (odds - self.unanswered) / width if self.tells else 1.0


class Calibrations:
    """The scale of each model, kept in a small file.

    Args:
        file: Where; None forgets them with the process.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._scales = Remembered(file, Scale)

    def get(self, model: str) -> Scale | None:
        """Return a model's scale; None before it was measured."""
        return self._scales.read().get(_name(model))

    def keep(self, model: str, scale: Scale) -> None:
        """Remember a model's scale."""
        self._scales.keep(_name(model), scale)


@functools.cache
def pairs() -> tuple[Pair, ...]:
    """Return the questions to which the right reply is known."""
    raw = prompt.read_words("calibration.toml")
    return tuple(msgspec.convert(raw["pair"], list[Pair]))


def scale(answered: Sequence[float | None], unanswered: Sequence[float | None]) -> Scale:
    """Return a model's scale; one without width where its replies say nothing.

    Args:
        answered: Log-odds of its replies where the text answers.
        unanswered: And where it does not.
    """
    yes = [odds for odds in answered if odds is not None]
    no = [odds for odds in unanswered if odds is not None]
    return Scale(fmean(no), fmean(yes)) if yes and no else Scale(0.0, 0.0)


def log_odds(reply: Generation) -> float | None:
    """Return the log-odds of yes against no as a reply's first word; None where it says neither."""
    yes = no = _TRACE
    for text, probability in reply.first_tokens:
        match text.strip().lower():
            case "yes":
                yes += probability
            case "no":
                no += probability
            case _:
                pass
    return math.log(yes / no) if yes + no >= _LEAST_SHARE else None


@functools.cache
def _wording() -> str:
    """Return a digest of all that was asked: other words have another scale."""
    words = prompt.wording()
    asked = msgspec.json.encode((words.careful, words.check, pairs()))
    return hashlib.sha256(asked).hexdigest()[:8]


def _name(model: str) -> str:
    return f"{model} {_wording()}"
