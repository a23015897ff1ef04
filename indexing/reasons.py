"""Why a document could not be read, as the library keeps it with the document."""

from __future__ import annotations

import errno
import os

# Reasons of a failure that time alone may mend, though the file is the same.
PASSING = ("missing", f"unreadable: {os.strerror(errno.EACCES)}")
# The same, and what may be another's fault than the file's: a process dies of many things.
UNSURE = (*PASSING, "unreadable: reader_crashed")

# What the reason of a document without text says where its pages are pictures and OCR is off.
OCR_OFF = "ocr_off"


def reason_of(error: Exception) -> str:
    """A failure as a short, stable word, with the parser's own words where there are any."""
    if isinstance(error, FileNotFoundError):
        return "missing"
    if isinstance(error, OSError):
        return f"unreadable: {error.strerror or type(error).__name__}"
    name = type(error).__name__
    word = _REASONS.get(name, "unreadable")
    detail = getattr(error, "problem", None) or getattr(error, "suffix", None)
    if name == "TooLarge":
        detail = f"{getattr(error, 'amount', '?')} {getattr(error, 'what', '')}"
    if name == "PasswordNeeded" and getattr(error, "wrong", False):
        detail = "wrong"
    if name == "EmptyDocument":
        pages = getattr(error, "pages", None)
        detail = (
            OCR_OFF if getattr(error, "ocr_off", False) else f"{pages} pages" if pages else None
        )
    return f"{word}: {detail}" if detail else word


_REASONS = {
    "FileMissing": "missing",
    "UnsupportedFormat": "unsupported_format",
    "ConverterMissing": "needs_libreoffice",
    "FileUnreadable": "unreadable",
    "TooLarge": "too_large",
    "ReadTimeout": "too_slow",
    "PasswordNeeded": "password_needed",
    "EmptyDocument": "no_text",
}
