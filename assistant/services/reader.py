"""The reader process: it parses strangers' files, so it is bounded, and replaced at will.

`create` runs inside it. `Reader` stands outside, in the index process; its `read` has the
signature of `indexing.readers.read.read` and whatever becomes of the process, it ends in a
document or in a `ReadError`.
"""

from __future__ import annotations

import faulthandler
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import psutil

from assistant.errors import FrameTooLarge, WorkerDied, WorkerJobFailed
from assistant.workers.jobs import Job
from assistant.workers.process import RestartPolicy, WorkerSpec
from assistant.workers.supervisor import Worker
from indexing.errors import FileUnreadable, ReadError, ReadTimeout
from indexing.types import CanonicalDocument, ReadProgress, Rest, Unpacked

T = TypeVar("T")

_MEMORY_BYTES = 3 * 1024**3
_FRAME_LIMIT = 256 * 1024**2
_CHECKPOINT_S = 0.1
# Some seconds of reading: enough to have the next file ready when its predecessor is embedded,
# and the reader stops soon when nobody takes them because indexing has stepped aside.
_WINDOW = 32
# A page of small print takes 5 to 15 seconds to recognise on one slow core.
_SCAN_S = 90.0
_PAGE_IMAGE_S = 30.0
# A reader that gets less than this part of a processor for long does not compute: it hangs.
_MOST_STARVED = 20.0


def read_seconds(size: int) -> float:
    """How long a file of `size` bytes may take to read, but for the pictures in it."""
    return min(120.0 + 10.0 * size / 1e6, 1800.0)


class ReaderHost:
    """What the reader process serves."""

    def read(
        self, path: Path, password: str | None, rest: Rest | None, scans: bool
    ) -> Generator[ReadProgress, None, CanonicalDocument]:
        """Read a file, or a part of it; see `indexing.readers.read.read`.

        Args:
            scans: Whether to recognise the text of pictures.
        """
        from indexing import ocr
        from indexing.readers.read import read

        ocr.allow(scans)
        return (yield from _guarded(read(path, password, rest), path))

    def unpack(
        self, path: Path, folder: Path, password: str | None, wanted: frozenset[str] | None
    ) -> Generator[ReadProgress, None, Unpacked]:
        """Unpack an archive; see `indexing.readers.unpack.unpack`."""
        from indexing.readers.unpack import unpack

        return (yield from _guarded(unpack(path, folder, password, wanted), path))

    def page_image(self, path: Path, page: int, width: int) -> bytes:
        """Draw a page, from 1, `width` pixels wide, as PNG."""
        from indexing.readers.page_image import render_page

        return render_page(path, page, width)


def _guarded(
    steps: Generator[ReadProgress, None, T], path: Path
) -> Generator[ReadProgress, None, T]:
    """Run the steps of reading a file, with some of their checkpoints, and end what hangs."""
    limit = read_seconds(path.stat().st_size if path.is_file() else 0) + _SCAN_S
    told = 0.0
    while True:
        # The app's own time limit kills this process; should the app be gone while native
        # code holds the interpreter, nothing in Python would notice. This timer does. It
        # goes by the clock, so it allows for a machine that is busy with other things.
        faulthandler.dump_traceback_later(_MOST_STARVED * limit, exit=True)
        try:
            progress = next(steps)
        except StopIteration as end:
            return end.value
        finally:
            faulthandler.cancel_dump_traceback_later()
        # Not for every page: what may be read ahead is a number of these.
        if time.monotonic() - told >= _CHECKPOINT_S:
            told = time.monotonic()
            yield progress


def create(scratch: Path) -> ReaderHost:
    """Make what the reader process serves.

    Args:
        scratch: Folder for what it unpacks. It is this process's alone: what a predecessor that
            was killed left in it goes.
    """
    _sweep(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch)
    return ReaderHost()


def _sweep(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)


