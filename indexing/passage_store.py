"""Which passages have vectors and which still wait for theirs, in SQLite.

Every method commits before it returns, as those of the documents do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from indexing.database import transaction


class PendingPassage(msgspec.Struct, frozen=True):
    """A passage that has no vector yet, with what is embedded of it."""

    id: int
    document: int
    content: int
    title: str
    headings: tuple[str, ...]
    body: str


class PassageStore:
    """The passages on one connection, as far as their vectors go."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def pending(self, contents: Sequence[int], limit: int) -> list[PendingPassage]:
        """Passages of these contents without a vector, in the contents' order."""
        rows = self._db.execute(
            "SELECT p.id, c.document_id, c.id AS content_id, c.title, p.headings, "
            "w.body FROM json_each(?) AS wanted JOIN contents AS c ON c.id = wanted.value "
            "JOIN passages AS p ON p.content_id = c.id AND p.embedded = 0 "
            "JOIN passage_words AS w ON w.rowid = p.id ORDER BY wanted.key, p.id LIMIT ?",
            (json.dumps(list(contents)), limit),
        )
        return [_pending(row) for row in rows]

    def described(self, passages: Sequence[int]) -> list[PendingPassage]:
        """What is embedded of these passages, whether they have a vector or not."""
        rows = self._db.execute(
            "SELECT p.id, c.document_id, c.id AS content_id, c.title, p.headings, "
            "w.body FROM json_each(?) AS wanted JOIN passages AS p ON p.id = wanted.value "
            "JOIN contents AS c ON c.id = p.content_id "
            "JOIN passage_words AS w ON w.rowid = p.id ORDER BY wanted.key",
            (json.dumps(list(passages)),),
        )
        return [_pending(row) for row in rows]

    def count_pending(self, contents: Sequence[int]) -> int:
        """How many passages of these contents have no vector."""
        row = self._db.execute(
            "SELECT count(*) FROM passages WHERE embedded = 0 "
            "AND content_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(contents)),),
        ).fetchone()
        return int(row[0])

    def mark_embedded(self, passages: Sequence[int], embedded: bool = True) -> None:
        """Notes that passages have their vectors (or lack them again)."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE passages SET embedded = ? WHERE id IN (SELECT value FROM json_each(?))",
                (int(embedded), json.dumps(list(passages))),
            )

    def keep_digests(self, digests: Mapping[int, str]) -> None:
        """Notes that passages have their vectors, and of what text."""
        with transaction(self._db):
            self._db.executemany(
                "UPDATE passages SET embedded = 1, digest = ? WHERE id = ?",
                [(digest, passage) for passage, digest in digests.items()],
            )

    def embedded_as(self, digests: Iterable[str]) -> dict[str, int]:
        """A passage that has a vector for each of the digests, where there is one."""
        rows = self._db.execute(
            "SELECT p.digest, max(p.id) FROM json_each(?) AS wanted JOIN passages AS p "
            "ON p.digest = wanted.value WHERE p.embedded = 1 GROUP BY p.digest",
            (json.dumps(list(digests)),),
        )
        return {row[0]: row[1] for row in rows}

    def embedded_ids(self) -> set[int]:
        """All passages that should have a vector."""
        return {row[0] for row in self._db.execute("SELECT id FROM passages WHERE embedded = 1")}

    def existing(self, passages: Sequence[int]) -> set[int]:
        """Those of the passages that are still there."""
        return {
            row[0]
            for row in self._db.execute(
                "SELECT id FROM passages WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(passages)),),
            )
        }


def _pending(row: sqlite3.Row) -> PendingPassage:
    return PendingPassage(
        id=row["id"],
        document=row["document_id"],
        content=row["content_id"],
        title=row["title"],
        headings=tuple(json.loads(row["headings"])),
        body=row["body"],
    )
