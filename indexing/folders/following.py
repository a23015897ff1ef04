"""What can be done with watched folders: follow one, catch up, take out what is gone, stop."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

import msgspec

from indexing.catalog import absolute_path
from indexing.database import migrate
from indexing.errors import FolderNotFound
from indexing.folders.catch_up import CatchUp, Indexing, Look
from indexing.folders.losses import forget_losses, note_losses
from indexing.folders.scan import availability, inode_of, mount_of, within
from indexing.folders.store import COMPONENT, MIGRATIONS, FolderStore
from indexing.store import DocumentStore
from indexing.types import AddReport, FolderPart, IndexProgress, WatchedFolder

Adding = Generator[IndexProgress, None, AddReport]


class Folders:
    """The watched folders of an index.

    Args:
        connection: The index's database; the tables of documents are there already.
        index: Brings registered documents to their end.
        suffixes: Gives those of the files that some reader knows.
        apart: Folder that is never looked into: the data folder.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        store: DocumentStore,
        index: Indexing,
        suffixes: Callable[[], frozenset[str]],
        apart: Path,
    ) -> None:
        migrate(connection, COMPONENT, MIGRATIONS)
        self._db = connection
        self._documents = store
        self._folders = FolderStore(connection)
        self._index = index
        self._suffixes = suffixes
        self._apart = absolute_path(str(apart))

    def watch(
        self,
        path: str,
        collection: str | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
    ) -> Adding:
        """Follows a folder from now on, and reads what is in it.

        Args:
            path: The folder. Of one that is watched already, only what is given changes.
            collection: Name to keep its documents under; the folder's own by default.
            include: Patterns of files to take; none takes all that can be read.
            exclude: Patterns to leave out, beside those that always are; see `Selection`.

        Returns:
            How each of its files stands.

        Raises:
            FolderNotFound: There is no such folder.
        """
        begin = time.perf_counter()
        path = absolute_path(path)
        if not Path(path).is_dir():
            raise FolderNotFound(path)
        known = next((folder for folder in self._folders.all() if folder.path == path), None)
        self._folders.take_back([path])
        name = collection or (known.collection if known else None) or Path(path).name or path
        folder = self._folders.watch(path, name, include, exclude, mount_of(path))
        if known is not None:
            # It was asked for by name: what is there now is this folder.
            self._folders.set_identity(folder.id, inode_of(path), ())
        # The person wants them now, and one that is still being written is looked at again.
        report = yield from self._run().run([FolderPart(folder.id)], settle_s=0)
        return msgspec.structs.replace(
            report,
            documents=self._documents.with_members(self._folders.get(folder.id).documents),
            seconds=round(time.perf_counter() - begin, 3),
        )

    def catch_up(self, parts: Sequence[FolderPart]) -> Adding:
        """Brings the index in step with watched folders, or with parts of them.

        Returns:
            How each new, changed or moved file ended, and what is gone; see `AddReport`.
        """
        known = {folder.id for folder in self._folders.all()}
        return (yield from self._run().run([part for part in parts if part.folder in known]))

    def still_gone(self, documents: Sequence[int]) -> list[int]:
        """The documents whose files are gone for certain.

        It looks once more: a file that is back, or whose folder went, is not gone.
        """
        rows = [row for document in documents if (row := self._documents.row(document))]
        gone: list[int] = []
        for folder in self._folders.all():
            mine = [row for row in rows if row.id in folder.documents]
            if not mine or availability(folder) is not None:
                continue
            steps = self._run().look(folder, tuple(row.path for row in mine))
            snapshot = _end_of(steps).snapshot
            gone += [
                row.id
                for row in mine
                if row.path not in snapshot.files and not within(row.path, snapshot.unreachable)
            ]
        return gone

    def note_gone(self, paths: Iterable[str], asked: bool) -> None:
        """Notes whose documents went with their files: bit by bit that may be a great loss.

        Args:
            asked: Whether a person has said that these are to go.
        """
        lost: dict[int, list[str]] = {}
        for path in paths:
            folder = self._folder_of(path)
            # What patterns leave out is there.
            if folder is not None and not os.path.lexists(path):
                lost.setdefault(folder, []).append(path)
        if asked:
            forget_losses(self._db, lost)
        else:
            for folder, gone in lost.items():
                note_losses(self._db, folder, gone)

    def keep(self, documents: Sequence[int]) -> None:
        """Lets documents stay although their files are gone: they follow nothing any more."""
        wanted = set(documents)
        forget_losses(
            self._db, [f.id for f in self._folders.all() if not wanted.isdisjoint(f.documents)]
        )
        self._folders.keep(documents)

    def holds(self, path: str) -> bool:
        """Whether a file lies in a watched folder."""
        return within(path, self._folders.paths())

    def unwatch(self, folder: int) -> WatchedFolder:
        """Follows a folder no longer; its documents stay.

        Raises:
            FolderNotWatched: It was not followed.
        """
        watched = self._folders.get(folder)
        self._folders.unwatch(folder)
        return watched

    def leave_out(self, paths: Iterable[str]) -> None:
        """Notes files that a person took out, so that they do not come back by themselves."""
        for path in paths:
            folder = self._folder_of(path)
            if folder is not None:
                self._folders.leave_out(folder, path)

    def left_out(self) -> set[str]:
        """The files that a person took out, members of archives in watched folders too."""
        return self._folders.left_out()

    def take_back(self, paths: Iterable[str]) -> None:
        """Notes that a person wants files after all, or all those in folders."""
        self._folders.take_back([absolute_path(path) for path in paths])

    def _folder_of(self, path: str) -> int | None:
        """The innermost folder that a file lies in."""
        folders = sorted(self._folders.paths().items(), key=lambda folder: -len(folder[0]))
        return next((number for root, number in folders if within(path, [root])), None)

    def _run(self) -> CatchUp:
        return CatchUp(self._documents, self._folders, self._index, self._suffixes(), self._apart)


def _end_of(steps: Generator[IndexProgress, None, Look]) -> Look:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
