"""Fetches a model from the hub into the library: resumed, checked, and whole or not at all."""

from __future__ import annotations

import errno
import shutil
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from models.downloads.hub import Hub, model_of
from models.downloads.pending import PendingDownloads, download_id, size_of
from models.downloads.types import DownloadProgress, HubFile, HubRepository, Pending
from models.errors import DownloadFailed
from models.facts import ModelFacts, read_facts
from models.files import IMPORTABLE, FileProgress, check_file
from models.library import SPARE_BYTES, ModelLibrary
from models.record import Origin
from models.sources import Found

R = TypeVar("R")

# Worth another try by itself; anything else needs a person.
_PASSING = frozenset({"connection_lost", "offline", "rate_limited", "server"})
_NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_REPORT_S = 0.1
_SPEED_WINDOW_S = 5.0
_BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Patience:
    """How long to go on when things go wrong.

    Attributes:
        waits_s: Seconds before each further try while nothing arrives; an arriving byte begins
            the row anew.
        longest_s: Longest pause that the hub may ask for; a person hears of a longer one.
    """

    waits_s: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    longest_s: float = 60.0


class Downloader:
    """Fetches models into a library.

    Args:
        library: Where they go.
        folder: The library's folder; what is not whole yet waits in it.
        hub: Where they come from.
        patience: How long to go on when things go wrong.
    """

    def __init__(
        self, library: ModelLibrary, folder: Path, hub: Hub, patience: Patience | None = None
    ) -> None:
        self._library = library
        self._folder = folder
        self._hub = hub
        self._patience = patience or Patience()
        self._pending = PendingDownloads(folder)

    def download(self, repository: str, file: str) -> Generator[DownloadProgress, None, ModelFacts]:
        """Fetches a model, or goes on with it where an earlier attempt stopped.

        Closing the generator pauses: the bytes that are there stay. A model that was fetched
        before and is undamaged is not fetched again.

        Args:
            repository: As the hub names it.
            file: The model's path in it; of a split model any part's.

        Raises:
            DownloadFailed: It could not be fetched; what has arrived stays, unless it is wrong.
        """
        name = download_id(repository, file)
        there = self._pending.get(name)
        yield DownloadProgress("asking", there.done if there else 0, there.total if there else 0)
        try:
            with self._pending.locked(name, repository, file):
                facts = self._pending.get(name) or (yield from self._begin(repository, file, name))
                model = yield from self._fetched_before(facts)
                if model is None:
                    self._pending.put(facts)
                    yield from self._fetch_all(facts)
                    yield from self._check(facts)
                    model = self._take_in(facts)
        except OSError as error:
            raise self._disk_failure(repository, file, name, error) from error
        self._pending.delete(name)
        return model

    def _fetched_before(
        self, facts: Pending
    ) -> Generator[DownloadProgress, None, ModelFacts | None]:
        for model in self._library.list():
            if model.source == "library" and model.sha256 == facts.files[0].sha256:
                # What it should be is known; what it is by now is not.
                checksums = yield from _checking(self._library.verify(model.name))
                if all(checksum.state == "matches" for checksum in checksums):
                    return model
        return None

    def _begin(
        self, repository: str, file: str, name: str
    ) -> Generator[DownloadProgress, None, Pending]:
        there = yield from self._look_up(repository, file)
        model = model_of(there, file)
        if not all(each.sha256 and each.bytes for each in model.files):
            raise DownloadFailed(repository, file, "no_checksum")
        return Pending(
            id=name,
            repository=repository,
            revision=there.revision,
            file=model.file,
            files=model.files,
            licence=there.licence,
            total=model.bytes,
        )

    def _fetch_all(self, facts: Pending) -> Generator[DownloadProgress]:
        parts = self._pending.parts(facts)
        for file, part in zip(facts.files, parts, strict=True):
            if size_of(part) > file.bytes:
                part.unlink()
        # Said before a byte is asked for.
        self._check_room(facts, sum(size_of(part) for part in parts))
        before = 0
        for file, part in zip(facts.files, parts, strict=True):
            yield from self._fetch(facts, file, part, before)
            before += file.bytes

    def _fetch(
        self, facts: Pending, file: HubFile, part: Path, before: int
    ) -> Generator[DownloadProgress]:
        """Fetches one file, trying again while something arrives."""
        tries = 0
        while (there := size_of(part)) < file.bytes:
            try:
                yield from self._stream(facts, file, part, there, before)
            except DownloadFailed as error:
                arrived = size_of(part)
                tries = 0 if arrived > there else tries
                wait = self._wait_for(error, tries)
                if wait is None:
                    raise
                tries += 1
                yield from _pause(wait, before + arrived, facts.total)

    def _stream(
        self, facts: Pending, file: HubFile, part: Path, there: int, before: int
    ) -> Generator[DownloadProgress]:
        speed = _Speed()
        with (
            self._hub.open(facts.repository, facts.revision, file.name, there) as (start, blocks),
            part.open("r+b" if start else "wb", _BUFFER_BYTES) as out,
        ):
            if start > there:
                raise DownloadFailed(facts.repository, file.name, "server")
            # A server that knows no ranges sends all of it again.
            out.seek(start)
            out.truncate()
            done = start
            for block in blocks:
                done += len(block)
                if done > file.bytes:
                    raise DownloadFailed(facts.repository, file.name, "wrong_checksum")
                out.write(block)
                if speed.add(len(block)):
                    out.flush()
                    yield speed.progress(before + done, facts.total)
        if done < file.bytes:
            raise DownloadFailed(facts.repository, file.name, "connection_lost")

    def _check(self, facts: Pending) -> Generator[DownloadProgress]:
        """Compares what arrived with what the hub announced; deletes what is wrong."""
        done = 0
        for file, part in zip(facts.files, self._pending.parts(facts), strict=True):
            checksum = yield from _checking(check_file(part, file.sha256, done, facts.total))
            done += file.bytes
            if checksum.state != "matches":
                part.unlink()
                raise DownloadFailed(facts.repository, file.name, "wrong_checksum")

    def _take_in(self, facts: Pending) -> ModelFacts:
        parts = self._pending.parts(facts)
        arrived = read_facts(facts.file, Found("", tuple(parts), len(parts)), "library")
        if arrived.kind not in IMPORTABLE or arrived.problem == "missing_part":
            self._pending.delete(facts.id)
            raise DownloadFailed(facts.repository, facts.file, "not_a_model")
        origins = [
            Origin(
                facts.repository,
                file.name,
                facts.revision,
                file.sha256,
                file.bytes,
                facts.licence,
            )
            for file in facts.files
        ]
        return self._library.adopt(parts, origins)

    def _look_up(
        self, repository: str, file: str
    ) -> Generator[DownloadProgress, None, HubRepository]:
        tries = 0
        while True:
            try:
                return self._hub.repository(repository, file=file)
            except DownloadFailed as error:
                wait = self._wait_for(error, tries)
                if wait is None:
                    raise
                tries += 1
                yield from _pause(wait, 0, 0)

    def _wait_for(self, error: DownloadFailed, tries: int) -> float | None:
        """Returns the seconds before another try; None where there is to be none."""
        if error.problem not in _PASSING or tries >= len(self._patience.waits_s):
            return None
        if error.retry_after_s > self._patience.longest_s:
            return None
        return max(self._patience.waits_s[tries], error.retry_after_s)

    def _check_room(self, facts: Pending, there: int) -> None:
        needed = facts.total - there + SPARE_BYTES
        free = shutil.disk_usage(self._folder).free
        if there < facts.total and free < needed:
            raise DownloadFailed(facts.repository, facts.file, "disk_full", needed, free)

    def _disk_failure(
        self, repository: str, file: str, name: str, error: OSError
    ) -> DownloadFailed:
        if error.errno not in _NO_ROOM:
            return DownloadFailed(repository, file, "not_writable")
        facts = self._pending.get(name)
        needed = facts.total - facts.done + SPARE_BYTES if facts is not None else SPARE_BYTES
        free = shutil.disk_usage(self._folder).free
        return DownloadFailed(repository, file, "disk_full", needed, free)


