"""One run of indexing: files are registered, read, cut, embedded and made ready.

Each document passes through short committed steps (noted, copied, read and cut, embedded
window by window, ready), and which step is next follows from what is stored. So a run that
is killed anywhere is continued by another one, nothing twice.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexing.catalog import stored_path
from indexing.cores import physical_cores
from indexing.embedder import MAX_TOKENS, SPECIAL_TOKENS, Embedder
from indexing.errors import FileUnreadable, IndexingError, ReadError
from indexing.files import drop_copies, hash_file, keep_copy
from indexing.passage_store import PendingPassage
from indexing.passages import split_passages
from indexing.store import DocumentStore
from indexing.types import CanonicalDocument, IndexProgress, Passage, ReadProgress
from indexing.vectors import VectorStore

logger = logging.getLogger(__name__)

Read = Callable[[Path, str | None], Generator[ReadProgress, None, CanonicalDocument]]
Steps = Generator[IndexProgress, None, None]
Vector = NDArray[np.float32]

# The most a passage may hold, so that its title and headings fit in front of it.
PASSAGE_TOKENS = 200
# Passages embedded before their vectors are stored: sorted by length they waste little on
# padding, and a kill costs at most these few seconds.
WINDOW = 128
# Reading goes on in the reader's process while at most so many passages wait.
AHEAD = 4 * WINDOW
# A batch should take about this long: the question of a person waits for one at most.
BATCH_S = 0.25
# Passages for each core. Larger batches of whole passages leave the processor's caches: 16 cost
# a tenth more processor time for each passage than 8.
_BATCH_MOST = 8
# One by one they cost 40 % more, and where the machine is busy every batch seems slow.
_BATCH_LEAST = 4


_T = TypeVar("_T")


class _Open(msgspec.Struct):
    """A document that waits for the embedding of `left` out of `total` passages."""

    document: int
    total: int
    left: int


class Run:
    """Indexes documents that are registered; the steps are its generators' yields.

    Args:
        claimed: Documents that some run of this process works on; shared by all runs, which
            may go on in turns.
        stays: Tells whether a file lies where it is followed, so that no copy of it is kept.
        password: For files that are locked; kept no longer than the run.
    """

    def __init__(
        self,
        data_dir: Path,
        store: DocumentStore,
        vectors: VectorStore,
        embedder: Embedder,
        read: Read,
        claimed: set[int],
        stays: Callable[[str], bool],
        password: str | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._store = store
        self._vectors = vectors
        self._embedder = embedder
        self._read = read
        self._claimed = claimed
        self._stays = stays
        self._password = password
        self._mine: set[int] = set()
        # By content, in the order in which they are embedded.
        self._open: dict[int, _Open] = {}
        self._waiting = 0
        self._files_left = 0
        self._is_reading = False
        # Passages a core.
        self._batch = _BATCH_LEAST

    def index(self, documents: Iterable[int]) -> Steps:
        """Brings the documents to their end: ready, failed or skipped."""
        queue: deque[int] = deque()
        for document in documents:
            if document not in self._claimed:
                queue.append(document)
                self._mine.add(document)
                self._claimed.add(document)
        self._files_left = len(queue)
        try:
            while queue:
                for event in self._prepare(queue.popleft()):
                    yield event
                    # The reader is another process: it reads on while this one embeds.
                    if self._is_reading and self._waiting >= WINDOW:
                        yield from self._embed_window()
                while self._waiting >= AHEAD:
                    yield from self._embed_window()
            while self._open:
                yield from self._embed_window()
        finally:
            self._claimed -= self._mine

    @staticmethod
    def cut(document: CanonicalDocument, embedder: Embedder) -> list[Passage]:
        """A document's passages, each with room for its title and headings in front."""
        return split_passages(document, embedder.count_tokens, PASSAGE_TOKENS)

    # ---- one document ----------------------------------------------------------------------

    def _prepare(self, document: int) -> Steps:
        """Takes a document as far as its passages; what fails is noted with it."""
        try:
            yield from self._take(document)
        except (ReadError, OSError) as error:
            yield from self._fail(document, reason_of(error))
        except IndexingError:
            raise
        except Exception as error:
            # A file may trip the reader, or its text the database, in ways nobody foresaw;
            # the other files must not suffer for it.
            logger.warning("document %d failed", document, exc_info=True)
            yield from self._fail(document, f"unreadable: {type(error).__name__}")

    def _take(self, document: int) -> Steps:
        raw = self._store.raw(document)
        if raw is None:
            self._files_left -= 1
            return
        path = Path(raw["path"])
        sha256: str | None = raw["sha256"]
        if sha256 is None or path.is_file():
            sha256 = yield from self._take_file(document, path, raw)
            if sha256 is None:
                return
        content = self._store.content_of(document, sha256)
        if content is None:
            content = self._store.copy_content(document, sha256)
        if content is None:
            content = yield from self._read_text(document, sha256, path)
        if content is None:
            self._files_left -= 1
            return
        row = self._store.row(document)
        if row is not None and row.status == "ready":
            self._files_left -= 1
            yield from self._event(document, "finished", row.passages, row.passages)
            return
        waiting = self._store.passages.count_pending([content])
        self._open[content] = _Open(document, waiting, waiting)
        self._waiting += waiting
        if waiting == 0:
            yield from self._finish(content)
        else:
            yield from self._event(document, "embedding", 0, waiting)

    def _take_file(
        self, document: int, path: Path, raw: sqlite3.Row
    ) -> Generator[IndexProgress, None, str | None]:
        """Sees to it that the file is known, and kept; None where there is nothing to do."""
        info = path.stat()
        sha256: str | None = None
        noted = (raw["status"], raw["bytes"], raw["mtime_ns"])
        if noted == ("ready", info.st_size, info.st_mtime_ns):
            # Not even read: it has not been written since.
            sha256 = raw["sha256"]
        elif raw["sha256"] is not None or self._store.ready_of_size(info.st_size):
            # Compared before anything is copied: mostly nothing has changed, or it is there.
            sha256 = yield from self._passed(document, hash_file(path))
        if self._stays(str(path)):
            if sha256 is None:
                sha256 = yield from self._passed(document, hash_file(path))
        elif sha256 is None or not stored_path(self._data_dir, sha256, str(path)).is_file():
            sha256, _ = yield from self._passed(document, keep_copy(self._data_dir, path))
        if self._store.raw(document) is None:
            self._sweep([sha256])
            self._files_left -= 1
            return None
        before = self._store.hashes_of(document)
        original = self._store.original_of(document, sha256)
        if original is None:
            self._store.set_file(document, sha256, info.st_size, info.st_mtime_ns)
            self._sweep(before)
            return sha256
        self._drop_vectors(self._store.set_duplicate(document, original))
        self._sweep([*before, sha256])
        self._files_left -= 1
        yield from self._event(document, "finished", 0, None)
        return None

    def _read_text(
        self, document: int, sha256: str, path: Path
    ) -> Generator[IndexProgress, None, int | None]:
        copy = stored_path(self._data_dir, sha256, str(path))
        file = copy if copy.is_file() else path
        yield from self._event(document, "reading", 0, None)
        reading = self._read(file, self._password)
        try:
            while True:
                try:
                    progress = next(reading)
                except StopIteration as end:
                    canonical: CanonicalDocument = end.value
                    break
                self._is_reading = True
                yield from self._event(document, "reading", progress.done, progress.total)
        finally:
            self._is_reading = False
            reading.close()
        if file == path and self._has_changed(document, path):
            raise FileUnreadable(str(path), "changed while it was read")
        if canonical.title == copy.stem:
            # Without a title of its own it is called after its file, not after the copy.
            canonical = msgspec.structs.replace(canonical, title=path.stem)
        passages = self.cut(canonical, self._embedder)
        return self._store.put_content(document, sha256, canonical, passages)

    def _has_changed(self, document: int, path: Path) -> bool:
        """Whether a file is not the one that was hashed."""
        info, raw = path.stat(), self._store.raw(document)
        return raw is not None and (raw["bytes"], raw["mtime_ns"]) != (
            info.st_size,
            info.st_mtime_ns,
        )

    def _fail(self, document: int, reason: str) -> Steps:
        self._files_left -= 1
        before = self._store.hashes_of(document)
        self._drop_vectors(self._store.fail(document, reason))
        self._sweep(before)
        yield from self._event(document, "finished", 0, None)

    def _finish(self, content: int) -> Steps:
        done = self._open.pop(content)
        before = self._store.hashes_of(done.document)
        gone = self._store.finish(done.document, content)
        self._files_left -= 1
        if gone is not None:
            self._drop_vectors(gone)
            self._sweep(before)
            yield from self._event(done.document, "finished", done.total, done.total)

    # ---- embedding -------------------------------------------------------------------------

    def _embed_window(self) -> Steps:
        """Embeds the next passages of the open contents and stores their vectors.

        What was embedded before, in an earlier state of the file or in another one, is not
        embedded again.
        """
        window = self._store.passages.pending(list(self._open), WINDOW)
        texts = embedded_texts(window, self._embedder.count_tokens)
        digests = {item.id: digest_of(text) for item, text in zip(window, texts, strict=True)}
        text_of = {digests[item.id]: text for item, text in zip(window, texts, strict=True)}
        known = self._store.passages.embedded_as(text_of)
        stored = self._vectors.get(list(known.values()))
        vectors = {d: stored[passage] for d, passage in known.items() if passage in stored}
        yield from self._count_down([item for item in window if digests[item.id] in vectors])
        waiting: dict[str, list[PendingPassage]] = {}
        for item in sorted(window, key=lambda item: -len(text_of[digests[item.id]])):
            if digests[item.id] not in vectors:
                waiting.setdefault(digests[item.id], []).append(item)
        in_order = list(waiting)
        while in_order:
            size = self._batch * physical_cores()
            batch, in_order = in_order[:size], in_order[size:]
            begin = time.perf_counter()
            made = self._embedder.encode_passages([text_of[digest] for digest in batch])
            self._adapt(len(batch) / size, time.perf_counter() - begin)
            vectors |= dict(zip(batch, made, strict=True))
            yield from self._count_down([item for digest in batch for item in waiting[digest]])
        self._keep(window, digests, vectors)
        pending = self._store.passages.pending(list(self._open), 1)
        for content in list(self._open):
            if pending and content == pending[0].content:
                break
            self._waiting -= self._open[content].left
            yield from self._finish(content)

    def _count_down(self, done: Sequence[PendingPassage]) -> Steps:
        """Tells that passages have their vectors."""
        for item in done:
            self._open[item.content].left -= 1
        self._waiting -= len(done)
        if done:
            yield from self._embedding_event(done[0].content)

    def _keep(
        self,
        window: Sequence[PendingPassage],
        digests: Mapping[int, str],
        vectors: Mapping[str, Vector],
    ) -> None:
        """Stores the vectors of those passages that were not removed meanwhile.

        Chroma first: a vector that SQLite does not know of yet is made again after a kill and
        replaces itself, while one that SQLite believes in and Chroma lacks would be missed.
        """
        existing = self._store.passages.existing([item.id for item in window])
        kept = [item for item in window if item.id in existing]
        if not kept:
            return
        self._vectors.put(
            [item.id for item in kept],
            np.stack([vectors[digests[item.id]] for item in kept]),
            [item.document for item in kept],
        )
        self._store.passages.keep_digests({item.id: digests[item.id] for item in kept})

    def _adapt(self, filled: float, seconds: float) -> None:
        """Sets the next batch's size, a power of two, so that it takes about `BATCH_S`."""
        wanted = self._batch * filled * BATCH_S / max(seconds, 1e-4)
        if wanted >= self._batch * 2 and self._batch < _BATCH_MOST:
            self._batch *= 2
        elif wanted < self._batch and self._batch > _BATCH_LEAST:
            self._batch //= 2

    def _embedding_event(self, content: int) -> Steps:
        at = self._open[content]
        yield from self._event(at.document, "embedding", at.total - at.left, at.total)

    # ---- small things ----------------------------------------------------------------------

    def _event(
        self,
        document: int,
        stage: Literal["queued", "reading", "embedding", "finished"],
        done: int,
        total: int | None,
    ) -> Steps:
        row = self._store.row(document)
        if row is not None:
            yield IndexProgress(row, stage, done, total, self._files_left, self._waiting)

    def _passed(
        self, document: int, steps: Generator[int, None, _T]
    ) -> Generator[IndexProgress, None, _T]:
        """Runs steps that yield bytes, passing them on as a document's progress."""
        try:
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    return end.value
                yield from self._event(document, "reading", 0, None)
        finally:
            steps.close()

    def _drop_vectors(self, passages: Sequence[int]) -> None:
        if passages:
            self._vectors.remove(passages)

    def _sweep(self, hashes: Iterable[str]) -> None:
        for sha256 in hashes:
            if not self._store.is_referenced(sha256):
                drop_copies(self._data_dir, sha256)


