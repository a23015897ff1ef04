"""What the library remembers beside the files themselves, in two small files of its folder.

One holds what the person decided and where files came from, and is written whole or not at all,
by one process at a time. The other only saves reading headers again and may be deleted.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from pathlib import Path

import filelock
import msgspec

from models.catalogue import read_catalogue
from models.facts import ModelFacts
from models.gguf_header import GgufHeader
from models.small_files import write_whole

_RECORD = ".library.json"
_CACHE = ".headers.msgpack"
# Raised when reading headers learns to tell more: what was read before is then read again.
_CACHE_VERSION = 2
_LOCK_S = 10.0


class Origin(msgspec.Struct, frozen=True):
    """Where a downloaded file came from.

    Attributes:
        repository: As the hub names it, "owner/name".
        file: Its name there.
        revision: The commit it was taken from.
        sha256: Its digest, as the hub states it.
        bytes: Its size. A file of the same name and another size is another file.
        licence: As the repository states it; empty where it does not.
    """

    repository: str
    file: str
    revision: str
    sha256: str
    bytes: int
    licence: str = ""


class Record(msgspec.Struct, frozen=True):
    """What the person decided and where files came from.

    Attributes:
        folders: Folders the person added.
        hidden: Files of other folders that are not to be listed.
        origins: Where files of the library came from, by their names.
    """

    folders: list[str] = []
    hidden: list[str] = []
    origins: dict[str, Origin] = {}


class KnownModel(msgspec.Struct, frozen=True):
    """What was read of a model.

    Attributes:
        stamp: What tells its files from others in their place.
        facts: As the library lists it.
        header: What the headers of all its files say; None where one cannot be used.
    """

    stamp: list[tuple[int, int]]
    facts: ModelFacts
    header: GgufHeader | None


class _Cache(msgspec.Struct, frozen=True):
    version: int
    read: dict[str, KnownModel] = {}


# Made at import: msgspec is not safe where several threads use a type for the first time.
_record = msgspec.json.Decoder(Record)
_cache = msgspec.msgpack.Decoder(_Cache)


class RecordFile:
    """The record of a library's folder. May be used from any thread and several processes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _RECORD
        self._lock = threading.Lock()

    def read(self) -> Record:
        """Returns the record; an empty one where there is none that can be read."""
        try:
            return _record.decode(self._path.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return Record()

    def change(self, make: Callable[[Record], Record]) -> Record:
        """Replaces the record by what `make` makes of it.

        Raises:
            OSError: It cannot be written; nothing has changed.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        between_processes = filelock.FileLock(f"{self._path}.lock", timeout=_LOCK_S)
        with self._lock, between_processes:
            self._set_aside_broken()
            record = make(self.read())
            write_whole(self._path, msgspec.json.format(msgspec.json.encode(record)))
        return record

    def _set_aside_broken(self) -> None:
        # What cannot be read may still hold what a person wants back: it is never written over.
        try:
            _record.decode(self._path.read_bytes())
        except FileNotFoundError:
            pass
        except msgspec.MsgspecError:
            self._path.replace(self._path.with_name(f"{_RECORD}.broken"))


class FactsCache:
    """Facts of files that have not changed since they were read. May be used from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _CACHE
        self._lock = threading.Lock()
        self._read: dict[str, KnownModel] | None = None
        self._changed = False

    def get(self, key: str, stamp: list[tuple[int, int]]) -> KnownModel | None:
        """Returns what was read of a model whose files look the same now."""
        with self._lock:
            entry = self._entries().get(key)
        return entry if entry is not None and entry.stamp == stamp else None

    def put(self, key: str, known: KnownModel) -> None:
        """Keeps what was read of a model."""
        with self._lock:
            self._entries()[key] = known
            self._changed = True

    def save(self, keys: set[str]) -> None:
        """Writes what is kept of these models, if anything is new, and forgets the others."""
        with self._lock:
            if not self._changed:
                return
            self._changed = False
            self._read = {key: entry for key, entry in self._entries().items() if key in keys}
            data = msgspec.msgpack.encode(_Cache(_CACHE_VERSION, self._read))
        # Only time is lost without it.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, data)

    def _entries(self) -> dict[str, KnownModel]:
        if self._read is None:
            self._read = {}
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                cache = _cache.decode(self._path.read_bytes())
                if cache.version == _CACHE_VERSION:
                    self._read = cache.read
        return self._read


def origin_of(name: str, size: int, record: Record) -> Origin | None:
    """Returns where a file of the library came from, as far as its name and size tell."""
    origin = record.origins.get(name) or _catalogued().get(name)
    return origin if origin is not None and origin.bytes == size else None


@functools.cache
def _catalogued() -> dict[str, Origin]:
    # Set-up brings the starter model by itself, and the catalogue knows what it should be.
    return {
        entry.file: Origin(
            entry.repository, entry.file, "", entry.sha256, entry.bytes, entry.licence
        )
        for entry in read_catalogue()
        if entry.sha256
    }
