"""One score from several: how alike a passage means, and how well its words match.

Scores are added up, not ranks: where one side is sure and the other guesses (names and
numbers for the dense side, paraphrases for the keyword side), ranks hide it and scores show
it. Each part has a fixed scale from 0 to 1, so that scores of different queries compare.

The weights were chosen by measuring (tests/benchmarks/retrieval.py): hit@5 and nDCG@10 of
21,160 paragraphs of an encyclopedia with 604 questions, of 1,400 abstracts with 225, and of
the pages of six PDFs of a company with 201.

    cosine alone                                   .793 .704   .760 .375   .856 .732
    BM25 alone                                     .919 .859   .756 .357   .861 .722
    ranks, equal weights (k = 60)                  .896 .822
    cosine + BM25 as a share of the query's best   .942 .880   .809 .406   .896 .776
    cosine + .5 BM25 as a share of what can be     .911 .846   .831 .414   .925 .802
    ... + .3 coverage + .3 closeness               .955 .903   .827 .410   .915 .822

Around these weights (.3 to .7, .3 to .5, .3 to .5) the figures move by less than .01.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from indexing.wordmatch import NO_MATCH, WordMatch

BM25_WEIGHT = 0.5
COVERAGE_WEIGHT = 0.3
CLOSENESS_WEIGHT = 0.3
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


def fuse(cosines: Mapping[int, float], words: Mapping[int, WordMatch]) -> list[Scored]:
    """Ranks candidates, best first.

    Args:
        cosines: Of every candidate, found by either side, that has a vector.
        words: Of every candidate that has a word of the query.
    """
    scored: list[Scored] = []
    for passage in {**cosines, **words}:
        cosine = cosines.get(passage, 0.0)
        match = words.get(passage, NO_MATCH)
        score = (
            cosine
            + BM25_WEIGHT * match.bm25
            + COVERAGE_WEIGHT * match.coverage
            + CLOSENESS_WEIGHT * match.closeness
        )
        scored.append(Scored(passage, score, cosine, match.coverage))
    return sorted(scored, key=lambda item: (-item.score, item.passage))
