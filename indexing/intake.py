"""What is to be indexed: files are found, told apart from what is known, and noted.

Nothing is read here but bytes to tell whether a file has moved: a run (`indexing.pipeline`)
does the rest, and goes on with what is noted here after a kill.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import msgspec

from indexing.catalog import absolute_path
from indexing.files import find_files, hash_file
from indexing.reasons import UNSURE
from indexing.store import DocumentStore
from indexing.types import DocumentRow, IndexProgress


class Taken(msgspec.Struct, frozen=True):
    """What the paths that were given come to.

    Attributes:
        documents: Those of the files that were found, in their order.
        wanted: Those that a run is to bring to their end.
        missing: Stands for paths that are not there.
        unsupported: Files in folders that no reader knows.
    """

    documents: tuple[int, ...]
    wanted: tuple[int, ...]
    missing: tuple[DocumentRow, ...]
    unsupported: int


class Intake:
    """Notes files as documents.

    Args:
        suffixes: Suffixes of the files to take from folders; None takes those of the readers
            of this package.
        conditions: Tells what it depends on, beside a file, whether it can be read; None takes
            those of the readers of this package.
    """

    def __init__(
        self,
        store: DocumentStore,
        suffixes: frozenset[str] | None = None,
        conditions: Callable[[], str] | None = None,
    ) -> None:
        self.conditions = conditions
        self._store = store
        self._suffixes = suffixes

    def take(
        self, paths: list[str], collection: str | None, password: str | None
    ) -> Generator[IndexProgress, None, Taken]:
        """Notes files, and the files in folders, before any of them is read.

        One that is in a folder, has failed before, and would fail again is not wanted: it has
        to be named itself.

        Args:
            paths: Files, members of archives that are known, and folders.
            collection: Name to keep them under; None leaves known ones where they are.
            password: For those that are locked.

        Yields:
            Where each document stands.
        """
        members = self.expect_more()
        named = {absolute_path(path) for path in paths}
        finding = find_files(paths, self.suffixes())
        while True:
            try:
                next(finding)
            except StopIteration as end:
                found = end.value
                break
        documents: list[int] = []
        wanted: list[int] = []
        for number, path in enumerate(found.files):
            yield from self._follow_move(path)
            failed = None if path in named else self._hopeless(path, password)
            document = failed or self._register(path, collection)
            documents.append(document)
            if failed is None:
                wanted.append(document)
            row = self._store.row(document)
            if row is not None:
                stage = "queued" if failed is None else "finished"
                yield IndexProgress(row, stage, 0, None, len(found.files) - number, 0)
        missing: list[DocumentRow] = []
        for path in found.missing:
            member = self._store.find(path)
            if member is None or member["archive_id"] is None:
                missing.append(_missing_row(path, collection))
                continue
            documents.append(member["id"])
            again = self._store.archives.try_again(member["id"])
            wanted += [again] if again is not None else []
        return Taken(
            tuple(documents),
            (*wanted, *members),
            tuple(missing),
            found.unsupported,
        )

    def expect_more(self) -> list[int]:
        """Lets files that failed be tried once more where they may be readable now.

        Returns:
            Members of archives that a run is to bring to their end for that.
        """
        if self.conditions is None:
            # Only now: the readers bring their parsers with them.
            from indexing.ocr import is_allowed
            from indexing.readers.read import conditions

            self.conditions = lambda: conditions(is_allowed())
        return self._store.expect_more(self.conditions())

    def suffixes(self) -> frozenset[str]:
        """Suffixes of the files that some reader knows."""
        if self._suffixes is None:
            # Only now: the readers bring their parsers with them.
            from indexing.readers.read import supported_suffixes

            self._suffixes = frozenset(supported_suffixes())
        return self._suffixes

    def _follow_move(self, path: str) -> Generator[IndexProgress, None, None]:
        """Lets a document whose file was moved or renamed keep its id and all that is made.

        It is the same file where the content is the same and the old path is gone.
        """
        if self._store.find(path) is not None:
            return
        try:
            info = Path(path).stat()
            gone = [
                row
                for row in self._store.ready_of_size(info.st_size)
                if not Path(row["path"]).exists()
                and Path(row["path"]).suffix.lower() == Path(path).suffix.lower()
            ]
            if not gone:
                return
            hashing = hash_file(Path(path))
            while True:
                try:
                    next(hashing)
                except StopIteration as end:
                    sha256: str = end.value
                    break
                row = self._store.row(gone[0]["id"])
                if row is not None:
                    yield IndexProgress(row, "queued", 0, None, 0, 0)
        except OSError:
            return  # Gone since it was found; the run will say so.
        for row in gone:
            if row["sha256"] == sha256:
                self._store.move(row["id"], path, info.st_mtime_ns)
                return

    def _hopeless(self, path: str, password: str | None) -> int | None:
        """The document of a file that has failed, and would fail in the same way again."""
        row = self._store.find(path)
        if row is None or row["status"] != "failed" or row["reason"] in UNSURE:
            return None
        if password is not None and row["reason"].startswith("password_needed"):
            return None
        try:
            info = Path(path).stat()
        except OSError:
            return None
        same = (row["bytes"], row["mtime_ns"]) == (info.st_size, info.st_mtime_ns)
        return int(row["id"]) if same else None

    def _register(self, path: str, collection: str | None) -> int:
        try:
            info = Path(path).stat()
            size, mtime_ns = info.st_size, info.st_mtime_ns
        except OSError:
            size, mtime_ns = 0, 0  # Gone since it was found; the run will say so.
        return self._store.register(path, Path(path).stem, size, mtime_ns, collection)


def _missing_row(path: str, collection: str | None) -> DocumentRow:
    return DocumentRow(
        id=0,
        path=path,
        title=Path(path).stem,
        kind="",
        pages=None,
        passages=0,
        status="failed",
        reason="missing",
        bytes=0,
        indexed_at=None,
        collection=collection,
    )
