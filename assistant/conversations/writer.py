"""An answer that is kept while it streams."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import Final

from assistant.answering.types import Answer, Plan
from assistant.conversations.pool import ConnectionPool
from assistant.conversations.rows import now_ms, to_json
from assistant.conversations.types import Failure, MessageState

FLUSH_SECONDS: Final = 0.4

_log = logging.getLogger(__name__)


class AnswerWriter:
    """Takes the pieces of an answer as they come and keeps them in the database.

    What came is kept at once the first time and then at most `FLUSH_SECONDS` later, whether or
    not more comes, so that a killed process loses less than a second of it. The writer ends with
    exactly one of `finish`, `stop` and `fail`; further ends change nothing.

    Attributes:
        message: The message that is written.
    """

    def __init__(self, pool: ConnectionPool, message: int, model: str | None) -> None:
        """Write into this message, which stands in the database as streaming."""
        self.message = message
        self._pool = pool
        self._model = model
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._plan: Plan | None = None
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._flushed = 0.0
        self._ended = False

    @property
    def text(self) -> str:
        """The answer as far as it has come."""
        return "".join(self._text)

    def append(self, text: str) -> None:
        """Take a further piece of the answer."""
        with self._lock:
            self._text.append(text)
            self._soon()

    def think(self, text: str) -> None:
        """Take a further piece of the model's thinking."""
        with self._lock:
            self._thinking.append(text)
            self._soon()

    def plan(self, plan: Plan) -> None:
        """Keep how the documents are used for this answer."""
        with self._lock:
            self._plan = plan
            self._soon()

    def finish(self, answer: Answer) -> None:
        """Keep the proved answer; its text replaces the pieces."""
        with self._lock:
            self._text = [answer.answer]
            self._thinking = [answer.thinking]
            self._model = answer.model
            self._end("stopped" if answer.stopped else "complete", answer=answer)

    def stop(self) -> None:
        """Keep what has come: the person stopped it."""
        with self._lock:
            self._end("stopped")

    def fail(self, failure: Failure) -> None:
        """Keep what has come, and why no more does."""
        with self._lock:
            self._end("failed", failure=failure)

    def _soon(self) -> None:
        """Write now if the last time is long enough ago, else by a timer."""
        if self._ended or self._timer is not None:
            return
        wait = self._flushed + FLUSH_SECONDS - time.monotonic()
        if wait <= 0:
            self._flush()
            return
        self._timer = threading.Timer(wait, self._on_timer)
        self._timer.daemon = True
        self._timer.start()

    def _on_timer(self) -> None:
        with self._lock:
            self._timer = None
            if not self._ended:
                self._flush()

    def _flush(self) -> None:
        try:
            self._write("streaming")
        except sqlite3.Error as error:
            # The pieces are still here, and the next flush or the end keeps them.
            _log.warning("message %d could not be kept yet: %s", self.message, error)
        self._flushed = time.monotonic()

    def _end(
        self, state: MessageState, answer: Answer | None = None, failure: Failure | None = None
    ) -> None:
        if self._ended:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._write(state, answer, failure)
        self._ended = True

    def _write(
        self, state: MessageState, answer: Answer | None = None, failure: Failure | None = None
    ) -> None:
        with self._pool.write() as connection:
            connection.execute(
                "UPDATE messages SET text = ?, thinking = ?, state = ?, failure = ?, answer = ?, "
                "plan = ?, model = ?, writer = CASE ? WHEN 'streaming' THEN writer END "
                "WHERE id = ?",
                (
                    self.text,
                    "".join(self._thinking),
                    state,
                    to_json(failure),
                    to_json(answer),
                    to_json(self._plan),
                    self._model,
                    state,
                    self.message,
                ),
            )
            if state != "streaming":
                keep_searchable(connection, self.message)


def keep_searchable(connection: sqlite3.Connection, message: int) -> None:
    """Let searches find a message by its text, and count its conversation as just used."""
    connection.execute("DELETE FROM messages_fts WHERE rowid = ?", (message,))
    connection.execute(
        "INSERT INTO messages_fts(rowid, text) SELECT id, text FROM messages WHERE id = ?",
        (message,),
    )
    connection.execute(
        "UPDATE conversations SET updated = ? "
        "WHERE id = (SELECT conversation FROM messages WHERE id = ?)",
        (now_ms(), message),
    )
