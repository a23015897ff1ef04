"""Errors as kinds with facts that can be kept: no sentence, no text of a document."""

from __future__ import annotations

from assistant.conversations.types import Failure


def failure_of(error: BaseException) -> Failure:
    """Return the class of an error and its plain attributes.

    Texts of exceptions that are none of ours (`detail`, `problem`) are kept: they stand in the
    person's own database, for "copy details", and never in a log.
    """
    facts = {
        name: value
        for name, value in vars(error).items()
        if not name.startswith("_") and isinstance(value, str | int | float | bool | None)
    }
    return Failure(type(error).__name__, facts)
