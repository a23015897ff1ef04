"""Makes few points of many, in steps where they do not fit the context at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from typing import Final, NamedTuple

from assistant.reading_all import prompts
from assistant.reading_all.merging import MOST_PLACES, Item, merge
from assistant.reading_all.prompts import Condensed
from assistant.reading_all.quotes import shown
from models.engine.types import ChatMessage, Sampling

# Notes that are condensed at once: a few hundred tokens, of which a small model keeps sight.
_AT_ONCE: Final = 12
_WRITTEN_TOKENS: Final = 500


class Asked(NamedTuple):
    """What the model is to condense; `digest` tells it from all else that it is asked."""

    digest: str
    messages: list[ChatMessage]
    sampling: Sampling


def condense(
    items: Sequence[Item], question: str, most: int, text_of: Callable[[int], str]
) -> Generator[Asked, str, list[Item]]:
    """Condense notes until few are left; the model is asked through what is yielded.

    Args:
        items: The notes, in the order of the document.
        question: What was asked.
        most: How many may be left.
        text_of: Canonical text of a document.

    Yields:
        What the model is to be asked; what it writes is to be sent back.

    Returns:
        The points, each with the places of the notes that it was made of.
    """
    left = list(items)
    while len(left) > most:
        shorter: list[Item] = []
        parts = [left[at : at + _AT_ONCE] for at in range(0, len(left), _AT_ONCE)]
        for part in parts:
            goal = most if len(parts) == 1 else max(1, min(most, len(part) // 3))
            if len(part) <= goal:
                shorter += part
                continue
            messages = prompts.over_notes(question, [item.text for item in part], goal)
            schema = prompts.condensed_schema(goal)
            told = "\x00".join((schema, *(message.content for message in messages)))
            digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
            sampling = Sampling(max_tokens=_WRITTEN_TOKENS, json_schema=schema, thinking_tokens=0)
            written = yield Asked(digest, messages, sampling)
            made = [_checked(one, part, text_of) for one in prompts.read_condensed(written)]
            shorter += [item for item in made if item is not None][:goal] or part[:goal]
        left = merge(shorter)
    return left


def _checked(one: Condensed, part: Sequence[Item], text_of: Callable[[int], str]) -> Item | None:
    """Return a sentence with its places; the note itself where its words do not stand there."""
    sources = [part[number - 1] for number in one.notes if 1 <= number <= len(part)]
    if not sources:
        return None
    places = tuple(dict.fromkeys(place for item in sources for place in item.places))
    quotes = " \n".join(text_of(place.document)[place.start : place.end] for place in places)
    first = sources[0]
    notes = tuple(item.text for item in sources)
    if not shown(one.sentence, (0, len(quotes)), quotes, notes, ""):
        return first
    return Item(
        first.group,
        " ".join(one.sentence.split()),
        places[:MOST_PLACES],
        first.sections,
        first.times,
    )
