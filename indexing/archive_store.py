"""Archives and their members in SQLite: which documents are files within another document's.

A mail is an archive of what is attached to it here. A member is a document like any other, whose
path is the archive's with its name behind, and whose `archive_id` names the archive. Archives and
mails within archives are unpacked into the outermost one's members. What holds for an archive as
a whole (where it lies, the collections it belongs to) its members follow by themselves.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePath

import msgspec

from indexing import heirs
from indexing.content_store import ContentStore
from indexing.database import Migration, migrate, transaction
from indexing.reasons import UNSURE
from indexing.types import Member

COMPONENT = "archives"

# Beside the tables of documents and collections. Archives of an earlier version were read as
# one document each: they are read anew, and can be searched as they were until that is done.
_FIRST = """
ALTER TABLE documents ADD COLUMN archive_id INTEGER REFERENCES documents (id) ON DELETE CASCADE;
ALTER TABLE documents ADD COLUMN members INTEGER;
CREATE INDEX documents_by_archive ON documents (archive_id) WHERE archive_id IS NOT NULL;
CREATE TRIGGER members_move AFTER UPDATE OF path ON documents BEGIN
    UPDATE documents SET path = new.path || substr(path, length(old.path) + 1)
    WHERE archive_id = new.id;
END;
CREATE TRIGGER members_are_kept AFTER UPDATE OF collection ON documents BEGIN
    UPDATE documents SET collection = new.collection WHERE archive_id = new.id;
END;
CREATE TRIGGER members_are_put AFTER INSERT ON collection_documents BEGIN
    INSERT OR IGNORE INTO collection_documents
    SELECT new.name, id FROM documents WHERE archive_id = new.document_id;
END;
CREATE TRIGGER members_are_taken_out AFTER DELETE ON collection_documents BEGIN
    DELETE FROM collection_documents WHERE name = old.name
    AND document_id IN (SELECT id FROM documents WHERE archive_id = old.document_id);
END;
UPDATE documents SET status = 'queued' WHERE kind = 'zip' AND status = 'ready';
"""
# What is attached to a mail was part of its text: that is found as it was until it is read anew.
_SECOND = """
UPDATE contents SET sha256 = 'read otherwise ' || sha256 WHERE kind IN ('eml', 'msg');
UPDATE documents SET status = 'queued' WHERE status = 'ready' AND (kind IN ('eml', 'msg') OR id IN (
    SELECT archive_id FROM documents WHERE kind IN ('eml', 'msg')));
