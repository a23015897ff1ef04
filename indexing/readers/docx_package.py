"""Open a Word document's package with python-docx."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable
from indexing.readers.package import load_office


def open_docx(path: Path, password: str | None = None) -> Any:
    """Open a file with python-docx: a `docx.document.Document`.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        UnsupportedFormat: It is Word's old binary format.
        TooLarge: It unpacks to more than a package may.
        FileUnreadable: Damaged, or no Word document.
    """
    import docx

    data = load_office(path, password, ".doc")
    try:
        document: Any = docx.Document(io.BytesIO(data))
        body = document.element.body
    except MemoryError:
        raise
    except Exception as error:  # A damaged package raises anything, down to AssertionError.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error
    if body is None:
        raise FileUnreadable(str(path), "no body")
    return document
