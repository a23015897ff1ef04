"""Connections, transactions and migrations of the one database."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from indexing.database import (
    BACKUPS_KEPT,
    connect,
    connect_to_read,
    migrate,
    schema_version,
    split_statements,
    transaction,
)
from indexing.errors import NewerDatabase

FIRST = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);"
SECOND = "ALTER TABLE notes ADD COLUMN colour TEXT; UPDATE notes SET colour = 'grey';"


@pytest.fixture
def db(data_dir):
    with closing(connect(data_dir)) as connection:
        yield connection


def test_connection_waits_checks_and_logs_ahead(db):
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert db.execute("PRAGMA busy_timeout").fetchone()[0] >= 10_000


def test_migrations_run_once_and_in_order(db):
    assert migrate(db, "notes", [FIRST]) == 0
    db.execute("INSERT INTO notes (body) VALUES ('kept')")
    assert migrate(db, "notes", [FIRST, SECOND]) == 1
    assert migrate(db, "notes", [FIRST, SECOND]) == 2
    assert tuple(db.execute("SELECT body, colour FROM notes").fetchone()) == ("kept", "grey")


def test_components_count_apart(db):
    migrate(db, "notes", [FIRST, SECOND])
    migrate(db, "others", ["CREATE TABLE others (id INTEGER);"])
    assert (schema_version(db, "notes"), schema_version(db, "others")) == (2, 1)


def test_a_migration_that_fails_leaves_everything_as_it_was(db):
    migrate(db, "notes", [FIRST])
    db.execute("INSERT INTO notes (body) VALUES ('kept')")
    broken = "DELETE FROM notes; CREATE TABLE notes (id INTEGER);"
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, "notes", [FIRST, broken])
    assert schema_version(db, "notes") == 1
    assert db.execute("SELECT count(*) FROM notes").fetchone()[0] == 1
    assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_what_was_there_is_backed_up_before_a_migration(db, data_dir):
    migrate(db, "notes", [FIRST])
    assert not list(data_dir.glob("backups/*"))
    db.execute("INSERT INTO notes (body) VALUES ('before')")
    migrate(db, "notes", [FIRST, "DELETE FROM notes;"])
    [backup] = data_dir.glob("backups/*.db")
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT body FROM notes").fetchone()[0] == "before"


def test_only_the_last_backups_are_kept(db, data_dir):
    steps = [FIRST, *(f"INSERT INTO notes (body) VALUES ('{n}');" for n in range(9))]
    for count in range(1, len(steps) + 1):
        migrate(db, "notes", steps[:count])
    names = sorted(path.name for path in data_dir.glob("backups/*.db"))
    assert len(names) == BACKUPS_KEPT
    assert {name.split("-")[2] for name in names} == {"5", "6", "7", "8", "9"}


def test_tables_of_a_newer_version_are_left_alone(db):
    migrate(db, "notes", [FIRST, SECOND])
    with pytest.raises(NewerDatabase) as caught:
        migrate(db, "notes", [FIRST])
    assert (caught.value.component, caught.value.found, caught.value.known) == ("notes", 2, 1)


def test_a_transaction_is_all_or_nothing(db):
    migrate(db, "notes", [FIRST])

    def half_done():
        with transaction(db):
            db.execute("INSERT INTO notes (body) VALUES ('half')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert db.execute("SELECT count(*) FROM notes").fetchone()[0] == 0


def test_triggers_stay_in_one_statement():
    script = (
        "CREATE TABLE a (id);\nCREATE TRIGGER t AFTER DELETE ON a BEGIN\n"
        "  DELETE FROM a WHERE id = old.id;\nEND;\n"
    )
    assert [text.split()[1] for text in split_statements(script)] == ["TABLE", "TRIGGER"]


def test_reading_needs_a_database_and_cannot_write(data_dir):
    assert connect_to_read(data_dir) is None
    with closing(connect(data_dir)) as writer:
        migrate(writer, "notes", [FIRST])
        reader = connect_to_read(data_dir)
        assert reader is not None
        with closing(reader):
            writer.execute("INSERT INTO notes (body) VALUES ('seen')")
            assert reader.execute("SELECT body FROM notes").fetchone()[0] == "seen"
            with pytest.raises(sqlite3.OperationalError):
                reader.execute("DELETE FROM notes")
