"""Exceptions across the process boundary: taken apart in the worker, put together in the app.

Only the errors that the packages raise on purpose are rebuilt as what they were; each
carries its facts as attributes named like its arguments. Anything else becomes a
`WorkerJobFailed`, so that what a worker sends can never make the app build any class it likes.
"""

from __future__ import annotations

import importlib
import inspect
import typing
from typing import Any

from assistant.errors import WorkerJobFailed
from assistant.workers import protocol

_ERROR_MODULES = frozenset({"assistant.errors", "indexing.errors", "models.errors"})


def describe(error: BaseException) -> protocol.Failure:
    """Take an exception apart."""
    kind = type(error)
    facts: dict[str, Any] | None = None
    if kind.__module__ in _ERROR_MODULES:
        try:
            facts = {name: getattr(error, name) for name in _parameters(kind)}
            protocol.pack(facts)
        except (AttributeError, TypeError, ValueError):
            facts = None
    detail = str(error).encode("utf-8", "backslashreplace").decode()
    return protocol.Failure(kind.__module__, kind.__qualname__, facts, detail)


def rebuild(failure: protocol.Failure, worker: str, method: str) -> Exception:
    """Put an exception together again; what cannot be becomes a `WorkerJobFailed`."""
    if failure.facts is not None and failure.module in _ERROR_MODULES:
        kind = getattr(importlib.import_module(failure.module), failure.kind, None)
        if inspect.isclass(kind) and issubclass(kind, Exception):
            try:
                return kind(**_typed(kind, failure.facts))
            except (TypeError, ValueError):
                pass
    return WorkerJobFailed(worker, method, f"{failure.module}.{failure.kind}", failure.detail)


def _parameters(kind: type[BaseException]) -> list[str]:
    if not inspect.isfunction(kind.__init__):
        return []  # it has no facts
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(kind).parameters.values()
    return [each.name for each in parameters if each.kind in named]


def _typed(kind: type[Exception], facts: dict[str, Any]) -> dict[str, Any]:
    """Give the facts the types that the exception's arguments have, a `Path` for instance."""
    if not facts:
        return {}
    hints = typing.get_type_hints(kind.__init__)
    return {
        name: protocol.convert(value, hints[name]) if name in hints else value
        for name, value in facts.items()
    }
