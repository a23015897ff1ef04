"""Small files that Studiolo writes for itself: replaced whole, so that a kill leaves one of two."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Remembered(Generic[T]):
    """Facts by name in a small file: what is lost with it can all be worked out again.

    Args:
        file: Where they are kept; several processes may use it. None forgets them with the process.
        kind: Type of a fact, which msgspec reads and writes.
    """

    def __init__(self, file: Path | None, kind: type[T]) -> None:
        self._file = file
        self._decoder = msgspec.json.Decoder(dict[str, kind])
        self._facts: dict[str, T] = {}

    def read(self) -> dict[str, T]:
        """Returns the facts, with what other processes have added."""
        if self._file is not None:
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                self._facts = self._decoder.decode(self._file.read_bytes())
        return self._facts

    def keep(self, name: str, fact: T) -> None:
        """Adds a fact, or replaces one; only this process knows it where the disk is full."""
        self._facts = {**self.read(), name: fact}
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._file, msgspec.json.format(msgspec.json.encode(self._facts)))


def write_whole(path: Path, data: bytes) -> None:
    """Puts a file in the place of another in one step, so that a kill leaves one of the two.

    Raises:
        OSError: It cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
