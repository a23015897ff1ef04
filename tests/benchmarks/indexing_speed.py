"""How fast files are indexed, beside the bare embedder on the same passages.

    python -m tests.benchmarks.indexing_speed PATH… [--rounds N] [--join-pages N] [--json]

Each round indexes the files into an empty folder as the app does (an index process, which
copies, cuts, embeds and stores in SQLite, FTS5 and Chroma, and a reader process) and then has
sentence-transformers' `encode` embed the very texts that were embedded, sorted and batched as
it likes, with the same model, precision and threads in this process. In turns, so that a
machine that is busy is so for both, and by the clock as well as by processor time, which
other work hardly changes. Starting the processes and loading the model is in neither.
`--float32` has `encode` run in float32 too.

`--join-pages` makes one PDF of so many pages of the given ones first and indexes that.
Printed with the rates: when the first passage of the files could be found by its words, and
when by its meaning, as shares of the whole time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from assistant.paths import DataPaths
from assistant.services.index import IndexService
from indexing.database import connect
from indexing.embedder import Embedder
from indexing.embedding import embedded_texts
from indexing.store import DocumentStore
from tests.benchmarks.retrieval import embedder_folder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SEARCHES = 40


def indexed_texts(folder: Path, embedder: Embedder) -> list[str]:
    """The texts whose vectors an index has."""
    with closing(connect(folder)) as db:
        store = DocumentStore(db)
        contents = [row[0] for row in db.execute("SELECT id FROM contents")]
        passages = [row[0] for row in db.execute("SELECT id FROM passages")]
        store.passages.mark_embedded(passages, embedded=False)
        pending = store.passages.pending(contents, 1 << 30)
        store.passages.mark_embedded(passages)
    return embedded_texts(pending, embedder)


def precision_of(folder: Path) -> str | None:
    """The precision that an index process chose on this machine."""
    with closing(connect(folder)) as db:
        row = db.execute("SELECT value FROM index_facts WHERE key LIKE 'precision:%'").fetchone()
    return row[0] if row is not None else None


def searchable(folder: Path) -> Generator[tuple[bool, bool]]:
    """Whether any passage can be found by its words, and by its meaning; asked again and again."""
    with closing(connect(folder)) as db:
        while True:
            row = db.execute(
                "SELECT count(*), sum(p.embedded) FROM documents AS d "
                "JOIN passages AS p ON p.content_id = d.content_id"
            ).fetchone()
            yield row[0] > 0, bool(row[1])


def processor_seconds(children: bool) -> float:
    """Processor time of this process, or of all that it started, so far."""
    this = psutil.Process()
    times = [p.cpu_times() for p in (this.children(recursive=True) if children else [this])]
    return sum(item.user + item.system for item in times)


def pipeline(paths: Sequence[str], folder: Path) -> dict[str, float]:
    """Seconds to index the files, and until the first passages could be found."""
    data = DataPaths(folder).create()
    data.embedder.parent.mkdir(parents=True)
    data.embedder.symlink_to(embedder_folder())
    service = IndexService(data)
    try:
        service.warm().result()
        service.embed(["Run once before anything is timed."])
        first: dict[str, float] = {}
        watch = searchable(folder)
        before = processor_seconds(children=True)
        begin = time.perf_counter()
        looked = begin
        job = service.add(list(paths))
        for _ in job:
            now = time.perf_counter()
            if len(first) < 2 and now - looked > 0.25:
                looked = now
                words, meaning = next(watch)
                if words:
                    first.setdefault("words", now - begin)
                if meaning:
                    first.setdefault("meaning", now - begin)
        report = job.result()
        seconds = time.perf_counter() - begin
        processor = processor_seconds(children=True) - before
        failed = [(row.path, row.reason) for row in report.documents if row.status == "failed"]
        if failed:
            raise SystemExit(f"not indexed: {failed}")
        with closing(connect(folder)) as db:
            bodies = [row[0] for row in db.execute("SELECT body FROM passage_words")]
        queries = [body[-80:] for body in bodies[:: max(1, len(bodies) // _SEARCHES)]]
        return {
            "seconds": seconds,
            "processor_s": processor,
            "words_after": first.get("words", seconds) / seconds,
            "meaning_after": first.get("meaning", seconds) / seconds,
            "search_ms": statistics.median(service.search(query).ms for query in queries),
        }
    finally:
        service.close()


def bare(model: SentenceTransformer, texts: Sequence[str]) -> tuple[float, float]:
    """Seconds that `encode` takes for the texts, by the clock and of the processor."""
    before = processor_seconds(children=False)
    begin = time.perf_counter()
    model.encode(list(texts), show_progress_bar=False)
    return time.perf_counter() - begin, processor_seconds(children=False) - before


def join_pages(paths: Sequence[str], count: int, target: Path) -> None:
    """Writes a PDF of `count` pages, taken in turns from the files'."""
    import pypdfium2

    files = [
        file
        for path in map(Path, paths)
        for file in (sorted(path.rglob("*.pdf")) if path.is_dir() else [path])
    ]
    book = pypdfium2.PdfDocument.new()
    for file in files:
        with closing(pypdfium2.PdfDocument(file)) as pdf:
            wanted = min(len(pdf), count - len(book))
            if wanted > 0:
                book.import_pages(pdf, list(range(wanted)))
    if len(book) < count:
        raise SystemExit(f"the files have {len(book)} pages only")
    book.save(target)
    book.close()


