"""Unpack archives: each member that some reader knows becomes a file of its own.

Archives within archives are unpacked too. What there is at most (members, bytes, archives within
one another) is bounded for the outermost one as a whole, and every file gets a name of our own:
what a member is called in the archive is only ever a label.
"""

from __future__ import annotations

import errno
import hashlib
import tempfile
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import IO

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, ReadError, TooLarge
from indexing.readers import nested
from indexing.readers.archive import is_bomb, is_locked, members_of, open_archive, read_zip
from indexing.readers.formats import CONTAINERS, READERS
from indexing.readers.nested import DEEPEST, shown_name
from indexing.readers.package import DAMAGE
from indexing.readers.read import format_of_file
from indexing.reasons import reason_of
from indexing.types import Member, ReadProgress, Unpacked
from indexing.unpacked import ARCHIVES, settle

_PIECE = 1 << 20

Unpacking = Generator[ReadProgress, None, Unpacked]


def unpack(
    path: Path,
    folder: Path,
    password: str | None = None,
    wanted: frozenset[str] | None = None,
) -> Unpacking:
    """Unpack an archive into a folder.

    Args:
        path: The archive.
        folder: Where the files go, each to its `unpacked_path`; one that is there stays.
        password: For encrypted members.
        wanted: Names of the members to unpack; None for all.

    Returns:
        What is in it.

    Raises:
        PasswordNeeded: Members are encrypted, and the password does not open them.
        TooLarge: It holds more than may be read.
        FileMissing, FileUnreadable: There is no such file; it is damaged.
        EmptyDocument: There is no file in it that some reader knows.
    """
    if format_of_file(path).container is not read_zip:
        return Unpacked(is_archive=False)
    with tempfile.TemporaryDirectory(prefix="studiolo-") as scratch:
        unpacking = _Unpacking(path, folder, Path(scratch), password, wanted)
        yield from unpacking.archive(path, "", 1)
    if wanted is None and not unpacking.members:
        raise EmptyDocument(str(path))
    return Unpacked(tuple(unpacking.members), tuple(unpacking.left_out))


class _Unpacking:
    """One archive on its way, with those within it.

    Attributes:
        members: What could be unpacked, and what could not.
        left_out: Names of what no reader knows.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        scratch: Path,
        password: str | None,
        wanted: frozenset[str] | None,
    ) -> None:
        self.members: list[Member] = []
        self.left_out: list[str] = []
        self._names: set[str] = set()
        self._written = 0
        self._progress = ReadProgress(0, None)
        self._path = path
        self._folder = folder
        self._scratch = scratch
        self._password = password
        self._wanted = wanted
        self._files = nested.MOST_FILES
        self._bytes = nested.MOST_BYTES

    def archive(self, file: Path, within: str, depth: int) -> Generator[ReadProgress, None, None]:
        """Unpack an archive.

        Args:
            file: Where it lies.
            within: Its name in the outermost one, with a slash behind; "" for that one itself.
            depth: How many archives it lies in, itself included.
        """
        with open_archive(file) as archive:
            entries = members_of(archive)
            for number, entry in enumerate(entries, 1):
                yield from self._take(archive, entry, within, depth)
                if depth == 1:
                    self._progress = ReadProgress(number, len(entries))
                yield self._progress

    def _take(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, within: str, depth: int
    ) -> Generator[ReadProgress, None, None]:
        name = self._name(within + shown_name(entry.filename))
        if not is_known(name):
            self.left_out.append(name)
            return
        self._files -= 1
        if self._files < 0:
            raise TooLarge(str(self._path), "files", nested.MOST_FILES + 1, nested.MOST_FILES)
        if not self._is_wanted(name):
            return
        try:
            yield from self._unpack(archive, entry, name, depth)
        except (ReadError, *DAMAGE) as error:
            problem = self._problem(name, error)
            self.members.append(Member(name, entry.file_size, "", reason_of(problem)))

    def _unpack(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, depth: int
    ) -> Generator[ReadProgress, None, None]:
        locked = is_locked(entry)
        if locked and self._password is None:
            raise PasswordNeeded(str(self._path))
        if is_bomb(entry):
            raise TooLarge(name, "unpacked bytes", entry.file_size, nested.MOST_BYTES)
        self._written += 1
        suffix = Path(name).suffix.lower()
        unfinished = self._scratch / f"{self._written}{suffix}"
        try:
            with archive.open(entry, pwd=(self._password or "").encode() or None) as source:
                sha256, size = yield from self._write(source, unfinished)
            if suffix in ARCHIVES and format_of_file(unfinished).container is read_zip:
                if depth >= DEEPEST:
                    raise TooLarge(name, "archives within one another", depth + 1, DEEPEST)
                yield from self.archive(unfinished, f"{name}/", depth + 1)
                return
            settle(unfinished, self._folder, sha256, name)
            self.members.append(Member(name, size, sha256))
        except RuntimeError as error:
            if locked and "password" in str(error).lower():
                raise PasswordNeeded(str(self._path), wrong=True) from None
            raise
        finally:
            unfinished.unlink(missing_ok=True)

    def _problem(self, name: str, error: Exception) -> ReadError:
        """What is wrong with a member; raises what is wrong with more than that."""
        if isinstance(error, PasswordNeeded):
            raise error
        if isinstance(error, ReadError):
            if error.path == str(self._path):
                raise error
            return error
        # A damaged archive leads to places that are not there (EINVAL); a full disk is no fault
        # of the archive's.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise FileUnreadable(str(self._path), error.strerror or str(error)) from error
        return FileUnreadable(name, (str(error) or type(error).__name__)[:300])

    def _write(
        self, source: IO[bytes], target: Path
    ) -> Generator[ReadProgress, None, tuple[str, int]]:
        """Write a member's bytes to a file; return their SHA-256 and how many they are."""
        digest = hashlib.sha256()
        size = 0
        with target.open("wb") as file:
            while piece := source.read(_PIECE):
                size += len(piece)
                self._bytes -= len(piece)
                if self._bytes < 0:
                    raise TooLarge(
                        str(self._path), "unpacked bytes", nested.MOST_BYTES + 1, nested.MOST_BYTES
                    )
                digest.update(piece)
                file.write(piece)
                yield self._progress
        return digest.hexdigest(), size

    def _name(self, label: str) -> str:
        """A member's name that no other one has: two may be called the same."""
        path = Path(label)
        name, number = label, 1
        while name in self._names:
            number += 1
            name = path.with_name(f"{path.stem} ({number}){path.suffix}").as_posix()
        self._names.add(name)
        return name

    def _is_wanted(self, name: str) -> bool:
        if self._wanted is None or name in self._wanted:
            return True
        return any(one.startswith(f"{name}/") for one in self._wanted)


def is_known(name: str) -> bool:
    """Whether some reader reads files that are called so."""
    suffix = Path(name).suffix.lower()
    return suffix in READERS or suffix in CONTAINERS
