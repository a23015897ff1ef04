"""Finds the places of the material that hold what a sentence claims, and judges them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from assistant.answering.claims import Claim
from assistant.answering.material import Material, Span
from assistant.answering.words import Word, content_keys

Embed = Callable[[list[str]], list[list[float]]]

_SUPPORTED = 0.62  # part of the claim's weight that its places must hold to prove it by words
_OPEN = 0.25  # below this part, no likeness of meaning makes up for the words
_ALIKE = 0.7  # cosine from which claim and place say the same, between the two
_NEGLIGIBLE = 0.2  # part of the weight that may be missing without looking for a further place
_WORTH_CITING = 0.12  # part that a further place must add
_MOST_PLACES = 4  # a sentence that lists things may draw on several places
_CANDIDATES = 8
_OF_ANOTHER = 0.2  # what a place loses that does not name what the claim speaks of
_RIVALS = 4  # places that are compared by meaning where words leave a claim open


class Place(NamedTuple):
    """A run of spans held against a claim.

    Attributes:
        first: Position of its first span in the material.
        last: Position of its last span.
        score: How well it fits claim and question; only good for comparing.
    """

    first: int
    last: int
    score: float


class Finding(NamedTuple):
    """What was found for a claim.

    Attributes:
        places: The place or places that together hold most of it.
        rivals: The places that fit it best one by one, best first.
    """

    places: tuple[Place, ...]
    rivals: tuple[Place, ...]


def find(claim: Claim, asked: Sequence[Word], material: Material) -> Finding:
    """Return the best place for a claim, or a few that need each other."""
    if not claim.total:
        return Finding((), ())
    question = {key: material.rarity(key) for key in content_keys(asked)}
    places = [
        Place(first, last, _score(claim, question, first, last, material))
        for first, last in _runs(material.nearest(claim.weights, _CANDIDATES), material)
    ]
    fitting = [place for place in places if not _contradicts(claim, place, material)]
    if not fitting:
        return Finding((), ())
    fitting.sort(key=lambda place: -place.score)
    chosen = [fitting[0]]
    while len(chosen) < _MOST_PLACES:
        missing = claim.weights.keys() - _held(chosen, material)
        gap = sum(claim.weights[key] for key in missing)
        if gap < _NEGLIGIBLE * claim.total and not missing & (claim.numbers | claim.names):
            break
        further = _complement(claim, missing, chosen, fitting, material)
        if further is None:
            break
        chosen.append(further)
    return Finding(tuple(chosen), tuple(fitting[:_RIVALS]))


def proves(claim: Claim, places: Sequence[Place], material: Material) -> bool:
    """Tell whether the places together hold what the claim says, by its words."""
    return (
        bool(places)
        and _holds_facts(claim, places, material)
        and (_part(claim, places, material) >= _SUPPORTED)
    )


def settle_open(
    claims: Sequence[Claim],
    findings: Sequence[Finding],
    question: str,
    material: Material,
    embed: Embed,
) -> list[tuple[Place, ...]]:
    """Return the places that prove each claim; () for a claim that nothing proves.

    Claims that words leave open are compared with their rivals by meaning, all in one
    call of the embedder.
    """
    proved = [
        finding.places if proves(claim, finding.places, material) else ()
        for claim, finding in zip(claims, findings, strict=True)
    ]
    pairs: list[tuple[int, Place]] = []
    for position, (claim, finding) in enumerate(zip(claims, findings, strict=True)):
        if proved[position]:
            continue
        for place in finding.rivals:
            enough = _part(claim, [place], material) >= _OPEN
            if enough and _holds_facts(claim, [place], material):
                pairs.append((position, place))
    if not pairs:
        return proved
    opened = list(dict.fromkeys(position for position, _ in pairs))
    texts = [_in_full(claims[position], question) for position in opened]
    texts += [material.quote(place.first, place.last)[2] for _, place in pairs]
    vectors = embed(texts)
    meaning = dict(zip(opened, vectors, strict=False))
    best = dict.fromkeys(opened, _ALIKE)
    for (position, place), vector in zip(pairs, vectors[len(opened) :], strict=True):
        alike = sum(a * b for a, b in zip(meaning[position], vector, strict=True))
        if alike >= best[position]:
            best[position] = alike
            proved[position] = (place,)
    return proved


def _in_full(claim: Claim, question: str) -> str:
    """Return a claim with the question where it is too short to mean much by itself."""
    return f"{question} {claim.text}" if len(claim.weights) <= 3 else claim.text


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


def _score(
    claim: Claim, question: dict[str, float], first: int, last: int, material: Material
) -> float:
    """Tell how well a run fits: by the claim's words, and by the question's in and around it."""
    spans = material.spans[first : last + 1]
    keys = _keys(spans)
    part = sum(weight for key, weight in claim.weights.items() if key in keys) / claim.total
    around = keys | spans[0].context
    near = sum(weight for key, weight in question.items() if key in keys)
    near += 0.5 * sum(weight for key, weight in question.items() if key in around - keys)
    about = sum(question.values())
    # A second sentence must bring something, and of equals the one given first wins. What is said
    # of one plan is not shown by what another plan's booklet says in the same words.
    score = part + 0.3 * (near / about if about else 0.0) - 0.12 * (last - first)
    score -= _OF_ANOTHER * bool(claim.subjects - around)
    return score - 0.001 * spans[0].source


def _complement(
    claim: Claim,
    missing: set[str],
    chosen: Sequence[Place],
    fitting: Sequence[Place],
    material: Material,
) -> Place | None:
    """Return the place that adds most of what the chosen ones lack, if it adds enough."""
    facts = missing & (claim.numbers | claim.names)
    lacking = {key: claim.weights[key] for key in missing}
    nearest = material.nearest(lacking, _CANDIDATES)
    source = material.spans[chosen[0].first].source
    best: tuple[float, Place] | None = None
    for other in (*fitting, *(Place(position, position, 0.0) for position in nearest)):
        if any(other.first <= each.last and each.first <= other.last for each in chosen):
            continue
        # Shreds from all over prove nothing: from the third on, places are of one passage.
        if len(chosen) > 1 and material.spans[other.first].source != source:
            continue
        keys = _held([other], material)
        gain = sum(weight for key, weight in lacking.items() if key in keys) / claim.total
        gain += 0.2 * len(facts & keys) - 0.05 * (other.last - other.first)
        if gain >= _WORTH_CITING and (best is None or gain > best[0]):
            best = gain, other
    return best[1] if best else None


def _holds_facts(claim: Claim, places: Sequence[Place], material: Material) -> bool:
    """Tell whether every number stands in the places, and every name there or just before."""
    keys = _held(places, material)
    around = keys.union(*(material.spans[place.first].context for place in places))
    return claim.numbers <= keys and claim.names <= around


def _part(claim: Claim, places: Sequence[Place], material: Material) -> float:
    keys = _held(places, material)
    return sum(weight for key, weight in claim.weights.items() if key in keys) / claim.total


def _held(places: Sequence[Place], material: Material) -> frozenset[str]:
    spans = [span for place in places for span in material.spans[place.first : place.last + 1]]
    return _keys(spans)


def _keys(spans: Sequence[Span]) -> frozenset[str]:
    return frozenset[str]().union(*(span.keys for span in spans))


def _contradicts(claim: Claim, place: Place, material: Material) -> bool:
    """Tell whether one denies what the other says: a shared word, negated on one side only."""
    spans = material.spans[place.first : place.last + 1]
    there = [word for span in spans for word in span.words if word.kind != "function"]
    here = [word for word in claim.words if word.kind != "function"]
    denied_here = {word.key for word in here if word.negated}
    said_here = {word.key for word in here if not word.negated}
    denied_there = {word.key for word in there if word.negated}
    said_there = {word.key for word in there if not word.negated}
    only_here = denied_here & said_there - denied_there
    only_there = (said_here - denied_here) & denied_there - said_there
    return bool(only_here) or bool(only_there)