def measure(paths: Sequence[str], rounds: int, with_float32: bool) -> dict[str, Any]:
    """Medians over the rounds."""
    embedder: Embedder | None = None
    exact: SentenceTransformer | None = None
    found: list[dict[str, float]] = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            one = pipeline(paths, folder)
            precision = precision_of(folder)
            if embedder is None:
                embedder = Embedder(embedder_folder(), lambda _key, known=precision: known)
                embedder.load()
            model = embedder._model
            assert model is not None
            texts = indexed_texts(folder, embedder)
            if number == 0:
                model.encode(texts[:64], show_progress_bar=False)
            one["passages"] = len(texts)
            one["encode_s"], one["encode_processor_s"] = bare(model, texts)
            one["ratio"] = one["encode_s"] / one["seconds"]
            one["processor_ratio"] = one["encode_processor_s"] / one["processor_s"]
            if with_float32:
                from sentence_transformers import SentenceTransformer

                exact = exact or SentenceTransformer(str(embedder_folder()), device="cpu")
                one["float32_s"], _ = bare(exact, texts)
            found.append(one)
            print(json.dumps(one), file=sys.stderr)
    result: dict[str, Any] = {
        name: statistics.median(item[name] for item in found) for name in found[0]
    }
    for name in ("ratio", "processor_ratio"):
        result[f"{name}s"] = [round(item[name], 3) for item in found]
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--join-pages", type=int, metavar="N")
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        paths: list[str] = given.paths
        if given.join_pages:
            book = Path(scratch) / "book.pdf"
            join_pages(paths, given.join_pages, book)
            paths = [str(book)]
        found = measure(paths, given.rounds, given.float32)
    if given.json:
        print(json.dumps(found))
        return 0
    passages = found["passages"]
    print(f"{passages:.0f} passages, {given.rounds} rounds, medians")
    print(f"indexing         {passages / found['seconds']:8.1f} passages/s")
    print(f"encode           {passages / found['encode_s']:8.1f} passages/s")
    print(f"ratio            {found['ratio']:8.2f}  {found['ratios']}")
    print(f"ratio, processor {found['processor_ratio']:8.2f}  {found['processor_ratios']}")
    if given.float32:
        print(f"encode, float32  {passages / found['float32_s']:8.1f} passages/s")
    print(f"found by words   {found['words_after']:8.2f} of the whole time after the start")
    print(f"found by meaning {found['meaning_after']:8.2f}")
    print(f"search           {found['search_ms']:8.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
