"""Read any supported file into its canonical document.

What a file is is told by its first bytes, then by its name: a PDF called `.txt` is a PDF.
A format is one module with one generator function; in `formats` it gets its line in a table.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from indexing.errors import FileMissing, FileUnreadable, IndexingError
from indexing.readers.formats import CONTAINERS, LONG_READERS, READERS, Format, format_of
from indexing.readers.legacy import converter
from indexing.readers.nested import Inside
from indexing.types import CanonicalDocument, ReadProgress, Rest

# Raised where files may be readable that were not before: those that failed are tried once more.
VERSION = 2


def conditions(scans: bool) -> str:
    """What it depends on, beside a file itself, whether it can be read.

    Args:
        scans: Whether the text of pictures is recognised.
    """
    return f"readers {VERSION}, OCR {scans}, LibreOffice {converter() is not None}"


def supported_suffixes() -> tuple[str, ...]:
    """Suffixes, in lower case with their dot, of the files that can be read."""
    return (*READERS, *CONTAINERS)


def read(
    path: Path, password: str | None = None, rest: Rest | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a file of any supported format, a long one part by part.

    Args:
        path: The file.
        password: For an encrypted one.
        rest: Of the part of it that was read before; None for the first.

    Returns:
        Its canonical document, or a part of it: then it says what the rest is.

    Raises:
        ReadError: One of its kinds, whatever the file's bytes are.
    """
    inside = Inside(path, _read, frozenset(supported_suffixes()), password)
    reading = _read(path, password, inside, _Parts(rest))
    # Each file within counts its scanned pages anew; what they cost is that of the whole.
    before = latest = 0
    try:
        while True:
            try:
                progress = next(reading)
            except StopIteration as end:
                return end.value
            if progress.scanned < latest:
                before += latest
            latest = progress.scanned
            yield ReadProgress(progress.done, progress.total, before + latest)
    finally:
        reading.close()


class _Parts(NamedTuple):
    """That a part of a long file is wanted: the first, or that after another one."""

    rest: Rest | None


def _read(
    path: Path, password: str | None, inside: Inside, parts: _Parts | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a file that may lie in another one: whole, or the part of it that is wanted."""
    form = format_of_file(path)
    yield ReadProgress(0, None)
    try:
        if form.container is not None:
            return (yield from form.container(path, inside))
        assert form.reader is not None
        if parts is not None and form.reader in LONG_READERS:
            return (yield from LONG_READERS[form.reader](path, password, parts.rest))
        return (yield from form.reader(path, password))
    except (IndexingError, GeneratorExit, MemoryError):
        raise
    except OSError as error:
        raise FileUnreadable(str(path), error.strerror or str(error)) from error
    except Exception as error:
        # A stranger's file may trip a parser anywhere: that is a fact about the file, and
        # the run must go on. The cause stays attached for the log.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error


def format_of_file(path: Path) -> Format:
    """How to read a file.

    Raises:
        FileMissing, FileUnreadable: There is no such file, or it must not be opened.
        UnsupportedFormat: No reader knows it.
    """
    try:
        if not path.is_file():
            raise FileMissing(str(path))
        with path.open("rb") as file:
            head = file.read(4096)
    except PermissionError as error:
        raise FileUnreadable(str(path), error.strerror or "permission denied") from error
    return format_of(path, head)
