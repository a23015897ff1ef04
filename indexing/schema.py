"""The tables of documents, their texts and passages, as numbered migrations.

A document is a path that someone added. Its `contents` row is one reading of its file:
`documents.content_id` names the one that is searched, and while a changed file is read anew
a second row grows beside it, so that the old text stays searchable until the new is ready.
A long file's text grows part by part, always at its end: what is there stays where it is.
Ids are never reused (AUTOINCREMENT): Chroma knows passages by them, and a left-over vector
must never be taken for that of a later passage.
"""

from __future__ import annotations

from indexing.database import Migration

COMPONENT = "documents"
# How FTS5 cuts and stems words; a released migration keeps its own copy.
TOKENIZER = "porter unicode61 remove_diacritics 2"

_FIRST = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    collection TEXT,
    status TEXT NOT NULL CHECK (status IN ('queued', 'ready', 'failed', 'skipped')),
    reason TEXT,
    bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT,
    content_id INTEGER REFERENCES contents (id) ON DELETE SET NULL,
    duplicate_of INTEGER REFERENCES documents (id) ON DELETE CASCADE,
    indexed_at TEXT
);
CREATE INDEX documents_by_hash ON documents (sha256);
CREATE INDEX documents_by_status ON documents (status);
CREATE INDEX documents_by_collection ON documents (collection);
CREATE INDEX documents_by_content ON documents (content_id);
CREATE INDEX documents_by_original ON documents (duplicate_of);
CREATE TABLE contents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    pages INTEGER,
    passages INTEGER NOT NULL,
    text TEXT NOT NULL,
    structure BLOB NOT NULL
);
CREATE INDEX contents_by_document ON contents (document_id);
CREATE TABLE line_boxes (
    content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    page INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    boxes BLOB NOT NULL
);
CREATE INDEX line_boxes_by_content ON line_boxes (content_id, first);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    page INTEGER,
    headings TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    embedded INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX passages_by_content ON passages (content_id, first);
CREATE INDEX passages_to_embed ON passages (id) WHERE embedded = 0;
CREATE VIRTUAL TABLE passage_words USING fts5 (
    title, headings, body, tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER passage_words_follow AFTER DELETE ON passages BEGIN
    DELETE FROM passage_words WHERE rowid = old.id;
END;
CREATE TABLE index_facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# What was embedded of a passage, as a digest: the same text is never embedded twice.
_DIGESTS = """
ALTER TABLE passages ADD COLUMN digest TEXT;
CREATE INDEX passages_by_digest ON passages (digest) WHERE digest IS NOT NULL;
"""

# What is not read yet of a long file, part by part; nothing once its text is whole.
_PARTS = "ALTER TABLE contents ADD COLUMN rest BLOB;"

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _DIGESTS, _PARTS)