class _Speed:
    """How fast bytes came in the last seconds, and when to speak of it again."""

    def __init__(self) -> None:
        self._said = time.monotonic()
        self._seen: deque[tuple[float, int]] = deque([(self._said, 0)])
        self._bytes = 0

    def add(self, count: int) -> bool:
        """Counts bytes; returns whether it is time for a report."""
        now = time.monotonic()
        self._bytes += count
        self._seen.append((now, self._bytes))
        while len(self._seen) > 2 and now - self._seen[0][0] > _SPEED_WINDOW_S:
            self._seen.popleft()
        return self.is_due()

    def is_due(self) -> bool:
        """Whether the last report is long enough ago."""
        return time.monotonic() - self._said >= _REPORT_S

    def progress(self, done: int, total: int) -> DownloadProgress:
        """Reports."""
        self._said = time.monotonic()
        (start, before), (now, after) = self._seen[0], self._seen[-1]
        rate = (after - before) / (now - start) if now > start else 0.0
        left = (total - done) / rate if rate else None
        return DownloadProgress("downloading", done, total, rate, left)


def _checking(steps: Generator[FileProgress, None, R]) -> Generator[DownloadProgress, None, R]:
    """Tells of a check in the way of a download."""
    speed, before = _Speed(), None
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        # Files that were checked earlier are done at the first step.
        speed.add(step.done - before if before is not None else 0)
        before = step.done
        yield msgspec.structs.replace(speed.progress(step.done, step.total), phase="checking")


def _pause(seconds: float, done: int, total: int) -> Generator[DownloadProgress]:
    """Waits, and can be stopped while it does."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield DownloadProgress("waiting", done, total, seconds_left=left)
        time.sleep(min(_REPORT_S, left))
