"""Watched folders as they lie in the database."""

from __future__ import annotations

import json
import sqlite3

from indexing.types import WatchedFolder

SELECT_FOLDERS = """
    SELECT f.id, f.path, f.collection, f.include, f.exclude, f.mount, f.inode, f.mounts,
           (SELECT json_group_array(m.document_id) FROM folder_documents AS m
            WHERE m.folder_id = f.id) AS documents
    FROM watched_folders AS f
"""


def watched_folder(row: sqlite3.Row) -> WatchedFolder:
    """A row of `SELECT_FOLDERS` as the shared type."""
    return WatchedFolder(
        id=row["id"],
        path=row["path"],
        collection=row["collection"],
        include=tuple(json.loads(row["include"])),
        exclude=tuple(json.loads(row["exclude"])),
        mount=row["mount"],
        inode=row["inode"],
        mounts=tuple(json.loads(row["mounts"])),
        documents=tuple(json.loads(row["documents"])),
    )
