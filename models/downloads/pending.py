"""Downloads that are not finished: a folder for each, beside the library's models.

A folder holds what is known of the model and, for each of its files, the bytes that are there.
Nothing else is needed to go on with it, today or after a restart.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Generator
from pathlib import Path

import filelock
import msgspec

from models.downloads.types import Pending
from models.errors import DownloadFailed
from models.small_files import write_whole
from models.sources import first_part

FOLDER = ".downloads"
_FACTS = "download.json"
_LOCK_SUFFIX = ".lock"
# Made at import: msgspec is not safe where several threads use a type for the first time.
_facts = msgspec.json.Decoder(Pending)


def download_id(repository: str, file: str) -> str:
    """Returns what a download is called: the same for the same model, and fit for a folder."""
    return hashlib.sha256(f"{repository}/{first_part(file)}".encode()).hexdigest()[:16]


class PendingDownloads:
    """The unfinished downloads of a library's folder.

    Args:
        models: The library's folder.
    """

    def __init__(self, models: Path) -> None:
        self._folder = models / FOLDER

    def list(self) -> list[Pending]:
        """All of them, by repository and file."""
        rows = [self.get(path.name) for path in self._folder.glob("*") if path.is_dir()]
        found = [row for row in rows if row is not None]
        return sorted(found, key=lambda row: (row.repository, row.file))

    def get(self, name: str) -> Pending | None:
        """One of them; None where there is no such download."""
        folder = self._folder / name
        try:
            facts = _facts.decode((folder / _FACTS).read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None
        done = sum(size_of(part) for part in self.parts(facts))
        return msgspec.structs.replace(facts, done=done)

    def put(self, facts: Pending) -> None:
        """Begin one, or change what is known of it.

        Raises:
            OSError: It cannot be written.
        """
        folder = self._folder / facts.id
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / _FACTS, msgspec.json.format(msgspec.json.encode(facts)))

    def parts(self, facts: Pending) -> list[Path]:
        """Where the bytes of its files are or will be."""
        return [self._folder / facts.id / f"{number}.part" for number in range(len(facts.files))]

    def discard(self, name: str) -> None:
        """Delete one, with the bytes that are there, unless another process goes on with it.

        Raises:
            DownloadFailed: Another process has it ("busy").
            OSError: The folder cannot be written.
        """
        facts = self.get(name)
        if facts is not None:
            with self.locked(name, facts.repository, facts.file):
                self.delete(name)

    def delete(self, name: str) -> None:
        """Delete one that this process has locked, or has just finished with."""
        shutil.rmtree(self._folder / name, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self._folder / f"{name}{_LOCK_SUFFIX}").unlink()

    @contextlib.contextmanager
    def locked(self, name: str, repository: str, file: str) -> Generator[None]:
        """Keep other processes from the same download meanwhile.

        Raises:
            DownloadFailed: Another process has it ("busy").
            OSError: The folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self._folder / f"{name}{_LOCK_SUFFIX}", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise DownloadFailed(repository, file, "busy") from error
        try:
            yield
        finally:
            lock.release()


def size_of(path: Path) -> int:
    """Returns the size of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
