"""Watched folders as the app has them, and the process that watches them.

`create` runs inside that process, which only tells what may have changed: it has a process to
itself since a network drive that does not answer stops whoever asks it. What there is to do
about it is done by the index process, through `FolderService`, which stands in the app.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from assistant.paths import DataPaths
from assistant.services.index import IndexService
from assistant.workers.jobs import Job
from assistant.workers.process import WorkerSpec
from assistant.workers.supervisor import Worker
from indexing.catalog import Catalog, absolute_path
from indexing.errors import FolderNotWatched
from indexing.types import AddReport, FolderNews, FolderPart, IndexProgress, WatchedFolder


class FolderHost:
    """What the process serves."""

    def watch(self, folders: list[WatchedFolder]) -> Generator[FolderNews, None, None]:
        """See `indexing.folders.watch.watch`."""
        from indexing.folders.watch import watch

        yield from watch(folders)


def create() -> FolderHost:
    """Make what the process serves."""
    return FolderHost()


class FolderService:
    """The folders whose files the library follows.

    Its methods may be called from any thread; those that return no `Job` wait.

    Args:
        removed: Told which documents went because their files did.
    """

    def __init__(
        self,
        paths: DataPaths,
        index: IndexService,
        catalog: Catalog,
        removed: Callable[[Sequence[int]], None],
    ) -> None:
        self._index = index
        self._catalog = catalog
        self._removed = removed
        self.worker = Worker(
            WorkerSpec(
                name="folders",
                factory="assistant.services.folders:create",
                log_file=paths.log_file("folders"),
                low_priority=True,
            )
        )

    def list(self) -> list[WatchedFolder]:
        """Return all watched folders, in the order in which they came to be watched."""
        return self._catalog.folders()

    def find(self, id_or_path: str) -> WatchedFolder:
        """Return the watched folder of an id, given as digits, or of a path.

        Raises:
            FolderNotWatched: There is none.
        """
        path = absolute_path(id_or_path)
        for folder in self.list():
            if id_or_path == str(folder.id) or path == folder.path:
                return folder
        raise FolderNotWatched(id_or_path)

    def watch(
        self,
        path: str,
        collection: str | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
    ) -> Job[IndexProgress, AddReport]:
        """Follow a folder, and read what is in it, in the background; see `Folders.watch`."""
        return self._index.watch_folder(path, collection, include, exclude)

    def catch_up(self, parts: Sequence[FolderPart]) -> Job[IndexProgress, AddReport]:
        """Bring the library in step with folders, in the background; see `Folders.catch_up`."""
        return self._index.catch_up(list(parts))

    def changes(self, folders: Sequence[WatchedFolder]) -> Job[FolderNews, None]:
        """Watch folders until it is cancelled; see `indexing.folders.watch.watch`."""
        return self.worker.submit(
            "watch", list(folders), events=FolderNews, result=type(None), repeatable=True
        )

    def drop_gone(self, documents: Sequence[int], *, asked: bool = False) -> list[int]:
        """Take documents out whose files are gone for certain; return those.

        Args:
            documents: Those whose files were gone when their folders were looked at.
            asked: Whether a person has said that they are to go.
        """
        removed = self._index.drop_gone(list(documents), asked)
        self._removed(removed)
        return removed

    def keep(self, documents: Sequence[int]) -> None:
        """Let documents stay although their files are gone."""
        self._index.keep_gone(list(documents))

    def unwatch(self, folder: int) -> WatchedFolder:
        """Follow a folder no longer; its documents stay in the library."""
        return self._index.unwatch_folder(folder)

    def close(self) -> None:
        """End the process."""
        self.worker.close()
