"""What the tests of the index share."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from indexing.database import database_path

LEASE = """# Lease

## Rent

The monthly rent is 940 euros and is due on the third working day of each month.

## Notice

Either side may end the lease with three months' notice in writing.

## Pets

Cats are allowed. Dogs need the landlord's consent, which may not be refused without reason.
"""
BREAD = """# Sourdough

Feed the starter at eight in the evening. In the morning mix it with flour, water and salt.
Bake the loaf for forty minutes at 230 degrees, the first half of it under a lid.
"""


def end_of(steps):
    """The events and the result of a generator."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def consistent(data_dir, index):
    """Every passage of SQLite has one vector and one row of words, and nothing is left over."""
    with closing(sqlite3.connect(database_path(data_dir))) as db:
        passages = {row[0] for row in db.execute("SELECT id FROM passages WHERE embedded = 1")}
        assert {row[0] for row in db.execute("SELECT id FROM passages")} == passages
        assert {row[0] for row in db.execute("SELECT rowid FROM passage_words")} == passages
        hashes = {row[0] for row in db.execute("SELECT sha256 FROM contents")}
    vectors = [passage for page in index.embedders.answering.vectors.ids() for passage in page]
    assert len(vectors) == len(set(vectors))
    assert set(vectors) == passages
    files = [path for path in (data_dir / "files").rglob("*") if path.is_file()]
    assert {path.stem for path in files} == hashes
    return passages
