"""Items of many windows as one list: those that say the same become one, and are counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from assistant.answering.words import read_words

# Further places that say the same are not listed: these show it well enough.
MOST_PLACES: Final = 4

Sameness = frozenset[tuple[str, bool]] | str


class Place(msgspec.Struct, frozen=True, order=True):
    """A checked quote: it is `text[start:end]` of the document."""

    document: int
    start: int
    end: int


class Item(msgspec.Struct, frozen=True):
    """Something that was found, with the places that show it.

    Attributes:
        group: The document that it is listed under; None where all are one list.
        text: What was found, in the words in which it was first written down.
        places: Where it stands, the first place first; at most `MOST_PLACES`.
        sections: The headings that it stands under, each once.
        times: How often it was written down.
    """

    group: int | None
    text: str
    places: tuple[Place, ...]
    sections: tuple[str, ...] = ()
    times: int = 1


def merge(items: Iterable[Item]) -> list[Item]:
    """Return the items in order, each one once within its group.

    Two are the same where they have the same words that carry meaning, in whatever order and
    form: "Sales Manager", "the sales managers" and "manager (sales)". Nothing that differs by a
    word, a number or a name is taken for the same, so that what is counted is never too little
    by more than that.
    """
    merged: dict[tuple[int | None, Sameness], Item] = {}
    for item in items:
        key = (item.group, sameness(item.text))
        known = merged.get(key)
        if known is None:
            merged[key] = item
            continue
        places = tuple(dict.fromkeys((*known.places, *item.places)))[:MOST_PLACES]
        sections = tuple(dict.fromkeys((*known.sections, *item.sections)))
        times = known.times + item.times
        merged[key] = Item(known.group, known.text, places, sections, times)
    return list(merged.values())


def sameness(text: str) -> Sameness:
    """Return what two texts that say the same have in common."""
    words = (word for word in read_words(text) if word.kind != "function")
    return frozenset((word.key, word.negated) for word in words) or text.casefold().strip()
