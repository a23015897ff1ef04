"""One score from several: how alike a passage means, and how well its words match.

Scores are added up, not ranks: where one side is sure and the other guesses (names and
numbers for the dense side, paraphrases for the keyword side), ranks hide it and scores show
it. Each part has a fixed scale from 0 to 1, so that scores of different queries compare; what
surrounds a passage adds or takes a little.

The weights were chosen by measuring (tests/benchmarks/retrieval.py), on one half of each
question set and seen on the other: hit@5 and nDCG@10 of 1,400 abstracts with 225 questions, of
the pages of six PDFs of a company with 201, and of 20 quarterly reports with 195.

    BM25 alone                     .764 .358   .856 .719   .687 .540
    cosine alone                   .764 .374   .856 .729   .954 .761
    ranks, equal weights (k = 60)  .822 .408   .920 .793   .949 .764
    cosine + .4 BM25               .827 .409   .935 .810   .964 .800
    ... + coverage and closeness   .822 .411   .925 .823   .938 .792
    ... + headings                 .827 .414   .920 .821   .959 .787
    ... + the whole document       .827 .413   .920 .821   .979 .823
    ... + what is in common        .831 .433   .920 .822   .985 .816
    ... + the neighbours           .836 .431   .920 .826   .985 .834
    ... + the files' names         .836 .431   .920 .833   .985 .864

For questions on single facts (604, on 21,160 paragraphs of an encyclopedia) the words' coverage
and closeness matter most; all together reach .960 and .902. Of what 472 questions need of five
long texts, five passages hold .890 without the neighbours and .901 with them.

Around these weights the figures move by less than .01.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexing.wordmatch import NO_MATCH, WordMatch

Vector = NDArray[np.float32]

BM25_WEIGHT = 0.4
COVERAGE_WEIGHT = 0.3
HEADING_WEIGHT = 0.15
CLOSENESS_WEIGHT = 0.3
GATHERING_WEIGHT = 0.3
# What the best have in common says what is asked about where the words leave it open (on
# abstracts of one field), and leads astray where the words say it (questions for one fact).
# So it counts as much as the best leave uncovered.
COMMON_WEIGHT = 1.5
_COMMON_TO = 5
# What the whole document is about.
DOCUMENT_WEIGHT = 0.5
# What stands before and after a passage in its section, each: where a whole section is about the
# question, its passages mean it though their own words say it with "this" and "it", and one
# passage alone that happens to sound like the question does not. Counted from what is typical
# of the candidates, so that a passage that stands alone neither gains nor loses. A neighbour that
# is no candidate is taken for typical: with its vector the handbook's pages gain .005, and a
# search among 100,000 passages takes a quarter longer.
NEIGHBOUR_WEIGHT = 0.2
# What a passage loses of its score whose document is not meant (see namesakes.py): so much that no
# model is given it beside one that is (`evidence.LEAST_SHARE`).
NAMESAKE_WEIGHT = 0.7
# A cross-encoder that is sure outweighs all the rest, which reaches about 2; where it is not,
# the rest decides.
JUDGEMENT_WEIGHT = 2.0
# How many of each side's best are candidates: with 50, 100 and 200 the first ten are alike.
DEPTH = 100


class Scored(msgspec.Struct, frozen=True):
    """A candidate passage.

    Attributes:
        score: What it is ranked by.
        cosine: Cosine similarity to the query; 0 while its vector is not made yet.
        coverage: Share of the query's words it has, each by how rare it is.
    """

    passage: int
    score: float
    cosine: float
    coverage: float


def fuse(
    passages: Sequence[int],
    query: Vector,
    vectors: Mapping[int, Vector],
    words: Mapping[int, WordMatch],
    documents: Mapping[int, float],
    neighbours: Mapping[int, Sequence[int]],
) -> list[Scored]:
    """Ranks candidates, best first.

    Args:
        passages: The candidates, found by either side.
        query: The query's vector, of unit length as all of them.
        vectors: Of every candidate that has one.
        words: Of every candidate that has a word of the query.
        documents: The share of the query that each candidate's document is about, if any.
        neighbours: The passages before and after each candidate in its section, if any.
    """
    cosines = {passage: float(vector @ query) for passage, vector in vectors.items()}
    typical = statistics.median([cosines[p] for p in passages if p in cosines] or [0.0])
    scored: list[Scored] = []
    for passage in passages:
        cosine = cosines.get(passage, 0.0)
        beside = sum(cosines[n] - typical for n in neighbours.get(passage, ()) if n in cosines)
        match = words.get(passage, NO_MATCH)
        score = (
            cosine
            + BM25_WEIGHT * match.bm25
            + COVERAGE_WEIGHT * match.coverage
            + HEADING_WEIGHT * match.heading
            + CLOSENESS_WEIGHT * match.closeness
            + GATHERING_WEIGHT * match.gathering
            + DOCUMENT_WEIGHT * documents.get(passage, 0.0)
            + NEIGHBOUR_WEIGHT * beside
        )
        scored.append(Scored(passage, score, cosine, match.coverage))
    return _in_order(_with_common(_in_order(scored), vectors))


def added(ranked: Sequence[Scored], more: Mapping[int, float], weight: float) -> list[Scored]:
    """The ranking with something more, from 0 to 1, known of some candidates."""
    return _in_order(
        [
            msgspec.structs.replace(item, score=item.score + weight * more[item.passage])
            if item.passage in more
            else item
            for item in ranked
        ]
    )


def set_back(ranked: Sequence[Scored], passages: AbstractSet[int]) -> list[Scored]:
    """The ranking with some of its passages behind, as they are not meant."""
    return _in_order(
        [
            msgspec.structs.replace(item, score=item.score * (1.0 - NAMESAKE_WEIGHT))
            if item.passage in passages
            else item
            for item in ranked
        ]
    )


def _with_common(ranked: Sequence[Scored], vectors: Mapping[int, Vector]) -> list[Scored]:
    """Adds to each score how alike the candidate is to what the best are about."""
    best = ranked[:_COMMON_TO]
    near = [vectors[item.passage] for item in best if item.passage in vectors]
    uncovered = 1.0 - max((item.coverage for item in best), default=1.0)
    if not near or uncovered <= 0.0:
        return list(ranked)
    middle = np.sum(near, axis=0)
    middle /= np.linalg.norm(middle) or 1.0
    return [
        msgspec.structs.replace(
            item,
            score=item.score + COMMON_WEIGHT * uncovered * float(vectors[item.passage] @ middle),
        )
        if item.passage in vectors
        else item
        for item in ranked
    ]


def _in_order(scored: Sequence[Scored]) -> list[Scored]:
    return sorted(scored, key=lambda item: (-item.score, item.passage))
