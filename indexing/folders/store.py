"""Watched folders in SQLite: which there are, and which documents follow their files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from indexing import heirs
from indexing.database import Migration, transaction
from indexing.errors import FolderNotWatched
from indexing.folders.rows import SELECT_FOLDERS, watched_folder
from indexing.folders.scan import FileFacts
from indexing.types import WatchedFolder

COMPONENT = "folders"

# Beside the tables of documents, which they refer to.
_FIRST = """
CREATE TABLE watched_folders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    collection TEXT,
    include TEXT NOT NULL,
    exclude TEXT NOT NULL,
    mount TEXT NOT NULL,
    inode TEXT,
    mounts TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE folder_documents (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    folder_id INTEGER NOT NULL REFERENCES watched_folders (id) ON DELETE CASCADE
);
CREATE INDEX folder_documents_by_folder ON folder_documents (folder_id);
CREATE TABLE left_out_files (
    path TEXT PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES watched_folders (id) ON DELETE CASCADE
);
CREATE INDEX left_out_files_by_folder ON left_out_files (folder_id);
"""

# Files that are gone and whose documents went with them unasked; `lost_at` in seconds of Unix time.
_LOSSES = """
CREATE TABLE lost_files (
    path TEXT PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES watched_folders (id) ON DELETE CASCADE,
    lost_at REAL NOT NULL
);
CREATE INDEX lost_files_by_folder ON lost_files (folder_id);
"""

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _LOSSES)


class FolderStore:
    """The tables of watched folders on one connection; every method commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    # ---- folders ---------------------------------------------------------------------------

    def all(self) -> list[WatchedFolder]:
        """All watched folders, in the order in which they came to be watched."""
        rows = self._db.execute(f"{SELECT_FOLDERS} ORDER BY f.id")
        return [watched_folder(row) for row in rows]

    def paths(self) -> dict[str, int]:
        """The ids of all watched folders, by path."""
        rows = self._db.execute("SELECT path, id FROM watched_folders")
        return {row["path"]: row["id"] for row in rows}

    def get(self, folder: int) -> WatchedFolder:
        """A watched folder.

        Raises:
            FolderNotWatched: There is none of this id.
        """
        row = self._db.execute(f"{SELECT_FOLDERS} WHERE f.id = ?", (folder,)).fetchone()
        if row is None:
            raise FolderNotWatched(str(folder))
        return watched_folder(row)

    def watch(
        self,
        path: str,
        collection: str | None,
        include: Sequence[str] | None,
        exclude: Sequence[str] | None,
        mount: str,
    ) -> WatchedFolder:
        """Notes that a folder is watched; of a known one, changes what is given."""
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO watched_folders (path, collection, include, exclude, mount) "
                "VALUES (?1, ?2, coalesce(?3, '[]'), coalesce(?4, '[]'), ?5) "
                "ON CONFLICT (path) DO UPDATE SET collection = coalesce(?2, collection), "
                "include = coalesce(?3, include), exclude = coalesce(?4, exclude), mount = ?5",
                (
                    path,
                    collection,
                    None if include is None else json.dumps(list(include)),
                    None if exclude is None else json.dumps(list(exclude)),
                    mount,
                ),
            )
        row = self._db.execute(f"{SELECT_FOLDERS} WHERE f.path = ?", (path,)).fetchone()
        return watched_folder(row)

    def unwatch(self, folder: int) -> None:
        """Forgets a folder; its documents stay in the library and follow nothing."""
        self._db.execute("DELETE FROM watched_folders WHERE id = ?", (folder,))

    def set_identity(self, folder: int, inode: str | None, mounts: Iterable[str]) -> None:
        """Notes by what a folder is known again, and where other disks are mounted within it."""
        self._db.execute(
            "UPDATE watched_folders SET inode = ?, mounts = ? WHERE id = ?",
            (inode, json.dumps(sorted(mounts)), folder),
        )

    # ---- their documents -------------------------------------------------------------------

    def follow(self, folder: WatchedFolder, documents: Sequence[int]) -> None:
        """Notes that documents follow their files in a folder, and go under its name."""
        wanted = json.dumps(list(documents))
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO folder_documents (document_id, folder_id) "
                "SELECT id, ?1 FROM documents WHERE id IN (SELECT value FROM json_each(?2)) "
                "ON CONFLICT (document_id) DO UPDATE SET folder_id = ?1",
                (folder.id, wanted),
            )
            # What is back was not lost.
            self._db.execute(
                "DELETE FROM lost_files WHERE path IN (SELECT path FROM documents "
                "WHERE id IN (SELECT value FROM json_each(?)))",
                (wanted,),
            )
            if folder.collection is not None:
                self._db.execute(
                    "UPDATE documents SET collection = ?1 WHERE collection IS NOT ?1 "
                    "AND id IN (SELECT value FROM json_each(?2))",
                    (folder.collection, wanted),
                )

    def keep(self, documents: Sequence[int]) -> None:
        """Lets documents follow no folder: they stay although their files are gone."""
        self._db.execute(
            "DELETE FROM folder_documents WHERE document_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(documents)),),
        )

    def note_facts(self, facts: dict[int, FileFacts]) -> None:
        """Notes what the files of unfinished documents are like, so that they are left alone.

        Those that are ready have it from their reading.
        """
        with transaction(self._db):
            self._db.executemany(
                "UPDATE documents SET bytes = ?, mtime_ns = ? "
                "WHERE id = ? AND status IN ('failed', 'skipped')",
                [(fact.bytes, fact.mtime_ns, document) for document, fact in facts.items()],
            )

    def documents(self) -> dict[str, sqlite3.Row]:
        """All documents by path: what is known of their files, and the folder they follow.

        Members of archives are not among them: what becomes of those their archive says.
        """
        rows = self._db.execute(
            "SELECT d.id, d.path, d.status, d.reason, d.bytes, d.mtime_ns, d.sha256, "
            "d.collection, d.duplicate_of, d.archive_id, m.folder_id FROM documents AS d "
            "LEFT JOIN folder_documents AS m ON m.document_id = d.id WHERE d.archive_id IS NULL"
        )
        return {row["path"]: row for row in rows}

    def take_over(self, original: int, duplicate: sqlite3.Row) -> None:
        """Lets a document follow the file of its duplicate, whose row goes."""
        with transaction(self._db):
            heirs.take_over(self._db, original, duplicate)

    # ---- what a person took out ------------------------------------------------------------

    def leave_out(self, folder: int, path: str) -> None:
        """Notes a file that a person took out: no look at its folder brings it back."""
        self._db.execute(
            "INSERT OR REPLACE INTO left_out_files (path, folder_id) VALUES (?, ?)", (path, folder)
        )

    def take_back(self, paths: Iterable[str]) -> None:
        """Notes that files, and those in folders, are wanted again."""
        with transaction(self._db):
            for path in paths:
                self._db.execute(
                    "DELETE FROM left_out_files "
                    "WHERE path = ?1 OR substr(path, 1, length(?1) + 1) IN (?1 || '/', ?1 || '\\')",
                    (path,),
                )

    def left_out(self) -> set[str]:
        """The files that a person took out."""
        return {row[0] for row in self._db.execute("SELECT path FROM left_out_files")}
