"""Kills the index process and its reader at random moments while a folder is added.

    python -m tests.benchmarks.kills [--kills N] [--files N] [--seconds N] [--seed N]

The folder has small files of several formats, each with a number that no other has, and a book
that is read in several parts. The app's own service adds it, and is used again when it gives up,
as a person would who starts the app anew. Where all is indexed before the last kill, half of the
documents are removed and added again. In the end every file has to be there once, whole and
nothing besides; what is wrong is printed, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
from reportlab.pdfgen.canvas import Canvas

from assistant.errors import AssistantError
from assistant.paths import DataPaths
from assistant.services.index import IndexService
from assistant.workers.jobs import Job
from indexing.catalog import Catalog
from indexing.database import database_path
from tests.benchmarks.retrieval import embedder_folder

_PARAGRAPHS = 8
# Enough for three parts.
_SHEETS = 500


def write_files(folder: Path, count: int) -> None:
    """Files whose texts differ, of the formats in turns."""
    folder.mkdir()
    for number in range(count):
        lots = [f"Lot {number * 100 + n} is let for a year." for n in range(_PARAGRAPHS)]
        texts = [f"{lot} {'Both sides may end it in writing. ' * 20}" for lot in lots]
        suffix, text = (
            ("txt", "\n\n".join(texts)),
            ("md", f"# Contract {number}\n\n" + "\n\n".join(texts)),
            ("html", "".join(f"<p>{text}</p>" for text in texts)),
            ("csv", "lot,terms\n" + "\n".join(f"{n},{text}" for n, text in enumerate(texts))),
        )[number % 4]
        (folder / f"contract-{number:04}.{suffix}").write_text(text)


def write_book(path: Path) -> None:
    """A PDF of many pages, each with a number that no other has."""
    canvas = Canvas(str(path))
    for number in range(_SHEETS):
        canvas.drawString(72, 600, f"Sheet {number * 7 + 1} lists what was let in that year.")
        for line in range(8):
            canvas.drawString(72, 560 - 20 * line, f"{number}.{line}: Both sides may end it.")
        canvas.showPage()
    canvas.save()


def wait(job: Job[Any, Any], seconds: float) -> None:
    """Takes a job's events for so long, or until it has ended."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            job.next_event(left)
        except (StopIteration, TimeoutError, AssistantError):
            return


def kill_one(service: IndexService, choice: random.Random) -> str | None:
    """Kills the index process or its reader; None where the chosen one is not there."""
    victim = choice.choice(("index", "reader"))
    pid = service.worker.pid
    try:
        process = psutil.Process(pid) if pid is not None else None
        if process is not None and victim == "reader":
            process = next(iter(process.children()), None)
        if process is None:
            return None
        process.kill()
    except psutil.NoSuchProcess:
        return None
    return victim


def add_and_kill(
    paths: DataPaths, folder: Path, kills: int, most_s: float, seed: int
) -> Counter[str]:
    """Adds the folder, however often it is killed; returns how often each process was."""
    choice = random.Random(seed)
    killed: Counter[str] = Counter()
    service = IndexService(paths)
    try:
        while killed.total() < kills:
            job = service.add([str(folder)])
            while not job.ended and killed.total() < kills:
                wait(job, choice.uniform(0, most_s))
                victim = None if job.ended else kill_one(service, choice)
                killed.update([victim] if victim is not None else [])
            if job.error is not None:
                service.close()
                service = IndexService(paths)
            elif job.ended and killed.total() < kills:
                with closing(Catalog(paths.root)) as catalog:
                    rows = catalog.documents()
                service.remove([row.id for row in choice.sample(rows, len(rows) // 2)])
            elif not job.ended:
                job.cancel()
                job.wait()
    finally:
        service.close()
    # Once more, as after a restart of the app: what was killed over and over has failed, and is
    # taken up again.
    with closing(IndexService(paths)) as calm:
        calm.add([str(folder)]).result()
    return killed


def faults(paths: DataPaths, folder: Path) -> list[str]:
    """What is not as it would be without any kill."""
    from indexing.embedder import Embedder
    from indexing.vectors import VectorStore

    found: list[str] = []
    files = sorted(str(path) for path in folder.iterdir())
    with closing(Catalog(paths.root)) as catalog:
        rows = catalog.documents()
    if sorted(row.path for row in rows) != files:
        found.append(f"{len(rows)} documents of {len(files)} files")
    found += [f"{row.path}: {row.status}, {row.reason}" for row in rows if row.status != "ready"]
    with closing(sqlite3.connect(database_path(paths.root))) as db:
        passages = {row[0] for row in db.execute("SELECT id FROM passages WHERE embedded = 1")}
        words = {row[0] for row in db.execute("SELECT rowid FROM passage_words")}
        every = [row[0] for row in db.execute("SELECT id FROM passages")]
        contents = db.execute("SELECT sha256, document_id FROM contents").fetchall()
        wanted = [f"lot {number * 100 + 7} is let" for number in range(len(files) - 1)]
        wanted += [f"sheet {number * 7 + 1} lists" for number in range(_SHEETS)]
        for words_of_one in wanted:
            count = db.execute(
                "SELECT count(*) FROM passage_words WHERE passage_words MATCH ?",
                (f'"{words_of_one}"',),
            ).fetchone()[0]
            if count != 1:
                found.append(f"{words_of_one!r} is there {count} times")
    if passages != set(every) or words != passages:
        found.append(f"{len(every)} passages, {len(passages)} embedded, {len(words)} with words")
    if len({document for _, document in contents}) != len(contents):
        found.append("a document has two texts")
    with closing(VectorStore(paths.vectors, Embedder(embedder_folder()).identity)) as store:
        vectors = [number for page in store.ids() for number in page]
        if sorted(vectors) != sorted(passages):
            found.append(f"{len(vectors)} vectors of {len(passages)} passages")
        elif len(store.get(vectors[:1000])) != len(vectors[:1000]):
            found.append("vectors that are listed cannot be had")
    kept = {path.stem for path in paths.files.rglob("*") if path.is_file()}
    if kept != {sha256 for sha256, _ in contents}:
        found.append(f"{len(kept)} copies of {len(contents)} files")
    if (paths.root / "scratch").exists():
        found.append("the reader's scratch folder is left")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; exit status 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0, help="the longest time between two")
    parser.add_argument("--seed", type=int, default=17)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        paths = DataPaths(Path(scratch) / "data").create()
        paths.embedder.parent.mkdir(parents=True)
        paths.embedder.symlink_to(embedder_folder())
        folder = Path(scratch) / "contracts"
        write_files(folder, given.files)
        write_book(folder / "zones.pdf")
        killed = add_and_kill(paths, folder, given.kills, given.seconds, given.seed)
        found = faults(paths, folder)
    counts = ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))
    print(f"killed: {counts}; {given.files} files and a book; {len(found)} faults")
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
