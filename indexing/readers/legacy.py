"""DOC, PPT and their relatives: LibreOffice, where it is installed, makes them readable.

It runs as a process of its own with a profile of its own, so that it neither disturbs one that
is open nor leaves anything behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import msgspec

from indexing.errors import ConverterMissing, FileUnreadable, ReadTimeout
from indexing.readers.docx import read_docx
from indexing.readers.package import load
from indexing.readers.pptx import read_pptx
from indexing.types import CanonicalDocument, ReadProgress

_NAMES = ("soffice", "libreoffice", "soffice.exe")
_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    "C:/Program Files/LibreOffice/program/soffice.exe",
    "/opt/libreoffice/program/soffice",
)
_PRESENTATIONS = (".ppt", ".pps", ".pot")
_YIELD_S = 0.1
# The first start with a new profile takes some ten seconds.
_LIMIT_S = 110.0


def read_legacy(
    path: Path, password: str | None = None
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a document of an old binary format.

    Raises:
        ConverterMissing: LibreOffice is not installed.
        ReadTimeout: It took too long.
        FileUnreadable: It made nothing of the file.
        ReadError: As the reader of what it made.
    """
    yield ReadProgress(0, None)
    suffix = path.suffix.lower()
    load(path)
    office = converter()
    if office is None:
        raise ConverterMissing(str(path), suffix)
    wanted = "pptx" if suffix in _PRESENTATIONS else "docx"
    with tempfile.TemporaryDirectory(prefix="studiolo-") as folder:
        yield from _convert(office, path, wanted, Path(folder))
        made = Path(folder, f"{path.stem}.{wanted}")
        if not made.is_file():
            raise FileUnreadable(str(path), "LibreOffice made nothing of it")
        reader = read_pptx if wanted == "pptx" else read_docx
        document = yield from reader(made, password)
    return msgspec.structs.replace(document, kind=wanted)


def converter() -> str | None:
    """Where LibreOffice is, or None."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    return next((place for place in _PLACES if Path(place).is_file()), None)


def _convert(
    office: str, path: Path, wanted: str, folder: Path
) -> Generator[ReadProgress, None, None]:
    process = subprocess.Popen(
        [
            office,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--norestore",
            "--convert-to",
            wanted,
            "--outdir",
            str(folder),
            str(path),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    due = time.monotonic() + _LIMIT_S
    try:
        while process.poll() is None:
            if time.monotonic() > due:
                raise ReadTimeout(str(path), _LIMIT_S)
            time.sleep(_YIELD_S)
            yield ReadProgress(0, None)
    finally:
        if process.poll() is None:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the process with those that it has started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
