"""Documents that are nearly the same: found by the word sequences that they share.

Of each text the `SIZE` smallest hashes of its sequences of words are kept, a sketch from which
the share of sequences that two texts have in common can be estimated (Broder, "On the
resemblance and containment of documents", 1997). They lie in SQLite by hash, so that finding a
text's likes among ten thousand documents is one query.
"""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Generator, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from indexing.database import Migration, migrate, transaction

COMPONENT = "likeness"
# Words in a sequence: long enough that two texts on the same subject have few in common.
SEQUENCE = 5
# Hashes in a sketch: the share is then known to about 4 hundredths (its standard error).
SIZE = 128
# From this share on two texts are nearly the same: of 300 words, two others leave .94, eight .78;
# another paragraph of ten leaves .78.
LEAST_SHARE = 0.7
# Texts of fewer sequences say nothing: most of a form that is not filled in.
_LEAST_SEQUENCES = 20
_MOST_LIKES = 5
# Words between two yields, some 20 ms of work.
_PIECE = 20_000

_FIRST = """
CREATE TABLE sketches (
    content_id INTEGER PRIMARY KEY REFERENCES contents (id) ON DELETE CASCADE,
    sequences INTEGER NOT NULL
);
CREATE TABLE sketch_hashes (
    hash INTEGER NOT NULL,
    content_id INTEGER NOT NULL REFERENCES sketches (content_id) ON DELETE CASCADE,
    PRIMARY KEY (hash, content_id)
) WITHOUT ROWID;
CREATE INDEX sketch_hashes_by_content ON sketch_hashes (content_id);
CREATE TABLE likes (
    content_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    other_id INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    share REAL NOT NULL,
    PRIMARY KEY (content_id, other_id)
) WITHOUT ROWID;
CREATE INDEX likes_by_other ON likes (other_id);
"""
MIGRATIONS: tuple[Migration, ...] = (_FIRST,)

_WORD = re.compile(r"\w+")
_PRIME = np.uint64(0x100000001B3)


class Likeness:
    """Finds the documents that are nearly the same, on the index's database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        migrate(connection, COMPONENT, MIGRATIONS)
        self._db = connection

    def catch_up(self) -> Generator[int, None, None]:
        """Sketches the texts that are searched and have no sketch; yields which document.

        The likes of each are looked for among those that were sketched before it.
        """
        waiting = self._db.execute(
            "SELECT d.id, d.content_id AS content FROM documents AS d "
            "WHERE d.status = 'ready' AND d.content_id IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM sketches AS s WHERE s.content_id = d.content_id) ORDER BY d.id"
        ).fetchall()
        for row in waiting:
            text = self._db.execute(
                "SELECT text FROM contents WHERE id = ?", (row["content"],)
            ).fetchone()
            if text is None:
                continue  # Removed since.
            steps = sketch(text[0])
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    self._keep(row["content"], end.value)
                    break
                yield row["id"]

    def _keep(self, content: int, hashes: NDArray[np.int64]) -> None:
        with transaction(self._db):
            # It may be gone, or another run have been faster: between two steps others take turns.
            done = self._db.execute(
                "INSERT OR IGNORE INTO sketches SELECT id, ? FROM contents WHERE id = ?",
                (len(hashes), content),
            )
            if not done.rowcount or len(hashes) < _LEAST_SEQUENCES:
                return
            numbers = [(int(number), content) for number in hashes]
            self._db.executemany("INSERT INTO sketch_hashes VALUES (?, ?)", numbers)
            candidates = self._db.execute(
                "SELECT other.content_id, count(*) AS shared FROM sketch_hashes AS mine "
                "JOIN sketch_hashes AS other ON other.hash = mine.hash "
                "AND other.content_id != mine.content_id WHERE mine.content_id = ? "
                "GROUP BY other.content_id HAVING shared >= ? ORDER BY shared DESC LIMIT ?",
                (content, LEAST_SHARE * len(hashes) / 2, 4 * _MOST_LIKES),
            ).fetchall()
            likes: list[tuple[float, int]] = []
            for row in candidates:
                share = shared(hashes, self._sketch(row["content_id"]))
                if share >= LEAST_SHARE:
                    likes.append((share, row["content_id"]))
            likes.sort(reverse=True)
            self._db.executemany(
                "INSERT INTO likes VALUES (?, ?, ?)",
                [(content, other, round(share, 3)) for share, other in likes[:_MOST_LIKES]],
            )

    def _sketch(self, content: int) -> NDArray[np.int64]:
        rows = self._db.execute(
            "SELECT hash FROM sketch_hashes WHERE content_id = ? ORDER BY hash", (content,)
        )
        return np.array([row[0] for row in rows], dtype=np.int64)


def sketch(text: str) -> Generator[None, None, NDArray[np.int64]]:
    """The smallest hashes of a text's sequences of words, in order; `SIZE` at most.

    Case, punctuation and white space make no difference. It yields every few thousand words.
    """
    smallest = np.empty(0, dtype=np.int64)
    before = np.empty(0, dtype=np.uint64)
    known: dict[str, int] = {}
    for words in _in_pieces(match.group() for match in _WORD.finditer(text.casefold())):
        for word in words:
            if word not in known:
                known[word] = zlib.crc32(word.encode("utf-8", "replace"))
        numbers = np.array([known[word] for word in words], dtype=np.uint64)
        numbers = np.concatenate((before, numbers))
        # The sequences that begin in this piece and end in the next one.
        before = numbers[-(SEQUENCE - 1) :]
        count = len(numbers) - SEQUENCE + 1
        if count > 0:
            rolled = np.zeros(count, dtype=np.uint64)
            for place in range(SEQUENCE):
                rolled = rolled * _PRIME + numbers[place : place + count]
            smallest = np.union1d(smallest, _mixed(rolled).astype(np.int64))[:SIZE]
        yield
    return smallest


def _in_pieces(words: Iterator[str]) -> Generator[list[str], None, None]:
    while piece := list(islice(words, _PIECE)):
        yield piece


def shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """The share of sequences that two sketched texts have in common, of all that they have."""
    smallest = np.union1d(one, other)[:SIZE]
    if not len(smallest):
        return 0.0
    both = np.intersect1d(one, other, assume_unique=True)
    return len(np.intersect1d(smallest, both, assume_unique=True)) / len(smallest)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spreads hashes evenly (the finalizer of SplitMix64), 63 bits as SQLite holds them."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (numbers ^ (numbers >> np.uint64(31))) >> np.uint64(1)
