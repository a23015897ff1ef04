"""Errors as sentences for a person: what failed, why, and what to do about it.

The libraries raise kinds with facts. The command line and the window turn them into words here,
and only here, so that both say the same; what can be done about it they name in their own words.
"""

from __future__ import annotations

import os
from typing import Final

from assistant.conversations.types import Failure
from assistant.failures import failure_of
from assistant.sentences import sentence_for
from assistant.sentences.documents import unavailable_folder
from assistant.sentences.facts import (
    COMMANDS,
    IMPORT_COMMAND,
    SETUP_COMMAND,
    WINDOW,
    Facts,
    Ways,
    bytes_text,
)
from indexing.reasons import OCR_OFF
from indexing.types import PARTLY_READ, DocumentRow
from indexing.unpacked import name_of

__all__ = [
    "COMMANDS",
    "IMPORT_COMMAND",
    "SETUP_COMMAND",
    "WINDOW",
    "Ways",
    "bytes_text",
    "details",
    "explain",
    "explain_failure",
    "explain_named",
    "explain_row",
    "unavailable_folder",
]

# How the library words the reason that it keeps with a document: "word" or "word: detail".
_REASON_KINDS: Final = {
    "missing": "FileMissing",
    "unsupported_format": "UnsupportedFormat",
    "needs_libreoffice": "ConverterMissing",
    "unreadable": "FileUnreadable",
    "too_large": "TooLarge",
    "too_slow": "ReadTimeout",
    "password_needed": "PasswordNeeded",
    "no_text": "EmptyDocument",
}
_DUPLICATE_OF: Final = "duplicate of "


def explain(error: BaseException, ways: Ways = COMMANDS) -> str:
    """Return what a person should read about an error."""
    return explain_failure(failure_of(error), ways)


def explain_failure(failure: Failure, ways: Ways = COMMANDS) -> str:
    """Return what a person should read about a failure that was kept."""
    return sentence_for(failure.kind, Facts(failure.facts, ways)) or (
        f"Something went wrong that Studiolo did not foresee ({failure.kind}). "
        "Try again; if it stays, run 'studiolo doctor' and look at the log it names."
    )


def explain_row(row: DocumentRow, ways: Ways = COMMANDS) -> str:
    """Return why a document is not ready, or what of it could not be read; else ""."""
    if not row.reason:
        return ""
    if row.reason.startswith(_DUPLICATE_OF):
        name, path = name_of(row.path), row.reason.removeprefix(_DUPLICATE_OF)
        other = name_of(path)
        if other == name:
            other = f"the {name} in {path.removesuffix(name).rstrip('/' + os.sep)}"
        return f"{name} has the same content as {other}, which is in the library."
    word, _, detail = row.reason.partition(": ")
    if word == PARTLY_READ:
        return f"{detail} are read so far and can be asked about."
    kind = _REASON_KINDS.get(word)
    if kind is None:
        return row.reason
    facts: dict[str, str | int | float | bool | None] = {"path": row.path, "pages": row.pages}
    if kind in ("UnsupportedFormat", "ConverterMissing"):
        facts["suffix"] = detail
    elif kind == "EmptyDocument":
        facts["ocr_off"] = detail == OCR_OFF
        facts["pages"] = row.pages or detail.endswith(" pages")
    elif kind == "PasswordNeeded":
        facts["wrong"] = detail == "wrong"
    elif kind == "TooLarge":
        amount, _, what = detail.partition(" ")
        facts |= {"amount": int(amount) if amount.isdecimal() else 0, "what": what}
    else:
        facts["problem"] = detail
    return explain_failure(Failure(kind, facts), ways)


def explain_named(row: DocumentRow, ways: Ways = COMMANDS) -> str:
    """Return the same as a line of its own, which names the document; its name where all is well.

    Args:
        row: The document.
        ways: How the reader does what can be done about it.
    """
    name = name_of(row.path)
    told = explain_row(row, ways)
    if not told:
        return name
    # What could not be read of a document names what lies in it, if anything.
    is_named = row.status != "ready" and name in told
    return told if is_named else f"{name}: {told}"


def details(failure: Failure) -> str:
    """Return the facts of a failure, one a line, for "copy details"."""
    return "\n".join([failure.kind, *(f"  {name}: {fact}" for name, fact in failure.facts.items())])
