"""The one SQLite database: connections, transactions, and numbered migrations.

Several components keep their tables in the same file (documents here, conversations in the
assistant), and two processes write to it: WAL lets readers go on beside a writer, and a
writer waits for the other instead of failing. Each component numbers its own migrations.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from indexing.errors import NewerDatabase

logger = logging.getLogger(__name__)

DATABASE_NAME = "studiolo.db"
BACKUP_FOLDER = "backups"
BUSY_TIMEOUT_S = 15.0
# The backups of a component's last few migrations; older ones only cost disk.
BACKUPS_KEPT = 5

Migration = str | Callable[[sqlite3.Connection], None]


def database_path(data_dir: Path) -> Path:
    """The database's place in a data folder."""
    return data_dir / DATABASE_NAME


def connect(data_dir: Path) -> sqlite3.Connection:
    """Opens the database of a data folder for reading and writing, making both if missing.

    The connection is in autocommit mode (use `transaction`), may be used from any thread by
    one at a time, and gives rows that can be read by name.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        database_path(data_dir),
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode a killed process loses nothing with NORMAL; only a power cut can lose the
    # last commits, and never the database.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def connect_to_read(data_dir: Path) -> sqlite3.Connection | None:
    """Opens the database for reading only; None while there is none."""
    path = database_path(data_dir)
    if not path.is_file():
        return None
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only = ON")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """All of the block's writes, or none of them.

    It takes the write lock at once: a transaction that reads first and writes later can fail
    where another process wrote between, and no waiting would help it.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def migrate(connection: sqlite3.Connection, component: str, migrations: Sequence[Migration]) -> int:
    """Brings a component's tables to its newest version.

    A migration is SQL statements or a function, and is known by its place in the sequence
    (the first is version 1), so a released one is never changed and new ones are appended.
    Each runs in a transaction of its own, with foreign keys unchecked until its end (so that
    it can rebuild tables), and what the component had before is backed up first.

    Args:
        connection: As `connect` gives it.
        component: Name under which the version is kept.
        migrations: All of the component's migrations, oldest first.

    Returns:
        The version before, 0 for a component that had no tables.

    Raises:
        NewerDatabase: The tables are of a version that only a newer Studiolo knows.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_versions "
        "(component TEXT PRIMARY KEY, version INTEGER NOT NULL)"
    )
    before = schema_version(connection, component)
    if before > len(migrations):
        raise NewerDatabase(component, found=before, known=len(migrations))
    for version, migration in enumerate(migrations, start=1):
        if version <= before:
            continue
        if version > 1:
            back_up(connection, f"{component}-{version - 1}")
        _apply(connection, component, version, migration)
    return before


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether there is a table; what an earlier version wrote may not have it yet."""
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)
    )
    return found.fetchone() is not None


def schema_version(connection: sqlite3.Connection, component: str) -> int:
    """The version of a component's tables; 0 where it has none."""
    row = connection.execute(
        "SELECT version FROM schema_versions WHERE component = ?", (component,)
    ).fetchone()
    return int(row[0]) if row is not None else 0


def back_up(connection: sqlite3.Connection, label: str) -> Path | None:
    """Copies the database as it stands into the data folder's `backups`.

    Returns:
        The copy; None for a database in memory.
    """
    file = next(
        (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main"), ""
    )
    if not file:
        return None
    folder = Path(file).parent / BACKUP_FOLDER
    folder.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = folder / f"{Path(file).stem}-{label}-{stamp}.db"
    unfinished = target.with_suffix(".part")
    with closing(sqlite3.connect(unfinished)) as copy:
        connection.backup(copy)
    unfinished.replace(target)
    component = label.rpartition("-")[0]
    kept = sorted(folder.glob(f"{Path(file).stem}-{component}-*.db"), key=lambda p: p.name[-24:])
    for old in kept[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return target


def _apply(
    connection: sqlite3.Connection, component: str, version: int, migration: Migration
) -> None:
    # Foreign keys cannot be switched within a transaction.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        with transaction(connection):
            if schema_version(connection, component) >= version:
                return  # Another process was faster.
            if isinstance(migration, str):
                for statement in split_statements(migration):
                    connection.execute(statement)
            else:
                migration(connection)
            connection.execute(
                "INSERT INTO schema_versions VALUES (?, ?) "
                "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                (component, version),
            )
    finally:
        connection.execute("PRAGMA foreign_keys = ON")
    logger.info("migrated %s to version %d", component, version)


def split_statements(script: str) -> list[str]:
    """Cuts SQL into its statements; a trigger's body stays in one piece.

    `executescript` would commit the open transaction first, so statements run one by one.
    """
    statements: list[str] = []
    current = ""
    for piece in re.split(r"(?<=;)", script):
        current += piece
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    if current.strip():
        statements.append(current.strip())
    return statements
