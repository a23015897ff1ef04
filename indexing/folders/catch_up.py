"""Brings the index in step with what is in the watched folders.

First all folders are looked at, then files that have moved are told apart from new ones, then
what is new or changed is read. What is gone is told, not removed: whoever asked decides.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from indexing.files import hash_file
from indexing.folders.scan import (
    FileFacts,
    Snapshot,
    availability,
    inode_of,
    scan,
    within,
)
from indexing.folders.selection import Selection
from indexing.folders.store import FolderStore
from indexing.reasons import PASSING
from indexing.store import DocumentStore
from indexing.types import (
    AddReport,
    DocumentRow,
    FolderPart,
    IndexProgress,
    Unavailable,
    WatchedFolder,
)

# A file that was written within so many seconds may be in the midst of it.
SETTLE_S = 2.0
_NS = 1_000_000_000

Steps = Generator[IndexProgress, None, None]
Indexing = Callable[[Sequence[int]], Steps]


class Look(msgspec.Struct):
    """A folder that is there, and what a look at it found."""

    folder: WatchedFolder
    parts: tuple[str, ...]
    snapshot: Snapshot


class _Changes(msgspec.Struct):
    """What is to be done: by path, what is new or changed; the rows whose files are gone."""

    new: dict[str, WatchedFolder] = msgspec.field(default_factory=dict[str, WatchedFolder])
    changed: dict[str, sqlite3.Row] = msgspec.field(default_factory=dict[str, sqlite3.Row])
    vanished: dict[str, sqlite3.Row] = msgspec.field(default_factory=dict[str, sqlite3.Row])
    unsettled: dict[int, list[str]] = msgspec.field(default_factory=dict[int, list[str]])


class CatchUp:
    """One run over watched folders.

    Args:
        index: Brings registered documents to their end.
        suffixes: Those of the files that some reader knows.
        apart: Folders that are never looked into: the data folder.
    """

    def __init__(
        self,
        store: DocumentStore,
        folders: FolderStore,
        index: Indexing,
        suffixes: frozenset[str],
        apart: str,
    ) -> None:
        self._store = store
        self._folders = folders
        self._index = index
        self._suffixes = suffixes
        self._apart = apart
        self._facts: dict[str, FileFacts] = {}

    def run(
        self, parts: Sequence[FolderPart], settle_s: float = SETTLE_S
    ) -> Generator[IndexProgress, None, AddReport]:
        """Looks at the folders, or at parts of them, and indexes what has changed.

        Args:
            settle_s: Files that were written within so many seconds are left for later.

        Returns:
            How each new, changed or moved file ended; see `AddReport` for the rest.
        """
        begin = time.perf_counter()
        looks: list[Look] = []
        unavailable: dict[int, Unavailable] = {}
        for part in parts:
            folder = self._folders.get(part.folder)
            reason = availability(folder)
            if reason is None:
                looks.append((yield from self.look(folder, part.paths)))
            else:
                unavailable[folder.id] = reason
        for look in looks:
            self._facts |= look.snapshot.files
        known = self._folders.documents()
        changes = self._compare(looks, known, settle_s)
        moved = yield from self._follow_moves(changes, known)
        self._adopt(looks, known)
        touched = yield from self._register(changes, known)
        yield from self._index(touched)
        self._folders.note_facts(self._facts_of(touched))
        self._wait_for_unsettled(changes)
        gone = self._succeed(changes.vanished, known)
        return AddReport(
            documents=self._store.with_members((*moved, *touched)),
            seconds=round(time.perf_counter() - begin, 3),
            unsupported=sum(look.snapshot.unsupported for look in looks),
            gone=self._rows(gone),
            unavailable=unavailable,
            unsettled=tuple(FolderPart(f, tuple(p)) for f, p in changes.unsettled.items()),
        )

    # ---- looking ---------------------------------------------------------------------------

    def look(
        self, folder: WatchedFolder, parts: tuple[str, ...]
    ) -> Generator[IndexProgress, None, Look]:
        """Looks at a folder that is there; what it yields is about the folder itself."""
        others = {other.path for other in self._folders.all() if other.id != folder.id}
        selection = Selection(folder.include, folder.exclude, {self._apart, *others})
        steps = scan(folder.path, selection, self._suffixes, folder.mounts, parts)
        while True:
            try:
                found = next(steps)
            except StopIteration as end:
                snapshot: Snapshot = end.value
                break
            yield IndexProgress(_as_row(folder), "looking", found, None, 0, 0)
        # A disk that is not mounted now is still known to have been.
        mounts = snapshot.mounts | set(folder.mounts)
        inode = inode_of(folder.path) if snapshot.files else folder.inode
        if (inode, mounts) != (folder.inode, set(folder.mounts)):
            self._folders.set_identity(folder.id, inode, mounts)
        return Look(folder, parts, snapshot)

    def _compare(
        self, looks: Sequence[Look], known: Mapping[str, sqlite3.Row], settle_s: float
    ) -> _Changes:
        """Compares what is there with what is known, by size and time of the last change."""
        changes = _Changes()
        left_out = self._folders.left_out()
        now = time.time_ns()
        for look in looks:
            for path, facts in look.snapshot.files.items():
                row = known.get(path)
                if path in left_out or (row is not None and _is_same(row, facts)):
                    continue
                if 0 <= now - facts.mtime_ns < settle_s * _NS:
                    changes.unsettled.setdefault(look.folder.id, []).append(path)
                elif row is None:
                    changes.new[path] = look.folder
                else:
                    changes.changed[path] = row
            for path, row in known.items():
                if row["folder_id"] != look.folder.id or path in self._facts:
                    continue
                if look.parts and not within(path, look.parts):
                    continue
                if not within(path, look.snapshot.unreachable):
                    changes.vanished[path] = row
        return changes

    def _adopt(self, looks: Sequence[Look], known: Mapping[str, sqlite3.Row]) -> None:
        """Lets documents that came otherwise follow the folder that their file lies in."""
        for look in looks:
            there = [known[path] for path in look.snapshot.files if path in known]
            name = look.folder.collection
            self._folders.follow(
                look.folder,
                [
                    row["id"]
                    for row in there
                    if row["folder_id"] != look.folder.id or row["collection"] != name
                ],
            )

    # ---- moves -----------------------------------------------------------------------------

    def _follow_moves(
        self, changes: _Changes, known: Mapping[str, sqlite3.Row]
    ) -> Generator[IndexProgress, None, list[int]]:
        """Lets documents whose files were moved or renamed keep all that was made of them.

        It is the same file where the content is the same and the old path is gone.
        """
        homeless: dict[tuple[int, str], list[sqlite3.Row]] = {}
        if changes.new:
            for row in self._homeless(changes, known):
                homeless.setdefault((row["bytes"], _suffix(row["path"])), []).append(row)
        moved: list[int] = []
        for path, folder in list(changes.new.items()):
            facts = self._facts[path]
            candidates = homeless.get((facts.bytes, _suffix(path)), [])
            if not candidates:
                continue
            sha256 = yield from self._hash(path, candidates[0]["id"])
            row = next((row for row in candidates if row["sha256"] == sha256), None)
            if row is None:
                continue
            candidates.remove(row)
            self._store.move(row["id"], path, facts.mtime_ns)
            self._folders.follow(folder, [row["id"]])
            del changes.new[path]
            changes.vanished.pop(row["path"], None)
            moved.append(row["id"])
            now = self._store.row(row["id"])
            if now is not None:
                left = len(changes.new)
                yield IndexProgress(now, "finished", now.passages, now.passages, left, 0)
        return moved

    def _hash(self, path: str, candidate: int) -> Generator[IndexProgress, None, str | None]:
        """The hash of a file that may be a document's; None where it cannot be read."""
        row = self._store.row(candidate)
        steps = hash_file(Path(path))
        try:
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    return end.value
                if row is not None:
                    yield IndexProgress(row, "comparing", 0, None, 0, 0)
        except OSError:
            return None  # Gone or locked since it was found; the run will say so.

    def _homeless(
        self, changes: _Changes, known: Mapping[str, sqlite3.Row]
    ) -> Iterable[sqlite3.Row]:
        """The ready documents whose files are not where they were.

        Those of a folder that is not there now are not among them: they come back.
        """
        sizes = {self._facts[path].bytes for path in changes.new}
        for path, row in known.items():
            if row["status"] != "ready" or row["sha256"] is None or row["bytes"] not in sizes:
                continue
            is_stray = row["folder_id"] is None and not os.path.lexists(path)
            if is_stray or path in changes.vanished:
                yield row

    # ---- what is new, changed and gone -----------------------------------------------------

    def _register(
        self, changes: _Changes, known: Mapping[str, sqlite3.Row]
    ) -> Generator[IndexProgress, None, list[int]]:
        """Notes what is new or changed, before anything of it is read."""
        touched: list[int] = []
        for path, folder in changes.new.items():
            facts = self._facts[path]
            document = self._store.register(
                path, Path(path).stem, facts.bytes, facts.mtime_ns, folder.collection
            )
            self._folders.follow(folder, [document])
            touched.append(document)
        ids = {row["id"] for row in changes.changed.values()}
        # A copy of a file that has changed is a document of its own now.
        copies = [row for row in known.values() if row["duplicate_of"] in ids]
        for row in (*changes.changed.values(), *copies):
            if row["id"] not in touched:
                self._store.register(
                    row["path"], Path(row["path"]).stem, row["bytes"], row["mtime_ns"], None
                )
                touched.append(row["id"])
        for number, row in enumerate(self._rows(touched)):
            yield IndexProgress(row, "queued", 0, None, len(touched) - number, 0)
        return touched

    def _wait_for_unsettled(self, changes: _Changes) -> None:
        """Keeps back what may only have moved: to where a file of its size is still fresh."""
        sizes = {self._facts[p].bytes for paths in changes.unsettled.values() for p in paths}
        for path, row in list(changes.vanished.items()):
            if row["bytes"] in sizes:
                del changes.vanished[path]
                changes.unsettled.setdefault(row["folder_id"], []).append(path)

    def _succeed(
        self, vanished: Mapping[str, sqlite3.Row], known: Mapping[str, sqlite3.Row]
    ) -> list[int]:
        """Lets a duplicate's file take the place of an original's that is gone.

        Returns:
            The documents of which no file is left.
        """
        copies: dict[int, list[sqlite3.Row]] = {}
        for path, row in known.items():
            if row["duplicate_of"] is not None and path not in vanished:
                copies.setdefault(row["duplicate_of"], []).append(row)
        gone: list[int] = []
        for row in vanished.values():
            heir = next(
                (
                    copy
                    for copy in copies.get(row["id"], [])
                    if (now := self._store.raw(copy["id"])) is not None
                    and now["duplicate_of"] == row["id"]
                    and os.path.lexists(copy["path"])
                ),
                None,
            )
            if heir is None:
                gone.append(row["id"])
                continue
            self._folders.take_over(row["id"], heir)
            if heir["folder_id"] is None:
                self._folders.keep([row["id"]])
            else:
                self._folders.follow(self._folders.get(heir["folder_id"]), [row["id"]])
        return gone

    # ---- small things ----------------------------------------------------------------------

    def _facts_of(self, documents: Iterable[int]) -> dict[int, FileFacts]:
        rows = [row for document in documents if (row := self._store.raw(document)) is not None]
        return {row["id"]: self._facts[row["path"]] for row in rows if row["path"] in self._facts}

    def _rows(self, documents: Iterable[int]) -> tuple[DocumentRow, ...]:
        rows = (self._store.row(document) for document in documents)
        return tuple(row for row in rows if row is not None)


def _is_same(row: sqlite3.Row, facts: FileFacts) -> bool:
    """Whether a document needs nothing: its file is as it was, and it has come to its end."""
    if (row["bytes"], row["mtime_ns"]) != (facts.bytes, facts.mtime_ns):
        return False
    if row["status"] == "failed":
        return row["reason"] not in PASSING
    return row["status"] != "queued"


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()


def _as_row(folder: WatchedFolder) -> DocumentRow:
    """What stands in the place of a document where a folder is looked at."""
    return DocumentRow(
        id=0,
        path=folder.path,
        title=Path(folder.path).name,
        kind="",
        pages=None,
        passages=0,
        status="queued",
        reason=None,
        bytes=0,
        indexed_at=None,
        collection=folder.collection,
    )
