"""Who takes a document's place when its file goes: one that was skipped as a copy of it.

The functions work within a transaction of their caller.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from indexing.database import has_table


def heir_of(
    connection: sqlite3.Connection, original: int, leaving: Collection[int]
) -> sqlite3.Row | None:
    """The first copy of a document that does not go with it; None where there is none."""
    rows = connection.execute(
        "SELECT * FROM documents WHERE duplicate_of = ? ORDER BY id", (original,)
    ).fetchall()
    return next((row for row in rows if row["id"] not in leaving), None)


def take_over(connection: sqlite3.Connection, original: int, heir: sqlite3.Row) -> None:
    """Lets a document stand for the file of a copy of it, whose row goes."""
    if has_table(connection, "folder_documents"):
        connection.execute("DELETE FROM folder_documents WHERE document_id = ?", (original,))
        connection.execute(
            "UPDATE folder_documents SET document_id = ? WHERE document_id = ?",
            (original, heir["id"]),
        )
    connection.execute("DELETE FROM documents WHERE id = ?", (heir["id"],))
    connection.execute(
        "UPDATE documents SET path = ?, bytes = ?, mtime_ns = ?, collection = ?, archive_id = ? "
        "WHERE id = ?",
        (
            heir["path"],
            heir["bytes"],
            heir["mtime_ns"],
            heir["collection"],
            heir["archive_id"],
            original,
        ),
    )
    # The others are now copies of the same document at another path.
    connection.execute(
        "UPDATE documents SET reason = 'duplicate of ' || ? WHERE duplicate_of = ?",
        (heir["path"], original),
    )
