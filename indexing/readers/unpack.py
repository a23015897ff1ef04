"""Unpack archives and mails: each file in one that some reader knows becomes a file of its own.

Archives and mails within them are unpacked too; a mail within is a file itself as well. What there
is at most (members, bytes, files within one another) is bounded for the outermost one as a whole,
and every file gets a name of our own: what a member is called is only ever a label.
"""

from __future__ import annotations

import errno
import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, ReadError, TooLarge
from indexing.readers import nested
from indexing.readers.archive import (
    is_bomb,
    label_of,
    members_of,
    open_archive,
    open_member,
    read_zip,
)
from indexing.readers.formats import CONTAINERS, READERS, Container
from indexing.readers.letters import Attachment, Letter
from indexing.readers.mail import load_eml, read_eml
from indexing.readers.msg import load_msg, read_msg
from indexing.readers.nested import DEEPEST, shown_name
from indexing.readers.package import DAMAGE
from indexing.readers.read import format_of_file
from indexing.reasons import reason_of
from indexing.types import Member, ReadProgress, Unpacked
from indexing.unpacked import HOLDERS, settle

_LETTERS: dict[Container, Callable[[Path], Letter]] = {read_eml: load_eml, read_msg: load_msg}
_PIECE = 1 << 20

Unpacking = Generator[ReadProgress, None, Unpacked]


def unpack(
    path: Path,
    folder: Path,
    password: str | None = None,
    wanted: frozenset[str] | None = None,
) -> Unpacking:
    """Unpack an archive, or what is attached to a mail, into a folder.

    Args:
        path: The archive or mail.
        folder: Where the files go, each to its `unpacked_path`; one that is there stays.
        password: For encrypted members.
        wanted: Names of the members to unpack; None for all.

    Returns:
        What is in it.

    Raises:
        PasswordNeeded: Members are encrypted, and the password does not open them.
        TooLarge: It holds more than may be read.
        FileMissing, FileUnreadable: There is no such file; it is damaged.
        EmptyDocument: There is no file in an archive that some reader knows.
    """
    container = format_of_file(path).container
    if not _holds_files(container):
        return Unpacked(is_archive=False)
    is_archive = container is read_zip
    with tempfile.TemporaryDirectory(prefix="studiolo-") as scratch:
        unpacking = _Unpacking(path, folder, Path(scratch), password, wanted)
        with _entries(path, container, path) as entries:
            yield from unpacking.take(entries, "", 1)
    if is_archive and wanted is None and not unpacking.members:
        raise EmptyDocument(str(path))
    return Unpacked(tuple(unpacking.members), tuple(unpacking.left_out), is_archive)


class _Entry(NamedTuple):
    """A file in an archive, or one that is attached to a mail.

    Attributes:
        name: What it is called there.
        bytes: Its size, as far as it says so itself.
        open: Opens it, with a password where it is locked.
        is_bomb: Whether it is not to be unpacked.
        is_attached: Whether it is attached to a mail: what is locked in it is its own affair, and
            the mail can be read.
    """

    name: str
    bytes: int
    open: Callable[[str | None], AbstractContextManager[IO[bytes]]]
    is_bomb: bool = False
    is_attached: bool = False


@contextmanager
def _entries(path: Path, container: Container | None, outermost: Path) -> Generator[list[_Entry]]:
    """What is in an archive or attached to a mail; it can be opened until this is left."""
    load = _LETTERS.get(container) if container is not None else None
    if load is not None:
        yield [_attached(one) for one in _letter(path, load).attachments]
        return
    with open_archive(path) as archive:
        yield [_packed(outermost, archive, member) for member in members_of(archive)]


def _letter(path: Path, load: Callable[[Path], Letter]) -> Letter:
    try:
        return load(path)
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # A stranger's file may trip a parser anywhere: see `read`.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error


def _packed(outermost: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Entry:
    def opened(password: str | None) -> AbstractContextManager[IO[bytes]]:
        return open_member(outermost, archive, member, password)

    return _Entry(label_of(member), member.file_size, opened, is_bomb(member))


def _attached(attachment: Attachment) -> _Entry:
    def opened(_: str | None) -> IO[bytes]:
        return io.BytesIO(attachment.data)

    return _Entry(attachment.name, len(attachment.data), opened, is_attached=True)


class _Unpacking:
    """One archive or mail on its way, with those within it.

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

    def take(
        self, entries: list[_Entry], within: str, depth: int
    ) -> Generator[ReadProgress, None, None]:
        """Unpack what is in an archive or attached to a mail.

        Args:
            entries: Those files.
            within: Its name in the outermost one, with a slash behind; "" for that one itself.
            depth: How many of them it lies in, itself included.
        """
        for number, entry in enumerate(entries, 1):
            yield from self._take(entry, within, depth)
            if depth == 1:
                self._progress = ReadProgress(number, len(entries))
            yield self._progress

    def _take(self, entry: _Entry, within: str, depth: int) -> Generator[ReadProgress, None, None]:
        name = self._name(within + shown_name(entry.name))
        if not is_known(name):
            self.left_out.append(name)
            return
        self._files -= 1
        if self._files < 0:
            raise TooLarge(str(self._path), "files", nested.MOST_FILES + 1, nested.MOST_FILES)
        if not self._is_wanted(name):
            return
        if depth > DEEPEST:
            self.members.append(Member(name, entry.bytes, "", reason_of(_too_deep(name))))
            return
        try:
            yield from self._unpack(entry, name, depth)
        except (ReadError, *DAMAGE) as error:
            problem = self._problem(entry, name, error)
            self.members.append(Member(name, entry.bytes, "", reason_of(problem)))

    def _unpack(self, entry: _Entry, name: str, depth: int) -> Generator[ReadProgress, None, None]:
        if entry.is_bomb:
            raise TooLarge(name, "unpacked bytes", entry.bytes, nested.MOST_BYTES)
        self._written += 1
        suffix = Path(name).suffix.lower()
        unfinished = self._scratch / f"{self._written}{suffix}"
        try:
            with entry.open(self._password) as source:
                sha256, size = yield from self._write(source, unfinished)
            container = format_of_file(unfinished).container if suffix in HOLDERS else None
            if not _holds_files(container):
                self._settle(unfinished, name, sha256, size)
                return
            with _entries(unfinished, container, self._path) as entries:
                if container in _LETTERS:
                    self._settle(unfinished, name, sha256, size)
                elif entries and depth >= DEEPEST:
                    raise _too_deep(name)
                yield from self.take(entries, f"{name}/", depth + 1)
        finally:
            unfinished.unlink(missing_ok=True)

    def _settle(self, unfinished: Path, name: str, sha256: str, size: int) -> None:
        settle(unfinished, self._folder, sha256, name)
        self.members.append(Member(name, size, sha256))

    def _problem(self, entry: _Entry, name: str, error: Exception) -> ReadError:
        """What is wrong with a member; raises what is wrong with more than that."""
        if isinstance(error, PasswordNeeded) and entry.is_attached:
            return error
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


def _too_deep(name: str) -> TooLarge:
    return TooLarge(name, "files within one another", DEEPEST + 1, DEEPEST)


def _holds_files(container: Container | None) -> bool:
    """Whether what lies in such a file is a document of its own."""
    return container is read_zip or container in _LETTERS


def is_known(name: str) -> bool:
    """Whether some reader reads files that are called so."""
    suffix = Path(name).suffix.lower()
    return suffix in READERS or suffix in CONTAINERS
