"""The index process, and how the app speaks with it.

`create` runs inside the process, which itself keeps the reader process. `IndexService` stands
in the app. Its calls may all be repeated, so a process that dies is a delay and nothing more:
an indexing run goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from assistant.embedders import chosen_embedder
from assistant.model_library import model_library
from assistant.paths import DataPaths
from assistant.rerankers import chosen_reranker
from assistant.services.reader import Reader
from assistant.settings import SettingsFile
from assistant.workers.jobs import Job
from assistant.workers.process import WorkerSpec
from assistant.workers.supervisor import Worker
from indexing.types import (
    AddReport,
    EmbedderForecast,
    EmbedderUse,
    Evidence,
    FolderPart,
    IndexProgress,
    SearchResult,
    WatchedFolder,
)

if TYPE_CHECKING:
    from indexing.index import Index

R = TypeVar("R")


class IndexHost:
    """What the index process serves."""

    def __init__(self, index: Index, reader: Reader) -> None:
        self._index = index
        self._reader = reader

    def add(
        self, paths: list[str], collection: str | None, password: str | None
    ) -> Generator[IndexProgress, None, AddReport]:
        """See `Index.add`."""
        return (yield from self._index.add(paths, collection, password))

    def resume(self) -> Generator[IndexProgress, None, AddReport]:
        """See `Index.resume`."""
        return (yield from self._index.resume())

    def embedder_use(self) -> EmbedderUse:
        """See `Embedders.use`."""
        return self._index.embedders.use()

    def choose_embedder(self, path: Path) -> EmbedderUse:
        """See `Embedders.choose`."""
        return self._index.embedders.choose(path)

    def forecast_embedder(self, path: Path) -> Generator[None, None, EmbedderForecast]:
        """See `Embedders.forecast`."""
        return (yield from self._index.embedders.forecast(path))

    def use_reranker(self, path: Path | None) -> None:
        """See `Index.use_reranker`."""
        from assistant.services.gguf_reranker import open_reranker

        self._index.use_reranker(None if path is None else open_reranker(path))

    def forget_queued(self) -> list[int]:
        """See `Index.forget_queued`."""
        return self._index.forget_queued()

    def warm(self) -> None:
        """See `Index.warm`."""
        self._index.warm()

    def remove(self, documents: list[int]) -> list[int]:
        """See `Index.remove`."""
        return self._index.remove(documents)

    def watch_folder(
        self,
        path: str,
        collection: str | None,
        include: list[str] | None,
        exclude: list[str] | None,
    ) -> Generator[IndexProgress, None, AddReport]:
        """See `Folders.watch`."""
        return (yield from self._index.folders.watch(path, collection, include, exclude))

    def catch_up(self, parts: list[FolderPart]) -> Generator[IndexProgress, None, AddReport]:
        """See `Folders.catch_up`."""
        return (yield from self._index.folders.catch_up(parts))

    def drop_gone(self, documents: list[int], asked: bool) -> list[int]:
        """See `Index.drop_gone`."""
        return self._index.drop_gone(documents, asked)

    def keep_gone(self, documents: list[int]) -> None:
        """See `Folders.keep`."""
        self._index.folders.keep(documents)

    def unwatch_folder(self, folder: int) -> WatchedFolder:
        """See `Folders.unwatch`."""
        return self._index.folders.unwatch(folder)

    def search(
        self, query: str, k: int, documents: list[int] | None, collection: str | None
    ) -> SearchResult:
        """See `Index.search`."""
        return self._index.search(query, k, documents, collection)

    def evidence(
        self,
        queries: list[str],
        budget_chars: int,
        documents: list[int] | None,
        collection: str | None,
    ) -> list[Evidence]:
        """See `Index.evidence`."""
        return self._index.evidence(queries, budget_chars, documents, collection)

    def embed(self, texts: list[str]) -> list[list[float]]:
        """See `Index.embed`."""
        return self._index.embed(texts)

    def member_file(self, document: int) -> Generator[None, None, Path]:
        """See `Archives.file_of`."""
        steps = self._index.archives.file_of(document)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            yield

    def page_image(self, path: Path, page: int, width: int) -> bytes:
        """See `Reader.page_image`."""
        return self._reader.page_image(path, page, width)

    def close(self) -> None:
        """Close the stores and end the reader process."""
        self._reader.close()
        self._index.close()


def create(data_dir: Path, reader_log: Path) -> IndexHost:
    """Make what the index process serves."""
    from assistant.services.gguf_embedder import open_embedder
    from assistant.services.gguf_reranker import open_reranker
    from indexing.index import Index

    paths = DataPaths(data_dir)
    settings = SettingsFile(paths.settings_file)
    models = model_library(paths)
    embedder = chosen_embedder(paths, settings.current.embedder, models)
    reranker = chosen_reranker(paths, settings.current.reranker, models)
    reader = Reader(
        reader_log, data_dir / "scratch", reads_scans=lambda: settings.reload().read_scans
    )

    def reading_conditions() -> str:
        # Only where it is asked for: the readers bring their parsers with them.
        from indexing.readers.read import conditions

        return conditions(settings.reload().read_scans)

    index = Index(
        data_dir,
        embedder,
        reader.read,
        reranker=None if reranker is None else open_reranker(reranker),
        conditions=reading_conditions,
        unpack=reader.unpack,
        open_embedder=open_embedder,
    )
    return IndexHost(index, reader)


class IndexService:
    """The documents' index, in a process of its own.

    Methods may be called from any thread; those that return no `Job` wait, and are served
    between two steps of an indexing run.
    """

    def __init__(self, paths: DataPaths) -> None:
        """Prepare the process; it starts when it is first needed."""
        self.worker = Worker(
            WorkerSpec(
                name="index",
                factory="assistant.services.index:create",
                arguments={
                    "data_dir": paths.root,
                    "reader_log": paths.log_file("reader"),
                },
                log_file=paths.log_file("index"),
            )
        )

    def add(
        self, paths: list[str], collection: str | None = None, password: str | None = None
    ) -> Job[IndexProgress, AddReport]:
        """Index files and folders, in the background; see `Index.add`."""
        # The process has a working directory of its own.
        absolute = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - ".." goes too
        return self.worker.submit(
            "add",
            absolute,
            collection,
            password,
            events=IndexProgress,
            result=AddReport,
            background=True,
            repeatable=True,
        )

    def resume(self) -> Job[IndexProgress, AddReport]:
        """Go on with what an earlier process left undone; see `Index.resume`."""
        return self.worker.submit(
            "resume", events=IndexProgress, result=AddReport, background=True, repeatable=True
        )

    def watch_folder(
        self,
        path: str,
        collection: str | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
    ) -> Job[IndexProgress, AddReport]:
        """Follow a folder and index what is in it, in the background; see `Folders.watch`."""
        return self.worker.submit(
            "watch_folder",
            os.path.abspath(path),  # noqa: PTH100 - ".." goes too
            collection,
            None if include is None else list(include),
            None if exclude is None else list(exclude),
            events=IndexProgress,
            result=AddReport,
            background=True,
            repeatable=True,
        )

    def catch_up(self, parts: list[FolderPart]) -> Job[IndexProgress, AddReport]:
        """Bring the index in step with folders, in the background; see `Folders.catch_up`."""
        return self.worker.submit(
            "catch_up",
            parts,
            events=IndexProgress,
            result=AddReport,
            background=True,
            repeatable=True,
        )

    def drop_gone(self, documents: list[int], asked: bool = False) -> list[int]:
        """Remove documents whose files are gone; see `Index.drop_gone`."""
        return self._ask("drop_gone", documents, asked, result=list[int])

    def keep_gone(self, documents: list[int]) -> None:
        """Keep documents whose files are gone; see `Folders.keep`."""
        self._ask("keep_gone", documents, result=type(None))

    def unwatch_folder(self, folder: int) -> WatchedFolder:
        """Follow a folder no longer; see `Folders.unwatch`."""
        return self._ask("unwatch_folder", folder, result=WatchedFolder)

    def embedder_use(self) -> EmbedderUse:
        """Say which embedder answers, and which is to. See `Embedders.use`."""
        return self._ask("embedder_use", result=EmbedderUse)

    def choose_embedder(self, path: Path) -> EmbedderUse:
        """Let an embedder take the place of the one that answers. See `Embedders.choose`.

        `resume` makes the vectors that it needs for it. One that ends the process is not tried
        again.
        """
        return self.worker.submit("choose_embedder", path, result=EmbedderUse).result()

    def forecast_embedder(self, path: Path) -> Job[None, EmbedderForecast]:
        """Find out what changing to an embedder takes; see `Embedders.forecast`."""
        return self.worker.submit(
            "forecast_embedder", path, events=type(None), result=EmbedderForecast,
            background=True,
        )  # fmt: skip

    def use_reranker(self, path: Path | None) -> None:
        """Let a cross-encoder have the last word on the first hits, or none.

        See `Index.use_reranker`. One that ends the process is not tried again.
        """
        self.worker.submit("use_reranker", path, result=type(None)).result()

    def forget_queued(self) -> list[int]:
        """Give up what a cancelled run left unfinished; see `Index.forget_queued`."""
        return self._ask("forget_queued", result=list[int])

    def warm(self) -> Job[None, None]:
        """Load the embedder, so that the first question need not wait for it."""
        return self.worker.submit("warm", result=type(None), background=True)

    def remove(self, documents: list[int]) -> list[int]:
        """Take documents out; return those that were there. See `Index.remove`."""
        return self._ask("remove", documents, result=list[int])

    def search(
        self,
        query: str,
        k: int = 10,
        documents: list[int] | None = None,
        collection: str | None = None,
    ) -> SearchResult:
        """Find the passages that fit a query best. See `Index.search`."""
        return self._ask("search", query, k, documents, collection, result=SearchResult)

    def evidence(
        self,
        queries: list[str],
        budget_chars: int,
        documents: list[int] | None = None,
        collection: str | None = None,
    ) -> list[Evidence]:
        """Gather what the documents say to the queries. See `Index.evidence`."""
        return self._ask(
            "evidence", queries, budget_chars, documents, collection, result=list[Evidence]
        )

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Turn texts into vectors of unit length. See `Index.embed`."""
        return self._ask("embed", texts, result=list[list[float]])

    def member_file(self, document: int) -> Path:
        """Return the file of an archive's member, unpacked where it is not yet.

        Raises:
            DocumentNotFound: There is no such member.
            ReadError: It is not in the archive any more, or that cannot be unpacked.
        """
        return self.worker.submit(
            "member_file", document, events=type(None), result=Path, repeatable=True
        ).result()

    def page_image(self, path: Path, page: int, width: int) -> bytes:
        """Draw a page of a file, from 1, `width` pixels wide, as PNG.

        Raises:
            ReadError: It cannot be drawn.
        """
        return self._ask("page_image", path, page, width, result=bytes)

    def close(self) -> None:
        """End the process, and its reader with it."""
        self.worker.close()

    def _ask(self, method: str, *arguments: object, result: type[R]) -> R:
        return self.worker.submit(method, *arguments, result=result, repeatable=True).result()
