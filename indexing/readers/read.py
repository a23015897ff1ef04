"""Read any supported file into its canonical document.

What a file is is told by its first bytes, then by its name: a PDF called `.txt` is a PDF.
A format is one module with one generator function; here it gets its line in the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

from indexing.errors import FileMissing, FileUnreadable, IndexingError, UnsupportedFormat
from indexing.readers.delimited import read_delimited
from indexing.readers.docx import read_docx
from indexing.readers.html import read_html
from indexing.readers.markdown import read_markdown
from indexing.readers.pdf import read_pdf
from indexing.readers.plain import read_plain
from indexing.readers.pptx import read_pptx
from indexing.readers.xls import read_xls
from indexing.readers.xlsx import read_xlsx
from indexing.types import CanonicalDocument, ReadProgress

Reader = Callable[[Path, str | None], Generator[ReadProgress, None, CanonicalDocument]]

_BY_SUFFIX: dict[str, Reader] = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".docm": read_docx,
    ".dotx": read_docx,
    ".pptx": read_pptx,
    ".pptm": read_pptx,
    ".ppsx": read_pptx,
    ".potx": read_pptx,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".xltx": read_xlsx,
    ".xlsb": read_xls,
    ".xls": read_xls,
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".tab": read_delimited,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_plain,
    ".text": read_plain,
    ".log": read_plain,
    ".rst": read_plain,
}
_PACKED = (read_docx, read_pptx, read_xlsx, read_xls)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The first bytes of formats that are not text, whatever the name says.
_FOREIGN = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b",
            b"SQLite format 3", b"{\\rtf", b"%!PS")  # fmt: skip


def supported_suffixes() -> tuple[str, ...]:
    """Suffixes, in lower case with their dot, of the files that can be read."""
    return tuple(_BY_SUFFIX)


def read(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a file of any supported format.

    Args:
        path: The file.
        password: For an encrypted one.

    Returns:
        Its canonical document.

    Raises:
        ReadError: One of its kinds, whatever the file's bytes are.
    """
    reader = _reader_for(path)
    yield ReadProgress(0, None)
    try:
        return (yield from reader(path, password))
    except (IndexingError, GeneratorExit, MemoryError):
        raise
    except OSError as error:
        raise FileUnreadable(str(path), error.strerror or str(error)) from error
    except Exception as error:
        # A stranger's file may trip a parser anywhere: that is a fact about the file, and
        # the run must go on. The cause stays attached for the log.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error


def _reader_for(path: Path) -> Reader:
    try:
        if not path.is_file():
            raise FileMissing(str(path))
        with path.open("rb") as file:
            head = file.read(2048)
    except PermissionError as error:
        raise FileUnreadable(str(path), error.strerror or "permission denied") from error
    suffix = path.suffix.lower()
    reader = _BY_SUFFIX.get(suffix)
    if head.lstrip().startswith(b"%PDF-"):
        return read_pdf
    packed = head.startswith((b"PK\x03\x04", _OLE))
    if reader is None or head.startswith(_FOREIGN) or (packed and reader not in _PACKED):
        raise UnsupportedFormat(str(path), suffix)
    return reader
