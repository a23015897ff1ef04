"""Open a PDF file: pdfium does, and pypdf mends what pdfium will not open."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, TooLarge
from indexing.readers.nested import shown_name
from indexing.readers.pdfium import PdfiumError, error_code, helpers

MAX_BYTES = 2 * 1024 * 1024 * 1024
MAX_PAGES = 20_000
# Names of attached files that are told.
_NAMED = 3
_MAX_REPAIR_BYTES = 200 * 1024 * 1024

# The parsers' own words tell a person nothing.
_NO_PDF = "it cannot be opened as a PDF"
_PASSWORD = 4  # FPDF_ERR_PASSWORD


class OpenPdf(NamedTuple):
    """An open file.

    Attributes:
        document: A `pypdfium2.PdfDocument`, to be closed.
        is_mended: Whether pypdf had to write it anew, which takes long with a long one.
    """

    document: Any
    is_mended: bool = False


def open_pdf(path: Path, password: str | None) -> OpenPdf:
    """Open a file with pdfium, mended by pypdf where need be.

    Raises:
        PasswordNeeded, FileUnreadable, TooLarge: As `read_pdf`.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    if size == 0:
        raise EmptyDocument(str(path))
    is_mended = False
    try:
        document = helpers.PdfDocument(path, password=password)
    except PdfiumError as error:
        if error_code(error) == _PASSWORD:
            raise PasswordNeeded(str(path), wrong=password is not None) from error
        mended = _mended(path, password)
        is_mended = True
        try:
            document = helpers.PdfDocument(mended)
        except PdfiumError as again:
            raise FileUnreadable(str(path), _NO_PDF) from again
    if len(document) == 0:
        document.close()
        raise FileUnreadable(str(path), "no pages")
    return OpenPdf(document, is_mended)


def attached_to(document: Any) -> tuple[str, ...]:
    """A sentence on the files that lie in a PDF, which are not read; none where there are none."""
    count = document.count_attachments()
    if count <= 0:
        return ()
    names: list[str] = []
    for index in range(min(count, _NAMED)):
        try:
            names.append(shown_name(document.get_attachment(index).get_name()))
        except PdfiumError:
            names.append("unnamed")
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return (f"attached to it, and not read: {', '.join(names)}{more}",)


def _mended(path: Path, password: str | None) -> bytes:
    """The file written anew by pypdf, which finds objects that the file's index lost."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import FileNotDecryptedError, WrongPasswordError

    if path.stat().st_size > _MAX_REPAIR_BYTES:
        raise FileUnreadable(str(path), _NO_PDF)
    try:
        reader = PdfReader(io.BytesIO(path.read_bytes()), strict=False, password=password)
        writer = PdfWriter()
        # One page too many is enough to be refused when the pages are counted.
        for page in islice(reader.pages, MAX_PAGES + 1):
            writer.add_page(page)
        buffer = io.BytesIO()
        writer.write(buffer)
    except (FileNotDecryptedError, WrongPasswordError) as error:
        raise PasswordNeeded(str(path), wrong=password is not None) from error
    except MemoryError:
        raise
    except Exception as error:  # pypdf raises what it comes upon in a damaged file.
        raise FileUnreadable(str(path), _NO_PDF) from error
    return buffer.getvalue()
