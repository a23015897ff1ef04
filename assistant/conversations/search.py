"""Search over the titles and the messages of conversations."""

from __future__ import annotations

import re
import sqlite3
from typing import Any, Final

from assistant.conversations.rows import CONVERSATION_COLUMNS, conversation_of
from assistant.conversations.types import Found

# Private-use characters around what was found; they are taken out of messages on the way in.
MARK_BEGIN: Final = "\ue000"
MARK_END: Final = "\ue001"

_WORD = re.compile(r"\w+")
# Scripts written without spaces: a run of them is one "word" to the index, so words inside
# such a run are found by looking through the text.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_COLUMNS = ", ".join(f"c.{name}" for name in CONVERSATION_COLUMNS.split(", "))


def search(connection: sqlite3.Connection, query: str, limit: int) -> list[Found]:
    """Find the query's words, the last one also as a beginning; the best places first.

    Titles come before messages. Deleted conversations are not found.
    """
    words = _WORD.findall(query)
    if not words:
        return []
    if _UNSPACED.search(query):
        return _look_through(connection, " ".join(query.split()), limit)
    match = " ".join(f'"{word}"' for word in words) + "*"
    found: list[Found] = []
    for table, columns, join in (
        ("conversation_titles_fts", "NULL", "conversations c ON c.id = f.rowid"),
        (
            "messages_fts",
            "m.id",
            "messages m ON m.id = f.rowid JOIN conversations c ON c.id = m.conversation",
        ),
    ):
        rows = connection.execute(
            f"SELECT {_COLUMNS}, {columns}, snippet({table}, 0, ?, ?, '…', 16) "
            f"FROM {table} f JOIN {join} "
            f"WHERE {table} MATCH ? AND c.deleted_at IS NULL ORDER BY f.rank LIMIT ?",
            (MARK_BEGIN, MARK_END, match, limit - len(found)),
        )
        found.extend(_found(row) for row in rows)
    return found


def _look_through(connection: sqlite3.Connection, phrase: str, limit: int) -> list[Found]:
    pattern = re.sub(r"([\\%_])", r"\\\1", phrase)
    rows = connection.execute(
        f"SELECT {_COLUMNS}, NULL, c.title FROM conversations c "
        "WHERE c.deleted_at IS NULL AND c.title LIKE ?1 ESCAPE '\\' "
        f"UNION ALL SELECT {_COLUMNS}, m.id, m.text FROM conversations c "
        "JOIN messages m ON m.conversation = c.id "
        "WHERE c.deleted_at IS NULL AND m.text LIKE ?1 ESCAPE '\\' LIMIT ?2",
        (f"%{pattern}%", limit),
    )
    return [_found((*row[:-1], _mark_around(row[-1], phrase))) for row in rows]


def _mark_around(text: str, phrase: str) -> str:
    at = max(0, text.lower().find(phrase.lower()))
    begin, end = max(0, at - 40), at + len(phrase)
    return (
        ("…" if begin else "")
        + text[begin:at]
        + MARK_BEGIN
        + text[at:end]
        + MARK_END
        + text[end : end + 60]
        + ("…" if end + 60 < len(text) else "")
    )


def _found(row: tuple[Any, ...]) -> Found:
    *conversation, message, marked = row
    snippet, marks = _unmark(str(marked))
    return Found(
        conversation=conversation_of(tuple(conversation)),
        message=message if isinstance(message, int) else None,
        snippet=snippet,
        marks=marks,
    )


def _unmark(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    pieces: list[str] = []
    marks: list[tuple[int, int]] = []
    length = 0
    for piece in re.split(f"({MARK_BEGIN}[^{MARK_END}]*{MARK_END})", marked):
        plain = piece.strip(MARK_BEGIN + MARK_END)
        if piece.startswith(MARK_BEGIN):
            marks.append((length, length + len(plain)))
        pieces.append(plain)
        length += len(plain)
    return "".join(pieces), tuple(marks)
