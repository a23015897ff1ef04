"""Documents, their texts and passages in SQLite: what is written, and when it is committed.

Every method commits before it returns, so that a kill at any moment leaves each document
either as before or as after.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePath

from indexing import collections, heirs
from indexing.archive_store import ArchiveStore
from indexing.catalog import SELECT_ROWS, document_row
from indexing.content_store import ContentStore
from indexing.database import transaction
from indexing.passage_store import PassageStore
from indexing.structure import unpack_structure
from indexing.types import DocumentRow

_CONDITIONS = "reading conditions"


class DocumentStore:
    """The tables of documents on one connection.

    Attributes:
        contents: The texts that were read of their files.
        archives: Which of them are files within another's.
        passages: Which of their passages have vectors.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        # A row tells which collections its document belongs to.
        collections.prepare(connection)
        self._db = connection
        self.contents = ContentStore(connection)
        self.archives = ArchiveStore(connection, self.contents)
        self.passages = PassageStore(connection)

    # ---- documents -----------------------------------------------------------------------

    def row(self, document: int) -> DocumentRow | None:
        """The document as it is listed; None when it is gone."""
        row = self._db.execute(f"{SELECT_ROWS} WHERE d.id = ?", (document,)).fetchone()
        return document_row(row) if row is not None else None

    def with_members(self, documents: Iterable[int]) -> tuple[DocumentRow, ...]:
        """Documents as they are listed, each once, and behind an archive what is in it."""
        wanted: dict[int, None] = {}
        for document in documents:
            wanted[document] = None
            wanted |= dict.fromkeys(row["id"] for row in self.archives.members(document))
        return tuple(row for document in wanted if (row := self.row(document)) is not None)

    def find(self, path: str) -> sqlite3.Row | None:
        """The raw row of a path."""
        return self._db.execute("SELECT * FROM documents WHERE path = ?", (path,)).fetchone()

    def raw(self, document: int) -> sqlite3.Row | None:
        """The raw row of a document."""
        return self._db.execute("SELECT * FROM documents WHERE id = ?", (document,)).fetchone()

    def register(
        self, path: str, title: str, size: int, mtime_ns: int, collection: str | None
    ) -> int:
        """Notes that a file is to be indexed, before anything of it is read.

        A ready document stays ready (whether it has changed is seen later) and keeps its
        collection where none is given.
        """
        with transaction(self._db):
            row = self.find(path)
            if row is None:
                done = self._db.execute(
                    "INSERT INTO documents (path, title, kind, collection, status, bytes, "
                    "mtime_ns) VALUES (?, ?, '', ?, 'queued', ?, ?)",
                    (path, title, collection, size, mtime_ns),
                )
                assert done.lastrowid is not None
                return done.lastrowid
            self._db.execute(
                "UPDATE documents SET collection = coalesce(?, collection), "
                "status = iif(status = 'ready', 'ready', 'queued'), "
                "reason = iif(status = 'ready', reason, NULL), duplicate_of = NULL, "
                "archive_id = NULL WHERE id = ?",
                (collection, row["id"]),
            )
            return int(row["id"])

    def ready_of_size(self, size: int) -> list[sqlite3.Row]:
        """The raw rows of the ready documents whose files have so many bytes.

        Members of archives are not among them: their files are not where others are.
        """
        return self._db.execute(
            "SELECT * FROM documents WHERE bytes = ? AND status = 'ready' AND sha256 IS NOT NULL "
            "AND archive_id IS NULL",
            (size,),
        ).fetchall()

    def move(self, document: int, path: str, mtime_ns: int) -> None:
        """Notes that a document's file has another path now; its content is the same.

        Where it was called after its file, it is called after the new one.
        """
        row = self.raw(document)
        if row is None:
            return
        named = row["title"] == PurePath(row["path"]).stem
        self._db.execute(
            "UPDATE documents SET path = ?, mtime_ns = ?, title = ? WHERE id = ?",
            (path, mtime_ns, PurePath(path).stem if named else row["title"], document),
        )

    def set_status(self, document: int, status: str, reason: str | None = None) -> None:
        """Sets how a document stands, and why."""
        self._db.execute(
            "UPDATE documents SET status = ?, reason = ? WHERE id = ?", (status, reason, document)
        )

    def set_file(self, document: int, sha256: str, size: int, mtime_ns: int) -> None:
        """Notes the content that the document's file has; another than before queues it."""
        self._db.execute(
            "UPDATE documents SET status = iif(status = 'ready' AND sha256 IS ?1, 'ready', "
            "'queued'), sha256 = ?1, bytes = ?2, mtime_ns = ?3 WHERE id = ?4",
            (sha256, size, mtime_ns, document),
        )

    def hashes_of(self, document: int) -> list[str]:
        """The contents of which the document may have stored files."""
        rows = self._db.execute(
            "SELECT sha256 FROM documents WHERE id = ?1 AND sha256 IS NOT NULL "
            "UNION SELECT sha256 FROM contents WHERE document_id = ?1",
            (document,),
        )
        return [row[0] for row in rows]

    def original_of(self, document: int, sha256: str) -> sqlite3.Row | None:
        """Another document of the same collection with the same content, if there is one.

        A member of an archive is one once something of it is read: before, it only waits.
        """
        return self._db.execute(
            "SELECT other.* FROM documents AS other JOIN documents AS this ON this.id = ? "
            "WHERE other.sha256 = ? AND other.id != this.id AND other.status IN "
            "('ready', 'queued') AND other.collection IS this.collection "
            "AND (other.archive_id IS NULL OR EXISTS (SELECT 1 FROM contents AS c "
            "WHERE c.document_id = other.id AND c.sha256 = other.sha256)) "
            "ORDER BY other.id LIMIT 1",
            (document, sha256),
        ).fetchone()

    def set_duplicate(self, document: int, original: sqlite3.Row) -> list[int]:
        """Skips a document whose content another one has; returns passages that went."""
        with transaction(self._db):
            gone = self.contents.drop_all(document)
            self._db.execute(
                "UPDATE documents SET status = 'skipped', reason = ?, duplicate_of = ?, "
                "sha256 = iif(archive_id IS NULL, NULL, sha256), content_id = NULL WHERE id = ?",
                (f"duplicate of {original['path']}", original["id"], document),
            )
        return gone

    def fail(self, document: int, reason: str) -> list[int]:
        """Notes why a document could not be indexed; a text it had before stays searchable.

        Of a member of an archive it stays known which content it is.

        Returns:
            Passages of an unfinished reading, which are gone.
        """
        with transaction(self._db):
            gone = self.contents.drop_unfinished(document)
            self._db.execute(
                "UPDATE documents SET status = 'failed', reason = ?, sha256 = iif(archive_id IS "
                "NOT NULL, sha256, (SELECT sha256 FROM contents WHERE id = content_id)) "
                "WHERE id = ?",
                (reason, document),
            )
        return gone

    def has_failed(self) -> bool:
        """Whether any document has."""
        row = self._db.execute("SELECT 1 FROM documents WHERE status = 'failed'").fetchone()
        return row is not None

    def expect_more(self, conditions: str) -> list[int]:
        """Lets failed documents be tried once more where what they depend on has changed.

        Args:
            conditions: All that it depends on, beside a file, whether it can be read.

        Returns:
            Members of archives, which are queued: nobody looks at them by themselves.
        """
        if self.recall(_CONDITIONS) == conditions:
            return []
        # Their files look as if they had changed since.
        self._db.execute("UPDATE documents SET mtime_ns = -1 WHERE status = 'failed'")
        members = self._db.execute(
            "UPDATE documents SET status = 'queued', reason = NULL WHERE status = 'failed' "
            "AND archive_id IS NOT NULL AND sha256 IS NOT NULL "
            "AND reason NOT LIKE 'password_needed%' RETURNING id"
        ).fetchall()
        self.remember(_CONDITIONS, conditions)
        return [row[0] for row in members]

    def queued(self) -> list[int]:
        """Documents that are not finished, in the order they were added."""
        return [
            row[0]
            for row in self._db.execute(
                "SELECT id FROM documents WHERE status = 'queued' ORDER BY id"
            )
        ]

    def forget_queued(self, keep: frozenset[int] = frozenset()) -> tuple[list[int], list[int]]:
        """Gives up what is queued: a text from before becomes ready again, the rest goes.

        Returns:
            The documents that went, and the passages that went with them.
        """
        removed: list[int] = []
        passages: list[int] = []
        with transaction(self._db):
            for document in self.queued():
                if document in keep:
                    continue
                row = self.raw(document)
                if row is None:
                    continue  # It went with its archive.
                if row["content_id"] is not None and row["indexed_at"] is not None:
                    passages += self.contents.drop_pending(document)
                    self._db.execute(
                        "UPDATE documents SET status = 'ready', reason = NULL, mtime_ns = "
                        "iif(documents.sha256 IS c.sha256, mtime_ns, -1), sha256 = c.sha256 "
                        "FROM contents AS c WHERE c.id = content_id AND documents.id = ?",
                        (document,),
                    )
                    # The next look at it, or at its archive, is to see that it has changed.
                    if row["archive_id"] is not None:
                        self.archives.look_again(row["archive_id"])
                else:
                    leaving = [*(m["id"] for m in self.archives.members(document)), document]
                    passages += [p for one in leaving for p in self.contents.drop_all(one)]
                    self._db.execute("DELETE FROM documents WHERE id = ?", (document,))
                    removed += leaving
        return removed, passages

    def remove(
        self, documents: Sequence[int], *, files_are_gone: bool = False
    ) -> tuple[list[int], list[int], list[sqlite3.Row]]:
        """Removes documents and all that hangs on them.

        With a document go those that were skipped as copies of it, and with an archive its
        members. A copy of such a member elsewhere is no part of what was asked for: it stays,
        and the document stays with it.

        Args:
            files_are_gone: Whether the documents go because their files did: then a copy in an
                archive stays, too.

        Returns:
            The documents that went, their passages, and their raw rows as they were.
        """
        with transaction(self._db):
            named = self._rows_of(documents)
            members = [member for row in named for member in self.archives.members(row["id"])]
            leaving = {row["id"]: row for row in (*named, *members)}
            numbers = {row["id"] for row in named}
            asked_for = {row["id"] for row in named if row["archive_id"] not in numbers}
            for document in list(leaving):
                heir = heirs.heir_of(self._db, document, leaving)
                if heir is not None and (
                    document not in asked_for or (files_are_gone and heir["archive_id"] is not None)
                ):
                    heirs.take_over(self._db, document, heir)
                    del leaving[document]
            copies = self._db.execute(
                "SELECT * FROM documents WHERE duplicate_of IN (SELECT value FROM json_each(?))",
                (json.dumps(list(leaving)),),
            )
            leaving |= {row["id"]: row for row in copies.fetchall()}
            removed = sorted(leaving)
            passages = [gone for document in removed for gone in self.contents.drop_all(document)]
            self._db.executemany("DELETE FROM documents WHERE id = ?", [(d,) for d in removed])
        return removed, passages, [leaving[document] for document in removed]

    def _rows_of(self, documents: Sequence[int]) -> list[sqlite3.Row]:
        return self._db.execute(
            "SELECT * FROM documents WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(list(documents)),),
        ).fetchall()

    def is_referenced(self, sha256: str) -> bool:
        """Whether a document still needs the stored file of this content."""
        row = self._db.execute(
            "SELECT 1 FROM documents WHERE sha256 = ?1 UNION ALL "
            "SELECT 1 FROM contents WHERE sha256 = ?1 LIMIT 1",
            (sha256,),
        ).fetchone()
        return row is not None

    def finish(self, document: int, content: int) -> list[int] | None:
        """Makes a reading the one that is searched, if all of it is read and embedded.

        What could not be read of it is kept as the document's reason.

        Returns:
            Passages of the reading before, which are gone; None when it is not finished.
        """
        with transaction(self._db):
            left = self._db.execute(
                "SELECT 1 FROM passages WHERE content_id = ? AND embedded = 0 LIMIT 1", (content,)
            ).fetchone()
            row = self._db.execute("SELECT * FROM contents WHERE id = ?", (content,)).fetchone()
            rest = self.contents.rest(content)
            if left is not None or row is None or (rest is not None and not rest.problem):
                return None
            warnings = list(unpack_structure(row["structure"]).warnings)
            if rest is not None:
                first = (row["pages"] or 0) + 1
                warnings.append(f"not read from page {first} on ({rest.problem})")
            self._db.execute(
                "UPDATE documents SET content_id = ?, title = ?, kind = ?, status = 'ready', "
                "reason = ?, indexed_at = ? WHERE id = ?",
                (content, row["title"], row["kind"], "; ".join(warnings) or None, now(), document),
            )
            return self.contents.drop_pending(document)

    # ---- vectors -------------------------------------------------------------------------

    def requeue_unembedded(self) -> list[int]:
        """Queues every ready document that lacks vectors; returns them."""
        with transaction(self._db):
            rows = self._db.execute(
                "UPDATE documents SET status = 'queued' WHERE status = 'ready' AND content_id IN "
                "(SELECT content_id FROM passages WHERE embedded = 0) RETURNING id"
            ).fetchall()
        return [row[0] for row in rows]

    # ---- facts ---------------------------------------------------------------------------

    def recall(self, key: str) -> str | None:
        """A fact that `remember` kept."""
        row = self._db.execute("SELECT value FROM index_facts WHERE key = ?", (key,)).fetchone()
        return row[0] if row is not None else None

    def remember(self, key: str, value: str) -> None:
        """Keeps a fact of the index itself."""
        self._db.execute("INSERT OR REPLACE INTO index_facts VALUES (?, ?)", (key, value))


def now() -> str:
    """The time as it is stored: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
