"""pdfium, which comes without types: the one place that imports it."""

from __future__ import annotations

from typing import Any

import pypdfium2 as _helpers  # pyright: ignore[reportMissingTypeStubs]
import pypdfium2.raw as _raw  # pyright: ignore[reportMissingTypeStubs]

helpers: Any = _helpers
raw: Any = _raw

PdfiumError: type[Exception] = _helpers.PdfiumError


def error_code(error: Exception) -> int | None:
    """Pdfium's own number for what went wrong on opening a file."""
    code: Any = getattr(error, "err_code", None)
    return code if isinstance(code, int) else None
