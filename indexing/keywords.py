"""Passages by their words: SQLite FTS5, ranked by BM25 over title, headings and text."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence

# How much a word counts in the title, in the headings, in the text.
TITLE_WEIGHT = 1.0
HEADINGS_WEIGHT = 1.0
BODY_WEIGHT = 1.0
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


def match_expression(query: str) -> str | None:
    """An FTS5 expression that any of the query's telling words satisfies.

    Every term is quoted, so that nothing in the query is taken for FTS5 syntax.

    Returns:
        The expression; None when the query has no word.
    """
    words = [word.lower() for word in _WORD.findall(query)]
    telling = [word for word in words if word not in STOP_WORDS] or words
    terms = dict.fromkeys(telling)
    for joined in _JOINED.findall(query):
        terms[" ".join(_WORD.findall(joined.lower().replace("_", " ")))] = None
    return " OR ".join(f'"{term}"' for term in list(terms)[:MAX_TERMS]) or None


def search_words(
    connection: sqlite3.Connection,
    query: str,
    k: int,
    documents: Sequence[int] | None = None,
) -> list[tuple[int, float]]:
    """The `k` best passages (of the documents) with their BM25 scores, higher is better."""
    expression = match_expression(query)
    if expression is None:
        return []
    restriction = ""
    values: list[object] = [TITLE_WEIGHT, HEADINGS_WEIGHT, BODY_WEIGHT, expression]
    if documents is not None:
        restriction = (
            "AND rowid IN (SELECT p.id FROM passages AS p JOIN documents AS d "
            "ON d.content_id = p.content_id WHERE d.id IN (SELECT value FROM json_each(?)))"
        )
        values.append(json.dumps(list(documents)))
    rows = connection.execute(
        "SELECT rowid, -bm25(passage_words, ?, ?, ?) AS score FROM passage_words "
        f"WHERE passage_words MATCH ? {restriction} ORDER BY score DESC LIMIT ?",
        (*values, k),
    )
    return [(row[0], row[1]) for row in rows]
