"""The languages that documents are written in, told from their texts.

They lie in a table of their own beside the texts, which are looked at once they are searched.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator
from functools import cache
from typing import Any, Protocol

from indexing.database import Migration, migrate, transaction

COMPONENT = "languages"
# Of a text three places are looked at, each of so many characters: a preface, or what is quoted
# in the middle, may be in another language.
_PLACE = 2_000
# Less than this is a name or a number, in whichever language.
_LEAST_WORDS = 8
# What is less sure than this is code, or a list of names.
_LEAST_SURE = 0.5
# The codes of what is in no language: numbers, identifiers.
_NO_LANGUAGE = ("zxx", "und")

_FIRST = """
CREATE TABLE languages (
    content_id INTEGER PRIMARY KEY REFERENCES contents (id) ON DELETE CASCADE,
    language TEXT
);
"""
MIGRATIONS: tuple[Migration, ...] = (_FIRST,)

# By document; None where it cannot be told.
SELECT_LANGUAGES = (
    "SELECT d.id, l.language FROM documents AS d JOIN languages AS l "
    "ON l.content_id = d.content_id WHERE l.language IS NOT NULL"
)

_WORD = re.compile(r"[^\W\d_]+")


class Languages:
    """Tells the languages of documents, on the index's database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        migrate(connection, COMPONENT, MIGRATIONS)
        self._db = connection

    def catch_up(self) -> Generator[int, None, None]:
        """Looks at the texts that are searched and were not looked at; yields which document."""
        waiting = self._db.execute(
            "SELECT d.id, d.content_id AS content, length(c.text) AS length FROM documents AS d "
            "JOIN contents AS c ON c.id = d.content_id WHERE d.status = 'ready' AND NOT EXISTS "
            "(SELECT 1 FROM languages AS l WHERE l.content_id = d.content_id) ORDER BY d.id"
        ).fetchall()
        for row in waiting:
            places = [0, max(0, row["length"] - _PLACE) // 2, max(0, row["length"] - _PLACE)]
            pieces = [
                piece[0]
                for place in dict.fromkeys(places)
                for piece in self._db.execute(
                    "SELECT substr(text, ?, ?) FROM contents WHERE id = ?",
                    (place + 1, _PLACE, row["content"]),
                )
            ]
            language = language_of("\n".join(pieces))
            with transaction(self._db):
                # It may be gone, or another run have been faster.
                self._db.execute(
                    "INSERT OR IGNORE INTO languages SELECT id, ? FROM contents WHERE id = ?",
                    (language, row["content"]),
                )
            yield row["id"]


def language_of(text: str) -> str | None:
    """The language of a text as its ISO 639 code ("de"); None where it cannot be told."""
    if len(_WORD.findall(text)) < _LEAST_WORDS and not _is_unspaced(text):
        return None
    language, sureness = _identifier().classify(text)
    return language if sureness >= _LEAST_SURE and language not in _NO_LANGUAGE else None


def _is_unspaced(text: str) -> bool:
    """Whether a text is in a script that sets no blanks between words, and long enough."""
    return sum("\u2e80" <= character <= "\uffdc" or "\u0e00" <= character <= "\u0eff"
               for character in text[:_PLACE]) >= 2 * _LEAST_WORDS  # fmt: skip


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]:
        """Returns the code of the likeliest language, and how sure that is, 0 to 1."""
        ...


@cache
def _identifier() -> _Identifier:
    # Loaded when the first document is looked at, and kept: it takes most of a second.
    from py3langid import langid as library  # pyright: ignore[reportMissingTypeStubs]

    langid: Any = library
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
