"""Collections: documents that belong together under a name.

A document belongs to the collection that it was added under, which is its `collection` column
(in a watched folder the folder's), and to those that a person has put it into, which are kept
here. A collection is nothing but its name: it is there as long as a document belongs to it, and
whoever keeps the name (a conversation, a persona) means whatever belongs to it then.

Every function works on a connection, as `indexing.database.connect` gives it, after `prepare`;
those that write leave it to their caller to begin and end the transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from indexing.database import Migration, has_table, migrate

COMPONENT = "collections"

# Beside the tables of documents, which they refer to.
_FIRST = """
CREATE TABLE collection_documents (
    name TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (name, document_id)
) WITHOUT ROWID;
CREATE INDEX collection_documents_by_document ON collection_documents (document_id);
"""

MIGRATIONS: tuple[Migration, ...] = (_FIRST,)


def prepare(connection: sqlite3.Connection) -> None:
    """Makes the table, or brings it to its newest version."""
    migrate(connection, COMPONENT, MIGRATIONS)


def members(connection: sqlite3.Connection, names: Iterable[str]) -> list[int]:
    """The documents of collections; in place of a skipped duplicate, the one that is searched."""
    rows = connection.execute(
        "SELECT DISTINCT coalesce(d.duplicate_of, d.id) FROM documents AS d "
        "WHERE d.collection IN (SELECT value FROM json_each(?1)) OR d.id IN "
        "(SELECT c.document_id FROM collection_documents AS c "
        "WHERE c.name IN (SELECT value FROM json_each(?1))) ORDER BY 1",
        (json.dumps(list(names)),),
    )
    return [row[0] for row in rows]


def put(connection: sqlite3.Connection, name: str, documents: Sequence[int]) -> list[int]:
    """Puts documents into a collection; those that are gone are left out.

    A skipped duplicate takes the document along that stands for it.

    Returns:
        Those that were not in it before.
    """
    rows = connection.execute(
        "SELECT id FROM documents AS d WHERE (id IN (SELECT value FROM json_each(?1)) OR id IN "
        "(SELECT duplicate_of FROM documents WHERE id IN (SELECT value FROM json_each(?1)))) "
        "AND collection IS NOT ?2 AND NOT EXISTS (SELECT 1 FROM collection_documents AS c "
        "WHERE c.document_id = d.id AND c.name = ?2) ORDER BY id",
        (json.dumps(list(documents)), name),
    ).fetchall()
    new = [int(row[0]) for row in rows]
    connection.executemany(
        "INSERT INTO collection_documents VALUES (?, ?)", [(name, document) for document in new]
    )
    return new


def take_out(connection: sqlite3.Connection, name: str, documents: Sequence[int]) -> list[int]:
    """Takes documents out of a collection; those of a watched folder stay in the folder's.

    Returns:
        Those that were in it and are no more.
    """
    wanted = json.dumps(list(documents))
    taken = connection.execute(
        "DELETE FROM collection_documents WHERE name = ?1 "
        "AND document_id IN (SELECT value FROM json_each(?2)) RETURNING document_id",
        (name, wanted),
    ).fetchall()
    followed = ""
    if has_table(connection, "folder_documents"):
        followed = "AND id NOT IN (SELECT document_id FROM folder_documents) "
    taken += connection.execute(
        "UPDATE documents SET collection = NULL WHERE collection = ?1 "
        f"AND id IN (SELECT value FROM json_each(?2)) {followed}RETURNING id",
        (name, wanted),
    ).fetchall()
    return sorted({int(row[0]) for row in taken})


def rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Calls a collection something else, and watched folders' documents go under that name too.

    Where there is a collection of the new name, both are one from then on.
    """
    connection.execute(
        "INSERT OR IGNORE INTO collection_documents "
        "SELECT ?2, document_id FROM collection_documents WHERE name = ?1",
        (old, new),
    )
    connection.execute("DELETE FROM collection_documents WHERE name = ?", (old,))
    connection.execute("UPDATE documents SET collection = ?2 WHERE collection = ?1", (old, new))
    if has_table(connection, "folder_documents"):
        connection.execute(
            "UPDATE watched_folders SET collection = ?2 WHERE collection = ?1", (old, new)
        )
