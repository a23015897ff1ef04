"""Archives whose members are documents: what is in one, and a member's file.

A mail is an archive of what is attached to it, which has a text of its own as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from pathlib import Path, PurePath

from indexing.archive_store import Change, names_within
from indexing.catalog import stored_path
from indexing.errors import DocumentNotFound, FileMissing
from indexing.store import DocumentStore
from indexing.types import Block, CanonicalDocument, ReadProgress, Unpacked
from indexing.unpacked import HOLDERS, find_unpacked, trim, unpacked_folder

Unpack = Callable[
    [Path, Path, str | None, frozenset[str] | None],
    Generator[ReadProgress, None, Unpacked],
]

# Names of files that are not read, in the reason of their archive.
_NAMED = 3


class Archives:
    """The archives of an index.

    Args:
        unpack: As `indexing.readers.unpack.unpack`, here or in another process.
        left_out: Gives the paths that a person has taken out of the library.
    """

    def __init__(
        self,
        data_dir: Path,
        store: DocumentStore,
        unpack: Unpack,
        left_out: Callable[[], Collection[str]],
    ) -> None:
        self._left_out = left_out
        self._data_dir = data_dir
        self._folder = unpacked_folder(data_dir)
        self._store = store
        self._unpack = unpack

    def take(
        self, document: int, sha256: str, path: Path, password: str | None
    ) -> Generator[ReadProgress, None, Change]:
        """Unpacks an archive and lets what is in it be documents of their own.

        Nothing is done where it has not changed and all of it is there; with a password, what
        was locked is tried again. What is more than what is in it (a mail, or something that
        only its name calls an archive) is still to be read.

        Args:
            sha256: Its content.
            path: The path that it is known by.

        Returns:
            What that comes to.

        Raises:
            ReadError: It cannot be unpacked.
        """
        archives = self._store.archives
        row = self._store.row(document)
        change = Change()
        is_done = row is not None and row.status == "ready" and archives.is_whole(document)
        if not is_done or (password is not None and archives.holds_locked(document)):
            # What was unpacked of others is read by now.
            trim(self._folder)
            file = self._file(path, sha256)
            unpacked = yield from self._unpack(file, self._folder, password, None)
            change = archives.put(document, unpacked.members, self._left_out())
            if unpacked.is_archive:
                # As the last step: until then a kill leaves it queued.
                content = self._store.contents.put(document, sha256, _listing(path, unpacked), ())
                if content is not None:
                    change.hashes += self._store.hashes_of(document)
                    change.passages += self._store.finish(document, content) or ()
        if password is not None:
            archives.try_locked(document)
        return change

    def file_of(
        self, member: int, password: str | None = None
    ) -> Generator[ReadProgress, None, Path]:
        """A member's file, unpacked where it is not yet; those with it that are to be read too.

        Raises:
            DocumentNotFound: There is no such member of an archive.
            FileMissing: It is not in the archive any more.
            ReadError: The archive cannot be unpacked.
        """
        raw = self._store.raw(member)
        archive = self._store.raw(raw["archive_id"] or 0) if raw is not None else None
        if raw is None or archive is None or raw["sha256"] is None:
            raise DocumentNotFound(str(member))
        found = find_unpacked(self._folder, raw["sha256"], raw["path"])
        if found is None:
            rows = self._store.archives.members(archive["id"])
            paths = [r["path"] for r in rows if r["id"] == member or r["status"] == "queued"]
            trim(self._folder)
            file = self._file(Path(archive["path"]), archive["sha256"])
            wanted = names_within(archive["path"], paths)
            yield from self._unpack(file, self._folder, password, wanted)
            found = find_unpacked(self._folder, raw["sha256"], raw["path"])
        if found is None:
            raise FileMissing(raw["path"])
        return found

    def tidy(self) -> None:
        """Removes what was unpacked and is not needed: what is left is bounded."""
        trim(self._folder)

    def _file(self, path: Path, sha256: str | None) -> Path:
        copy = stored_path(self._data_dir, sha256, str(path)) if sha256 is not None else path
        return copy if copy.is_file() else path


def holds_documents(path: Path) -> bool:
    """Whether documents may be in a file by its name: it is an archive, or a mail."""
    return path.suffix.lower() in HOLDERS


def _listing(path: Path, unpacked: Unpacked) -> CanonicalDocument:
    """What an archive's own text is: the names of what is in it."""
    names = [member.name for member in unpacked.members]
    names += [f"{name} (not read)" for name in unpacked.left_out]
    text = "\n".join(names)
    blocks: list[Block] = []
    start = 0
    for name in names:
        blocks.append(Block(start, start + len(name), "list_item"))
        start += len(name) + 1
    return CanonicalDocument(
        title=path.stem,
        kind=path.suffix.lower().removeprefix("."),
        text=text,
        blocks=tuple(blocks),
        warnings=_warnings(unpacked.left_out),
    )


def _warnings(left_out: tuple[str, ...]) -> tuple[str, ...]:
    if not left_out:
        return ()
    names = ", ".join(PurePath(name).name for name in left_out[:_NAMED])
    more = len(left_out) - _NAMED
    return (f"not of a kind that is read: {names}" + (f" and {more} more" if more > 0 else ""),)
