"""Proof: ties each sentence of an answer to the span of the given evidence that supports it.

What a sentence says beyond the question must stand in the span: most of its words by
weight (rare words weigh more, words that merely repeat the question less), every number,
and every name, which may also stand just before the span, where its pronouns point. Where
words alone leave it open, embeddings of the sentence and the span decide. A sentence that
lists things may need several spans. A sentence with no such span is marked as not supported;
nothing is ever cited merely because it is near.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from assistant.answering.material import Material, Span
from assistant.answering.types import AnswerSentence, Citation
from assistant.answering.words import Word, content_keys, read_words
from indexing.sentences import split_sentences

Embed = Callable[[list[str]], list[list[float]]]
PageOf = Callable[[int, int], int | None]

_SUPPORTED = 0.62  # part of the sentence's weight that a span must hold to prove it by words
_OPEN = 0.34  # below this part, no likeness of meaning makes up for the words
_ALIKE = 0.7  # cosine from which sentence and span say the same, between the two
_REPEATED = 0.35  # weight of a word that only repeats the question
_NEGLIGIBLE = 0.2  # part of the weight that may be missing without looking for a further place
_WORTH_CITING = 0.12  # part that a further place must add
_MOST_PLACES = 4  # a sentence that lists things may draw on several places
_CANDIDATES = 8


class Proof(NamedTuple):
    """What of an answer is proved, and by what."""

    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]

    @property
    def supported(self) -> int:
        """How many sentences have a proof."""
        return sum(sentence.supported for sentence in self.sentences)


class _Claim(NamedTuple):
    """A sentence of the answer, taken apart."""

    text: str
    words: tuple[Word, ...]
    weights: dict[str, float]
    numbers: frozenset[str]
    names: frozenset[str]


class _Support(NamedTuple):
    """A run of spans held against a claim: which, and what part of the weight they share."""

    first: int
    last: int
    part: float
    score: float


def prove(
    answer: str,
    question: str,
    material: Material,
    page_of: PageOf,
    embed: Embed | None = None,
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
    """
    asked = read_words(question)
    drafts = [
        (start, end, _claim(answer[start:end], asked, material))
        for start, end in split_sentences(answer)
    ]
    found = [_find(claim, asked, material) for _, _, claim in drafts]
    if embed is not None:
        _settle_open([claim for _, _, claim in drafts], found, material, question, embed)
    ledger = _Ledger(material, page_of)
    sentences: list[AnswerSentence] = []
    for (start, end, claim), supports in zip(drafts, found, strict=True):
        proved = _proves(claim, supports, material)
        numbers = tuple(dict.fromkeys(ledger.number(each) for each in supports)) if proved else ()
        sentences.append(AnswerSentence(answer[start:end], proved, numbers, start, end))
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


def _claim(text: str, asked: Sequence[Word], material: Material) -> _Claim:
    words = tuple(read_words(text))
    in_question = {word.key for word in asked}
    said = content_keys(words)
    if not said - {"yes", "no"}:  # a bare yes or no claims what the question says
        words = tuple(asked)
        said = content_keys(asked)
        if words and text.strip().lower().startswith("no"):
            last = max(i for i, word in enumerate(words) if word.kind != "function" or i == 0)
            words = (*words[:last], words[last]._replace(negated=True), *words[last + 1 :])
    weights = {
        key: material.rarity(key) * (_REPEATED if key in in_question else 1.0)
        for key in said - {"yes"}
    }
    new = [word for word in words if word.key not in in_question]
    return _Claim(
        text,
        words,
        weights,
        frozenset(word.key for word in new if word.kind == "number"),
        frozenset(word.key for word in new if word.kind == "name"),
    )


def _find(claim: _Claim, asked: Sequence[Word], material: Material) -> list[_Support]:
    """Return the best support of a claim: one run of spans, or a few that need each other."""
    total = sum(claim.weights.values())
    if not total:
        return []
    question = {key: material.rarity(key) for key in content_keys(asked)}
    candidates = [
        _support(claim.weights, question, total, first, last, material)
        for first, last in _runs(material.nearest(claim.weights, _CANDIDATES), material)
    ]
    fitting = [each for each in candidates if not _contradicts(claim, each, material)]
    if not fitting:
        return []
    chosen = [max(fitting, key=lambda each: each.score)]
    while len(chosen) < _MOST_PLACES:
        held = frozenset[str]().union(*(_keys(each, material) for each in chosen))
        missing = {key: weight for key, weight in claim.weights.items() if key not in held}
        facts = (claim.numbers | claim.names) - held
        if sum(missing.values()) < _NEGLIGIBLE * total and not facts:
            break
        further = _complement(facts, missing, total, chosen, fitting, material)
        if further is None:
            break
        chosen.append(further)
    return chosen


def _runs(nearest: Sequence[int], material: Material) -> list[tuple[int, int]]:
    """Return each span by itself and joined with a neighbour of its paragraph."""
    runs: dict[tuple[int, int], None] = {}
    for position in nearest:
        runs[(position, position)] = None
        if position > 0 and material.together(position - 1, position):
            runs[(position - 1, position)] = None
        if position + 1 < len(material.spans) and material.together(position, position + 1):
            runs[(position, position + 1)] = None
    return list(runs)


