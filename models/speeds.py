"""How fast models read and write on this machine, remembered from one start to the next."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from models.engine.types import LoadSettings

# What was measured last counts so much: the machine is busier at one time than at another.
_LAST_SHARE = 0.3


class Speed(msgspec.Struct, frozen=True):
    """Tokens in a second; 0 for what is not known."""

    read: float = 0.0
    write: float = 0.0


class SpeedBook:
    """Speeds by model file and by how it is loaded, in a small file.

    Args:
        file: Where they are remembered; several processes may use it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, sha256: str, settings: LoadSettings) -> Speed:
        """Return what is known of a model, named by its file's digest."""
        return self._read().get(_name(sha256, settings), Speed())

    def learn(self, sha256: str, settings: LoadSettings, seen: Speed) -> Speed:
        """Take in what was measured; return what is known then."""
        speeds = self._read()
        name = _name(sha256, settings)
        known = speeds.get(name, Speed())
        speeds[name] = learned = Speed(
            read=_mixed(known.read, seen.read), write=_mixed(known.write, seen.write)
        )
        part = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
        with contextlib.suppress(OSError):  # it can be measured again
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(msgspec.json.format(msgspec.json.encode(speeds)))
            part.replace(self._file)
        return learned

    def _read(self) -> dict[str, Speed]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Speed])
        except (OSError, msgspec.DecodeError):
            return {}


def _mixed(known: float, seen: float) -> float:
    if seen <= 0:
        return known
    return seen if known <= 0 else (1 - _LAST_SHARE) * known + _LAST_SHARE * seen


def _name(sha256: str, settings: LoadSettings) -> str:
    """Name what a speed depends on; the size of the window is no part of it."""
    parts = (settings.threads, settings.gpu_layers, settings.kv_type, settings.flash_attention)
    return f"{sha256}-{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:8]}"
