"""Passages by their words: SQLite FTS5, ranked by BM25 over title, headings and text, all alike."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from indexing.scope import Scope

# A question has a dozen terms; a pasted page must not become a query of thousands.
MAX_TERMS = 64
# FTS5 computes BM25 of every passage that has any of the words, 1 to 2 µs each on an idle core.
# In a library of 100,000 passages a question's most frequent words would take most of its
# time, and tell least; its rarer ones find the candidates, which are compared by all.
RANKED_ROWS = 10_000
# Each range of passages is a query of its own, 1 to 2 ms; ranking all takes some ten.
_MOST_RANGES = 8

# Function and question words: they match nearly every passage, tell nothing about which one
# is meant, and cost most of a query's time.
STOP_WORDS = frozenset(
    word
    for line in (
        "a about after again all also am an and any are as at be because been before being",
        "between both but by can could did do does doing down during each few for from further",
        "had has have having he her here hers him his how i if in into is it its itself just me",
        "more most my no nor not of off on once only or other our ours out over own s same she",
        "should so some such t than that the their theirs them then there these they this those",
        "through to too under until up upon very was we were what when where which while who whom",
        "whose why will with would you your yours",
    )
    for word in line.split()
)

_WORD = re.compile(r"\w+")
# Identifiers, numbers, versions, dates: parts that only mean something in this order.
_JOINED = re.compile(r"\w+(?:[-./:_@]\w+)+")


def telling_words(query: str) -> list[str]:
    """The query's words in order, without those that tell nothing where others are left."""
    words = [word.lower() for word in _WORD.findall(query)]
    return [word for word in words if word not in STOP_WORDS] or words


def query_terms(query: str) -> list[str]:
    """The query's telling words, and those of its parts that mean something in this order."""
    terms = dict.fromkeys(telling_words(query))
    for joined in _JOINED.findall(query):
        terms[" ".join(_WORD.findall(joined.lower().replace("_", " ")))] = None
    return list(terms)[:MAX_TERMS]


def match_expression(terms: Sequence[str]) -> str:
    """An FTS5 expression that any of the terms satisfies.

    Every term is quoted, so that nothing in a query is taken for FTS5 syntax.
    """
    return " OR ".join(f'"{term}"' for term in terms)


def search_words(
    connection: sqlite3.Connection, query: str, k: int, scope: Scope | None = None
) -> list[int]:
    """The `k` best passages (of a scope) by BM25, best first."""
    terms = query_terms(query)
    if not terms or (scope is not None and not scope.ranges):
        return []
    if scope is not None and len(scope.ranges) <= _MOST_RANGES and scope.size <= RANKED_ROWS:
        return _search_ranges(connection, match_expression(terms), k, scope.ranges)
    telling = _rarest(connection, terms)
    found = _search_all(connection, match_expression(telling), k, scope)
    if scope is not None and len(found) < k and len(telling) < len(terms):
        # They may all be elsewhere.
        found = _search_all(connection, match_expression(terms), k, scope)
    return found


def _search_all(
    connection: sqlite3.Connection, expression: str, k: int, scope: Scope | None
) -> list[int]:
    """The best of all passages that are in the scope."""
    with closing(connection.execute(f"{_RANKED} ORDER BY rank", (expression,))) as rows:
        within = (row[0] for row in rows if scope is None or row[0] in scope)
        return list(itertools.islice(within, k))


def _search_ranges(
    connection: sqlite3.Connection,
    expression: str,
    k: int,
    ranges: Sequence[tuple[int, int]],
) -> list[int]:
    """The best of some ranges of passages, at the cost of these alone."""
    found: list[tuple[float, int]] = []
    for first, last in ranges:
        rows = connection.execute(
            f"{_RANKED} AND rowid BETWEEN ? AND ? ORDER BY rank LIMIT ?",
            (expression, first, last, k),
        )
        found += [(row[1], row[0]) for row in rows]
    return [passage for _, passage in sorted(found)[:k]]


def _rarest(connection: sqlite3.Connection, terms: Sequence[str]) -> list[str]:
    """The terms that tell most, as many as can be ranked in time; at least one."""
    counted = sorted((_passages_with(connection, term), term) for term in terms)
    kept: list[str] = []
    rows = 0
    for count, term in counted:
        if rows and rows + count > RANKED_ROWS:
            break
        rows += count
        kept.append(term)
    return kept


def _passages_with(connection: sqlite3.Connection, term: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM passage_words WHERE passage_words MATCH ?", (f'"{term}"',)
    ).fetchone()
    return int(row[0])


_RANKED = "SELECT rowid, rank FROM passage_words WHERE passage_words MATCH ?"
