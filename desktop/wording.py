"""Errors as sentences, with what can be done about them in this window."""

from __future__ import annotations

from assistant import wording
from assistant.conversations.types import Failure
from assistant.wording import WINDOW
from indexing.types import DocumentRow


def explain(error: BaseException) -> str:
    """Return what a person should read about an error."""
    return wording.explain(error, WINDOW)


def explain_failure(failure: Failure) -> str:
    """Return what a person should read about a failure that was kept."""
    return wording.explain_failure(failure, WINDOW)


def explain_row(row: DocumentRow) -> str:
    """Return why a document is not ready, or what of it could not be read; else ""."""
    return wording.explain_row(row, WINDOW)
