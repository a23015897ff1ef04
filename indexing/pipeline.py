"""One run of indexing: files are registered, read, cut, embedded and made ready.

Each document passes through short committed steps (noted, copied, read and cut part by part,
embedded window by window, ready), and which step is next follows from what is stored. So a run
that is killed anywhere is continued by another one, nothing twice.

A long file is read in parts, and what is read of it is embedded, and can be found, while the
rest is read. A part is added to the end of the text, so that no offset ever changes.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from indexing.archives import Archives, holds_documents
from indexing.catalog import stored_path
from indexing.embedding import WINDOW, Embedding, Open
from indexing.errors import FileUnreadable, IndexingError, ReadError, ReadTimeout, TooLarge
from indexing.files import drop_copies, hash_file, keep_copy
from indexing.passages import split_passages
from indexing.reasons import UNSURE, reason_of
from indexing.store import DocumentStore
from indexing.text_embedder import TextEmbedder
from indexing.types import CanonicalDocument, IndexProgress, Passage, ReadProgress, Rest
from indexing.vectors import VectorStore

logger = logging.getLogger(__name__)

Read = Callable[[Path, str | None, Rest | None], Generator[ReadProgress, None, CanonicalDocument]]
Steps = Generator[IndexProgress, None, None]

# The most a passage may hold, so that its title and headings fit in front of it.
PASSAGE_TOKENS = 200
# Reading goes on in the reader's process while at most so many passages wait.
AHEAD = 4 * WINDOW

_T = TypeVar("_T")


class Run:
    """Indexes documents that are registered; the steps are its generators' yields.

    Args:
        claimed: Documents that some run of this process works on; shared by all runs, which
            may go on in turns.
        stays: Tells whether a file lies where it is followed, so that no copy of it is kept.
        archives: Unpacks those whose members are documents.
        password: For files that are locked; kept no longer than the run.
    """

    def __init__(
        self,
        data_dir: Path,
        store: DocumentStore,
        vectors: VectorStore,
        embedder: TextEmbedder,
        read: Read,
        claimed: set[int],
        stays: Callable[[str], bool],
        archives: Archives,
        password: str | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._store = store
        self._vectors = vectors
        self._embedder = embedder
        self._embedding = Embedding(store.passages, vectors, embedder)
        self._read = read
        self._claimed = claimed
        self._stays = stays
        self._archives = archives
        self._password = password
        self._queue: deque[int] = deque()
        self._mine: set[int] = set()
        self._files_left = 0
        self._is_reading = False

    def index(self, documents: Iterable[int]) -> Steps:
        """Brings the documents to their end: ready, failed or skipped."""
        self._queue.extend(self._claim(documents))
        self._files_left = len(self._queue)
        try:
            while self._queue:
                for event in self._prepare(self._queue.popleft()):
                    yield event
                    # The reader is another process: it reads on while this one embeds.
                    if self._is_reading and self._embedding.has_window:
                        yield from self._embed_window()
                while self._embedding.waiting >= AHEAD:
                    yield from self._embed_window()
            while self._embedding.open:
                yield from self._embed_window()
        finally:
            self._claimed -= self._mine
            self._archives.tidy()

    def _claim(self, documents: Iterable[int]) -> list[int]:
        """Those of the documents that no run works on yet: this one does from now on."""
        new = [d for d in dict.fromkeys(documents) if d not in self._claimed]
        self._mine.update(new)
        self._claimed.update(new)
        return new

    @staticmethod
    def cut(document: CanonicalDocument, embedder: TextEmbedder) -> list[Passage]:
        """A document's passages, each with room for its title and headings in front."""
        most = min(PASSAGE_TOKENS, embedder.passage_room * 4 // 5)
        return split_passages(document, embedder.count_tokens, most)

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
        is_member = raw["archive_id"] is not None
        if is_member and sha256 is not None:
            sha256 = yield from self._first_of(document, sha256)
        elif sha256 is None or path.is_file():
            sha256 = yield from self._take_file(document, path, raw)
        if sha256 is None:
            return
        if holds_documents(path) and not is_member:
            yield from self._take_archive(document, sha256, path)
        content = self._store.contents.find(document, sha256)
        if content is None:
            content = self._store.contents.copy(document, sha256)
        if content is None or self._goes_on(content):
            content = yield from self._read_text(document, sha256, path, content)
        if content is None:
            self._files_left -= 1
            return
        row = self._store.row(document)
        if row is not None and row.status == "ready":
            self._files_left -= 1
            yield from self._event(document, "finished", row.passages, row.passages)
            return
        self._embedding.expect(document, content)
        if self._embedding.open[content].left == 0:
            yield from self._finish(content, self._embedding.open.pop(content))
        else:
            yield from self._embedding_event(content)

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
        if (yield from self._first_of(document, sha256)) is None:
            return None
        self._store.set_file(document, sha256, info.st_size, info.st_mtime_ns)
        self._sweep(before)
        if raw["sha256"] not in (None, sha256):
            copies = self._claim(self._store.archives.free_copies(document))
            self._queue.extend(copies)
            self._files_left += len(copies)
        return sha256

    def _first_of(self, document: int, sha256: str) -> Generator[IndexProgress, None, str | None]:
        """The content; None where it is another document's already, and this one is skipped."""
        original = self._store.original_of(document, sha256)
        if original is None:
            return sha256
        before = self._store.hashes_of(document)
        change = self._store.archives.put(document, (), ())  # An archive's copy has no members.
        self._drop_vectors([*change.passages, *self._store.set_duplicate(document, original)])
        self._sweep([*before, *change.hashes, sha256])
        self._files_left -= 1
        yield from self._event(document, "finished", 0, None)
        return None

    def _take_archive(self, document: int, sha256: str, path: Path) -> Steps:
        """Lets what is in an archive or a mail be documents of their own, next in turn."""
        taking = self._archives.take(document, sha256, path, self._password)
        change = yield from self._passed(document, taking)
        self._drop_vectors(change.passages)
        self._sweep(change.hashes)
        new = self._claim([*self._store.archives.queued(document), *change.queued])
        self._queue.extendleft(reversed(new))
        self._files_left += len(new)
        for member in new:
            yield from self._event(member, "queued", 0, None)

    def _goes_on(self, content: int) -> bool:
        """Whether there is more to be read of a file than this text, and it may be readable."""
        rest = self._store.contents.rest(content)
        return rest is not None and (not rest.problem or rest.problem in UNSURE)

    def _read_text(
        self, document: int, sha256: str, path: Path, content: int | None
    ) -> Generator[IndexProgress, None, int | None]:
        """Reads a file, from where an earlier run left off; None when the document is gone.

        Args:
            content: What that run has read; None for nothing.
        """
        contents = self._store.contents
        file = yield from self._file_of(document, sha256, path)
        rest = None if content is None else contents.rest(content)
        while content is None or rest is not None:
            try:
                part = yield from self._read_part(document, file, content, rest)
            except (FileUnreadable, ReadTimeout, TooLarge) as error:
                if content is None or self._has_changed(document, file):
                    raise
                # What was read before is worth keeping.
                contents.end(content, reason_of(error))
                break
            if self._has_changed(document, file):
                raise FileUnreadable(str(path), "changed while it was read")
            if part.title == file.stem:
                # Without a title of its own it is called after its file, not after the copy.
                part = msgspec.structs.replace(part, title=path.stem)
            passages = self.cut(part, self._embedder)
            if content is None:
                content = contents.put(document, sha256, part, passages)
            elif not contents.add_part(content, part, passages):
                content = None
            if content is None:
                self._embedding.forget(document)
                return None
            rest = part.rest
        return content

    def _file_of(
        self, document: int, sha256: str, path: Path
    ) -> Generator[IndexProgress, None, Path]:
        """What is read of a document: its stored copy, its file, or what it is in an archive."""
        raw = self._store.raw(document)
        if raw is not None and raw["archive_id"] is not None:
            file = self._archives.file_of(document, self._password)
            return (yield from self._passed(document, file))
        copy = stored_path(self._data_dir, sha256, str(path))
        return copy if copy.is_file() else path

    def _read_part(
        self, document: int, file: Path, content: int | None, rest: Rest | None
    ) -> Generator[IndexProgress, None, CanonicalDocument]:
        """Reads a file, or the next part of it where that is long."""
        done, total = (0, None) if rest is None else (rest.read, rest.pages)
        if content is not None and rest is not None:
            self._embedding.expect(document, content, (rest.read, rest.pages))
        yield from self._event(document, "reading", done, total)
        reading = self._read(file, self._password, rest)
        try:
            while True:
                try:
                    progress = next(reading)
                except StopIteration as end:
                    return end.value
                self._is_reading = True
                if progress.total is not None:
                    done, total = progress.done, progress.total
                    if content in self._embedding.open:
                        self._embedding.open[content].reading = (done, total)
                yield from self._event(document, "reading", done, total)
        finally:
            self._is_reading = False
            reading.close()

    def _has_changed(self, document: int, file: Path) -> bool:
        """Whether a file is not the one that was hashed; a copy of it never is."""
        info, raw = file.stat(), self._store.raw(document)
        if raw is None or str(file) != raw["path"]:
            return False
        return (raw["bytes"], raw["mtime_ns"]) != (
            info.st_size,
            info.st_mtime_ns,
        )

    def _fail(self, document: int, reason: str) -> Steps:
        self._files_left -= 1
        self._embedding.forget(document)
        before = self._store.hashes_of(document)
        self._drop_vectors(self._store.fail(document, reason))
        self._sweep(before)
        yield from self._event(document, "finished", 0, None)

    def _finish(self, content: int, done: Open) -> Steps:
        before = self._store.hashes_of(done.document)
        gone = self._store.finish(done.document, content)
        self._files_left -= 1
        if gone is not None:
            self._drop_vectors(gone)
            self._sweep(before)
            yield from self._event(done.document, "finished", done.total, done.total)

    def _embed_window(self) -> Steps:
        steps = self._embedding.window()
        while True:
            try:
                content = next(steps)
            except StopIteration as end:
                done: list[tuple[int, Open]] = end.value
                break
            yield from self._embedding_event(content)
        for content, at in done:
            yield from self._finish(content, at)

    def _embedding_event(self, content: int) -> Steps:
        at = self._embedding.open[content]
        if at.reading is not None:
            yield from self._event(at.document, "reading", *at.reading)
        else:
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
            yield IndexProgress(row, stage, done, total, self._files_left, self._embedding.waiting)

    def _passed(
        self, document: int, steps: Generator[int | ReadProgress, None, _T]
    ) -> Generator[IndexProgress, None, _T]:
        """Runs steps that yield bytes, or members of an archive, passing on how it goes."""
        try:
            while True:
                try:
                    at = next(steps)
                except StopIteration as end:
                    return end.value
                done, total = (at.done, at.total) if isinstance(at, ReadProgress) else (0, None)
                yield from self._event(document, "reading", done, total)
        finally:
            steps.close()

    def _drop_vectors(self, passages: Sequence[int]) -> None:
        if passages:
            self._vectors.remove(passages)

    def _sweep(self, hashes: Iterable[str]) -> None:
        for sha256 in hashes:
            if not self._store.is_referenced(sha256):
                drop_copies(self._data_dir, sha256)
