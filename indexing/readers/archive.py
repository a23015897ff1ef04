"""ZIP archives within other files: every member that can be read, a section under its name.

Of an archive that lies by itself each member is a document of its own: see `unpack`.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded
from indexing.readers.assemble import Assembler
from indexing.readers.nested import MOST_FILES, Inside, shown_name
from indexing.readers.package import DAMAGE, MAX_BYTES
from indexing.types import CanonicalDocument, ReadProgress

# What programs put beside the files of a person.
_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_ENCRYPTED = 1
# What stands for the compression of a member that is encrypted as WinZip and 7-Zip do, with AES.
_AES = 99


def read_zip(path: Path, inside: Inside) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read an archive.

    Raises:
        PasswordNeeded: Its members are encrypted, and the password does not open them.
        TooLarge: It holds more than may be read.
        FileUnreadable: Damaged, or none of its members can be read.
        EmptyDocument: There is no file in it.
    """
    yield ReadProgress(0, None)
    assembler = Assembler()
    with open_archive(path) as archive:
        members = members_of(archive)
        if not members:
            raise EmptyDocument(str(path))
        done = 0
        for number, member in enumerate(members[: MOST_FILES + 1], 1):
            done += yield from _add(path, archive, member, assembler, inside)
            yield ReadProgress(number, len(members))
    if done == 0:
        reasons = "; ".join(inside.warnings[:3])
        raise FileUnreadable(str(path), f"none of {len(members)} files: {reasons}"[:300])
    return assembler.finish(path, "zip", None, warnings=tuple(inside.warnings))


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open an archive.

    Raises:
        FileUnreadable: It is damaged.
    """
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise FileUnreadable(str(path), str(error) or "damaged archive") from error
    if all(member.compress_type != _AES for member in archive.infolist()):
        return archive
    archive.close()
    return _open_aes(path)


def _open_aes(path: Path) -> Any:
    """Open an archive with members that the standard library cannot decrypt."""
    # Imported here, as it costs what few archives need.
    import pyzipper as library  # pyright: ignore[reportMissingTypeStubs]

    pyzipper: Any = library
    try:
        return pyzipper.AESZipFile(path)
    except (pyzipper.BadZipFile, *DAMAGE) as error:
        raise FileUnreadable(str(path), str(error) or "damaged archive") from error


@contextmanager
def open_member(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, password: str | None
) -> Generator[IO[bytes]]:
    """Open a member to be read until this is left.

    Args:
        path: What is locked if the member is: the archive, or the outermost file it lies in.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        DAMAGE: One of these; it is damaged, which may show only when it is read.
    """
    if password is None and is_locked(member):
        raise PasswordNeeded(str(path))
    try:
        try:
            source = archive.open(member, pwd=(password or "").encode() or None)
        except RuntimeError as error:
            if is_locked(member) and "password" in str(error).lower():
                raise PasswordNeeded(str(path), wrong=True) from None
            raise
        with source:
            yield source
    except Exception as error:
        if isinstance(error, struct.error) or type(error).__module__.startswith("pyzipper"):
            raise zipfile.BadZipFile(str(error)) from error
        raise


def members_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files that a person has put into an archive."""
    return [
        member
        for member in archive.infolist()
        if not member.is_dir() and not any(junk in member.filename for junk in _JUNK)
    ]


def label_of(member: zipfile.ZipInfo) -> str:
    """What a member is called, as a person is shown it.

    Names are in code page 437 unless it is said that they are UTF-8; some programs do not say so.
    """
    try:
        return member.filename.encode("cp437").decode()
    except UnicodeError:
        return member.filename


def is_locked(member: zipfile.ZipInfo) -> bool:
    """Whether a member is encrypted."""
    return bool(member.flag_bits & _ENCRYPTED)


def is_bomb(member: zipfile.ZipInfo) -> bool:
    """Whether a member that is large unpacks to a thousand times its size."""
    return member.file_size > max(MAX_BYTES // 8, 1_000 * member.compress_size)


def _add(
    path: Path,
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    assembler: Assembler,
    inside: Inside,
) -> Generator[ReadProgress, None, bool]:
    name = shown_name(label_of(member))
    if is_bomb(member):
        inside.warnings.append(f"{name}: unpacks to {member.file_size} bytes")
        return False
    try:
        with open_member(path, archive, member, inside.password) as source:
            return (yield from inside.add(assembler, name, source, name, 1))
    except DAMAGE as error:
        inside.warnings.append(f"{name}: {error}")
    return False
