"""Files within files: attachments, and the members of archives.

They are read by the same readers, from a temporary folder and under names of our own, so that
a name such as `../../.bashrc` is only ever a label. How deep they lie, how many they are and
how much they unpack to is bounded for the outermost file as a whole.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Generator
from pathlib import Path
from typing import IO

import msgspec

from indexing.errors import (
    ConverterMissing,
    EmptyDocument,
    FileUnreadable,
    PasswordNeeded,
    ReadError,
    TooLarge,
    UnsupportedFormat,
)
from indexing.readers.assemble import Assembler, clean
from indexing.types import CanonicalDocument, ReadProgress

MOST_FILES = 2_000
MOST_BYTES = 512 * 1024 * 1024
# A mail with an archive with a mail with a document is as deep as anyone files things.
DEEPEST = 4
_PIECE = 1 << 20
_LONGEST_NAME = 300
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}")

Reading = Generator[ReadProgress, None, CanonicalDocument]


class _Left(msgspec.Struct):
    """What may still be read of the outermost file."""

    files: int
    bytes: int


class Inside:
    """Reads what lies in a file.

    Args:
        path: The outermost file, named in errors.
        read: Reads a file that lies so deep.
        suffixes: Those of the files that some reader knows.
        password: For those that are encrypted.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[Path, str | None, Inside], Reading],
        suffixes: Collection[str],
        password: str | None = None,
    ) -> None:
        self.password = password
        self.warnings: list[str] = []
        self._path = path
        self._read = read
        self._suffixes = suffixes
        self._depth = 0
        self._left = _Left(MOST_FILES, MOST_BYTES)

    @property
    def is_outermost(self) -> bool:
        """Whether what holds them lies in no other file."""
        return self._depth == 0

    def leave(self, name: str) -> None:
        """Leaves a file to be a document of its own; `warnings` say where none can be made of it.

        Args:
            name: What it is called in the file that holds it.
        """
        suffix = Path(name).suffix.lower()
        if suffix not in self._suffixes:
            self.warnings.append(f"{name}: {_problem(UnsupportedFormat(name, suffix))}")

    def add(
        self, assembler: Assembler, name: str, source: IO[bytes], heading: str, level: int
    ) -> Generator[ReadProgress, None, bool]:
        """Reads a file and adds it as a section of its own.

        Args:
            name: What it is called in the file that holds it.
            source: Its bytes.
            heading: The section's title.
            level: The section's level.

        Returns:
            Whether it could be read; else `warnings` say why not.

        Raises:
            TooLarge: There is more in the outermost file than may be read.
        """
        label = shown_name(name)
        try:
            document = yield from self._document(label, source)
        except TooLarge as error:
            if error.path == str(self._path):
                raise
            self.warnings.append(f"{label}: {_problem(error)}")
            return False
        except ReadError as error:
            self.warnings.append(f"{label}: {_problem(error)}")
            return False
        assembler.heading(heading, level)
        assembler.include(document, label)
        assembler.leave(level)
        self.warnings += [f"{label}: {warning}" for warning in document.warnings]
        return True

    def _document(self, label: str, source: IO[bytes]) -> Reading:
        if self._depth >= DEEPEST:
            raise FileUnreadable(label, f"more than {DEEPEST} files within one another")
        self._left.files -= 1
        if self._left.files < 0:
            raise TooLarge(str(self._path), "files", MOST_FILES + 1, MOST_FILES)
        inner = Inside(self._path, self._read, self._suffixes, self.password)
        inner._depth = self._depth + 1
        inner._left = self._left
        suffix = Path(label).suffix.lower()
        with tempfile.TemporaryDirectory(prefix="studiolo-") as folder:
            # Readers go by the suffix, and nothing else of the name is used.
            file = Path(folder, f"file{suffix if _SUFFIX.fullmatch(suffix) else ''}")
            with file.open("wb") as target:
                while piece := source.read(_PIECE):
                    self._left.bytes -= len(piece)
                    if self._left.bytes < 0:
                        raise TooLarge(
                            str(self._path), "unpacked bytes", MOST_BYTES + 1, MOST_BYTES
                        )
                    target.write(piece)
                    yield ReadProgress(0, None)
            return (yield from self._read(file, self.password, inner))


def shown_name(name: str) -> str:
    """A file's name as it was given, fit to be shown: no control signs, no way upwards."""
    parts = clean(name.replace("\\", "/").replace("\n", " ")).split("/")
    name = "/".join(part for part in parts if part not in ("", ".", ".."))
    # Of a long path the end tells what kind of file it is.
    return name[-_LONGEST_NAME:].lstrip("/") or "unnamed"


def _problem(error: ReadError) -> str:
    """Why a file could not be read, as a warning says it."""
    match error:
        case UnsupportedFormat():
            return f"{error.suffix or 'no suffix'}: not a format that is read"
        case ConverterMissing():
            return "only LibreOffice reads it, which is not installed"
        case PasswordNeeded():
            return "locked with a password"
        case EmptyDocument():
            return "no text in it"
        case TooLarge():
            return f"too large: {error.amount} {error.what}"
        case FileUnreadable():
            return f"not readable: {error.problem}"
        case _:
            return f"not readable: {type(error).__name__}"
