"""What a passage lacks of a query's words and its document has elsewhere.

A report names its company on the first page and speaks of "the company" from there on: a
question that names it means the passages of this report, though none of them says so. The
name of the file counts as well.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import PurePath

_WORD = re.compile(r"[^\W_]+")


def found_elsewhere(
    connection: sqlite3.Connection,
    passages: Sequence[int],
    lacking: Mapping[int, Mapping[str, float]],
) -> dict[int, float]:
    """The share of the query's words that each passage lacks and its document has.

    Args:
        passages: The passages to tell it of; each costs some look-ups.
        lacking: The words that a passage lacks with their shares in the query.
    """
    rows = connection.execute(
        "SELECT p.id, d.path, (SELECT min(id) FROM passages WHERE content_id = p.content_id), "
        "(SELECT max(id) FROM passages WHERE content_id = p.content_id) "
        "FROM passages AS p JOIN documents AS d ON d.content_id = p.content_id "
        "WHERE p.id IN (SELECT value FROM json_each(?))",
        (json.dumps([passage for passage in passages if lacking.get(passage)]),),
    ).fetchall()
    known: dict[tuple[int, str], bool] = {}
    shares: dict[int, float] = {}
    for passage, path, first, last in rows:
        name = {word.lower() for word in _WORD.findall(PurePath(path).stem)}
        for word, share in lacking[passage].items():
            has = known.get((first, word))
            if has is None:
                has = word in name or (first < last and _has(connection, word, first, last))
                known[first, word] = has
            if has:
                shares[passage] = shares.get(passage, 0.0) + share
    return shares


def _has(connection: sqlite3.Connection, word: str, first: int, last: int) -> bool:
    """Whether one of the passages `first` to `last`, which are a document's, has the word."""
    row = connection.execute(
        "SELECT 1 FROM passage_words WHERE passage_words MATCH ? AND rowid BETWEEN ? AND ? LIMIT 1",
        (f'"{word}"', first, last),
    ).fetchone()
    return row is not None
