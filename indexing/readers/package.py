"""Open files that are ZIP packages: what one may cost is known before it is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable, PasswordNeeded, TooLarge, UnsupportedFormat
from indexing.readers.xml import PROLOG, declares_entities

MAX_BYTES = 512 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
MAX_PARTS = 20_000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# "Strict Open XML" is the same format under other names, which the libraries do not know.
_STRICT = b"http://purl.oclc.org/ooxml/"
_RENAMED = (
    (b"officeDocument/relationships", b"officeDocument/2006/relationships"),
    (b"officeDocument/math", b"officeDocument/2006/math"),
    (b"officeDocument/extendedProperties", b"officeDocument/2006/extended-properties"),
    (b"officeDocument/docPropsVTypes", b"officeDocument/2006/docPropsVTypes"),
    (b"wordprocessingml/main", b"wordprocessingml/2006/main"),
    (b"spreadsheetml/main", b"spreadsheetml/2006/main"),
    (b"presentationml/main", b"presentationml/2006/main"),
    (b"drawingml/main", b"drawingml/2006/main"),
    (b"drawingml/chart", b"drawingml/2006/chart"),
    (b"drawingml/diagram", b"drawingml/2006/diagram"),
    (b"drawingml/spreadsheetDrawing", b"drawingml/2006/spreadsheetDrawing"),
    (b"drawingml/wordprocessingDrawing", b"drawingml/2006/wordprocessingDrawing"),
)

# What zipfile raises about a damaged package.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def load(path: Path) -> bytes:
    """The bytes of a file of a bounded size.

    Raises:
        TooLarge: Over `MAX_BYTES`.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    return path.read_bytes()


def open_package(path: Path, data: bytes) -> zipfile.ZipFile:
    """Open a package in memory, refusing what cannot or should not be unpacked.

    Raises:
        TooLarge: It unpacks to more than `MAX_UNPACKED`.
        PasswordNeeded: Parts of it are encrypted.
        FileUnreadable: Damaged, or no package.
    """
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except DAMAGE as error:
        raise FileUnreadable(str(path), str(error) or "not a package") from error
    parts = package.infolist()
    # What a part claims as its size is the most that zipfile unpacks of it.
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED:
        raise TooLarge(str(path), "unpacked bytes", unpacked, MAX_UNPACKED)
    if len(parts) > MAX_PARTS:
        raise TooLarge(str(path), "parts", len(parts), MAX_PARTS)
    if any(part.flag_bits & 1 for part in parts):
        raise PasswordNeeded(str(path))
    return package


def load_office(path: Path, password: str | None, suffix: str) -> bytes:
    """The bytes of an Office package that can be parsed: bounded, decrypted, of the usual names.

    Args:
        suffix: What the format was called before it was a package, for the error.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        UnsupportedFormat: It is of the binary format before.
        TooLarge, FileUnreadable: As `open_package`; an XML part declares entities.
    """
    data = load(path)
    if data.startswith(OLE):
        if not is_encrypted_package(data):
            raise UnsupportedFormat(str(path), suffix)
        data = decrypt_office(path, data, password)
    with open_package(path, data) as package:
        try:
            for part in package.infolist():
                if part.filename.endswith((".xml", ".rels", ".vml")):
                    with package.open(part) as file:
                        if declares_entities(file.read(2 * PROLOG)):
                            raise FileUnreadable(str(path), "XML with entity declarations")
            strict = _STRICT in package.read("_rels/.rels")
        except DAMAGE as error:
            raise FileUnreadable(str(path), str(error) or "damaged package") from error
    return _transitional(data) if strict else data


def is_encrypted_package(data: bytes) -> bool:
    """Whether a file is an Office package that is locked with a password."""
    # Directory names in such a file are UTF-16.
    return data.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in data


def decrypt_office(path: Path, data: bytes, password: str | None) -> bytes:
    """The bytes of an encrypted Office file as they would be without a password.

    Raises:
        PasswordNeeded: The password does not open it.
        FileUnreadable: It is encrypted in a way that is not known here, or damaged.
    """
    if password is None:
        raise PasswordNeeded(str(path))
    import msoffcrypto as library  # pyright: ignore[reportMissingTypeStubs]

    msoffcrypto: Any = library
    plain = io.BytesIO()
    try:
        office: Any = msoffcrypto.OfficeFile(io.BytesIO(data))
        # Those of binary formats always verify it.
        verify = {"verify_password": True} if office.format == "ooxml" else {}
        office.load_key(password=password, **verify)
        office.decrypt(plain)
    except msoffcrypto.exceptions.InvalidKeyError:
        raise PasswordNeeded(str(path), wrong=True) from None
    except MemoryError:
        raise
    except Exception as error:  # A damaged container raises anything.
        raise FileUnreadable(str(path), f"encryption: {error}"[:300]) from error
    return plain.getvalue()


def _transitional(data: bytes) -> bytes:
    """The package with the strict names replaced by the usual ones."""
    renamed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as package,
        zipfile.ZipFile(renamed, "w", zipfile.ZIP_STORED) as copy,
    ):
        for part in package.infolist():
            content = package.read(part)
            if part.filename.endswith((".xml", ".rels")) and _STRICT in content:
                for old, new in _RENAMED:
                    content = content.replace(
                        _STRICT + old, b"http://schemas.openxmlformats.org/" + new
                    )
            copy.writestr(part.filename, content)
    return renamed.getvalue()


def read_part(path: Path, package: zipfile.ZipFile, name: str) -> bytes:
    """A part's content.

    Raises:
        FileUnreadable: It is missing or damaged.
    """
    try:
        return package.read(name)
    except DAMAGE as error:
        raise FileUnreadable(str(path), f"{name}: {error}"[:300]) from error
