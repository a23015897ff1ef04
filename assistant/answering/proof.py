"""Proof: ties each sentence of an answer to the span of the given evidence that supports it.

What a sentence says beyond the question must stand in the span: most of its words by
weight (rare words weigh more, words that merely repeat the question less), every number,
and every name, which may also stand just before the span, where its pronouns point. Where
words alone leave it open, embeddings of the sentence and the span decide. A sentence that
lists things may need several spans. A sentence with no such span is marked as not supported;
nothing is ever cited merely because it is near.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from assistant.answering.claims import read_claim
from assistant.answering.material import Material
from assistant.answering.support import Embed, Place, find, proves, settle_open
from assistant.answering.types import AnswerSentence, Citation
from assistant.answering.words import content_keys, read_words
from indexing.sentences import split_sentences
from indexing.types import Place as CitedPlace

PageOf = Callable[[int, int], int | None]
PlaceOf = Callable[[int, int, int], CitedPlace | None]


class Proof(NamedTuple):
    """What of an answer is proved, and by what."""

    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]

    @property
    def supported(self) -> int:
        """How many sentences have a proof."""
        return sum(sentence.supported for sentence in self.sentences)


def prove(
    answer: str,
    question: str,
    material: Material,
    page_of: PageOf,
    embed: Embed | None = None,
    place_of: PlaceOf | None = None,
) -> Proof:
    """Tie the sentences of an answer to exact quotes of the material.

    Works on a partial answer just as well: what has been written so far is proved.

    Args:
        answer: The model's words; sentences are reported by offsets into it.
        question: What was asked: its words need no proof, and they tell which of several
            places that hold the answer's words is meant.
        material: What the model was given.
        page_of: Page (from 1) on which an offset of a document stands.
        embed: Unit vectors of texts, for sentences that words alone leave open.
        place_of: What a span of a document is cited by, where that is more than a page.
    """
    asked = read_words(question)
    spans = split_sentences(answer)
    claims = [read_claim(answer[start:end], asked, material) for start, end in spans]
    findings = [find(claim, asked, material) for claim in claims]
    if embed is not None:
        proved = settle_open(claims, findings, question, material, embed)
    else:
        proved = [
            finding.places if proves(claim, finding.places, material) else ()
            for claim, finding in zip(claims, findings, strict=True)
        ]
    ledger = _Ledger(material, page_of, place_of)
    sentences: list[AnswerSentence] = []
    for (start, end), places in zip(spans, proved, strict=True):
        numbers = tuple(dict.fromkeys(ledger.number(place) for place in places))
        sentences.append(AnswerSentence(answer[start:end], bool(places), numbers, start, end))
    return Proof(tuple(_with_lead_ins(sentences)), tuple(ledger.citations))


def asked_about(question: str, material: Material) -> float:
    """Return what part of the question's weight its best three sentences of the material hold."""
    asked = read_words(question)
    weights = {key: material.rarity(key) for key in content_keys(asked)}
    if not weights:
        return 1.0
    held: set[str] = set()
    for position in material.nearest(weights, 3):
        held |= material.spans[position].keys | material.spans[position].context
    return sum(weight for key, weight in weights.items() if key in held) / sum(weights.values())


def _with_lead_ins(sentences: Sequence[AnswerSentence]) -> list[AnswerSentence]:
    """Let a line that only introduces a list ("The plan covers:") share its first item's proof."""
    settled = list(sentences)
    for position in range(len(settled) - 2, -1, -1):
        line, item = settled[position], settled[position + 1]
        introduces = line.text.rstrip("*_ ").endswith(":")
        if introduces and not line.supported and item.supported:
            settled[position] = AnswerSentence(
                line.text, True, item.citations[:1], line.start, line.end
            )
    return settled


class _Ledger:
    """Numbers the quotes in order of appearance, each place once."""

    def __init__(self, material: Material, page_of: PageOf, place_of: PlaceOf | None) -> None:
        self.citations: list[Citation] = []
        self._material = material
        self._page_of = page_of
        self._place_of = place_of

    def number(self, place: Place) -> int:
        """Return the number of a place's citation, adding it when it is new."""
        start, end, quote = self._material.quote(place.first, place.last)
        piece = self._material.evidence[self._material.spans[place.first].source]
        for known in self.citations:
            if known.document == piece.document and known.start <= start and end <= known.end:
                return known.n
        page = self._page_of(piece.document, start)
        where = self._place_of(piece.document, start, end) if self._place_of else None
        n = len(self.citations) + 1
        self.citations.append(
            Citation(n, piece.document, piece.path, piece.title, page, start, end, quote, where)
        )
        return n