def _support(
    weights: dict[str, float],
    question: dict[str, float],
    total: float,
    first: int,
    last: int,
    material: Material,
) -> _Support:
    spans = material.spans[first : last + 1]
    keys = frozenset[str]().union(*(span.keys for span in spans))
    part = sum(weight for key, weight in weights.items() if key in keys) / total
    about = sum(question.values())
    around = keys | spans[0].context
    near = sum(weight for key, weight in question.items() if key in keys)
    near += 0.5 * sum(weight for key, weight in question.items() if key in around - keys)
    # A second sentence must bring something, and of equals the one given first wins.
    score = part + 0.3 * (near / about if about else 0.0) - 0.12 * (last - first)
    return _Support(first, last, part, score - 0.001 * spans[0].source)


def _complement(
    facts: frozenset[str],
    missing: dict[str, float],
    total: float,
    chosen: Sequence[_Support],
    fitting: Sequence[_Support],
    material: Material,
) -> _Support | None:
    """Return the run that adds most of what the chosen ones lack, if it adds enough."""
    others = [
        _Support(position, position, 0.0, 0.0)
        for position in material.nearest(missing, _CANDIDATES)
    ]
    source = material.spans[chosen[0].first].source
    best: tuple[float, _Support] | None = None
    for other in (*fitting, *others):
        if any(other.first <= each.last and each.first <= other.last for each in chosen):
            continue
        # Shreds from all over prove nothing: from the third on, places are of one passage.
        if len(chosen) > 1 and material.spans[other.first].source != source:
            continue
        keys = _keys(other, material)
        gain = sum(weight for key, weight in missing.items() if key in keys) / total
        gain += 0.2 * len(facts & keys) - 0.05 * (other.last - other.first)
        if gain >= _WORTH_CITING and (best is None or gain > best[0]):
            best = gain, other
    return best[1] if best else None


def _proves(claim: _Claim, supports: Sequence[_Support], material: Material) -> bool:
    """Tell whether the runs together hold what the claim says."""
    if not supports:
        return False
    keys = frozenset[str]().union(*(_keys(each, material) for each in supports))
    around = keys.union(*(material.spans[each.first].context for each in supports))
    if not claim.numbers <= keys or not claim.names <= around:
        return False
    total = sum(claim.weights.values())
    part = sum(weight for key, weight in claim.weights.items() if key in keys) / total
    return part >= _SUPPORTED or (
        part >= _OPEN and any(each.score == math.inf for each in supports)
    )


def _settle_open(
    claims: Sequence[_Claim],
    found: list[list[_Support]],
    material: Material,
    question: str,
    embed: Embed,
) -> None:
    """Mark by an infinite score the runs that mean what their open claim says."""
    pairs: list[tuple[int, int]] = []
    texts: list[str] = []
    for position, (claim, supports) in enumerate(zip(claims, found, strict=True)):
        if not supports or _proves(claim, supports, material):
            continue
        short = len(claim.weights) <= 3
        texts.append(f"{question} {claim.text}" if short else claim.text)
        for place, each in enumerate(supports):
            if each.part >= _OPEN / 2:
                pairs.append((position, place))
    if not pairs:
        return
    quotes = [material.quote(found[i][j].first, found[i][j].last)[2] for i, j in pairs]
    vectors = embed(texts + quotes)
    opened = list(dict.fromkeys(i for i, _ in pairs))
    sentences = dict(zip(opened, vectors[: len(texts)], strict=False))
    for (i, j), vector in zip(pairs, vectors[len(texts) :], strict=True):
        alike = sum(a * b for a, b in zip(sentences[i], vector, strict=True))
        if alike >= _ALIKE:
            found[i][j] = found[i][j]._replace(score=math.inf)


def _keys(support: _Support, material: Material) -> frozenset[str]:
    spans = material.spans[support.first : support.last + 1]
    return frozenset[str]().union(*(span.keys for span in spans))


def _contradicts(claim: _Claim, support: _Support, material: Material) -> bool:
    """Tell whether one denies what the other says: a shared word, negated on one side only."""
    spans: list[Span] = material.spans[support.first : support.last + 1]
    there = [word for span in spans for word in span.words if word.kind != "function"]
    here = [word for word in claim.words if word.kind != "function"]
    denied_here = {word.key for word in here if word.negated}
    said_here = {word.key for word in here if not word.negated}
    denied_there = {word.key for word in there if word.negated}
    said_there = {word.key for word in there if not word.negated}
    only_here = denied_here & said_there - denied_there
    only_there = (said_here - denied_here) & denied_there - said_there
    return bool(only_here) or bool(only_there)


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

    def __init__(self, material: Material, page_of: PageOf) -> None:
        self.citations: list[Citation] = []
        self._material = material
        self._page_of = page_of

    def number(self, support: _Support) -> int:
        """Return the number of the citation of a run of spans, adding it when it is new."""
        start, end, quote = self._material.quote(support.first, support.last)
        piece = self._material.evidence[self._material.spans[support.first].source]
        for known in self.citations:
            if known.document == piece.document and known.start <= start and end <= known.end:
                return known.n
        page = self._page_of(piece.document, start)
        n = len(self.citations) + 1
        self.citations.append(
            Citation(n, piece.document, piece.path, piece.title, page, start, end, quote)
        )
        return n
