"""`studiolo models …`: the library of models and the one that answers."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from pathlib import Path

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, Console, table
from assistant.errors import NoModelInstalled
from assistant.wording import bytes_text, explain
from models.errors import InvalidModelFile
from models.library import TRASH, ModelFacts


class _Models(msgspec.Struct, frozen=True):
    models: list[ModelFacts]
    current: str | None


class _Model(msgspec.Struct, frozen=True):
    model: ModelFacts
    current: bool


class _Removed(msgspec.Struct, frozen=True):
    removed: str
    trash: str


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Carry out the action that was asked for; return the exit status."""
    match arguments.action:
        case "list":
            return _list(assistant, console)
        case "info":
            return _info(assistant, console, arguments.name)
        case "import":
            return _import(assistant, console, Path(arguments.name))
        case "remove":
            return _remove(assistant, console, arguments.name)
        case _:
            return _use(assistant, console, arguments.name)


def _list(assistant: Assistant, console: Console) -> int:
    rows = assistant.models.list()
    current = assistant.current_model()
    if console.json:
        console.document(_Models(rows, current.name if current else None))
        return DONE
    if not rows:
        console.note(explain(NoModelInstalled(str(assistant.paths.models))))
        return DONE
    console.print(
        table(
            [
                (
                    "*" if current and row.name == current.name else "",
                    row.name,
                    bytes_text(row.bytes),
                    parameters_text(row.parameters),
                    row.quantization or "",
                    f"{row.trained_context:,}" if row.trained_context else "",
                    explain(InvalidModelFile(row.path, row.problem)) if row.problem else "",
                )
                for row in rows
            ],
            ("", "NAME", "SIZE", "PARAMETERS", "QUANTIZATION", "CONTEXT", ""),
        )
    )
    return DONE


def _info(assistant: Assistant, console: Console, name: str) -> int:
    row = assistant.models.info(name)
    current = assistant.current_model()
    if console.json:
        console.document(_Model(row, current is not None and current.name == row.name))
        return DONE
    for field in row.__struct_fields__:
        value = getattr(row, field)
        if value is not None and value != "":
            text = bytes_text(value) if field == "bytes" else str(value)
            console.print(f"{field.replace('_', ' '):16}{text}")
    return DONE


def _import(assistant: Assistant, console: Console, file: Path) -> int:
    with closing(assistant.models.import_file(str(file))) as copying:
        while True:
            try:
                event = next(copying)
            except StopIteration as end:
                row: ModelFacts = end.value
                break
            console.progress(
                f"Copying {file.name}: {bytes_text(event.done)} of {bytes_text(event.total)}"
            )
    if console.json:
        current = assistant.current_model()
        console.document(_Model(row, current is not None and current.name == row.name))
    else:
        console.print(f"imported {row.name}. 'studiolo models use {row.name}' lets it answer.")
    return DONE


def _remove(assistant: Assistant, console: Console, name: str) -> int:
    row = assistant.models.info(name)
    trash = assistant.paths.models / TRASH / assistant.models.remove(row.name)
    if console.json:
        console.document(_Removed(row.name, str(trash)))
    else:
        console.print(f"removed {row.name}. It lies in {trash}: 'studiolo models import {trash}' "
                      "brings it back, and deleting that file frees its disk space.")  # fmt: skip
    return DONE


def _use(assistant: Assistant, console: Console, name: str) -> int:
    row = assistant.use_model(name)
    if console.json:
        console.document(_Model(row, True))
    else:
        console.print(f"{row.name} answers from now on.")
    return DONE


def parameters_text(parameters: int | None) -> str:
    """Return a number of parameters as people write it: 1.5B, 135M."""
    if not parameters:
        return ""
    if parameters >= 10**9:
        return f"{parameters / 10**9:.1f}B"
    return f"{parameters / 10**6:.0f}M"