class Reader:
    """Reads files in a process of its own."""

    def __init__(
        self,
        log_file: Path,
        scratch: Path,
        time_limit: float | None = None,
        reads_scans: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepare the process; it starts when it is first needed.

        Args:
            scratch: Folder for what is unpacked to be read; nothing is left in it.
            time_limit: Seconds for any file; None for a limit by its size.
            reads_scans: Asked for each file whether to recognise the text of pictures.
        """
        self._scratch = scratch
        self._time_limit = time_limit
        self._reads_scans = reads_scans
        self.worker = Worker(
            WorkerSpec(
                name="reader",
                factory="assistant.services.reader:create",
                arguments={"scratch": scratch},
                log_file=log_file,
                frame_limit=_FRAME_LIMIT,
                memory_bytes=_MEMORY_BYTES,
                low_priority=True,
                # One bad file after the other must not cost the good ones behind them.
                restart=RestartPolicy(delays=(0.0,), give_up_after=None),
            )
        )

    def read(
        self, path: Path, password: str | None = None, rest: Rest | None = None
    ) -> Generator[ReadProgress, None, CanonicalDocument]:
        """Read a file, a long one part by part, yielding at least every 100 ms.

        What counts towards its limit is the time that the reader computes: on a machine that
        is busy with other things a file may take as long as it takes. Each page that has to be
        recognised adds to the limit, and each part has its own.

        A file during which the process dies is read once more: the process may have died of
        something else.

        Args:
            path: The file.
            password: For an encrypted one.
            rest: Of the part of it that was read before; None for the first.

        Raises:
            ReadTimeout: It took longer than a file of its size may.
            FileUnreadable: The process died of it ("reader_crashed"), or what was read is
                larger than any document ("reader_overflowed").
            ReadError: What the reader found.
        """
        arguments = (path, password, rest, self._reads_scans())
        return (yield from self._twice("read", path, arguments, CanonicalDocument))

    def unpack(
        self, path: Path, folder: Path, password: str | None, wanted: frozenset[str] | None
    ) -> Generator[ReadProgress, None, Unpacked]:
        """Unpack an archive; see `indexing.readers.unpack.unpack`. Bounded as `read` is."""
        arguments = (path, folder, password, wanted)
        return (yield from self._twice("unpack", path, arguments, Unpacked))

    def page_image(self, path: Path, page: int, width: int) -> bytes:
        """Draw a page, from 1, `width` pixels wide, as PNG. Raises as `read` does."""
        job = self.worker.submit("page_image", path, page, width, result=bytes)
        try:
            return job.result(_PAGE_IMAGE_S)
        except TimeoutError:
            job.cancel(0.0)
            raise ReadTimeout(str(path), _PAGE_IMAGE_S) from None
        except (WorkerDied, WorkerJobFailed, FrameTooLarge) as error:
            raise self._read_error(error, path) from error

    def close(self) -> None:
        """End the process."""
        self.worker.close()
        _sweep(self._scratch)

    def _twice(
        self, method: str, path: Path, arguments: tuple[object, ...], result: type[T]
    ) -> Generator[ReadProgress, None, T]:
        try:
            try:
                return (yield from self._run(method, path, arguments, result))
            except WorkerDied:
                return (yield from self._run(method, path, arguments, result))
        except (WorkerDied, WorkerJobFailed, FrameTooLarge) as error:
            raise self._read_error(error, path) from error

    def _run(
        self, method: str, path: Path, arguments: tuple[object, ...], result: type[T]
    ) -> Generator[ReadProgress, None, T]:
        seconds = self._time_limit or read_seconds(_size(path))
        job = self.worker.submit(
            method, *arguments, events=ReadProgress, result=result, window=_WINDOW
        )
        try:
            yield from self._progress(job, path, seconds)
            return job.result()
        finally:
            if not job.ended:
                job.cancel(1.0)
                job.wait()

    def _progress(
        self, job: Job[ReadProgress, T], path: Path, seconds: float
    ) -> Generator[ReadProgress, None, None]:
        progress = ReadProgress(0, None)
        waited, before = 0.0, self._computed()
        while True:
            started = time.monotonic()
            try:
                progress = job.next_event(_CHECKPOINT_S)
            except StopIteration:
                return
            except TimeoutError:
                pass
            waited += time.monotonic() - started
            limit = seconds + _SCAN_S * progress.scanned
            spent = max(self._computed() - before, waited / _MOST_STARVED)
            if spent >= limit and not job.ended:
                job.cancel(0.0)
                job.wait()
                raise ReadTimeout(str(path), limit)
            yield progress

    def _computed(self) -> float:
        """Seconds of processor time that the process has taken so far; 0 while there is none."""
        pid = self.worker.pid
        if pid is None:
            return 0.0
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system

    def _read_error(self, error: Exception, path: Path) -> ReadError:
        if isinstance(error, FrameTooLarge):
            return FileUnreadable(str(path), "reader_overflowed")
        if isinstance(error, WorkerJobFailed) and error.kind != "builtins.MemoryError":
            return FileUnreadable(str(path), f"{error.kind}: {error.detail}"[:300])
        if isinstance(error, WorkerJobFailed):
            self.worker.restart()  # what is left of it is not to be trusted with a file
        return FileUnreadable(str(path), "reader_crashed")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
