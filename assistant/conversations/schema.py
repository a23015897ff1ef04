"""The tables of conversations, as numbered migrations of the data folder's database."""

from __future__ import annotations

from typing import Final

COMPONENT: Final = "conversations"

# Times are milliseconds since 1970, UTC. Identifiers are never used twice, so that an undo or a
# link that comes late cannot meet a stranger.
MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE conversations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL DEFAULT '',
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        pinned INTEGER NOT NULL DEFAULT 0,
        deleted_at INTEGER,
        scope TEXT NOT NULL,
        model TEXT,
        leaf INTEGER REFERENCES messages(id) ON DELETE SET NULL
    );
    CREATE INDEX conversations_by_time ON conversations(updated);
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        parent INTEGER REFERENCES messages(id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        text TEXT NOT NULL,
        thinking TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (
            state IN ('streaming', 'complete', 'stopped', 'failed', 'interrupted')
        ),
        failure TEXT,
        answer TEXT,
        plan TEXT,
        model TEXT,
        created INTEGER NOT NULL,
        writer TEXT,
        chosen INTEGER REFERENCES messages(id) ON DELETE SET NULL
    );
    CREATE INDEX messages_by_conversation ON messages(conversation, parent, id);
    CREATE INDEX messages_by_parent ON messages(parent);
    CREATE INDEX messages_by_chosen ON messages(chosen) WHERE chosen IS NOT NULL;
    CREATE INDEX messages_streaming ON messages(state) WHERE state = 'streaming';
    CREATE INDEX conversations_by_leaf ON conversations(leaf);
    CREATE VIRTUAL TABLE conversation_titles_fts
        USING fts5(text, tokenize = 'unicode61 remove_diacritics 2');
    CREATE VIRTUAL TABLE messages_fts
        USING fts5(text, tokenize = 'unicode61 remove_diacritics 2');
    CREATE TRIGGER conversations_gone AFTER DELETE ON conversations BEGIN
        DELETE FROM conversation_titles_fts WHERE rowid = old.id;
    END;
    CREATE TRIGGER conversations_titled AFTER UPDATE OF title ON conversations BEGIN
        DELETE FROM conversation_titles_fts WHERE rowid = old.id;
        INSERT INTO conversation_titles_fts(rowid, text) VALUES (new.id, new.title);
    END;
    CREATE TRIGGER messages_gone AFTER DELETE ON messages BEGIN
        DELETE FROM messages_fts WHERE rowid = old.id;
    END;
    """,
    # The draft of the conversation that has not begun is kept under 0, which no conversation has.
    """
    ALTER TABLE conversations ADD COLUMN persona TEXT;
    CREATE TABLE drafts (
        conversation INTEGER PRIMARY KEY,
        text TEXT NOT NULL,
        scope TEXT NOT NULL
    );
    CREATE TRIGGER conversations_gone_with_draft AFTER DELETE ON conversations BEGIN
        DELETE FROM drafts WHERE conversation = old.id;
    END;
    """,
    "ALTER TABLE conversations ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
    # A scope may name several collections.
    """
    UPDATE conversations SET scope = json_set(
        json_remove(scope, '$.collection'),
        '$.collections', json_array(json_extract(scope, '$.collection'))
    ) WHERE json_extract(scope, '$.collection') IS NOT NULL;
    UPDATE drafts SET scope = json_set(
        json_remove(scope, '$.collection'),
        '$.collections', json_array(json_extract(scope, '$.collection'))
    ) WHERE json_extract(scope, '$.collection') IS NOT NULL;
    """,
)
