"""The conversations of a data folder: kept in its database, as trees of messages."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from assistant.conversations import search, tree
from assistant.conversations.export import to_markdown
from assistant.conversations.grouping import group_by_period
from assistant.conversations.pool import ConnectionPool
from assistant.conversations.process import is_alive, own_token
from assistant.conversations.rows import (
    CONVERSATION_COLUMNS,
    conversation_of,
    now_ms,
    scope_of,
    to_json,
)
from assistant.conversations.schema import COMPONENT, MIGRATIONS
from assistant.conversations.titles import clean_title, title_of
from assistant.conversations.types import (
    Conversation,
    ConversationGroup,
    Draft,
    Found,
    Message,
    Scope,
)
from assistant.conversations.writer import AnswerWriter, keep_searchable
from assistant.errors import ConversationNotFound
from assistant.settings import ModelSettings
from indexing.database import connect, migrate

KEEP_DELETED: Final = timedelta(days=30)

_log = logging.getLogger(__name__)


class ConversationStore:
    """Conversations as trees of messages, with one branch of each shown.

    Every method may be called from any thread. Reads take milliseconds and never wait for a
    write; a write may wait for another process's, so a window calls those off its thread.
    Times are aware, in UTC.
    """

    def __init__(self, data_dir: Path) -> None:
        """Open the store of a data folder; make its tables, and mend what a killed process left.

        Answers whose writer is gone become "interrupted" with what had come of them, and
        conversations deleted longer ago than `KEEP_DELETED` go for good.
        """
        self._pool = ConnectionPool(lambda: connect(data_dir))
        with self._pool.lend() as connection:
            migrate(connection, COMPONENT, MIGRATIONS)
        self._recover()
        self._purge(now_ms() - int(KEEP_DELETED.total_seconds() * 1000))

    def close(self) -> None:
        """Close the connections to the database."""
        self._pool.close()

    # Conversations

    def create(
        self, scope: Scope | None = None, model: str | None = None, persona: str | None = None
    ) -> Conversation:
        """Begin an empty conversation; its first question gives it a title."""
        now = now_ms()
        with self._pool.write() as connection:
            cursor = connection.execute(
                "INSERT INTO conversations (created, updated, scope, model, persona) "
                "VALUES (?, ?, ?, ?, ?)",
                (now, now, to_json(scope or Scope()), model, persona),
            )
            return self._conversation(connection, cursor.lastrowid or 0)

    def get(self, conversation: int) -> Conversation:
        """Return a conversation, deleted ones too. Raises ConversationNotFound."""
        with self._pool.read() as connection:
            return self._conversation(connection, conversation)

    def list(self) -> list[Conversation]:
        """Return all that are not deleted: the pinned first, then the latest used first."""
        with self._pool.read() as connection:
            rows = connection.execute(
                f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE deleted_at IS NULL "
                "ORDER BY pinned DESC, updated DESC, id DESC"
            )
            return [conversation_of(row) for row in rows]

    def grouped(self, now: datetime | None = None) -> list[ConversationGroup]:
        """Return `list` grouped by the days of the person's clock, empty groups left out."""
        return group_by_period(self.list(), now or datetime.now().astimezone())

    def rename(self, conversation: int, title: str) -> None:
        """Give a conversation the title that the person typed; an empty one changes nothing."""
        if title := clean_title(title):
            self._update(conversation, "title", title)

    def pin(self, conversation: int, pinned: bool) -> None:
        """Keep a conversation at the top of the list, or no longer."""
        self._update(conversation, "pinned", int(pinned))

    def set_scope(self, conversation: int, scope: Scope) -> None:
        """Choose what the next questions of a conversation are about."""
        self._update(conversation, "scope", to_json(scope))

    def set_model(self, conversation: int, model: str | None) -> None:
        """Choose the model of a conversation; None follows the current one."""
        self._update(conversation, "model", model)

    def set_persona(self, conversation: int, persona: str | None) -> None:
        """Choose who answers in a conversation; None for the usual persona."""
        self._update(conversation, "persona", persona)

    def set_settings(self, conversation: int, model: str, settings: ModelSettings) -> None:
        """Choose how a model works in a conversation; no choice at all follows its own settings.

        Args:
            conversation: Where it holds.
            model: The model's name in the library.
            settings: What is chosen; None in it follows the model's own.
        """
        with self._pool.write() as connection:
            chosen = {**self._conversation(connection, conversation).settings, model: settings}
            if settings == ModelSettings():
                del chosen[model]
            connection.execute(
                "UPDATE conversations SET settings = ? WHERE id = ?",
                (msgspec.json.encode(chosen).decode(), conversation),
            )

    def delete(self, conversation: int) -> None:
        """Put a conversation aside; `undo_delete` brings it back for `KEEP_DELETED`."""
        self._update(conversation, "deleted_at", now_ms())

    def undo_delete(self, conversation: int) -> None:
        """Bring a deleted conversation back as it was."""
        self._update(conversation, "deleted_at", None)

    def deleted(self) -> list[Conversation]:
        """Return the conversations that can still be brought back, the last deleted first."""
        with self._pool.read() as connection:
            rows = connection.execute(
                f"SELECT {CONVERSATION_COLUMNS} FROM conversations "
                "WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC, id DESC"
            ).fetchall()
            return [conversation_of(row) for row in rows]

    def search(self, query: str, limit: int = 50) -> list[Found]:
        """Find words in titles and messages, the last word also as a beginning."""
        with self._pool.read() as connection:
            return search.search(connection, query, limit)

    def export_markdown(self, conversation: int) -> str:
        """Return the branch that is shown, as a Markdown text with its quotes."""
        with self._pool.read() as connection:
            row = self._conversation(connection, conversation)
            return to_markdown(row, tree.branch(connection, row.leaf))

    # Drafts

    def drafts(self) -> dict[int | None, Draft]:
        """Return what was begun and not asked, by conversation; None is for a new one."""
        with self._pool.read() as connection:
            rows = connection.execute("SELECT conversation, text, scope FROM drafts")
            return {
                conversation or None: Draft(text, scope_of(scope))
                for conversation, text, scope in rows
            }

    def keep_drafts(self, drafts: Mapping[int | None, Draft]) -> None:
        """Keep drafts in place of those that their conversations had; an empty one goes."""
        with self._pool.write() as connection:
            for conversation, draft in drafts.items():
                if draft == Draft(""):
                    connection.execute(
                        "DELETE FROM drafts WHERE conversation = ?", (conversation or 0,)
                    )
                else:
                    connection.execute(
                        "INSERT OR REPLACE INTO drafts VALUES (?, ?, ?)",
                        (conversation or 0, draft.text, to_json(draft.scope)),
                    )

    # Messages

    def messages(self, conversation: int) -> list[Message]:
        """Return the branch that is shown, from the first question on."""
        with self._pool.read() as connection:
            row = self._conversation(connection, conversation)
            return tree.branch(connection, row.leaf)

    def history(self, message: int | None) -> list[Message]:
        """Return the branch that ends with this message, itself included; [] for None."""
        with self._pool.read() as connection:
            return tree.branch(connection, message)

    def message(self, message: int) -> Message:
        """Return one message. Raises MessageNotFound."""
        with self._pool.read() as connection:
            return tree.message(connection, message)

    def show(self, message: int) -> list[Message]:
        """Show the branch through this message, as it was last seen; return that branch."""
        with self._pool.write() as connection:
            return tree.branch(connection, tree.show(connection, message))

    def ask(self, conversation: int, text: str) -> Message:
        """Add a question at the end of the branch that is shown."""
        with self._pool.write() as connection:
            row = self._conversation(connection, conversation)
            return self._question(connection, row, row.leaf, text)

    def ask_after(self, conversation: int, parent: int | None, text: str) -> Message:
        """Add a question after a message of the conversation; None begins a new first branch."""
        with self._pool.write() as connection:
            row = self._conversation(connection, conversation)
            if parent is not None:
                tree.check_belongs(connection, parent, conversation)
            return self._question(connection, row, parent, text)

    def edit(self, question: int, text: str) -> Message:
        """Add the question anew beside itself, in other words: the old branch stays."""
        with self._pool.write() as connection:
            old = tree.message(connection, question)
            row = self._conversation(connection, old.conversation)
            return self._question(connection, row, old.parent, text)

    def begin_answer(self, question: int, model: str | None = None) -> AnswerWriter:
        """Add an answer to a question, beside those it may have, and return its writer."""
        with self._pool.write() as connection:
            parent = tree.message(connection, question)
            added = tree.add(
                connection,
                parent.conversation,
                question,
                "assistant",
                state="streaming",
                model=model,
                writer=own_token(),
            )
        return AnswerWriter(self._pool, added, model)

    def _question(
        self, connection: sqlite3.Connection, row: Conversation, parent: int | None, text: str
    ) -> Message:
        added = tree.add(connection, row.id, parent, "user", text=text)
        keep_searchable(connection, added)
        if not row.title:
            connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", (title_of(text), row.id)
            )
        return tree.message(connection, added)

    def _conversation(self, connection: sqlite3.Connection, conversation: int) -> Conversation:
        row = connection.execute(
            f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE id = ?",
            (conversation,),
        ).fetchone()
        if row is None:
            raise ConversationNotFound(conversation)
        return conversation_of(row)

    def _update(self, conversation: int, column: str, value: str | int | None) -> None:
        with self._pool.write() as connection:
            changed = connection.execute(
                f"UPDATE conversations SET {column} = ? WHERE id = ?",
                (value, conversation),
            )
            if not changed.rowcount:
                raise ConversationNotFound(conversation)

    def _recover(self) -> None:
        with self._pool.read() as connection:
            streaming = connection.execute(
                "SELECT id, writer FROM messages WHERE state = 'streaming'"
            ).fetchall()
        left = [message for message, writer in streaming if not is_alive(writer or "")]
        if not left:
            return
        _log.info("%d answers were interrupted by the end of their process", len(left))
        with self._pool.write() as connection:
            for message in left:
                connection.execute(
                    "UPDATE messages SET state = 'interrupted', writer = NULL "
                    "WHERE id = ? AND state = 'streaming'",
                    (message,),
                )
                keep_searchable(connection, message)

    def _purge(self, before: int) -> None:
        with self._pool.read() as connection:
            rows: Iterable[tuple[int]] = connection.execute(
                "SELECT id FROM conversations WHERE deleted_at < ?", (before,)
            ).fetchall()
        if not rows:
            return
        with self._pool.write() as connection:
            connection.executemany("DELETE FROM conversations WHERE id = ?", rows)
