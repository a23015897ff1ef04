"""A comparison: of each topic what every document says, side by side, in its own words.

What the documents speak of is named by the model, piece by piece, and by headings that several of
them have. What they say of it stands under such a heading, or is found by the topic's words, and is
quoted; whether it is the same is told from its words and numbers. So nothing in a comparison can be
made up, and no document is passed over for a topic that stands in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from assistant.answering.words import content_keys, read_words
from assistant.reading_all.documents import Readable
from assistant.reading_all.merging import Item, Place
from indexing.sentences import split_sentences

# So many topics are shown; those of which most documents speak.
MOST_TOPICS: Final = 12
# So many that only one document speaks of.
_MOST_ALONE: Final = 4
# So many sentences of a document on each: more is what the source itself is for.
_MOST_SENTENCES: Final = 2
# A line with fewer words is a heading or a label, unless it has a number or ends as a sentence.
_FEWEST_WORDS: Final = 4
_ENDS: Final = (".", "!", "?")
# Numbers before a heading: two documents seldom have the same.
_NUMBERED: Final = re.compile(r"^[\W\d]+")
# A heading is about a topic where so much of it is the topic's words.
_ABOUT: Final = 0.5
# A word of more of the sentences than this tells little of any ("tenant", in leases).
_MOST_COMMON: Final = 0.15


class Topic(NamedTuple):
    """What is compared.

    Attributes:
        said: What each document says of it, by the document's id; those that speak of it only.
        same: Whether all of them say the same.
    """

    name: str
    said: dict[int, tuple[Place, ...]]
    same: bool


class Comparison(NamedTuple):
    """Topics that several documents speak of, those that one does, and how many more there are."""

    shared: tuple[Topic, ...]
    alone: tuple[Topic, ...]
    left_out: int


class _Sentence(NamedTuple):
    place: Place
    words: tuple[str, ...]
    told: frozenset[tuple[str, bool]]
    numbers: frozenset[str]


class _Told(NamedTuple):
    """A document's sentences, by their words, and by those of the heading that they stand under."""

    by_word: Mapping[str, list[_Sentence]]
    by_heading: Mapping[frozenset[str], list[_Sentence]]


class _Named(NamedTuple):
    """A topic as it was named, with the documents in which it was."""

    name: str
    keys: frozenset[str]
    documents: frozenset[int]


def compare(items: Sequence[Item], documents: Sequence[Readable], question: str) -> Comparison:
    """Return what the documents say of the topics that were found in them.

    Args:
        items: The topics; each names a place of its window.
        documents: All that are compared.
        question: What was asked: what it or a title says comes last.
    """
    sentences = {document.row.id: _sentences(document) for document in documents}
    told = {document.row.id: _told(document, sentences[document.row.id]) for document in documents}
    titles = [content_keys(read_words(document.row.title)) for document in documents]
    known = content_keys(read_words(question)) | set[str]().union(*titles)
    ranked: list[tuple[tuple[float, ...], Topic]] = []
    total = sum(map(len, sentences.values()))
    usual = max(_MOST_SENTENCES * len(documents), _MOST_COMMON * total)
    for named in _merged([*_shared_headings(documents), *_named(items)]):
        held = {document: _holding(named.keys, of_one) for document, of_one in told.items()}
        count = sum(map(len, held.values()))
        common = named.keys <= known or count > usual
        under = {document: _under(named.keys, of_one) for document, of_one in told.items()}
        topic = _topic(named, {one: under[one] + held[one] for one in told})
        rank = (-len(topic.said), common, -len(named.documents), -count)
        ranked.append((rank, topic))
    topics = [topic for _, topic in sorted(ranked, key=lambda one: one[0])]
    shared: list[Topic] = []
    alone: list[Topic] = []
    shown: set[Place] = set()
    left_out = 0
    for topic in topics:
        places = {place for of_one in topic.said.values() for place in of_one}
        if not places - shown:
            continue
        several = len(topic.said) > 1
        if len(shared if several else alone) >= (MOST_TOPICS if several else _MOST_ALONE):
            left_out += 1
            continue
        # A sentence is quoted once, where its document has another one for the next topic.
        said = {
            document: tuple(one for one in of_one if one not in shown) or of_one
            for document, of_one in topic.said.items()
        }
        (shared if several else alone).append(topic._replace(said=said))
        shown |= places
    return Comparison(tuple(shared), tuple(alone), left_out)


def _named(items: Sequence[Item]) -> list[_Named]:
    """Return the topics that the model named."""
    return [
        _Named(item.text, frozenset(content_keys(read_words(item.text))), frozenset(documents))
        for item in items
        if (documents := {place.document for place in item.places})
    ]


