"""How much of what a query is about the whole documents are about.

A report names its company on its first page, or in a heading over all of it, and speaks of
"the company" from there on: a question that names the company means this report, though its
passages do not say so, and not the report of another one that mentions it as a rival. What a
document is about is told by the share of its passages that have a word. The name of the file
counts as if all of them had it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

# Passages without the word that every document is taken to have besides its own: in a text of
# two passages a word in both says little, in a text of a hundred much.
_PRIOR = 20
# Passages with a word that are gone through, 0.3 ms for a thousand; the words that tell least
# are left out beyond.
_MOST_ROWS = 30_000

_WORD = re.compile(r"[^\W_]+")

# The words of a file's name.
Name = frozenset[str]


class _Document(NamedTuple):
    """Ids of the first and last passage, and the words of the file's name."""

    first: int
    last: int
    name: Name


def document_shares(
    connection: sqlite3.Connection, passages: Sequence[int], words: Mapping[str, float]
) -> dict[int, float]:
    """The share, 0 to 1, of the query's words that each passage's document is about.

    Args:
        passages: The candidates.
        words: The query's words with their shares in it.

    Returns:
        By passage; those whose documents are about none of the words are left out.
    """
    documents = _documents(connection, passages)
    about = [0.0] * len(documents)
    left = _MOST_ROWS
    for word in sorted(words, key=lambda word: -words[word]):
        having = _passages_with(connection, word, left + 1)
        left -= len(having)
        if left < 0:
            break
        for number, (first, last, name) in enumerate(documents):
            size = last - first + 1
            count = bisect_right(having, last) - bisect_left(having, first)
            about[number] += words[word] * (size if word in name else count) / (size + _PRIOR)
    shares: dict[int, float] = {}
    for passage in passages:
        number = bisect_right(documents, passage, key=lambda item: item.first) - 1
        if number >= 0 and passage <= documents[number].last and about[number]:
            shares[passage] = about[number]
    return shares


def name_words(path: str) -> Name:
    """The words of a file's name, without its suffix, in lower case."""
    return words_of(PurePath(path).stem)


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case, as the names of files are compared with it."""
    return frozenset(word.lower() for word in _WORD.findall(text))


def _documents(connection: sqlite3.Connection, passages: Sequence[int]) -> list[_Document]:
    """The documents of the passages, in the order of their passages."""
    rows = connection.execute(_DOCUMENTS, (json.dumps(list(passages)),))
    return sorted(_Document(first, last, name_words(path)) for path, first, last in rows)


def _passages_with(connection: sqlite3.Connection, word: str, limit: int) -> list[int]:
    """The first passages that have the word in any form, in ascending order."""
    rows = connection.execute(
        "SELECT rowid FROM passage_words WHERE passage_words MATCH ? LIMIT ?",
        (f'"{word}"', limit),
    )
    return [row[0] for row in rows]


_DOCUMENTS = """
    SELECT d.path,
        (SELECT id FROM passages WHERE content_id = d.content_id ORDER BY first LIMIT 1),
        (SELECT id FROM passages WHERE content_id = d.content_id ORDER BY first DESC LIMIT 1)
    FROM documents AS d WHERE d.content_id IN (
        SELECT content_id FROM passages WHERE id IN (SELECT value FROM json_each(?)))
"""
