"""ZIP archives within other files: every member that can be read, a section under its name.

Of an archive that lies by itself each member is a document of its own: see `unpack`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator
from pathlib import Path

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded
from indexing.readers.assemble import Assembler
from indexing.readers.nested import MOST_FILES, Inside, shown_name
from indexing.readers.package import DAMAGE, MAX_BYTES
from indexing.types import CanonicalDocument, ReadProgress

# What programs put beside the files of a person.
_JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_ENCRYPTED = 1


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
        return zipfile.ZipFile(path)
    except DAMAGE as error:
        raise FileUnreadable(str(path), str(error) or "damaged archive") from error


def members_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files that a person has put into an archive."""
    return [
        member
        for member in archive.infolist()
        if not member.is_dir() and not any(junk in member.filename for junk in _JUNK)
    ]


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
    name = shown_name(member.filename)
    encrypted = is_locked(member)
    if encrypted and inside.password is None:
        raise PasswordNeeded(str(path))
    if is_bomb(member):
        inside.warnings.append(f"{name}: unpacks to {member.file_size} bytes")
        return False
    try:
        with archive.open(member, pwd=(inside.password or "").encode() or None) as source:
            return (yield from inside.add(assembler, name, source, name, 1))
    except RuntimeError as error:
        if encrypted and "password" in str(error).lower():
            raise PasswordNeeded(str(path), wrong=True) from None
        inside.warnings.append(f"{name}: {error}")
    except DAMAGE as error:
        inside.warnings.append(f"{name}: {error}")
    return False
