"""Read any supported file into its canonical document.

What a file is is told by its first bytes, then by its name: a PDF called `.txt` is a PDF.
A format is one module with one generator function; in `formats` it gets its line in a table.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from indexing.errors import FileMissing, FileUnreadable, IndexingError
from indexing.readers.formats import CONTAINERS, READERS, Format, format_of
from indexing.readers.nested import Inside
from indexing.types import CanonicalDocument, ReadProgress


def supported_suffixes() -> tuple[str, ...]:
    """Suffixes, in lower case with their dot, of the files that can be read."""
    return (*READERS, *CONTAINERS)


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
    reading = _read(path, password, Inside(path, _read, password))
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


def _read(
    path: Path, password: str | None, inside: Inside
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a file that may lie in another one."""
    form = _format_of(path)
    yield ReadProgress(0, None)
    try:
        if form.container is not None:
            return (yield from form.container(path, inside))
        assert form.reader is not None
        return (yield from form.reader(path, password))
    except (IndexingError, GeneratorExit, MemoryError):
        raise
    except OSError as error:
        raise FileUnreadable(str(path), error.strerror or str(error)) from error
    except Exception as error:
        # A stranger's file may trip a parser anywhere: that is a fact about the file, and
        # the run must go on. The cause stays attached for the log.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error


def _format_of(path: Path) -> Format:
    try:
        if not path.is_file():
            raise FileMissing(str(path))
        with path.open("rb") as file:
            head = file.read(4096)
    except PermissionError as error:
        raise FileUnreadable(str(path), error.strerror or "permission denied") from error
    return format_of(path, head)
