"""Model files on the disk: copied, compared, named and checked, a step at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from models.errors import InvalidModelFile
from models.facts import read_facts
from models.sources import SUFFIX, Found, renamed

# What the library takes; anything else it would never use.
IMPORTABLE = ("chat", "embedding", "reranker", "projector", "adapter")

_PART_SUFFIX = ".part"
_STEP_BYTES = 8 * 1024 * 1024


class FileProgress(msgspec.Struct, frozen=True, tag=True):
    """How much is copied, compared or checked, in bytes."""

    done: int
    total: int


class Checksum(msgspec.Struct, frozen=True):
    """The digest of a file, and whether it is what it should be.

    Attributes:
        file: Which file.
        sha256: Its digest, in hexadecimal.
        expected: What it should be; empty where nothing says so.
    """

    file: str
    sha256: str
    expected: str = ""

    @property
    def state(self) -> Literal["matches", "differs", "unknown"]:
        """How the two compare."""
        if not self.expected:
            return "unknown"
        return "matches" if self.sha256 == self.expected.lower() else "differs"


def check_file(
    file: Path, expected: str = "", done: int = 0, total: int = 0
) -> Generator[FileProgress, None, Checksum]:
    """Computes a file's SHA-256.

    Args:
        file: Which file.
        expected: What it should be, if that is known.
        done: Bytes of other files that count as done before it.
        total: Bytes of all files; the file's own size without it.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with file.open("rb") as reader:
        total = total or file.stat().st_size
        while block := reader.read(_STEP_BYTES):
            digest.update(block)
            done += len(block)
            yield FileProgress(done=done, total=max(total, done))
    return Checksum(str(file), digest.hexdigest(), expected)


def free_names(folder: Path, names: Sequence[str]) -> list[Path]:
    """Returns paths for files in a folder: their own names, or all with the first free number."""
    number = 1
    while True:
        addition = f"-{number}" if number > 1 else ""
        paths = [folder / renamed(Path(name), addition) for name in names]
        if not any(path.exists() for path in paths):
            return paths
        number += 1


def model_name(file: Path) -> str:
    """Returns what a file is called in the library."""
    return file.name if file.suffix.lower() == SUFFIX else f"{file.name}{SUFFIX}"


def copy_all(
    sources: Sequence[Path], targets: Sequence[Path], total: int
) -> Generator[FileProgress]:
    """Copies the files of a model, whole or not at all; all get their names at the end.

    Raises:
        InvalidModelFile: What arrived cannot be used.
        OSError: They cannot be read or written.
    """
    parts = [target.with_name(target.name + _PART_SUFFIX) for target in targets]
    try:
        done = 0
        for source, part in zip(sources, parts, strict=True):
            with source.open("rb") as reader, part.open("wb") as writer:
                while block := reader.read(_STEP_BYTES):
                    writer.write(block)
                    done += len(block)
                    yield FileProgress(done=done, total=max(total, done))
                writer.flush()
                os.fsync(writer.fileno())
        # What arrived is what counts: the source may have changed on the way.
        arrived = read_facts(targets[0].name, Found("", tuple(parts), len(parts)), "library")
        if arrived.kind not in IMPORTABLE or arrived.problem == "missing_part":
            raise InvalidModelFile(str(sources[0]), arrived.problem or "truncated")
        for part, target in reversed(list(zip(parts, targets, strict=True))):
            part.replace(target)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def same_bytes(pairs: Sequence[tuple[Path, Path]]) -> Generator[FileProgress, None, bool]:
    """Whether files are the same, pair by pair; stops at the first difference."""
    if any(one.stat().st_size != two.stat().st_size for one, two in pairs):
        return False
    done, total = 0, sum(one.stat().st_size for one, _ in pairs)
    for one, two in pairs:
        with one.open("rb") as first, two.open("rb") as second:
            while block := first.read(_STEP_BYTES):
                if block != second.read(_STEP_BYTES):
                    return False
                done += len(block)
                yield FileProgress(done=done, total=total)
    return True
