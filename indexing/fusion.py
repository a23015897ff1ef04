"""One score from two: how alike a passage means, and how well its words match.

The two are combined by a weighted sum of scores, not of ranks: where one side is sure and
the other guesses (names and numbers for the dense side, paraphrases for the keyword side),
ranks hide it and scores show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

# Share of the keyword score in the sum.
KEYWORD_SHARE = 0.5
# How many of each side's best are candidates; 50, 100 and 200 rank the first ten alike.
DEPTH = 100


class Scored(msgspec.Struct, frozen=True):
    """A candidate passage.

    Attributes:
        score: What it is ranked by.
        cosine: Cosine similarity to the query; 0 while its vector is not made yet.
        keyword: BM25 in parts of the query's best; 0 where no word matches.
    """

    passage: int
    score: float
    cosine: float
    keyword: float


def fuse(cosines: Mapping[int, float], keywords: Sequence[tuple[int, float]]) -> list[Scored]:
    """Ranks candidates, best first.

    Args:
        cosines: Cosine of every candidate, found by either side, that has a vector.
        keywords: BM25 of those that words found.

    BM25 has no fixed scale, so it is taken in parts of the query's best; the cosine has one.
    """
    best = max((score for _, score in keywords), default=0.0)
    shares = {passage: score / best for passage, score in keywords} if best > 0 else {}
    scored = [
        Scored(
            passage,
            KEYWORD_SHARE * shares.get(passage, 0.0)
            + (1 - KEYWORD_SHARE) * cosines.get(passage, 0.0),
            cosines.get(passage, 0.0),
            shares.get(passage, 0.0),
        )
        for passage in {**cosines, **shares}
    ]
    return sorted(scored, key=lambda item: (-item.score, item.passage))