"""
MIGRATIONS: tuple[Migration, ...] = (_FIRST, _SECOND)


class Change(msgspec.Struct):
    """What another state of an archive comes to.

    Attributes:
        queued: Documents elsewhere that were copies of a member which has changed.
        passages: Passages that went with them, whose vectors are to go.
        hashes: Contents of which stored files may be of no use any more.
    """

    queued: list[int] = msgspec.field(default_factory=list[int])
    passages: list[int] = msgspec.field(default_factory=list[int])
    hashes: list[str] = msgspec.field(default_factory=list[str])


class ArchiveStore:
    """The members of archives on one connection; every method commits before it returns."""

    def __init__(self, connection: sqlite3.Connection, contents: ContentStore) -> None:
        migrate(connection, COMPONENT, MIGRATIONS)
        self._db = connection
        self._contents = contents

    def members(self, archive: int) -> list[sqlite3.Row]:
        """The raw rows of an archive's members, in the order in which they came."""
        return self._db.execute(
            "SELECT * FROM documents WHERE archive_id = ? ORDER BY id", (archive,)
        ).fetchall()

    def queued(self, archive: int) -> list[int]:
        """The members that are not finished."""
        return [row["id"] for row in self.members(archive) if row["status"] == "queued"]

    def is_whole(self, archive: int) -> bool:
        """Whether every member that was found in an archive is a document still."""
        row = self._db.execute(
            "SELECT coalesce(members, 0) <= (SELECT count(*) FROM documents "
            "WHERE archive_id = ?1) FROM documents WHERE id = ?1",
            (archive,),
        ).fetchone()
        return row is not None and bool(row[0])

    def free_copies(self, document: int) -> list[int]:
        """Queues the members that were skipped as copies of a document that has changed."""
        with transaction(self._db):
            return self._free_copies(document, members_only=True)

    def try_again(self, member: int) -> int | None:
        """Lets a member that has failed be tried once more.

        Returns:
            What a run is to bring to its end for that: the member, or its archive where it could
            not be unpacked; None where there is nothing to do.
        """
        row = self._db.execute(
            "SELECT archive_id, status, sha256 FROM documents WHERE id = ?", (member,)
        ).fetchone()
        if row is None or row["archive_id"] is None or row["status"] not in ("failed", "queued"):
            return None
        if row["sha256"] is None:
            self.look_again(row["archive_id"])
            return int(row["archive_id"])
        self._db.execute(
            "UPDATE documents SET status = 'queued', reason = NULL WHERE id = ?", (member,)
        )
        return member

    def look_again(self, archive: int) -> None:
        """Lets an archive be unpacked when it is next looked at, though it has not changed."""
        self._db.execute(
            "UPDATE documents SET sha256 = NULL, mtime_ns = -1 WHERE id = ?", (archive,)
        )

    def holds_locked(self, archive: int) -> bool:
        """Whether an archive within waits for a password, to be unpacked with it."""
        row = self._db.execute(
            "SELECT 1 FROM documents WHERE archive_id = ? AND status = 'failed' "
            "AND sha256 IS NULL AND reason LIKE 'password_needed%'",
            (archive,),
        ).fetchone()
        return row is not None

    def try_locked(self, archive: int) -> None:
        """Queues the members that are waiting for a password."""
        self._db.execute(
            "UPDATE documents SET status = 'queued', reason = NULL WHERE archive_id = ? "
            "AND status = 'failed' AND sha256 IS NOT NULL AND reason LIKE 'password_needed%'",
            (archive,),
        )

    def put(self, archive: int, members: Sequence[Member], left_out: Collection[str]) -> Change:
        """Notes what an archive holds now; what has not changed is left alone.

        Members that are new or have changed are queued, and so is what was a copy of one that
        has changed. One that was only moved within the archive keeps all that was made of it.
        One that is gone leaves its place to a copy of it elsewhere, if there is one.

        Args:
            left_out: Paths that a person has taken out of the library.
        """
        change = Change()
        with transaction(self._db):
            row = self._db.execute("SELECT * FROM documents WHERE id = ?", (archive,)).fetchone()
            if row is None:
                return change
            known = {member["path"]: member for member in self.members(archive)}
            found = {member_path(row["path"], member.name): member for member in members}
            vanished = [member for path, member in known.items() if path not in found]
            for path, member in found.items():
                if path in left_out:
                    continue
                before = known.get(path) or self._follow_move(path, member, vanished)
                if before is None:
                    self._add(row, path, member)
                elif _is_news(before, member):
                    change.hashes += [before["sha256"]] if before["sha256"] else []
                    self._renew(before["id"], member)
                    change.queued += self._free_copies(before["id"])
            for member in vanished:
                self._remove(member, change)
            self._db.execute(
                "UPDATE documents SET members = ? WHERE id = ?", (len(members) or None, archive)
            )
        return change

    # ---- within a transaction --------------------------------------------------------------

    def _follow_move(
        self, path: str, member: Member, vanished: list[sqlite3.Row]
    ) -> sqlite3.Row | None:
        """Lets a member that has another name now keep what was made of it; None for none."""
        for row in vanished:
            same = bool(member.sha256) and row["sha256"] == member.sha256
            if not same or PurePath(row["path"]).suffix.lower() != PurePath(path).suffix.lower():
                continue
            named = row["title"] == PurePath(row["path"]).stem
            self._db.execute(
                "UPDATE documents SET path = ?, title = ? WHERE id = ?",
                (path, PurePath(path).stem if named else row["title"], row["id"]),
            )
            vanished.remove(row)
            return row
        return None

    def _add(self, archive: sqlite3.Row, path: str, member: Member) -> None:
        new = self._db.execute(
            "INSERT INTO documents (path, title, kind, collection, status, reason, bytes, "
            "mtime_ns, sha256, archive_id) VALUES (?1, ?2, '', ?3, ?4, ?5, ?6, 0, ?7, ?8) "
            # Where a folder of that name lay before the archive.
            "ON CONFLICT (path) DO UPDATE SET collection = ?3, status = ?4, reason = ?5, "
            "bytes = ?6, mtime_ns = 0, sha256 = ?7, archive_id = ?8, duplicate_of = NULL "
            "RETURNING id",
            (
                path,
                PurePath(path).stem,
                archive["collection"],
                "failed" if member.reason else "queued",
                member.reason or None,
                member.bytes,
                member.sha256 or None,
                archive["id"],
            ),
        ).fetchone()
        self._db.execute(
            "INSERT OR IGNORE INTO collection_documents "
            "SELECT name, ? FROM collection_documents WHERE document_id = ?",
            (new["id"], archive["id"]),
        )

    def _renew(self, document: int, member: Member) -> None:
        """Queues a member whose content is another one now, or notes why it has none."""
        self._db.execute(
            "UPDATE documents SET status = ?, reason = ?, bytes = ?, sha256 = ?, "
            "duplicate_of = NULL WHERE id = ?",
            (
                "failed" if member.reason else "queued",
                member.reason or None,
                member.bytes,
                member.sha256 or None,
                document,
            ),
        )

    def _free_copies(self, document: int, *, members_only: bool = False) -> list[int]:
        """Queues what was skipped as a copy of a document that has changed; returns those."""
        which = "AND archive_id IS NOT NULL " if members_only else ""
        rows = self._db.execute(
            "UPDATE documents SET status = 'queued', reason = NULL, duplicate_of = NULL "
            f"WHERE duplicate_of = ? {which}RETURNING id",
            (document,),
        )
        return [row[0] for row in rows.fetchall()]

    def _remove(self, member: sqlite3.Row, change: Change) -> None:
        heir = heirs.heir_of(self._db, member["id"], ())
        if heir is not None:
            heirs.take_over(self._db, member["id"], heir)
            return
        change.hashes += [member["sha256"]] if member["sha256"] else []
        change.passages += self._contents.drop_all(member["id"])
        self._db.execute("DELETE FROM documents WHERE id = ?", (member["id"],))


def member_path(archive: str, name: str) -> str:
    """The path by which a member is known: its name behind that of the archive."""
    return os.path.join(archive, *name.split("/"))  # noqa: PTH118 - as `absolute_path` gives it


def names_within(archive: str, paths: Iterable[str]) -> frozenset[str]:
    """The names within an archive that its members' paths stand for."""
    return frozenset("/".join(PurePath(path).relative_to(archive).parts) for path in paths)


def _is_news(row: sqlite3.Row, member: Member) -> bool:
    """Whether a member is not as it was, or may be readable now."""
    if member.reason:
        return row["reason"] != member.reason
    if row["sha256"] != member.sha256:
        return True
    return row["status"] == "failed" and row["reason"] in UNSURE
