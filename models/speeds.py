"""How fast models read and write on this machine, remembered from one start to the next."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from models.engine.types import LoadSettings
from models.small_files import Remembered

# Other work on the machine can only make a model look slower than it is. So what was measured
# last counts for more where it is faster than what is known, and for little where it is slower.
_FASTER_SHARE = 0.5
_SLOWER_SHARE = 0.1
# What is known was measured on a starved machine where the model turns out so many times faster:
# an answer that quotes much is drafted and so written faster too, but not by that much.
_STARVED_BELOW = 2.0


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
        """Take in what was measured; return what is known then.

        It lies between what was known and what was measured, and is what was measured where that
        is far faster.
        """
        name = _name(sha256, settings)
        known = self._speeds.read().get(name, Speed())
        learned = Speed(read=_mixed(known.read, seen.read), write=_mixed(known.write, seen.write))
        self._speeds.keep(name, learned)
        return learned


def _mixed(known: float, seen: float) -> float:
    if seen <= 0:
        return known
    if seen >= known * _STARVED_BELOW:  # as it is where nothing is known
        return seen
    share = _FASTER_SHARE if seen > known else _SLOWER_SHARE
    return known + share * (seen - known)


def _name(sha256: str, settings: LoadSettings) -> str:
    """Name what a speed depends on; the size of the window is no part of it."""
    parts = (settings.threads, settings.gpu_layers, settings.kv_type, settings.flash_attention)
    return f"{sha256}-{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:8]}"
