"""Open a Word document's package: what it may cost is known before it is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable, PasswordNeeded, TooLarge, UnsupportedFormat

MAX_BYTES = 512 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
_MAX_PARTS = 20_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Word's "Strict Open XML" is the same format under other names, which python-docx does not know.
_STRICT = b"http://purl.oclc.org/ooxml/"
_RENAMED = (
    (b"officeDocument/relationships", b"officeDocument/2006/relationships"),
    (b"officeDocument/math", b"officeDocument/2006/math"),
    (b"officeDocument/extendedProperties", b"officeDocument/2006/extended-properties"),
    (b"officeDocument/docPropsVTypes", b"officeDocument/2006/docPropsVTypes"),
    (b"wordprocessingml/main", b"wordprocessingml/2006/main"),
    (b"drawingml/main", b"drawingml/2006/main"),
    (b"drawingml/wordprocessingDrawing", b"drawingml/2006/wordprocessingDrawing"),
)


def open_docx(path: Path) -> Any:
    """Open a file with python-docx: a `docx.document.Document`.

    Raises:
        PasswordNeeded: It is encrypted.
        UnsupportedFormat: It is Word's old binary format.
        TooLarge: It unpacks to more than `MAX_UNPACKED`.
        FileUnreadable: Damaged, or no Word document.
    """
    import docx

    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    data = path.read_bytes()
    if data.startswith(_OLE):
        # Directory names in such a file are UTF-16.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise PasswordNeeded(str(path))
        raise UnsupportedFormat(str(path), ".doc")
    strict = _check(path, data)
    try:
        if strict:
            data = _transitional(data)
        document: Any = docx.Document(io.BytesIO(data))
        body = document.element.body
    except MemoryError:
        raise
    except Exception as error:  # A damaged package raises anything, down to AssertionError.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error
    if body is None:
        raise FileUnreadable(str(path), "no body")
    return document


def _check(path: Path, data: bytes) -> bool:
    """Refuse what cannot or should not be unpacked; tells whether the package is a strict one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            # Pictures count too: python-docx reads every part that the document is related to.
            # What a part claims as its size is the most that zipfile unpacks of it.
            unpacked = sum(part.file_size for part in parts)
            if unpacked > MAX_UNPACKED or len(parts) > _MAX_PARTS:
                raise TooLarge(str(path), "unpacked bytes", unpacked, MAX_UNPACKED)
            if any(part.flag_bits & 1 for part in parts):
                raise PasswordNeeded(str(path))
            return _STRICT in package.read("_rels/.rels")
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError) as error:
        raise FileUnreadable(str(path), str(error) or "not a package") from error


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
