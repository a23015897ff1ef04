"""The process that downloads models, and how the app speaks with it.

`create` runs inside the process, which alone may reach out, and only while it works on something
that a person asked for. `DownloadService` stands in the app.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from assistant import network
from assistant.paths import DataPaths
from assistant.workers.jobs import Job
from assistant.workers.process import WorkerSpec
from assistant.workers.supervisor import Worker
from models.downloads.pending import PendingDownloads, download_id
from models.downloads.types import DownloadProgress, HubRepository, HubResult
from models.facts import ModelFacts
from models.gguf_header import GgufHeader
from models.library import ModelLibrary

E = TypeVar("E")
R = TypeVar("R")

DownloadState = Literal["waiting", "running", "paused", "failed", "finished"]

# Longer than the hub may take for an answer, which a download waits for as well.
_ASK_S = 60.0
_PAUSE_S = 3.0
_MEMORY_BYTES = 2 * 1024**3


class Download(msgspec.Struct, frozen=True):
    """A download as the app sees it.

    Attributes:
        id: What it is called; of the same file always the same.
        repository: As the hub names it.
        file: The model's path in the repository.
        state: "waiting" for another one to end, "running", "paused" with its bytes kept (what an
            earlier run of the program began, too), "failed", or "finished".
        progress: How far it is.
        error: Why it failed; None where it did not.
        model: What it became in the library; None before it is finished.
    """

    id: str
    repository: str
    file: str
    state: DownloadState
    progress: DownloadProgress
    error: Exception | None = None
    model: ModelFacts | None = None


class DownloadHost:
    """What the process serves.

    Args:
        models: The library's folder.
    """

    def __init__(self, models: Path) -> None:
        # The hub's client takes a moment to import, and nobody else in the app needs it.
        from models.downloads.fetch import Downloader
        from models.downloads.hub import Hub

        self._hub = Hub()
        self._downloader = Downloader(ModelLibrary(models), models, self._hub)

    def download(self, repository: str, file: str) -> Generator[DownloadProgress, None, ModelFacts]:
        """See `Downloader.download`."""
        return (yield from _let_out(self._downloader.download(repository, file)))

    def search(self, query: str, limit: int) -> list[HubResult]:
        """See `Hub.search`."""
        with network.allow():
            return self._hub.search(query, limit)

    def repository(self, name: str) -> HubRepository:
        """See `Hub.repository`."""
        with network.allow():
            return self._hub.repository(name)

    def header(self, repository: str, file: str) -> GgufHeader:
        """See `peek_header`."""
        from models.downloads.peek import peek_header

        with network.allow():
            return peek_header(self._hub, repository, file)


def create(models: Path) -> DownloadHost:
    """Make what the process serves."""
    return DownloadHost(models)


def _let_out(steps: Generator[E, None, R]) -> Generator[E, None, R]:
    """Let a generator reach out in each of its steps, and nobody between them."""
    try:
        while True:
            with network.allow():
                try:
                    event = next(steps)
                except StopIteration as end:
                    return end.value
            yield event
    finally:
        steps.close()


class DownloadService:
    """Downloads models, one after the other, in a process of its own.

    It starts with the first download or search. Every method may be called from any thread;
    `search`, `repository`, `header` and `discard` wait.
    """

    def __init__(self, paths: DataPaths) -> None:
        """Prepare the process.

        Args:
            paths: Where the models are, and where its log goes.
        """
        self._pending = PendingDownloads(paths.models)
        self._changed = threading.Condition()
        self._telling = threading.RLock()
        self._listeners: list[Callable[[Download], None]] = []
        self._jobs: dict[str, Job[DownloadProgress, ModelFacts]] = {}
        self._known: dict[str, Download] = {}
        self.worker = Worker(
            WorkerSpec(
                name="downloads",
                factory="assistant.services.downloads:create",
                arguments={"models": paths.models},
                log_file=paths.log_file("downloads"),
                memory_bytes=_MEMORY_BYTES,
                low_priority=True,
            )
        )

    def add_listener(self, listener: Callable[[Download], None]) -> None:
        """Have each change of a download reported, on whatever thread it happens."""
        with self._changed:
            self._listeners.append(listener)

    def list(self) -> list[Download]:
        """Everything that is not finished: what runs, what waits, what failed, what is paused."""
        with self._changed:
            rows = {name: row for name, row in self._known.items() if row.state != "finished"}
        for each in self._pending.list():
            if each.id not in rows:
                progress = DownloadProgress("downloading", each.done, each.total)
                rows[each.id] = Download(each.id, each.repository, each.file, "paused", progress)
        return sorted(rows.values(), key=lambda row: (row.repository, row.file))

    def is_latest(self, row: Download) -> bool:
        """Whether what a listener was told of a download still is how it stands."""
        with self._changed:
            return self._known.get(row.id) is row

    def start(self, repository: str, file: str) -> Job[DownloadProgress, ModelFacts]:
        """Download a model, or go on with it; one that runs already is returned.

        Args:
            repository: As the hub names it.
            file: The model's path in it; of a split model any part's.
        """
        name = download_id(repository, file)
        if self.worker.status == "failed":
            self.worker.restart()  # a person chose to try again
        with self._changed:
            job = self._jobs.get(name)
            if job is not None:
                return job
            # Should the process die, the next one goes on from the bytes that are there.
            job = self.worker.submit(
                "download",
                repository,
                file,
                events=DownloadProgress,
                result=ModelFacts,
                repeatable=True,
            )
            self._jobs[name] = job
            there = self._pending.get(name)
            progress = DownloadProgress(
                "asking", there.done if there else 0, there.total if there else 0
            )
            row = Download(name, repository, file, "waiting", progress)
        self._tell(row)
        job.add_listener(
            lambda event: self._on_progress(row, event), lambda _: self._on_end(row), take=False
        )
        return job

    def pause(self, name: str) -> None:
        """Stop a download and keep its bytes; returns at once. `start` goes on with it."""
        with self._changed:
            job = self._jobs.get(name)
        if job is not None:
            job.cancel(_PAUSE_S)

    def discard(self, name: str) -> None:
        """Stop a download and delete its bytes.

        Raises:
            DownloadFailed: Another process goes on with it ("busy").
        """
        with self._changed:
            job = self._jobs.get(name)
        if job is not None:
            job.cancel(_PAUSE_S)
        with self._changed:
            self._changed.wait_for(lambda: name not in self._jobs)
            self._pending.discard(name)
            self._known.pop(name, None)

    def search(self, query: str, limit: int = 20) -> list[HubResult]:
        """Find repositories with GGUF models on the hub, the most downloaded first.

        Raises:
            DownloadFailed: The hub cannot be asked.
        """
        return self._ask(self.worker.submit("search", query, limit, result=list[HubResult]))

    def repository(self, name: str) -> HubRepository:
        """Say which models a repository of the hub has.

        Raises:
            DownloadFailed: There is none of that name, or the hub cannot be asked.
        """
        return self._ask(self.worker.submit("repository", name, result=HubRepository))

    def header(self, repository: str, file: str) -> GgufHeader:
        """Say what a model of the hub is, from some megabytes at the beginning of its file.

        Raises:
            DownloadFailed: There is none of that name, or the hub cannot be asked.
        """
        return self._ask(self.worker.submit("header", repository, file, result=GgufHeader))

    def close(self) -> None:
        """End the process; what it downloads is paused."""
        self.worker.close()

    def _ask(self, job: Job[None, R]) -> R:
        try:
            return job.result(_ASK_S)
        finally:
            if not job.ended:
                job.cancel(0.0)

    def _on_progress(self, row: Download, event: DownloadProgress) -> None:
        self._tell(msgspec.structs.replace(row, state="running", progress=event))

    def _on_end(self, row: Download) -> None:
        with self._changed:
            job = self._jobs[row.id]
            last = self._known.get(row.id, row).progress
        there = self._pending.get(row.id)
        if there is not None:
            last = DownloadProgress("downloading", there.done, there.total)
        if job.state == "finished":
            model = job.result()
            row = msgspec.structs.replace(row, state="finished", progress=last, model=model)
        elif job.state == "failed":
            row = msgspec.structs.replace(row, state="failed", progress=last, error=job.error)
        else:
            row = msgspec.structs.replace(row, state="paused", progress=last)
        self._tell(row, ended=True)

    def _tell(self, row: Download, *, ended: bool = False) -> None:
        # Over the calls too, so that listeners on two threads hear the last state last.
        with self._telling:
            with self._changed:
                self._known[row.id] = row
                if ended:
                    del self._jobs[row.id]
                    self._changed.notify_all()
                listeners = list(self._listeners)
            for listener in listeners:
                listener(row)
