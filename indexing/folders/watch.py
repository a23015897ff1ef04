"""Watching: tells which folders may have changed, and which are not there.

It runs in a process of its own, for a disk that does not answer stops whoever asks it. What the
operating system tells is taken as a hint; folders are also looked at now and then, since network
drives tell nothing of what others write.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import msgspec

from indexing.folders.scan import availability
from indexing.folders.selection import Selection
from indexing.types import FolderNews, FolderPart, Unavailable, WatchedFolder

logger = logging.getLogger(__name__)

# Changes that come within this time are told together, and a pause of `_QUIET_MS` ends it.
_TOGETHER_MS = 1600
_QUIET_MS = 400
# How long it waits for a change before it can be stopped.
_STEP_MS = 1000
# How often it is seen to whether the folders are there.
_LOOK_S = 3.0
# Every folder is looked at as a whole this often, for changes that nobody told of.
WHOLE_S = 600.0
# More places than this are told as the whole folder.
_MOST_PATHS = 500


class _Watched(msgspec.Struct):
    folder: WatchedFolder
    selection: Selection
    # What tells a folder from another one at the same path; None while it is not there.
    identity: tuple[int, int] | None = None
    reason: Unavailable | None = None

    def look(self) -> bool:
        """Sees whether the folder is there; returns whether that has changed."""
        before = self.identity
        self.reason = availability(self.folder)
        self.identity = None
        if self.reason is None:
            try:
                info = Path(self.folder.path).stat()
                self.identity = (info.st_dev, info.st_ino)
            except OSError:
                self.reason = "missing"
        return self.identity != before


def watch(folders: Sequence[WatchedFolder]) -> Generator[FolderNews, None, None]:
    """Tells of changes until it is closed, at least every second; never ends by itself.

    The first news is of all folders that are there: whatever changed while nobody watched. So it
    is whenever one of them goes or comes back.
    """
    watched = [_Watched(folder, Selection(folder.include, folder.exclude)) for folder in folders]
    for one in watched:
        one.look()
    while True:
        there = [one for one in watched if one.reason is None]
        changes = _changes([one.folder.path for one in there])
        try:
            yield from _watch_those(watched, there, changes)
        finally:
            changes.close()


def _watch_those(
    watched: Sequence[_Watched], there: Sequence[_Watched], changes: Generator[set[str], None, None]
) -> Generator[FolderNews, None, None]:
    """Tells of changes until other folders are there than were."""
    next(changes)  # Once this comes they are watched: what changes from here on will be told.
    looked = wholly_looked = 0.0
    while True:
        now = time.monotonic()
        if now - looked > _LOOK_S:
            looked = now
            if [one for one in watched if one.look()]:
                return
        if not wholly_looked or now - wholly_looked > WHOLE_S:
            wholly_looked = now
            yield _news(watched, [FolderPart(one.folder.id) for one in there])
        paths = next(changes)
        yield _news(watched, [part for one in there if (part := _part(one, paths)) is not None])


def _news(watched: Sequence[_Watched], parts: Sequence[FolderPart]) -> FolderNews:
    unavailable: dict[int, Unavailable] = {
        one.folder.id: one.reason for one in watched if one.reason is not None
    }
    return FolderNews(tuple(parts), unavailable)


def _part(one: _Watched, paths: set[str]) -> FolderPart | None:
    """Where a folder may have changed, of all paths that were told; None for nowhere."""
    root = one.folder.path
    inside = root if root.endswith(os.sep) else root + os.sep
    mine = sorted(
        path
        for path in paths
        if path == root or (path.startswith(inside) and one.selection.reaches(root, path))
    )
    if not mine:
        return None
    return FolderPart(one.folder.id, () if root in mine or len(mine) > _MOST_PATHS else tuple(mine))


def _changes(paths: Sequence[str]) -> Generator[set[str], None, None]:
    """What the operating system tells, in batches, and an empty set at least every second.

    The first set comes once all is watched. Where it cannot watch (a system has only so many
    watches to give), nothing is told.
    """
    from watchfiles import watch as watch_files  # only this process needs it

    if paths:
        try:
            told = watch_files(
                *paths,
                watch_filter=None,
                debounce=_TOGETHER_MS,
                step=_QUIET_MS,
                rust_timeout=_STEP_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=True,
            )
            for changes in told:
                yield {path for _, path in changes}
        except (OSError, RuntimeError) as error:
            logger.warning("folders cannot be watched: %s", type(error).__name__)
    while True:
        yield set()
        time.sleep(_STEP_MS / 1000)
