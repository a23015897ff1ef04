"""Messages as a tree: adding to it, walking its branches, choosing the one that is shown."""

from __future__ import annotations

import sqlite3
from typing import Final

from assistant.conversations.rows import MESSAGE_COLUMNS, message_of, now_ms
from assistant.conversations.types import Message, MessageRole, MessageState
from assistant.errors import MessageNotFound

# Every message on the way from a message up to its first question, with its distance.
_UPWARDS: Final = """
    WITH RECURSIVE up(id, parent, distance) AS (
        SELECT id, parent, 0 FROM messages WHERE id = ?1
        UNION ALL
        SELECT m.id, m.parent, up.distance + 1 FROM messages m JOIN up ON m.id = up.parent
    )
"""
_COLUMNS: Final = ", ".join(f"m.{name}" for name in MESSAGE_COLUMNS.split(", "))


def add(
    connection: sqlite3.Connection,
    conversation: int,
    parent: int | None,
    role: MessageRole,
    *,
    text: str = "",
    state: MessageState = "complete",
    model: str | None = None,
    writer: str | None = None,
) -> int:
    """Add a message after `parent`, show its branch, and return its id."""
    cursor = connection.execute(
        "INSERT INTO messages (conversation, parent, role, text, state, model, writer, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (conversation, parent, role, text, state, model, writer, now_ms()),
    )
    added = cursor.lastrowid or 0
    show(connection, added)
    return added


def message(connection: sqlite3.Connection, identifier: int) -> Message:
    """Return one message. Raises MessageNotFound."""
    row = connection.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id = ?",
        (identifier,),
    ).fetchone()
    if row is None:
        raise MessageNotFound(identifier)
    siblings = connection.execute(
        "SELECT id FROM messages WHERE conversation = ? AND parent IS ? ORDER BY id",
        (row[1], row[2]),
    )
    return message_of(row, tuple(sibling for (sibling,) in siblings))


def branch(connection: sqlite3.Connection, leaf: int | None) -> list[Message]:
    """Return the messages from the first question down to `leaf`; [] for None."""
    if leaf is None:
        return []
    rows = connection.execute(
        f"{_UPWARDS} SELECT {_COLUMNS} FROM up JOIN messages m ON m.id = up.id "
        "ORDER BY up.distance DESC",
        (leaf,),
    ).fetchall()
    if not rows:
        raise MessageNotFound(leaf)
    beside: dict[int | None, list[int]] = {}
    for sibling, parent in connection.execute(
        "SELECT id, parent FROM messages WHERE conversation = ? ORDER BY id", (rows[0][1],)
    ):
        beside.setdefault(parent, []).append(sibling)
    return [message_of(row, tuple(beside[row[2]])) for row in rows]


def show(connection: sqlite3.Connection, identifier: int) -> int:
    """Make the branch through a message the one that is shown; return its last message.

    Below the message, each choice that the person made last is followed, else the newest.
    Raises MessageNotFound.
    """
    row = connection.execute(
        "SELECT conversation FROM messages WHERE id = ?", (identifier,)
    ).fetchone()
    if row is None:
        raise MessageNotFound(identifier)
    leaf = identifier
    while True:
        below = connection.execute(
            "SELECT coalesce(m.chosen, (SELECT max(id) FROM messages WHERE parent = m.id)) "
            "FROM messages m WHERE m.id = ?",
            (leaf,),
        ).fetchone()
        if below[0] is None:
            break
        leaf = below[0]
    connection.execute(
        f"{_UPWARDS} UPDATE messages SET chosen = up.id FROM up "
        "WHERE messages.id = up.parent AND messages.chosen IS NOT up.id",
        (leaf,),
    )
    connection.execute("UPDATE conversations SET leaf = ? WHERE id = ?", (leaf, row[0]))
    return leaf


def check_belongs(connection: sqlite3.Connection, identifier: int, conversation: int) -> None:
    """Raise MessageNotFound unless the message is one of this conversation."""
    row = connection.execute(
        "SELECT 1 FROM messages WHERE id = ? AND conversation = ?", (identifier, conversation)
    ).fetchone()
    if row is None:
        raise MessageNotFound(identifier)
