"""Errors survive the way from a worker to the app, and only errors do."""

from __future__ import annotations

import inspect
import typing

import msgspec
import pytest

import assistant.errors
import indexing.errors
import models.errors
from assistant.errors import NetworkDenied, WorkerJobFailed
from assistant.workers import protocol
from assistant.workers.failures import describe, rebuild
from indexing.errors import FileUnreadable

MODULES = (assistant.errors, indexing.errors, models.errors)
SAMPLES = {str: "text", int: 7, float: 2.5, bool: True, int | None: None, tuple[int, ...]: (1, 2)}


def classes():
    return [
        kind
        for module in MODULES
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, Exception)
        and kind.__module__ == module.__name__
    ]


def example(kind):
    if kind.__init__ is Exception.__init__:
        return kind()
    hints = typing.get_type_hints(kind.__init__)
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return kind(
        **{p.name: SAMPLES[hints[p.name]] for p in parameters if p.kind is not p.VAR_POSITIONAL}
    )


def travel(error: BaseException) -> Exception:
    raw = msgspec.msgpack.encode(describe(error))
    failure = msgspec.msgpack.decode(raw, type=protocol.Failure)
    return rebuild(failure, "machine", "work")


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_packages_travels_with_its_facts(kind):
    error = example(kind)
    rebuilt = travel(error)
    assert type(rebuilt) is kind
    assert vars(rebuilt) == vars(error)
    assert rebuilt.args == error.args


def test_anything_else_is_wrapped():
    rebuilt = travel(ZeroDivisionError("division by zero"))
    assert isinstance(rebuilt, WorkerJobFailed)
    assert (rebuilt.worker, rebuilt.method) == ("machine", "work")
    assert rebuilt.kind == "builtins.ZeroDivisionError"
    assert rebuilt.detail == "division by zero"


def test_a_text_that_is_no_unicode_does_not_stop_a_failure():
    odd = travel(LookupError("\udcff"))
    assert isinstance(odd, WorkerJobFailed)
    assert "udcff" in odd.detail
    wrapped = travel(FileUnreadable("\udcff", "x"))
    assert isinstance(wrapped, WorkerJobFailed)


class Local(NetworkDenied):
    """Not defined where errors are."""


@pytest.mark.parametrize(
    "failure",
    [
        protocol.Failure("subprocess", "Popen", {"args": ["touch", "x"]}, ""),
        protocol.Failure("assistant.errors", "annotations", {}, ""),
        protocol.Failure("assistant.errors", "NoSuch", {}, ""),
        protocol.Failure("assistant.errors", "NetworkDenied", {"wrong": 1}, ""),
        protocol.Failure("assistant.errors", "NetworkDenied", {"host": 7}, ""),
        protocol.Failure("assistant.errors", "NetworkDenied", None, ""),
    ],
)
def test_a_worker_cannot_make_the_app_build_what_it_likes(failure):
    assert isinstance(rebuild(failure, "machine", "work"), WorkerJobFailed)


def test_an_error_defined_elsewhere_is_wrapped():
    assert isinstance(travel(Local("h")), WorkerJobFailed)
