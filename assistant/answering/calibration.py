"""How much a model's yes is worth: told from questions to which the right reply is known.

One model says yes to nearly everything, another to nearly nothing, and how likely either word was
still tells a text that answers from one that does not. Where the line lies is each model's own. It
is measured once, and kept.
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

# Where the line lies between the mean log-odds of unanswered and of answered questions. Nearer to
# the former: to withdraw a right answer is worse than to show a wrong one with its quote. Asked end
# to end with Qwen2.5-Coder-1.5B, 18 of 25 questions of SQuAD 2.0 without an answer were declined,
# and of 16 right answers to others 3 were lost.
_LINE = 0.2
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


class Line(msgspec.Struct, frozen=True):
    """Log-odds below which a model doubts; None where its replies say nothing."""

    log_odds: float | None


class Calibrations:
    """The line of each model, kept in a small file.

    Args:
        file: Where; None forgets them with the process.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._lines = Remembered(file, Line)

    def get(self, model: str) -> Line | None:
        """Return a model's line; None before it was measured."""
        return self._lines.read().get(_name(model))

    def keep(self, model: str, line: Line) -> None:
        """Remember a model's line."""
        self._lines.keep(_name(model), line)


@functools.cache
def pairs() -> tuple[Pair, ...]:
    """Return the questions to which the right reply is known."""
    raw = prompt.read_words("calibration.toml")
    return tuple(msgspec.convert(raw["pair"], list[Pair]))


def line(answered: Sequence[float | None], unanswered: Sequence[float | None]) -> Line:
    """Return where a model's line lies.

    Args:
        answered: Log-odds of its replies where the text answers.
        unanswered: And where it does not.
    """
    yes = [odds for odds in answered if odds is not None]
    no = [odds for odds in unanswered if odds is not None]
    if not yes or not no or fmean(yes) - fmean(no) < _LEAST_DIFFERENCE:
        return Line(None)
    return Line(fmean(no) + _LINE * (fmean(yes) - fmean(no)))


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
    """Return a digest of all that was asked: other words have another line."""
    words = prompt.wording()
    asked = msgspec.json.encode((words.careful, words.check, pairs()))
    return hashlib.sha256(asked).hexdigest()[:8]


def _name(model: str) -> str:
    return f"{model} {_wording()}"
