"""The index: documents in, passages, evidence and vectors out.

One process holds a data folder's index at a time. Everything long is a generator: each
yield is a place to pause, and `close()` on it stops there with what is stored left whole.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Iterable
from itertools import chain
from pathlib import Path

from indexing import collections
from indexing import evidence as evidence_module
from indexing.archives import Archives, Unpack
from indexing.database import connect, migrate
from indexing.embedder import Embedder
from indexing.files import drop_copies, sweep_unfinished
from indexing.folders.following import Folders
from indexing.intake import Intake
from indexing.language import Languages
from indexing.likeness import Likeness
from indexing.ownership import release_lock, take_lock
from indexing.pipeline import AHEAD, Read, Run
from indexing.reembedding import Embedders
from indexing.reranker import TextReranker
from indexing.schema import COMPONENT, MIGRATIONS
from indexing.scope import searched
from indexing.search import Searcher, encodable
from indexing.store import DocumentStore
from indexing.text_embedder import OpenEmbedder
from indexing.types import (
    AddReport,
    CanonicalDocument,
    Evidence,
    IndexProgress,
    ReadProgress,
    SearchResult,
    Unpacked,
)

# Texts embedded at once by `embed`.
_EMBED_BATCH = 32

Adding = Generator[IndexProgress, None, AddReport]


class Index:
    """A data folder's documents, searchable.

    Args:
        data_dir: The data folder; made if missing.
        embedder_path: Where the embedding model is. Where it is another one than before, and
            that is still there, that one goes on answering until `resume` (or adding) has made
            all vectors anew.
        read: Turns a file into its canonical document, here or in another process.
        suffixes: Suffixes of the files to take from folders; None takes those of the readers
            of this package.
        reranker: Has the last word on the first hits; None where there is none.
        conditions: Tells what it depends on, beside a file, whether `read` can read it; None
            takes those of the readers of this package.
        unpack: Unpacks an archive, here or in another process; None takes that of this package.
        open_embedder: Opens an embedding model; left out, one in the form of
            sentence-transformers.

    Attributes:
        archives: Those whose members are documents.
        folders: The folders whose files it follows.
        embedders: The one that answers, and the one that is to.

    Raises:
        StoreBusy: Another process has the folder's index.
        EmbedderMissing: The model is not there.
        StoreDamaged: The vectors cannot be opened.
    """

    def __init__(
        self,
        data_dir: Path,
        embedder_path: Path,
        read: Read,
        suffixes: Iterable[str] | None = None,
        reranker: TextReranker | None = None,
        conditions: Callable[[], str] | None = None,
        unpack: Unpack | None = None,
        open_embedder: OpenEmbedder = Embedder,
    ) -> None:
        self._data_dir = data_dir
        self._read = read
        self._claimed: set[int] = set()
        data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = take_lock(data_dir)
        try:
            sweep_unfinished(data_dir)
            self._db = connect(data_dir)
            migrate(self._db, COMPONENT, MIGRATIONS)
            self._store = DocumentStore(self._db)
            self.embedders = Embedders(
                data_dir / "vectors",
                embedder_path,
                open_embedder,
                self._store,
                lambda: bool(self._claimed),
            )
        except BaseException:
            self._lock.release()
            raise
        known = frozenset(suffixes) if suffixes is not None else None
        self._intake = Intake(self._store, known, conditions)
        self.folders = Folders(self._db, self._store, self._run, self._intake.suffixes, data_dir)
        self.archives = Archives(
            data_dir, self._store, unpack or _unpack_here, self.folders.left_out
        )
        self._likeness = Likeness(self._db)
        self._languages = Languages(self._db)
        self._reranker = reranker
        answering = self.embedders.answering
        self._searcher = Searcher(self._db, answering.vectors, answering.embedder, self._reranker)
        self.embedders.changed = self._searcher.use

    # ---- documents in and out --------------------------------------------------------------

    def add(
        self, paths: list[str], collection: str | None = None, password: str | None = None
    ) -> Adding:
        """Indexes files, and the files in folders.

        Every file is noted before the first is read, so that `resume` goes on after a kill. A
        file that fails has a status and a reason, and the rest goes on; one that is known and
        unchanged is left alone; one that has changed can be searched as it was until it is
        ready as it is. One in a folder that has failed before, and would fail again, is not
        tried again: it has to be named itself.

        Args:
            paths: Files and folders.
            collection: Name to keep them under; None leaves known ones where they are.
            password: For those that are locked; it is used and not kept.

        Yields:
            Where each document stands; the last event of each is "finished".

        Returns:
            How each file ended, in the order of the files, and behind an archive its members.
        """
        begin = time.perf_counter()
        self.folders.take_back(paths)
        taken = yield from self._intake.take(paths, collection, password)
        yield from self._run(taken.wanted, password)
        rows = self._store.with_members(taken.documents)
        return AddReport(
            (*rows, *taken.missing), round(time.perf_counter() - begin, 3), taken.unsupported
        )

    def resume(self) -> Adding:
        """Goes on with what a kill left unfinished, and mends the vectors.

        Vectors that SQLite knows and Chroma lacks are made again; those that Chroma has and
        SQLite does not know are removed.
        """
        begin = time.perf_counter()
        if self._store.has_failed():
            self._intake.expect_more()
        yield from self._mend()
        documents = self._store.queued()
        yield from self._run(documents)
        yield from self.embedders.change()
        rows = [row for document in documents if (row := self._store.row(document)) is not None]
        return AddReport(tuple(rows), round(time.perf_counter() - begin, 3))

    def add_texts(
        self, texts: Iterable[tuple[str, CanonicalDocument, str]], collection: str | None = None
    ) -> Adding:
        """Indexes documents that are read already, under paths that need not exist.

        For texts that come from elsewhere than files (benchmarks have 20,000): from its
        passages on, each takes the way of a file.

        Args:
            texts: Path, document, and the SHA-256 of its content, of each.
        """
        begin = time.perf_counter()
        documents: list[int] = []
        for path, canonical, sha256 in texts:
            size = len(canonical.text.encode())
            document = self._store.register(path, canonical.title, size, 0, collection)
            documents.append(document)
            if self._store.contents.find(document, sha256) is None:
                self._store.set_file(document, sha256, size, 0)
                passages = Run.cut(canonical, self.embedders.answering.embedder)
                self._store.contents.put(document, sha256, canonical, passages)
            row = self._store.row(document)
            if row is not None:
                yield IndexProgress(row, "queued", 0, None, 0, 0)
        yield from self._run(documents)
        rows = [row for document in documents if (row := self._store.row(document)) is not None]
        return AddReport(tuple(rows), round(time.perf_counter() - begin, 3))

    def forget_queued(self) -> list[int]:
        """Gives up what is not finished, after a person has cancelled.

        New documents go; a changed one stays as it was before. What another run of this index
        still works on is left alone.

        Returns:
            The documents that went.
        """
        hashes = [h for d in self._store.queued() for h in self._store.hashes_of(d)]
        removed, passages = self._store.forget_queued(frozenset(self._claimed))
        self.embedders.answering.vectors.remove(passages)
        self._sweep(hashes)
        return removed

    def remove(self, documents: list[int]) -> list[int]:
        """Removes documents with their texts, vectors and stored files.

        Rows of files that were skipped as duplicates of them go with them, and with an archive
        its members. Files of watched folders among them stay away until they are added again.

        Returns:
            The documents that went; unknown ids are left out.
        """
        rows = self._remove(documents)
        self.folders.leave_out([row["path"] for row in rows])
        return [row["id"] for row in rows]

    def drop_gone(self, documents: list[int], asked: bool = False) -> list[int]:
        """Removes documents whose files are gone from their watched folders.

        Args:
            asked: Whether a person has said that they are to go.

        Returns:
            Those that went: the others' files are back, or their folder is not there.
        """
        rows = self._remove(self.folders.still_gone(documents), files_are_gone=True)
        files = [row["path"] for row in rows if row["archive_id"] is None]
        self.folders.note_gone(files, asked)
        return [row["id"] for row in rows]

    # ---- asking ----------------------------------------------------------------------------

    def search(
        self,
        query: str,
        k: int = 10,
        documents: list[int] | None = None,
        collection: str | None = None,
    ) -> SearchResult:
        """The `k` passages that fit a query best, of all documents or of some."""
        begin = time.perf_counter()
        within = self._within(documents, collection)
        hits = self._searcher.search(query, k, within)
        return SearchResult(query, tuple(hits), round((time.perf_counter() - begin) * 1000, 2))

    def evidence(
        self,
        queries: list[str],
        budget_chars: int,
        documents: list[int] | None = None,
        collection: str | None = None,
    ) -> list[Evidence]:
        """What to show a model so that it can answer: spans, best first.

        Together they have at most `budget_chars` characters.

        Args:
            queries: The question, and other wordings of it.
        """
        within = self._within(documents, collection)
        return evidence_module.gather(self._db, self._searcher, queries, budget_chars, within)

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Unit vectors of texts, in their order."""
        clean = [encodable(text) for text in texts]
        order = sorted(range(len(clean)), key=lambda number: len(clean[number]))
        vectors: dict[int, list[float]] = {}
        for begin in range(0, len(order), _EMBED_BATCH):
            numbers = order[begin : begin + _EMBED_BATCH]
            made = self.embedders.answering.embedder.encode([clean[number] for number in numbers])
            vectors |= dict(zip(numbers, made.tolist(), strict=True))
        return [vectors[number] for number in range(len(clean))]

    def count_tokens(self, texts: list[str]) -> list[int]:
        """How many of the embedder's tokens each text has."""
        return self.embedders.answering.embedder.count_tokens(texts)

    def use_reranker(self, reranker: TextReranker | None) -> None:
        """Lets a cross-encoder have the last word on the first hits from now on, or none.

        One that does not work is not taken: what it raises is the caller's.
        """
        if reranker is not None:
            try:
                reranker.scores("rent", ["The rent is due on the third working day."])
            except BaseException:
                reranker.close()
                raise
        if self._reranker is not None:
            self._reranker.close()
        self._reranker = reranker
        self._searcher.use_reranker(reranker)

    def warm(self) -> None:
        """Loads the models (seconds), so that the first question need not wait for them."""
        self.embedders.answering.embedder.load()
        if self._reranker is not None:
            self._reranker.load()

    @property
    def searcher(self) -> Searcher:
        """The search by its parts, for what measures them one by one."""
        return self._searcher

    def close(self) -> None:
        """Lets go of the data folder."""
        self._searcher.close()
        if self._reranker is not None:
            self._reranker.close()
        self.embedders.close()
        self._db.close()
        release_lock(self._data_dir, self._lock)

    # ---- within ----------------------------------------------------------------------------

    def _remove(self, documents: list[int], *, files_are_gone: bool = False) -> list[sqlite3.Row]:
        members = [m["id"] for d in documents for m in self._store.archives.members(d)]
        hashes = [h for document in (*documents, *members) for h in self._store.hashes_of(document)]
        _, passages, rows = self._store.remove(documents, files_are_gone=files_are_gone)
        self.embedders.answering.vectors.remove(passages)
        self._sweep(hashes)
        return rows

    def _run(
        self, documents: Iterable[int], password: str | None = None
    ) -> Generator[IndexProgress, None, None]:
        run = Run(
            self._data_dir,
            self._store,
            self.embedders.answering.vectors,
            self.embedders.answering.embedder,
            self._read,
            self._claimed,
            self.folders.holds,
            self.archives,
            password,
        )
        yield from run.index(documents)
        yield from self.embedders.change(AHEAD)
        for document in chain(self._likeness.catch_up(), self._languages.catch_up()):
            row = self._store.row(document)
            if row is not None:
                yield IndexProgress(row, "comparing", 0, None, 0, 0)

    def _mend(self) -> Generator[IndexProgress, None, None]:
        expected = self._store.passages.embedded_ids()
        present: set[int] = set()
        for page in self.embedders.answering.vectors.ids():
            present.update(page)
        orphaned = sorted(present - expected)
        missing = sorted(expected - present)
        if orphaned:
            self.embedders.answering.vectors.remove(orphaned)
        if missing:
            self._store.passages.mark_embedded(missing, embedded=False)
        for document in self._store.requeue_unembedded():
            row = self._store.row(document)
            if row is not None:
                yield IndexProgress(row, "queued", 0, None, 0, len(missing))

    def _within(self, documents: list[int] | None, collection: str | None) -> list[int] | None:
        """The documents that a question is restricted to; None for all."""
        if documents is not None:
            documents = searched(self._db, documents)
        if collection is None:
            return documents
        members = collections.members(self._db, [collection])
        if documents is None:
            return members
        wanted = set(documents)
        return [document for document in members if document in wanted]

    def _sweep(self, hashes: Iterable[str]) -> None:
        for sha256 in hashes:
            if not self._store.is_referenced(sha256):
                drop_copies(self._data_dir, sha256)


def _unpack_here(
    path: Path, folder: Path, password: str | None, wanted: frozenset[str] | None
) -> Generator[ReadProgress, None, Unpacked]:
    # Only now: the readers bring their parsers with them.
    from indexing.readers.unpack import unpack

    return (yield from unpack(path, folder, password, wanted))
