"""Whether what the model wrote down belongs in the answer: asked note by note, told by its odds.

A small model that reads for a list writes down what it comes by: beside the jobs in Hamburg those
in Oslo. Asked of each one with the text before it, it nearly always knows. Its yes is worth
something only beside its yes to what is known to belong, and not to (see `Scale`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import msgspec

from assistant.answering.prompt import read_words
from assistant.reading_all import prompts
from models.engine.types import ChatMessage

# A note of which the model is less sure than this is left out (0 is as sure as of what does not
# belong, 1 as of what does).
LEAST_SURE: Final = 0.5


class Example(msgspec.Struct, frozen=True):
    """A text with a request, something in it that belongs in the answer, and something not."""

    text: str
    request: str
    belongs: str
    other: str


# msgspec is not safe where several threads use a type for the first time: so at import.
msgspec.json.Decoder(Example)


@functools.cache
def examples() -> tuple[Example, ...]:
    """Return the requests of which is known what belongs in the answer."""
    raw = read_words("calibration.toml")
    return tuple(msgspec.convert(raw["list"], list[Example]))


def over_note(request: str, note: str, section: Sequence[str], text: str) -> list[ChatMessage]:
    """Ask whether a note belongs.

    Args:
        request: What was asked.
        note: What the model wrote down.
        section: The heading that it stands under, if there is one.
        text: The paragraph that it stands in. (Behind a whole window the replies tell less.)
    """
    words = prompts.wording()
    around = "\n".join((*section, text)).replace('"', "'")  # so that it stays within its marks
    asked = words.belongs.format(text=around, question=request, note=note.replace('"', "'"))
    return [ChatMessage("system", words.judge), ChatMessage("user", asked)]
