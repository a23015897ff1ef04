"""SHA-256 of large files, worked out once for each state of a file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator
from pathlib import Path

import msgspec

from models.small_files import Remembered

_BLOCK_BYTES = 8 * 1024 * 1024


class _Digest(msgspec.Struct, frozen=True):
    bytes: int
    modified_ns: int
    sha256: str


class FileDigests:
    """Digests of files, remembered in a small file by path, size and time of last change.

    Args:
        file: Where they are remembered; several processes may use it.
    """

    def __init__(self, file: Path) -> None:
        self._digests = Remembered(file, _Digest)

    def known(self, path: Path) -> str | None:
        """A file's digest, if it was worked out since the file last changed."""
        digest = self._digests.read().get(str(path))
        try:
            status = path.stat()
        except OSError:
            return None
        if digest is None or (digest.bytes, digest.modified_ns) != _stamp(status):
            return None
        return digest.sha256

    def compute(self, path: Path) -> Generator[int, None, str]:
        """Works a file's digest out unless it is known; yields the bytes read so far.

        Raises:
            OSError: The file cannot be read.
        """
        known = self.known(path)
        if known is not None:
            return known
        hashed = hashlib.sha256()
        done = 0
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            while block := file.read(_BLOCK_BYTES):
                hashed.update(block)
                done += len(block)
                yield done
        size, modified = _stamp(status)
        digest = _Digest(bytes=size, modified_ns=modified, sha256=hashed.hexdigest())
        self._digests.keep(str(path), digest)
        return digest.sha256


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return (status.st_size, status.st_mtime_ns)
