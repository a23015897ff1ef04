"""How completely and how closely a passage has a query's words.

BM25 adds up single words; a passage that has all of them, and near each other, is a better
answer than one that repeats a few. Words are cut and stemmed by FTS5 itself: the candidates
go through a small table in memory, whose vocabulary tells where each word stands.
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

# The most that one word's frequency can multiply its weight by in BM25 (k1 + 1).
_BM25_MOST = 2.2


class WordMatch(msgspec.Struct, frozen=True):
    """A passage's match with a query's words, each weighted by how rare it is.

    Attributes:
        coverage: Share of the words that the passage has.
        closeness: Share of the words' neighbourhoods that it has: 1 where all stand side by
            side as in the query, less with the root of their distance.
        bm25: BM25 as a share of the most that the query could reach.
    """

    coverage: float
    closeness: float
    bm25: float


NO_MATCH = WordMatch(0.0, 0.0, 0.0)


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
            f"CREATE VIRTUAL TABLE words USING fts5 (body, tokenize='{TOKENIZER}')"
        )
        self._memory.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (words, instance)")

    def match(
        self, query: str, texts: Mapping[int, str], bm25: Mapping[int, float]
    ) -> dict[int, WordMatch]:
        """The match of each text that has a word of the query.

        Args:
            query: The query, as it was asked.
            texts: Passages, with title and headings, by id.
            bm25: Their BM25, as FTS5 gives it.
        """
        terms, places = self._places(query, texts)
        rarity = {term: self._rarity(term) for term in set(terms)}
        total = sum(rarity.values())
        if not total:
            return {}
        pairs = [(a, b) for a, b in itertools.pairwise(terms) if a != b]
        all_pairs = sum(min(rarity[a], rarity[b]) for a, b in pairs)
        matches: dict[int, WordMatch] = {}
        for passage, found in places.items():
            near = sum(
                min(rarity[a], rarity[b]) / math.sqrt(distance(found[a], found[b]))
                for a, b in pairs
                if a in found and b in found
            )
            matches[passage] = WordMatch(
                coverage=sum(rarity[term] for term in found) / total,
                closeness=near / all_pairs if all_pairs else 0.0,
                bm25=bm25.get(passage, 0.0) / (total * _BM25_MOST),
            )
        return matches

    def close(self) -> None:
        """Lets go of the table in memory."""
        self._memory.close()

    def _places(
        self, query: str, texts: Mapping[int, str]
    ) -> tuple[list[str], dict[int, dict[str, list[int]]]]:
        """The query's stems in order, and where each stands in each text."""
        memory = self._memory
        words = " ".join(telling_words(query)[:MAX_TERMS])
        memory.execute("BEGIN")
        try:
            memory.execute("INSERT INTO words (rowid, body) VALUES (0, ?)", (words,))
            terms = [row[0] for row in memory.execute("SELECT term FROM terms ORDER BY offset")]
            memory.executemany("INSERT INTO words (rowid, body) VALUES (?, ?)", texts.items())
            rows = memory.execute(
                "SELECT term, doc, offset FROM terms "
                "WHERE term IN (SELECT value FROM json_each(?)) AND doc > 0",
                (json.dumps(sorted(set(terms))),),
            ).fetchall()
        finally:
            memory.execute("ROLLBACK")
        places: dict[int, dict[str, list[int]]] = {}
        for term, passage, offset in rows:
            places.setdefault(passage, {}).setdefault(term, []).append(offset)
        return terms, places

    def _rarity(self, term: str) -> float:
        """BM25's inverse document frequency; 0 for a word that no passage has."""
        row = self._db.execute(
            "SELECT doc FROM temp.passage_terms WHERE term = ?", (term,)
        ).fetchone()
        if row is None:
            return 0.0
        everything: int = self._db.execute("SELECT max(id) FROM passages").fetchone()[0]
        return math.log(1 + max(0.0, everything - row[0] + 0.5) / (row[0] + 0.5))


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
