"""How fast models read and write on this machine, remembered from one start to the next."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from models.engine.types import LoadSettings
from models.small_files import Remembered

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
        self._speeds = Remembered(file, Speed)

    def get(self, sha256: str, settings: LoadSettings) -> Speed:
        """Return what is known of a model, named by its file's digest."""
        return self._speeds.read().get(_name(sha256, settings), Speed())

    def learn(self, sha256: str, settings: LoadSettings, seen: Speed) -> Speed:
        """Take in what was measured; return what is known then."""
        name = _name(sha256, settings)
        known = self._speeds.read().get(name, Speed())
        learned = Speed(read=_mixed(known.read, seen.read), write=_mixed(known.write, seen.write))
        self._speeds.keep(name, learned)
        return learned


def _mixed(known: float, seen: float) -> float:
    if seen <= 0:
        return known
    return seen if known <= 0 else (1 - _LAST_SHARE) * known + _LAST_SHARE * seen


def _name(sha256: str, settings: LoadSettings) -> str:
    """Name what a speed depends on; the size of the window is no part of it."""
    parts = (settings.threads, settings.gpu_layers, settings.kv_type, settings.flash_attention)
    return f"{sha256}-{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:8]}"