def embedded_texts(
    items: Sequence[PendingPassage], count_tokens: Callable[[list[str]], list[int]]
) -> list[str]:
    """What is embedded of each passage: its title and headings, then its text, whole.

    The headings nearest to the text tell most, so the outer ones go first where the model
    cannot hold all.
    """
    parts = list({part: None for item in items for part in (item.title, *item.headings) if part})
    sizes = dict(zip(parts, count_tokens(parts) if parts else [], strict=True))
    texts: list[str] = []
    for item in items:
        named = [part for part in dict.fromkeys((item.title, *item.headings)) if part]
        context = [part for part in named if not item.body.startswith(part)]
        room = MAX_TOKENS - SPECIAL_TOKENS - item.tokens
        while context and sum(sizes[part] for part in context) > room:
            context.pop(0)
        texts.append("\n".join([*context, item.body]))
    return texts


def digest_of(text: str) -> str:
    """What a text that was embedded is known by."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def reason_of(error: Exception) -> str:
    """A failure as a short, stable word, with the parser's own words where there are any."""
    if isinstance(error, FileNotFoundError):
        return "missing"
    if isinstance(error, OSError):
        return f"unreadable: {error.strerror or type(error).__name__}"
    name = type(error).__name__
    word = _REASONS.get(name, "unreadable")
    detail = getattr(error, "problem", None) or getattr(error, "suffix", None)
    if name == "TooLarge":
        detail = f"{getattr(error, 'amount', '?')} {getattr(error, 'what', '')}"
    if name == "PasswordNeeded" and getattr(error, "wrong", False):
        detail = "wrong"
    return f"{word}: {detail}" if detail else word


_REASONS = {
    "FileMissing": "missing",
    "UnsupportedFormat": "unsupported_format",
    "ConverterMissing": "needs_libreoffice",
    "FileUnreadable": "unreadable",
    "TooLarge": "too_large",
    "ReadTimeout": "too_slow",
    "PasswordNeeded": "password_needed",
    "EmptyDocument": "no_text",
}
