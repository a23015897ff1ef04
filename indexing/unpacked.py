"""Members of archives, and what is attached to mails, as files: a cache in the data folder.

It is bounded, and safe to delete.

Each lies in a folder named after its content's SHA-256, under its own name, so that the program
it is opened with shows that. What is not here is unpacked again from the archive when it is
asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

# Suffixes of archives whose members are documents of their own.
ARCHIVES: Final = frozenset({".zip"})
# Suffixes of mails: what is attached to one is in it as a member is in an archive.
MAILS: Final = frozenset({".eml", ".msg"})
HOLDERS: Final = ARCHIVES | MAILS
# What may lie here when nothing is being read.
MOST_BYTES: Final = 256 * 1024 * 1024
_ODD = re.compile(r"[^\w .()+-]")


def name_of(path: str) -> str:
    """What a document's file is called: in an archive or a mail with that one's name in front.

    Args:
        path: The path that it is known by ("/papers/contracts.zip/lease.pdf").

    Returns:
        "contracts.zip/lease.pdf"; "" for no path.
    """
    # Not by Path, which costs ten times as much, and there may be ten thousand.
    lower = path.lower()
    if not any(f"{suffix}{os.sep}" in lower for suffix in HOLDERS):
        return os.path.basename(path)  # noqa: PTH119
    parts = Path(path).parts
    first = next(n for n, part in enumerate(parts) if Path(part).suffix.lower() in HOLDERS)
    return "/".join(parts[first:])


def unpacked_folder(data_dir: Path) -> Path:
    """Where a data folder's unpacked members lie."""
    return data_dir / "unpacked"


def unpacked_path(folder: Path, sha256: str, name: str) -> Path:
    """Where a member of this content and name lies once it is unpacked.

    Args:
        folder: As `unpacked_folder` gives it.
        name: Its name in the archive, or its path.
    """
    path = Path(name)
    stem = _ODD.sub("_", path.stem)[:80].strip() or "file"
    return folder / sha256 / f"{stem}{path.suffix.lower()}"


def find_unpacked(folder: Path, sha256: str, name: str) -> Path | None:
    """A member's file, which is noted as used now; None where it has to be unpacked."""
    path = unpacked_path(folder, sha256, name)
    try:
        os.utime(path.parent)
    except OSError:
        return None
    return path if path.is_file() else None


def drop_unpacked(folder: Path, sha256: str) -> None:
    """Removes the files of a content."""
    _remove(folder / sha256)


def settle(file: Path, folder: Path, sha256: str, name: str) -> None:
    """Moves an unpacked file to where it belongs; it is whole there, or not there at all."""
    target = unpacked_path(folder, sha256, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file():
        if file.stat().st_dev != target.parent.stat().st_dev:
            file = Path(shutil.copy(file, target.parent / "unfinished"))
        # Who opens it sees what is in the archive: changes would be lost.
        file.chmod(stat.S_IREAD)
        file.replace(target)


def trim(folder: Path) -> None:
    """Removes what was not used for longest, until what is left is bounded."""
    if not folder.is_dir():
        return
    used = sorted(
        (one for one in folder.iterdir() if one.is_dir()),
        key=lambda one: one.stat().st_mtime_ns,
        reverse=True,
    )
    left = MOST_BYTES
    for one in used:
        left -= sum(file.stat().st_size for file in one.iterdir())
        if left < 0:
            _remove(one)


def _remove(folder: Path) -> None:
    def permit(remove: Callable[[str], object], path: str, _: object) -> None:
        # Its files may not be written, which on some systems keeps them from being removed.
        Path(path).chmod(stat.S_IWRITE)
        remove(path)

    if folder.is_dir():
        shutil.rmtree(folder, onerror=permit)
