"""Passages by their words: SQLite FTS5, ranked by BM25 over title, headings and text, all alike."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence

# A question has a dozen terms; a pasted page must not become a query of thousands.
MAX_TERMS = 64

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


def match_expression(query: str) -> str | None:
    """An FTS5 expression that any of the query's telling words satisfies.

    Every term is quoted, so that nothing in the query is taken for FTS5 syntax.

    Returns:
        The expression; None when the query has no word.
    """
    terms = dict.fromkeys(telling_words(query))
    for joined in _JOINED.findall(query):
        terms[" ".join(_WORD.findall(joined.lower().replace("_", " ")))] = None
    return " OR ".join(f'"{term}"' for term in list(terms)[:MAX_TERMS]) or None


def search_words(
    connection: sqlite3.Connection,
    query: str,
    k: int,
    documents: Sequence[int] | None = None,
) -> list[int]:
    """The `k` best passages (of the documents) by BM25, best first."""
    expression = match_expression(query)
    if expression is None:
        return []
    within = documents is not None
    rows = connection.execute(
        "SELECT rowid FROM passage_words WHERE passage_words MATCH ? "
        f"{_IN_DOCUMENTS if within else ''} ORDER BY rank LIMIT ?",
        (expression, *([json.dumps(list(documents))] if within else []), k),
    )
    return [row[0] for row in rows]


_IN_DOCUMENTS = (
    "AND rowid IN (SELECT p.id FROM passages AS p JOIN documents AS d "
    "ON d.content_id = p.content_id WHERE d.id IN (SELECT value FROM json_each(?)))"
)
