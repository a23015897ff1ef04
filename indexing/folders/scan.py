"""What is in a folder now, and whether it is surely there."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Generator, Sequence
from pathlib import Path

import msgspec

from indexing.folders.selection import Selection
from indexing.types import Unavailable, WatchedFolder


class FileFacts(msgspec.Struct, frozen=True):
    """By what a file is known to be unchanged."""

    bytes: int
    mtime_ns: int


class Snapshot(msgspec.Struct):
    """The files of a folder, or of parts of it.

    Attributes:
        files: Those that are taken, by absolute path.
        unreachable: Folders within that cannot be looked into: nothing is known of their files.
        mounts: Folders within on which another disk is mounted.
        unsupported: Files that no reader knows.
    """

    files: dict[str, FileFacts] = msgspec.field(default_factory=dict[str, FileFacts])
    unreachable: set[str] = msgspec.field(default_factory=set[str])
    mounts: set[str] = msgspec.field(default_factory=set[str])
    unsupported: int = 0


def mount_of(path: str) -> str:
    """The folder on which the disk is mounted that holds a path."""
    while not os.path.ismount(path) and (above := os.path.dirname(path)) != path:  # noqa: PTH120
        path = above
    return path


def availability(folder: WatchedFolder) -> Unavailable | None:
    """Why a watched folder is not surely there; None where it is.

    Where a disk was mounted an empty folder often stays behind, so one that is empty is believed
    to be so only where it is the folder that it was.
    """
    try:
        with os.scandir(folder.path) as entries:
            empty = next(entries, None) is None
        if mount_of(folder.path) != folder.mount:
            return "not_mounted"
        replaced = folder.inode is not None and inode_of(folder.path) != folder.inode
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return "unreadable"
    return "empty" if empty and replaced else None


def inode_of(path: str) -> str:
    """What the file system knows a folder by."""
    return str(Path(path).stat().st_ino)


def scan(
    root: str,
    selection: Selection,
    suffixes: frozenset[str],
    mounts: Collection[str] = (),
    parts: Sequence[str] = (),
) -> Generator[int, None, Snapshot]:
    """Looks at a folder's files; yields how many it has found, folder by folder.

    Links to folders are not followed, so that a loop of links does no harm.

    Args:
        root: The folder, as an absolute path.
        selection: What of it is looked at.
        suffixes: Those of the files that some reader knows.
        mounts: Folders within that other disks were mounted on; without them, their files are
            not known to be gone.
        parts: Files and folders within to which the look is confined; none means all.
    """
    found = Snapshot()
    found.unreachable.update(mount for mount in mounts if not os.path.ismount(mount))
    waiting: list[str] = []
    for part in parts or (root,):
        if os.path.isdir(part) and not os.path.islink(part):  # noqa: PTH112, PTH114
            if part == root or selection.reaches(root, part):
                waiting.append(part)
        elif selection.reaches(root, part):
            _take(found, part, os.path.relpath(part, root), selection, suffixes)
    while waiting:
        folder = waiting.pop()
        inside: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    relative = os.path.relpath(entry.path, root)
                    if not entry.is_dir(follow_symlinks=False):
                        _take(found, entry.path, relative, selection, suffixes)
                    elif selection.enters(entry.path, relative):
                        inside.append(entry.path)
                        if os.path.ismount(entry.path):
                            found.mounts.add(entry.path)
        except FileNotFoundError:
            pass  # Gone since it was seen, and with it its files.
        except OSError:
            found.unreachable.add(folder)
        waiting += sorted(inside, reverse=True)
        yield len(found.files)
    return found


def within(path: str, folders: Collection[str]) -> bool:
    """Whether a path is one of the folders, or lies in one of them."""
    return any(path == folder or path.startswith(_inside(folder)) for folder in folders)


def _inside(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def _take(
    found: Snapshot, path: str, relative: str, selection: Selection, suffixes: frozenset[str]
) -> None:
    if not selection.takes(relative):
        return
    if os.path.splitext(path)[1].lower() not in suffixes:  # noqa: PTH122 - ten times as fast
        found.unsupported += 1
        return
    try:
        info = Path(path).stat()
    except FileNotFoundError:
        return
    except OSError:
        # There is something, and nobody can say what: it is not known to be gone.
        found.unreachable.add(path)
        return
    if stat.S_ISREG(info.st_mode):
        found.files[path] = FileFacts(info.st_size, info.st_mtime_ns)
