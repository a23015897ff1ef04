"""Documents that are called alike: where a question names one of them, the others are not meant.

Two plans of an insurer, or the quarterly reports of a company, say the same things in the same
words. To a search a passage of the one is as good as one of the other, and a model that is given
both answers for one with the words of the other. What tells such documents apart for people is
mostly the name of the file: the words that one has and the other has not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from indexing.docmatch import Name, name_words, words_of
from indexing.fusion import Scored

# Of the shorter name, the part that the other one has too.
_ALIKE = 0.5
# What is named must have a passage nearly as good as the best. Of 195 questions on 20 quarterly
# reports the right report comes first in .70, with .99 in .66, with .8 in .72, and in .63 where
# names do not count (201 questions on six PDFs with two plans: .68, .68, .68 and .68).
_NEAR = 0.9


def names_of(connection: sqlite3.Connection, passages: Sequence[int]) -> dict[int, Name]:
    """The words of the file's name for each passage; of all names where files say the same."""
    names: dict[int, Name] = {}
    for passage, path in connection.execute(_PATHS, (json.dumps(list(passages)),)):
        names[passage] = names.get(passage, frozenset()) | name_words(path)
    return names


def not_meant(query: str, ranked: Sequence[Scored], names: Mapping[int, Name]) -> set[int]:
    """The passages of documents that are called like one that the query names.

    Args:
        query: What is asked.
        ranked: Its candidates, best first.
        names: The words of the names of their files.
    """
    if not ranked:
        return set()
    asked = words_of(query)
    floor = _NEAR * ranked[0].score
    near = {names[item.passage] for item in ranked if item.score >= floor and item.passage in names}
    every = set(names.values())
    others = {other for named in near for other in every if _rules_out(named, other, asked)}
    return {passage for passage, name in names.items() if name in others}


def _rules_out(named: Name, other: Name, asked: Name) -> bool:
    """Whether the words asked tell one name from the other, and leave no doubt."""
    own, theirs = named - other, other - named
    return (
        own <= asked
        and any(_tells(word) for word in own)
        and bool(theirs)
        and not theirs & asked
        and len(named & other) >= _ALIKE * min(len(named), len(other))
    )


def _tells(word: str) -> bool:
    """Whether a word of a question can be meant as a name: a small number mostly is not."""
    return not word.isdigit() or len(word) >= len("2023")


_PATHS = """
    SELECT p.id, d.path FROM passages AS p JOIN documents AS d ON d.content_id = p.content_id
    WHERE p.id IN (SELECT value FROM json_each(?))
"""
