"""Connections that threads borrow: reads side by side, writes one after the other."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from indexing.database import transaction


class ConnectionPool:
    """Lends each borrower a SQLite connection of its own, and keeps it for the next one.

    A thread that reads never waits for one that writes: the database is in WAL mode, and only
    writers share a lock here (so that they queue in this process rather than poll the file's lock).
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """`connect` opens a connection that may be used from any thread."""
        self._connect = connect
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._writing = threading.RLock()
        self._closed = False

    @contextmanager
    def lend(self) -> Generator[sqlite3.Connection]:
        """Lend a connection outside any transaction."""
        connection = self._take()
        try:
            yield connection
        finally:
            self._give(connection)

    @contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """Lend a connection whose reads all see the database at one moment."""
        with self.lend() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Generator[sqlite3.Connection]:
        """Lend a connection in a transaction: kept on leaving, undone by an exception."""
        with self._writing, self.lend() as connection, transaction(connection):
            yield connection

    def close(self) -> None:
        """Close all idle connections; one that is lent is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
