"""What a sentence of an answer claims, beyond what the question said already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from assistant.answering.material import Material
from assistant.answering.words import Word, content_keys, read_words

_REPEATED = 0.35  # weight of a word that only repeats the question


class Claim(NamedTuple):
    """A sentence of the answer, taken apart.

    Attributes:
        text: The sentence.
        words: What must be shown: its words, or the question's for a bare yes or no.
        weights: Its content words by how much they tell; what repeats the question tells less.
        numbers: Numbers that the question does not have.
        names: Names that the question does not have.
        subjects: Names that the question has too: what both speak of.
    """

    text: str
    words: tuple[Word, ...]
    weights: dict[str, float]
    numbers: frozenset[str]
    names: frozenset[str]
    subjects: frozenset[str]

    @property
    def total(self) -> float:
        """The weight of all its words."""
        return sum(self.weights.values())


def read_claim(text: str, asked: Sequence[Word], material: Material) -> Claim:
    """Take a sentence apart, given the question's words."""
    words = tuple(read_words(text))
    said = content_keys(words)
    if not said - {"yes", "no"}:  # a bare yes or no claims what the question says
        words = _answered(asked, denied=text.strip().lower().startswith("no"))
        said = content_keys(words)
    # A word said more often than the question has it is news the second time: "the analysis of
    # an algorithm belongs to the analysis of algorithms".
    surplus = Counter(word.key for word in words) - Counter(word.key for word in asked)
    repeated = {word.key for word in asked} - surplus.keys()
    weights = {
        key: material.rarity(key) * (_REPEATED if key in repeated else 1.0)
        for key in said - {"yes"}
    }
    news = [word for word in words if word.key not in repeated]
    numbers = frozenset(word.key for word in news if word.kind == "number")
    names = frozenset(word.key for word in news if word.kind == "name")
    subjects = frozenset(
        word.key for word in asked if word.kind == "name" and word.key in repeated & said
    )
    return Claim(text, words, weights, numbers, names, subjects)


def _answered(asked: Sequence[Word], *, denied: bool) -> tuple[Word, ...]:
    """Return the question as a statement; a no denies its last word ("are dogs allowed?")."""
    places = [place for place, word in enumerate(asked) if word.kind != "function"]
    if not denied or not places:
        return tuple(asked)
    last = places[-1]
    return (*asked[:last], asked[last]._replace(negated=True), *asked[last + 1 :])
