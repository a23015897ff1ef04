"""KV states on disk: what a model has read, to be read never again.

A state is two files in one folder: what llama.cpp wrote, and a small JSON file with the facts,
which is put there last, so that a state is there whole or not at all. Nothing here needs
llama.cpp: the app lists and removes what the model's process writes and takes.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

_log = logging.getLogger(__name__)

FORMAT = 1
_DATA_SUFFIX = ".kv"
_FACTS_SUFFIX = ".json"
_PART_SUFFIX = ".part"
# llama.cpp's sequence state file begins with its mark, its version and the number of tokens,
# then come the tokens, all of 4 bytes.
_HEAD_BYTES = 12
_TOKEN_BYTES = 4
# Left free on the disk: conversations must still be saved.
_SPARE_BYTES = 1024**3
# Longer than any save takes: what is half written and older was left by a process that died.
_STALE_SECONDS = 3600.0

Tokens = npt.NDArray[np.int32]


class StateKey(msgspec.Struct, frozen=True):
    """All that a state depends on besides its tokens: another key, another state.

    Attributes:
        model: SHA-256 of the model file.
        library: Version of the library that wrote it.
        key_type: Type of the cache's keys, such as "f16".
        value_type: Type of its values.
        flash_attention: Whether it was computed with flash attention, which also lays the
            values out differently.
        context_tokens: The context window, where what is computed depends on it; else 0.
        adapters: SHA-256 and weight of each LoRA adapter.
    """

    model: str
    library: str
    key_type: str
    value_type: str
    flash_attention: str
    context_tokens: int = 0
    adapters: tuple[tuple[str, float], ...] = ()

    @property
    def digest(self) -> str:
        """A name for it."""
        return hashlib.sha256(msgspec.json.encode((FORMAT, self))).hexdigest()[:32]


class StoredState(msgspec.Struct, frozen=True):
    """A state as the store lists it.

    Attributes:
        name: Its name in the store.
        key: Digest of its key.
        model: SHA-256 of the model that it belongs to.
        owners: What it was made of, such as "document:7": it goes when one of them goes.
        studied: Somebody asked for it; it is not given up for a longer one.
        tokens: How many tokens it spares reading.
        read: How many of them, from the first, were read and not generated.
        bytes: Size on disk.
        sha256: Of what llama.cpp wrote.
        made: When, in seconds since 1970.
    """

    name: str
    key: str
    model: str
    owners: tuple[str, ...]
    studied: bool
    tokens: int
    read: int
    bytes: int
    sha256: str
    made: float


# Made at import: msgspec is not safe where several threads use a type for the first time.
_facts = msgspec.json.Decoder(StoredState)


class StateStore:
    """The states in one folder, within a quota; what was used last stays longest.

    Several processes may use one folder: what has vanished meanwhile was never there.

    Args:
        folder: Where they lie; it is made when the first is kept.
        quota_bytes: Asked for whenever one is kept: how much they may take together.
    """

    def __init__(self, folder: Path, quota_bytes: Callable[[], int]) -> None:
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._known: dict[str, StoredState] = {}
        self._tokens: dict[str, Tokens] = {}

    @property
    def quota_bytes(self) -> int:
        """How much disk the states may take."""
        return self._quota_bytes()

    def list(self) -> list[StoredState]:
        """All states, the one used last first."""
        used: dict[str, float] = {}
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                if entry.name.endswith(_FACTS_SUFFIX):
                    with contextlib.suppress(FileNotFoundError):
                        used[entry.name.removesuffix(_FACTS_SUFFIX)] = entry.stat().st_mtime
        for gone in self._known.keys() - used.keys():
            del self._known[gone]
            self._tokens.pop(gone, None)
        states = (self._facts(name) for name in sorted(used, key=used.__getitem__, reverse=True))
        return [state for state in states if state is not None]

    def total_bytes(self) -> int:
        """What the states take together."""
        return sum(state.bytes for state in self.list())

    def matching(self, key: StateKey) -> list[StoredState]:
        """The states of one key."""
        digest = key.digest
        return [state for state in self.list() if state.key == digest]

    def tokens(self, state: StoredState) -> Tokens:
        """The tokens a state holds; none where it has vanished or is damaged."""
        tokens = self._tokens.get(state.name)
        if tokens is None:
            size = _HEAD_BYTES + _TOKEN_BYTES * state.tokens
            start = b""
            with contextlib.suppress(OSError), self._data(state.name).open("rb") as file:
                start = file.read(size)
            if len(start) < size or int.from_bytes(start[8:12], sys.byteorder) != state.tokens:
                return np.empty(0, np.int32)
            tokens = self._tokens[state.name] = np.frombuffer(start[_HEAD_BYTES:], np.int32)
        return tokens

    def keep(
        self,
        key: StateKey,
        tokens: Sequence[int],
        read: int,
        owners: Sequence[str],
        write: Callable[[Path], bool],
        *,
        bytes_needed: int,
        studied: bool = False,
    ) -> StoredState | None:
        """Keeps a state, in place of those of the same key that it begins with.

        Args:
            key: What it depends on.
            tokens: What it holds.
            read: How many of them, from the first, were read and not generated.
            owners: What it was made of.
            write: Writes it to a file; returns whether that worked.
            bytes_needed: What it will take.
            studied: Somebody asked for it.

        Returns:
            Its facts; None where quota or disk have no room for it, or writing failed.
        """
        quota = self._quota_bytes()
        if bytes_needed > quota or not self._has_room(bytes_needed):
            _log.info("a state of %d bytes was not kept: no room", bytes_needed)
            return None
        self._tidy()
        self.shrink(quota - bytes_needed)
        name = uuid.uuid4().hex
        part = self._data(name).with_name(name + _DATA_SUFFIX + _PART_SUFFIX)
        try:
            if not write(part):
                return None
            # Not forced to the disk, which may take seconds: the checksum tells what got there.
            with part.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            state = StoredState(
                name=name,
                key=key.digest,
                model=key.model,
                owners=tuple(owners),
                studied=studied,
                tokens=len(tokens),
                read=read,
                bytes=part.stat().st_size,
                sha256=sha256,
                made=time.time(),
            )
            part.replace(self._data(name))
            self._write_facts(state)
        except OSError as error:
            _log.warning("a state could not be kept: %s", type(error).__name__)
            self._discard(name)
            return None
        finally:
            part.unlink(missing_ok=True)
        self._give_up_shorter(state, np.asarray(tokens, np.int32))
        return state

    def take(self, state: StoredState) -> Path | None:
        """The file of a state that is about to be used, checked against its checksum.

        A damaged one is thrown away.
        """
        path = self._data(state.name)
        try:
            with path.open("rb") as file:
                sound = hashlib.file_digest(file, "sha256").hexdigest() == state.sha256
            if sound:
                os.utime(self._facts_file(state.name))
                return path
        except OSError:
            return None
        _log.warning("a state is damaged and was thrown away")
        self._discard(state.name)
        return None

    def remove(self, owner: str | None = None) -> int:
        """Deletes the states made of something, or all; returns the bytes freed."""
        gone = [state for state in self.list() if owner is None or owner in state.owners]
        for state in gone:
            self._discard(state.name)
        return sum(state.bytes for state in gone)

    def shrink(self, limit_bytes: int) -> None:
        """Deletes what was not used for longest, until the rest takes no more than a limit."""
        total = 0
        for state in self.list():
            total += state.bytes
            if total > limit_bytes:
                self._discard(state.name)

    def _has_room(self, needed: int) -> bool:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return shutil.disk_usage(self._folder).free >= needed + _SPARE_BYTES
        except OSError:
            return False

    def _give_up_shorter(self, kept: StoredState, tokens: Tokens) -> None:
        """Deletes what a new state holds as well, unless somebody asked for it by itself."""
        for state in self.list():
            if state.name == kept.name or state.key != kept.key or state.tokens > kept.tokens:
                continue
            if state.studied and not (kept.studied and state.owners == kept.owners):
                continue
            if np.array_equal(self.tokens(state), tokens[: state.tokens]):
                self._discard(state.name)

    def _tidy(self) -> None:
        """Deletes what processes that died have left half written."""
        now = time.time()
        for path in self._folder.glob("*"):
            half = path.name.endswith(_PART_SUFFIX) or (
                path.suffix == _DATA_SUFFIX and not self._facts_file(path.stem).exists()
            )
            with contextlib.suppress(OSError):
                if half and now - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()

    def _facts(self, name: str) -> StoredState | None:
        state = self._known.get(name)
        if state is None:
            try:
                raw = self._facts_file(name).read_bytes()
                state = _facts.decode(raw)
            except OSError:
                return None
            except msgspec.DecodeError:
                self._discard(name)
                return None
            self._known[name] = state
        return state

    def _write_facts(self, state: StoredState) -> None:
        path = self._facts_file(state.name)
        part = path.with_name(path.name + _PART_SUFFIX)
        try:
            with part.open("wb") as file:
                file.write(msgspec.json.encode(state))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _discard(self, name: str) -> None:
        # The facts first: without them the rest counts for nothing.
        for path in (self._facts_file(name), self._data(name)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _data(self, name: str) -> Path:
        return self._folder / f"{name}{_DATA_SUFFIX}"

    def _facts_file(self, name: str) -> Path:
        return self._folder / f"{name}{_FACTS_SUFFIX}"
