"""How the stores bear 100,000 passages: adding to them, and searching them.

    python -m tests.benchmarks.large_index INDEX [--passages N] [--queries FILE.jsonl] [--json]

INDEX is an index with some thousand passages (as `retrieval --index` keeps one). Passages are
made of its sentences, put together anew, and vectors of its vectors with noise, so that they
lie as real ones do; they go through the index's own stores (SQLite, FTS5, Chroma), in
documents of 200 passages. Printed: passages a second in the first and in the last thousands,
and how long searches take without the query's embedding (`text` of each line of FILE, else
passages' own words); by the clock, and by processor time, which other work hardly changes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexing.database import connect, connect_to_read, migrate
from indexing.embedder import Embedder, Vectors
from indexing.embedding import WINDOW
from indexing.schema import COMPONENT, MIGRATIONS
from indexing.search import Searcher
from indexing.sentences import split_sentences
from indexing.store import DocumentStore
from indexing.types import Block, CanonicalDocument, Passage
from indexing.vectors import VectorStore
from tests.benchmarks.retrieval import embedder_folder
from tests.benchmarks.retrieval_sets import rows_of

_DOCUMENT = 200
_SENTENCES = 5
_THOUSAND = 1000
# Thousands at either end whose median is printed.
_ENDS = 3
# Cosine of a made vector to the real one that it comes from: about .75.
_NOISE = 0.9


class Source:
    """Real sentences and vectors to make passages of."""

    def __init__(self, folder: Path, identity: str) -> None:
        db = connect_to_read(folder)
        assert db is not None
        with closing(db):
            rows = db.execute("SELECT rowid, body FROM passage_words LIMIT 30000").fetchall()
        self.bodies: list[str] = [row[1] for row in rows]
        self.sentences = [
            body[start:end] for body in self.bodies for start, end in split_sentences(body)
        ]
        with closing(VectorStore(folder / "vectors", identity)) as store:
            ids = [row[0] for row in rows]
            found = [store.get(ids[n : n + 2000]) for n in range(0, len(ids), 2000)]
        self.vectors = np.stack([vector for page in found for vector in page.values()])
        self.random = random.Random(17)
        self.noise = np.random.default_rng(17)

    def document(self, number: int) -> tuple[CanonicalDocument, list[Passage]]:
        """A document of passages made of sentences from anywhere."""
        text, passages = "", []
        for _ in range(_DOCUMENT):
            body = " ".join(self.random.choices(self.sentences, k=_SENTENCES))
            passages.append(Passage(len(text), len(text) + len(body), None, (), 150))
            text += f"{body}\n\n"
        block = Block(0, len(text.rstrip()), "paragraph")
        return CanonicalDocument(f"Volume {number}", "text", text, (block,)), passages

    def unit_vectors(self, count: int) -> Vectors:
        """Vectors near to real ones."""
        chosen = self.vectors[self.noise.integers(0, len(self.vectors), count)]
        spread = self.noise.normal(size=chosen.shape) / np.sqrt(chosen.shape[1])
        made = (chosen + _NOISE * spread).astype(np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)


def clocks() -> NDArray[np.float64]:
    """Seconds by the clock and of the processor, which other work hardly changes."""
    return np.array([time.perf_counter(), time.process_time()], dtype=np.float64)


def fill(db: sqlite3.Connection, vectors: VectorStore, source: Source, total: int) -> list[Any]:
    """Adds passages as an indexing run does; returns the `clocks` of each thousand."""
    store = DocumentStore(db)
    marks = [clocks()]
    making = np.zeros(2)
    for number in range(total // _DOCUMENT):
        begin = clocks()
        canonical, passages = source.document(number)
        made = source.unit_vectors(_DOCUMENT)
        making += clocks() - begin
        document = store.register(f"/volumes/{number}", canonical.title, 1, 1, None)
        store.set_file(document, f"{number:064x}", 1, 1)
        content = store.contents.put(document, f"{number:064x}", canonical, passages)
        assert content is not None
        pending = store.passages.pending([content], _DOCUMENT)
        for first in range(0, _DOCUMENT, WINDOW):
            window = pending[first : first + WINDOW]
            store.passages.embedded_as([f"{item.id:032x}" for item in window])
            vectors.put(
                [item.id for item in window],
                made[first : first + WINDOW],
                [item.document for item in window],
            )
            store.passages.keep_digests({item.id: f"{item.id:032x}" for item in window})
        store.finish(document, content)
        if (number + 1) * _DOCUMENT % _THOUSAND == 0:
            marks.append(clocks() - making)
    return [after - before for before, after in itertools.pairwise(marks)]


def search(
    db: sqlite3.Connection, vectors: VectorStore, embedder: Embedder, queries: Sequence[str]
) -> list[Any]:
    """Milliseconds of each search by both `clocks`, without the query's embedding."""
    spent = np.zeros(2)
    encode = embedder.encode

    def timed(texts: Sequence[str]) -> Vectors:
        nonlocal spent
        begin = clocks()
        made = encode(texts)
        spent = spent + clocks() - begin
        return made

    embedder.encode = timed  # type: ignore[method-assign]
    with closing(Searcher(db, vectors, embedder)) as searcher:
        searcher.search(queries[0], 10)
        took: list[Any] = []
        for query in queries:
            spent = np.zeros(2)
            begin = clocks()
            searcher.search(query, 10)
            took.append((clocks() - begin - spent) * 1000)
    return took


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    embedder = Embedder(embedder_folder())
    source = Source(given.index, embedder.identity)
    queries = [body[-80:] for body in source.bodies[:: max(1, len(source.bodies) // 200)]]
    if given.queries is not None:
        queries = [str(row["text"]) for row in rows_of(given.queries)][:300]
    with tempfile.TemporaryDirectory() as scratch, closing(connect(Path(scratch))) as db:
        migrate(db, COMPONENT, MIGRATIONS)
        with closing(VectorStore(Path(scratch) / "vectors", embedder.identity)) as vectors:
            seconds = fill(db, vectors, source, given.passages)
            took = search(db, vectors, embedder, queries)
    found: dict[str, Any] = {"passages": given.passages}
    for clock, name in enumerate(("", "_processor")):
        first = statistics.median(float(item[clock]) for item in seconds[:_ENDS])
        last = statistics.median(float(item[clock]) for item in seconds[-_ENDS:])
        found |= {
            f"first_thousands_per_s{name}": _THOUSAND / first,
            f"last_thousands_per_s{name}": _THOUSAND / last,
            f"search_ms_median{name}": float(np.percentile([t[clock] for t in took], 50)),
            f"search_ms_p95{name}": float(np.percentile([t[clock] for t in took], 95)),
        }
    if given.json:
        print(json.dumps(found))
        return 0
    for name, value in found.items():
        print(f"{name:32}{value:10.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
