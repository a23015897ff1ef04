"""How completely and how closely a passage has a query's words.

BM25 adds up single words; a passage that has all of them, and near each other, is a better
answer than one that repeats a few. Words are cut and stemmed by FTS5 itself: the candidates
go through a small table in memory, whose vocabulary tells where each word stands. BM25 is
computed here too: FTS5 would rank every passage of the index that has one of the words to
score a hundred of them.
"""

from __future__ import annotations

import itertools
import json
import math
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from indexing.keywords import MAX_TERMS, telling_words
from indexing.schema import TOKENIZER

# BM25's usual constants, as FTS5 has them: how soon more of a word adds nothing, and how much
# a long passage counts for less.
_K1 = 1.2
_B = 0.75


class Candidate(msgspec.Struct, frozen=True):
    """A passage to compare with a query: its title and headings, and its text."""

    heading: str
    body: str


class WordMatch(msgspec.Struct, frozen=True):
    """A passage's match with a query's words, each weighted by how rare it is; all 0 to 1.

    Attributes:
        coverage: Share of the words that the passage has, in its headings or its text.
        heading: Share of the words that its title and headings have.
        closeness: Of words that are neighbours in the query, the share that stand side by
            side; less with the root of their distance.
        gathering: The same of any two of its words.
        bm25: BM25 as a share of the most that the query could reach.
    """

    coverage: float = 0.0
    heading: float = 0.0
    closeness: float = 0.0
    gathering: float = 0.0
    bm25: float = 0.0


class Matches(msgspec.Struct, frozen=True):
    """What a query's words tell of its candidates.

    Attributes:
        words: The words as the query has them, with their shares in it by how rare each is.
        passages: The match of each candidate that has one of them.
    """

    words: Mapping[str, float] = {}
    passages: Mapping[int, WordMatch] = {}


NO_MATCH = WordMatch()

_Places = dict[str, list[int]]


class WordMatcher:
    """Compares passages with queries by their words.

    Args:
        connection: The database, for how rare each word is.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        # On every connection anew: it is a view of the index, and holds nothing.
        connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.passage_terms "
            "USING fts5vocab (main, passage_words, row)"
        )
        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._memory.execute(
            f"CREATE VIRTUAL TABLE words USING fts5 (heading, body, tokenize='{TOKENIZER}')"
        )
        self._memory.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (words, instance)")

    def match(self, query: str, candidates: Mapping[int, Candidate]) -> Matches:
        """Compares a query with its candidates, given by their ids."""
        words, terms, places, headings = self._places(query, candidates)
        rarity = self._rarity(set(terms))
        total = sum(rarity.values())
        if not total:
            return Matches()
        neighbours = {_pair(a, b) for a, b in itertools.pairwise(terms) if a != b}
        pairs = [_pair(a, b) for a, b in itertools.combinations(rarity, 2)]
        weight = {pair: min(rarity[pair[0]], rarity[pair[1]]) for pair in pairs}
        beside = sum(weight[pair] for pair in neighbours)
        together = sum(weight.values())
        sizes = {passage: _size(candidates[passage]) for passage in places}
        typical = sum(sizes.values()) / len(sizes) if sizes else 1.0
        # A word that the tokenizer cuts leaves the two apart; then the stems have to do.
        as_asked = dict(zip(terms, words if len(words) == len(terms) else terms, strict=True))
        matches: dict[int, WordMatch] = {}
        for passage, found in places.items():
            close = near = 0.0
            for pair in pairs:
                if pair[0] in found and pair[1] in found:
                    share = weight[pair] / math.sqrt(distance(found[pair[0]], found[pair[1]]))
                    near += share
                    if pair in neighbours:
                        close += share
            slack = _K1 * (1 - _B + _B * sizes[passage] / typical)
            matches[passage] = WordMatch(
                coverage=sum(rarity[term] for term in found) / total,
                heading=sum(rarity[term] for term in headings.get(passage, ())) / total,
                closeness=close / beside if beside else 0.0,
                gathering=near / together if together else 0.0,
                bm25=sum(
                    rarity[term] * len(where) / (len(where) + slack)
                    for term, where in found.items()
                )
                / total,
            )
        return Matches(
            {as_asked[term]: share / total for term, share in rarity.items() if share}, matches
        )

    def close(self) -> None:
        """Lets go of the table in memory."""
        self._memory.close()

    def _places(
        self, query: str, candidates: Mapping[int, Candidate]
    ) -> tuple[list[str], list[str], dict[int, _Places], dict[int, set[str]]]:
        """The query's words and their stems; where each stands in each text; those in headings.

        Places count through the headings and on through the text.
        """
        memory = self._memory
        words = telling_words(query)[:MAX_TERMS]
        memory.execute("BEGIN")
        try:
            memory.execute("INSERT INTO words (rowid, body) VALUES (0, ?)", (" ".join(words),))
            terms = [row[0] for row in memory.execute("SELECT term FROM terms ORDER BY offset")]
            memory.executemany(
                "INSERT INTO words (rowid, heading, body) VALUES (?, ?, ?)",
                [
                    (passage, item.heading, f"{item.heading}\n{item.body}")
                    for passage, item in candidates.items()
                ],
            )
            rows = memory.execute(
                "SELECT term, doc, col, offset FROM terms "
                "WHERE term IN (SELECT value FROM json_each(?)) AND doc > 0",
                (json.dumps(sorted(set(terms))),),
            ).fetchall()
        finally:
            memory.execute("ROLLBACK")
        places: dict[int, _Places] = {}
        headings: dict[int, set[str]] = {}
        for term, passage, column, offset in rows:
            if column == "heading":
                headings.setdefault(passage, set()).add(term)
            else:
                places.setdefault(passage, {}).setdefault(term, []).append(offset)
        return words, terms, places, headings

    def _rarity(self, terms: set[str]) -> dict[str, float]:
        """BM25's inverse document frequency; 0 for a word that no passage has."""
        everything: int = self._db.execute("SELECT count(*) FROM passages").fetchone()[0]
        rarity: dict[str, float] = {}
        for term in sorted(terms):
            row = self._db.execute(
                "SELECT doc FROM temp.passage_terms WHERE term = ?", (term,)
            ).fetchone()
            with_it = row[0] if row is not None else 0
            rarity[term] = (
                math.log(1 + max(0.0, everything - with_it + 0.5) / (with_it + 0.5))
                if with_it
                else 0.0
            )
        return rarity


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _size(candidate: Candidate) -> int:
    return len(candidate.heading) + len(candidate.body)


def distance(one: Sequence[int], other: Sequence[int]) -> int:
    """The least distance of two words' places; both are in ascending order, none empty."""
    best = abs(one[0] - other[0])
    i = j = 0
    while i < len(one) and j < len(other):
        best = min(best, abs(one[i] - other[j]))
        if one[i] < other[j]:
            i += 1
        else:
            j += 1
    return max(1, best)
