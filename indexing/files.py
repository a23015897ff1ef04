"""Files on their way in: found in folders, and copied by content into the data folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterable
from pathlib import Path

import msgspec

from indexing.catalog import absolute_path, stored_path
from indexing.folders.scan import Snapshot, scan
from indexing.folders.selection import Selection
from indexing.unpacked import drop_unpacked, unpacked_folder

# Read in pieces, so that the caller can stop or pause within a large file.
_PIECE = 4 << 20


class Found(msgspec.Struct, frozen=True):
    """The files that a list of paths stands for.

    Attributes:
        files: Absolute paths: files as given, folders' files in stable order, none twice.
        missing: Paths that are not there.
        unsupported: Files in folders that no reader knows; those left out are not counted.
    """

    files: tuple[str, ...]
    missing: tuple[str, ...]
    unsupported: int


def find_files(paths: Iterable[str], suffixes: frozenset[str]) -> Generator[int, None, Found]:
    """Finds the files of paths; yields how many it has found, folder by folder.

    In folders only files with a known suffix are taken, and what is left out of watched
    folders is left out here too (see `Selection`). A file that is given by itself is taken
    whatever its name.
    """
    files: dict[str, None] = {}
    missing: list[str] = []
    unsupported = 0
    for given in paths:
        path = absolute_path(given)
        if Path(path).is_file():
            files[path] = None
        elif not Path(path).is_dir():
            missing.append(path)
        else:
            steps = scan(path, Selection(), suffixes)
            while True:
                try:
                    yield len(files) + next(steps)
                except StopIteration as end:
                    snapshot: Snapshot = end.value
                    break
            files |= dict.fromkeys(snapshot.files)
            unsupported += snapshot.unsupported
    return Found(tuple(files), tuple(missing), unsupported)


def hash_file(path: Path) -> Generator[int, None, str]:
    """The SHA-256 of a file's bytes, in hex; yields how many bytes it has read."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            done += len(piece)
            yield done
    return digest.hexdigest()


def keep_copy(data_dir: Path, path: Path) -> Generator[int, None, tuple[str, Path]]:
    """Copies a file into the data folder under its content's hash.

    The copy has its final name only when it is whole and on the disk. A file that changes
    meanwhile is stored as it was read, under the hash of just that.

    Yields:
        How many bytes it has read.

    Returns:
        The hash and the copy.
    """
    folder = data_dir / "files"
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{os.getpid()}-{id(path):x}.part"
    digest = hashlib.sha256()
    done = 0
    try:
        with path.open("rb") as source, unfinished.open("wb") as target:
            while piece := source.read(_PIECE):
                digest.update(piece)
                target.write(piece)
                done += len(piece)
                yield done
            target.flush()
            os.fsync(target.fileno())
        sha256 = digest.hexdigest()
        stored = stored_path(data_dir, sha256, str(path))
        stored.parent.mkdir(exist_ok=True)
        unfinished.replace(stored)
    finally:
        unfinished.unlink(missing_ok=True)
    return sha256, stored


def sweep_unfinished(data_dir: Path) -> None:
    """Removes copies that a kill left unfinished."""
    for unfinished in (data_dir / "files").glob("*.part"):
        unfinished.unlink(missing_ok=True)


def drop_copies(data_dir: Path, sha256: str) -> None:
    """Removes the stored copies of a content, whatever their suffix, and what is unpacked."""
    drop_unpacked(unpacked_folder(data_dir), sha256)
    folder = data_dir / "files" / sha256[:2]
    for stored in folder.glob(f"{sha256}*"):
        stored.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
