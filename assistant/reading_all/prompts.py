"""How a window is laid out for the model, and what it may write about it."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from assistant.answering.prompt import read_words
from models.engine.types import ChatMessage

# A list or a count, a summary, or what several documents say of the same things.
Kind = Literal["items", "points", "comparison"]

# What reaches this of a window is asked for in two halves of it; of a single passage, which has
# none, more may be written.
MOST_NOTES: Final = 16
MOST_NOTES_OF_ONE: Final = 48

_MOST_REPEATED: Final = 4

_MARKS: Final = re.compile(r"<(?=/?\s*piece\b)", re.IGNORECASE)
_OBJECT: Final = re.compile(r"\{[^{}]*\}")
# A string of JSON that is whole: another one or the end of the list follows it.
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"(?=\s*[,\]])')


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of resources/prompts/reading_all.toml."""

    reader: str
    items: str
    points: str
    topics: str
    check: str
    judge: str
    belongs: str
    condenser: str
    condense: str
    found_one: str
    found_many: str
    so_far_one: str
    so_far_many: str
    same: str
    alone: str
    unsaid: str
    more_topics: str
    nothing: str
    nothing_so_far: str

    def head(self, count: int, *, complete: bool) -> str:
        """Return what stands over so many items."""
        if count == 1:
            return self.found_one if complete else self.so_far_one
        return (self.found_many if complete else self.so_far_many).format(n=f"{count:,}")


class Condensed(NamedTuple):
    """A sentence that the model made of several notes, unchecked; their numbers are from 1."""

    notes: tuple[int, ...]
    sentence: str


class _Sentence(msgspec.Struct, frozen=True):
    notes: tuple[int, ...]
    sentence: str


# msgspec is not safe where several threads use a type for the first time: so at import.
msgspec.json.Decoder(Wording)
msgspec.json.Decoder(_Sentence)


@functools.cache
def wording() -> Wording:
    """Return the words that the model is shown and that answers begin with."""
    raw = read_words("reading_all.toml")
    return msgspec.convert({key: value.strip() for key, value in raw.items()}, Wording)


@functools.cache
def edition() -> str:
    """Return what tells these prompts from others: what a model wrote to them is kept by it."""
    known = read_words("calibration.toml")["list"]  # what its yes is measured by
    told = msgspec.json.encode((wording(), notes_schema(MOST_NOTES), known))
    return hashlib.sha256(told).hexdigest()[:16]


def over_window(asked: str, title: str, headings: Sequence[str], text: str) -> list[ChatMessage]:
    """Lay out a window.

    Args:
        asked: What stands behind the window: all ahead of it is read once for whatever is asked.
        title: The document's.
        headings: Those over the window.
        text: The window's.
    """
    words = wording()
    where = " > ".join(dict.fromkeys((title, *headings)))
    where = " ".join(where.replace('"', "'").replace("<", "\u2039").split())[:200]
    fenced = _MARKS.sub("\u2039", text.strip())
    piece = f'<piece title="{where}">\n{fenced}\n</piece>'
    return [
        ChatMessage("system", words.reader),
        ChatMessage("user", f"{piece}\n\n{asked}"),
    ]


def over_notes(question: str, notes: Sequence[str], most: int) -> list[ChatMessage]:
    """Lay out notes of which `most` sentences are to be made."""
    words = wording()
    numbered = "\n".join(f"[{number}] {note}" for number, note in enumerate(notes, start=1))
    asked = words.condense.format(notes=numbered, question=question, most=most)
    return [ChatMessage("system", words.condenser), ChatMessage("user", asked)]


@functools.cache
def notes_schema(most: int) -> str:
    """Return the JSON schema of what the model writes about a window."""
    return json.dumps({"type": "array", "maxItems": most, "items": {"type": "string"}})


@functools.cache
def condensed_schema(most: int) -> str:
    """Return the JSON schema of what the model makes of notes."""
    numbers = {"type": "array", "minItems": 1, "maxItems": 6, "items": {"type": "integer"}}
    properties = {"notes": numbers, "sentence": {"type": "string"}}
    one = {"type": "object", "properties": properties, "required": list(properties)}
    return json.dumps({"type": "array", "maxItems": most, "items": one})


def read_notes(text: str) -> list[str]:
    """Return the notes that stand in what the model wrote, however it ended."""
    notes: list[str] = []
    for match in _STRING.finditer(text):
        try:
            note = msgspec.json.decode(match.group(), type=str)
        except msgspec.DecodeError:
            continue
        if note.strip():
            notes.append(" ".join(note.split()))
    return notes


def repeats_itself(text: str) -> bool:
    """Tell whether a model has nothing new to write: small ones then go round in a circle."""
    notes = read_notes(text)
    return len(notes) - len(set(notes)) >= _MOST_REPEATED


def read_condensed(text: str) -> list[Condensed]:
    """Return the sentences that stand in what the model wrote, however it ended."""
    made: list[Condensed] = []
    for one in _objects(text):
        try:
            condensed = msgspec.convert(one, _Sentence)
        except msgspec.ValidationError:
            continue
        if condensed.sentence.strip():
            made.append(Condensed(condensed.notes, condensed.sentence.strip()))
    return made


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the whole objects within a list of JSON that may break off."""
    objects: list[dict[str, Any]] = []
    for match in _OBJECT.finditer(text):
        try:
            objects.append(msgspec.json.decode(match.group(), type=dict[str, Any]))
        except msgspec.DecodeError:
            continue
    return objects