def _shared_headings(documents: Sequence[Readable]) -> list[_Named]:
    """Return the headings that more than one document has."""
    found: dict[frozenset[str], _Named] = {}
    for document in documents:
        for heading in dict.fromkeys(name for block in document.blocks for name in block.headings):
            keys = _heading_keys(heading)
            one = found.get(keys, _Named(_NUMBERED.sub("", heading), keys, frozenset()))
            found[keys] = one._replace(documents=one.documents | {document.row.id})
    return [one for keys, one in found.items() if keys and len(one.documents) > 1]


def _heading_keys(heading: str) -> frozenset[str]:
    return frozenset(content_keys(read_words(_NUMBERED.sub("", heading))))


def _merged(topics: Sequence[_Named]) -> list[_Named]:
    """Return the topics, each once: "notice" and "notice period" are one."""
    by_keys: dict[frozenset[str], _Named] = {}
    for topic in topics:
        one = by_keys.get(topic.keys, topic)
        by_keys[topic.keys] = one._replace(documents=one.documents | topic.documents)
    merged: list[_Named] = []
    for one in sorted(by_keys.values(), key=lambda one: len(one.keys)):
        at = next((n for n, other in enumerate(merged) if other.keys <= one.keys), None)
        if at is None:
            merged.append(one)
        else:
            documents = merged[at].documents | one.documents
            merged[at] = merged[at]._replace(documents=documents)
    return merged


def _told(document: Readable, sentences: Sequence[_Sentence]) -> _Told:
    by_word: defaultdict[str, list[_Sentence]] = defaultdict(list)
    by_heading: defaultdict[frozenset[str], list[_Sentence]] = defaultdict(list)
    starts = [block.start for block in document.blocks]
    for sentence in sentences:
        for key in dict.fromkeys(sentence.words):
            by_word[key].append(sentence)
        at = bisect_right(starts, sentence.place.start) - 1
        headings = document.blocks[at].headings if at >= 0 else ()
        if headings:
            by_heading[_heading_keys(headings[-1])].append(sentence)
    return _Told(dict(by_word), dict(by_heading))


def _under(keys: frozenset[str], told: _Told) -> list[_Sentence]:
    """Return the sentences under the heading that is most about a topic, if one is."""
    about = [heading for heading in told.by_heading if keys <= heading]
    nearest = min(about, key=len, default=None)
    if nearest is None or len(keys) < _ABOUT * len(nearest):
        return []
    return told.by_heading[nearest]


def _holding(keys: frozenset[str], told: _Told) -> list[_Sentence]:
    """Return the sentences that have all words of a topic, those that tell most of it first.

    These have a number, and the topic stands early in them.
    """
    candidates = min((told.by_word.get(key, []) for key in keys), key=len)
    found = [one for one in candidates if keys.issubset(one.words)]
    return sorted(
        found, key=lambda one: (not one.numbers, min(one.words.index(key) for key in keys))
    )


def _topic(named: _Named, held: dict[int, list[_Sentence]]) -> Topic:
    said = {
        document: sorted(list(dict.fromkeys(found))[:_MOST_SENTENCES], key=lambda one: one.place)
        for document, found in held.items()
        if found
    }
    places = {document: tuple(one.place for one in found) for document, found in said.items()}
    return Topic(named.name, places, _same(list(said.values())))


def _same(said: Sequence[Sequence[_Sentence]]) -> bool:
    """Tell whether several documents say the same: in the same words, but for their form."""
    if len(said) < 2:
        return False
    told = [frozenset[tuple[str, bool]]().union(*(one.told for one in of_one)) for of_one in said]
    return len(set(told)) == 1


def _sentences(document: Readable) -> list[_Sentence]:
    """Return the sentences of a document, without its headings."""
    headings = {name.casefold() for block in document.blocks for name in block.headings}
    return [
        sentence
        for start, end in split_sentences(document.text)
        if document.text[start:end].strip("# ").casefold() not in headings
        and (sentence := _sentence(document, start, end)) is not None
    ]


def _sentence(document: Readable, start: int, end: int) -> _Sentence | None:
    words = read_words(document.text[start:end])
    numbers = frozenset(word.key for word in words if word.key.isdigit() or word.kind == "number")
    is_sentence = document.text[start:end].rstrip().endswith(_ENDS)
    if len(words) < _FEWEST_WORDS and not numbers and not is_sentence:
        return None
    told = [word for word in words if word.kind != "function"]
    return _Sentence(
        Place(document.row.id, start, end),
        tuple(word.key for word in told),
        frozenset((word.key, word.negated) for word in told),
        numbers,
    )
