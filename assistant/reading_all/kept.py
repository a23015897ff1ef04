"""What was read for a question, kept on disk window by window: a stop or a kill loses only one.

It is found again by the question, its conversation and the model, and within these by the text
of the window: a document that has changed is read anew where it did, and nowhere else.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from assistant.answering.types import AskRequest
from assistant.conversations.pool import ConnectionPool
from assistant.conversations.rows import now_ms
from assistant.reading_all.prompts import Kind, edition
from indexing.database import connect, migrate

COMPONENT: Final = "readings"
# As long as a deleted conversation.
KEEP_MS: Final = 30 * 24 * 3600 * 1000

MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE readings (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation INTEGER REFERENCES conversations(id) ON DELETE CASCADE,
        question TEXT NOT NULL,
        kind TEXT NOT NULL,
        model TEXT NOT NULL,
        edition TEXT NOT NULL,
        window_chars INTEGER NOT NULL,
        used INTEGER NOT NULL
    );
    CREATE INDEX readings_by_question ON readings(conversation, question);
    CREATE TABLE readings_windows (
        reading INTEGER NOT NULL REFERENCES readings(id) ON DELETE CASCADE,
        document INTEGER REFERENCES documents(id) ON DELETE CASCADE,
        digest TEXT NOT NULL,
        written BLOB NOT NULL,
        PRIMARY KEY (reading, document, digest)
    );
    CREATE INDEX readings_windows_by_document ON readings_windows(document);
    """,
)


class Written(msgspec.Struct, frozen=True, array_like=True):
    """What the model wrote about one window, or made of some notes.

    Attributes:
        texts: As it wrote them: one, or more where the window was shown in parts.
        whole: Whether it came to an end of each by itself.
        passed_over: It said that the window does not answer, and was asked for nothing more.
        sureness: How sure it is that a note belongs in the answer (see `Scale`), for each that it
            was asked about.
    """

    texts: tuple[str, ...]
    whole: bool
    passed_over: bool = False
    sureness: dict[str, float] = {}


class Reading(msgspec.Struct, frozen=True):
    """A question with which documents are read through; `window_chars` stays as it began."""

    id: int
    window_chars: int


_written: Final = msgspec.msgpack.Decoder(Written)


class KeptReadings:
    """The readings of a data folder. Methods may be called from any thread.

    The tables of conversations must be there, as must those of documents before anything is kept.
    """

    def __init__(self, data_dir: Path) -> None:
        self._pool = ConnectionPool(lambda: connect(data_dir))
        with self._pool.lend() as connection:
            migrate(connection, COMPONENT, MIGRATIONS)
        with self._pool.write() as connection:
            connection.execute("DELETE FROM readings WHERE used < ?", (now_ms() - KEEP_MS,))

    def find(self, request: AskRequest, question: str, kind: Kind) -> Reading | None:
        """Return the reading of a question; None where it has not begun."""
        with self._pool.read() as connection:
            row = connection.execute(
                "SELECT id, window_chars FROM readings WHERE conversation IS ? AND question = ? "
                "AND kind = ? AND model = ? AND edition = ?",
                (request.conversation, question, kind, request.model or "", edition()),
            ).fetchone()
        return None if row is None else Reading(row["id"], row["window_chars"])

    def begin(self, request: AskRequest, question: str, kind: Kind, window_chars: int) -> Reading:
        """Return the reading of a question, begun now where it was not."""
        found = self.find(request, question, kind)
        with self._pool.write() as connection:
            if found is not None:
                connection.execute(
                    "UPDATE readings SET used = ? WHERE id = ?", (now_ms(), found.id)
                )
                return found
            cursor = connection.execute(
                "INSERT INTO readings (conversation, question, kind, model, edition, window_chars, "
                "used) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    request.conversation, question, kind, request.model or "", edition(),
                    window_chars, now_ms(),
                ),
            )  # fmt: skip
            return Reading(cursor.lastrowid or 0, window_chars)

    def written(self, reading: Reading) -> dict[tuple[int | None, str], Written]:
        """Return what was written so far, by document (None for notes) and digest."""
        with self._pool.read() as connection:
            rows = connection.execute(
                "SELECT document, digest, written FROM readings_windows WHERE reading = ?",
                (reading.id,),
            ).fetchall()
        return {(row["document"], row["digest"]): _written.decode(row["written"]) for row in rows}

    def keep(self, reading: Reading, document: int | None, digest: str, written: Written) -> None:
        """Keep what was written about a window, or of notes; at once and for good.

        Nothing is kept of a document that was removed meanwhile.
        """
        with contextlib.suppress(sqlite3.IntegrityError), self._pool.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO readings_windows VALUES (?, ?, ?, ?)",
                (reading.id, document, digest, msgspec.msgpack.encode(written)),
            )

    def close(self) -> None:
        """Close the connections to the database."""
        self._pool.close()
