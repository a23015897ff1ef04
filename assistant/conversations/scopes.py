"""The scopes that conversations and drafts keep, where they name collections."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from assistant.conversations.rows import scope_of, to_json

_KEPT_IN: Final = (("conversations", "id"), ("drafts", "conversation"))


def rename_in_scopes(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Let every scope that names a collection name it anew, in the caller's transaction."""
    for table, key in _KEPT_IN:
        rows = connection.execute(f"SELECT {key}, scope FROM {table}").fetchall()
        for owner, text in rows:
            scope = scope_of(text)
            if old in scope.collections:
                names = (new if name == old else name for name in scope.collections)
                renamed = msgspec.structs.replace(scope, collections=tuple(dict.fromkeys(names)))
                connection.execute(
                    f"UPDATE {table} SET scope = ? WHERE {key} = ?", (to_json(renamed), owner)
                )
