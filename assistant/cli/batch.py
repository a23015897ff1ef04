"""Batches: one JSON object a line in, one a line out, each written as soon as it is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

import msgspec

from assistant.cli.console import DONE, PARTLY_FAILED, Console, to_json
from assistant.cli.errors import UsageError
from assistant.errors import NoModelInstalled, WorkerGaveUp
from assistant.wording import explain
from indexing.errors import EmbedderMissing, StoreBusy

Line = TypeVar("Line", bound=msgspec.Struct)

# What fails for one line for such a reason fails for all: the batch ends and says so once.
_HOPELESS = (NoModelInstalled, EmbedderMissing, StoreBusy, WorkerGaveUp)


class LineFailure(msgspec.Struct, frozen=True):
    """Why a line has no result."""

    kind: str
    message: str


def run_batch(
    console: Console, file: str, kind: type[Line], answer: Callable[[Line], msgspec.Struct]
) -> int:
    """Answer each line of a file ("-" is stdin) in its order; return the exit status.

    A line that fails gives `{"id", "error": {"kind", "message"}}`, and the rest goes on.

    Raises:
        UsageError: The file cannot be opened.
    """
    status = DONE
    decoder = msgspec.json.Decoder(kind)
    with _lines(file) as lines:
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            console.progress(f"line {number}")
            identifier: object = None
            try:
                identifier = _identifier(text)
                result = answer(decoder.decode(text))
            except _HOPELESS:
                raise
            except msgspec.MsgspecError as error:
                failure = LineFailure("BadLine", f"Line {number} makes no sense: {error}.")
            except Exception as error:  # noqa: BLE001 - the line fails, the rest goes on
                failure = LineFailure(type(error).__name__, explain(error))
            else:
                console.write(_with_id(identifier, result))
                continue
            status = PARTLY_FAILED
            console.line({"id": identifier, "error": failure})
            console.note(failure.message)
    return status


def _identifier(text: str) -> object:
    """Return a line's "id" whatever it is, so that a bad line can still be told by it."""
    value: Any = msgspec.json.decode(text)
    return cast("dict[str, object]", value).get("id") if isinstance(value, dict) else None


def _with_id(identifier: object, result: msgspec.Struct) -> str:
    body = to_json(result)
    return f'{{"id":{to_json(identifier)},{body[1:]}\n'


@contextmanager
def _lines(file: str) -> Generator[TextIO]:
    if file == "-":
        yield sys.stdin
        return
    try:
        stream = Path(file).open(encoding="utf-8-sig")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"{file} cannot be opened: {error.strerror}.") from error
    with stream:
        yield stream
