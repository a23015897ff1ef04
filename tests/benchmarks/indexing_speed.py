"""How fast files are indexed, beside the bare embedder on the same passages.

    python -m tests.benchmarks.indexing_speed PATH… [--rounds N] [--json]

Each round indexes the files into an empty folder (copied, read, cut, embedded, stored in
SQLite, FTS5 and Chroma) and then has sentence-transformers' `encode` embed the very texts
that were embedded, sorted and batched as it likes, with the same model in the same process:
once as the pipeline uses it, once in float32. In turns, so that a machine that is busy is so
for all. Loading the model is in neither. At the end, searches are timed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformer

from indexing.index import Index
from indexing.pipeline import embedded_text
from indexing.readers.read import read
from tests.benchmarks.retrieval import embedder_folder

_SEARCHES = 40


def indexed_texts(index: Index) -> list[str]:
    """The texts whose vectors the index has."""
    store = index._store
    contents = [row[0] for row in index._db.execute("SELECT id FROM contents")]
    passages = index._db.execute("SELECT id FROM passages").fetchall()
    store.mark_embedded([row[0] for row in passages], embedded=False)
    texts = [embedded_text(item, index.count_tokens) for item in store.pending(contents, 1 << 30)]
    store.mark_embedded([row[0] for row in passages])
    return texts


def one_round(paths: Sequence[str], exact: SentenceTransformer) -> dict[str, float]:
    """Passages per second of the pipeline and of `encode`, and a search's milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder), embedder_folder(), read)
        try:
            index.warm()
            index.embed(["Run once before anything is timed."])
            begin = time.perf_counter()
            longest = 0.0
            before = begin
            for _ in index.add(list(paths)):
                now = time.perf_counter()
                longest, before = max(longest, now - before), now
            pipeline_s = time.perf_counter() - begin
            texts = indexed_texts(index)
            model = index._embedder._model
            assert model is not None
            begin = time.perf_counter()
            model.encode(texts, show_progress_bar=False)
            encode_s = time.perf_counter() - begin
            begin = time.perf_counter()
            exact.encode(texts, show_progress_bar=False)
            exact_s = time.perf_counter() - begin
            queries = [text[-80:] for text in texts[:: max(1, len(texts) // _SEARCHES)]]
            took = [index.search(query).ms for query in queries]
            return {
                "passages": len(texts),
                "pipeline_per_s": len(texts) / pipeline_s,
                "encode_per_s": len(texts) / encode_s,
                "encode_float32_per_s": len(texts) / exact_s,
                "longest_step_ms": longest * 1000,
                "search_ms": statistics.median(took),
            }
        finally:
            index.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    exact = SentenceTransformer(str(embedder_folder()), device="cpu", local_files_only=True)
    rounds = [one_round(given.paths, exact) for _ in range(given.rounds)]
    found: dict[str, Any] = {
        name: statistics.median(item[name] for item in rounds) for name in rounds[0]
    }
    found["ratio"] = statistics.median(r["pipeline_per_s"] / r["encode_per_s"] for r in rounds)
    if given.json:
        print(json.dumps(found))
        return 0
    print(f"{found['passages']:.0f} passages, {given.rounds} rounds, medians")
    print(f"pipeline         {found['pipeline_per_s']:8.1f} passages/s")
    print(f"encode           {found['encode_per_s']:8.1f} passages/s, ratio {found['ratio']:.2f}")
    print(f"encode, float32  {found['encode_float32_per_s']:8.1f} passages/s")
    print(f"longest step     {found['longest_step_ms']:8.0f} ms")
    print(f"search           {found['search_ms']:8.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
