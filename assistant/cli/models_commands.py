"""`studiolo models …`: the library of models, where they lie, and the one that answers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, FAILED, Console, table
from assistant.cli.fitting import Fitting, fitting, fitting_text, parameters_text
from assistant.errors import NoModelInstalled
from assistant.wording import bytes_text, explain
from models.errors import InvalidModelFile
from models.facts import ModelFacts
from models.files import Checksum, FileProgress
from models.gguf_header import read_header
from models.sources import Place
from models.thinking import can_switch_thinking


class _Models(msgspec.Struct, frozen=True):
    models: list[ModelFacts]
    current: str | None


class _Model(msgspec.Struct, frozen=True):
    model: ModelFacts
    current: bool


class _Known(msgspec.Struct, frozen=True):
    model: ModelFacts
    current: bool
    memory: Fitting | None


class _Checked(msgspec.Struct, frozen=True):
    file: str
    sha256: str
    expected: str
    state: str


class _Verified(msgspec.Struct, frozen=True):
    model: str
    files: list[_Checked]


class _Folders(msgspec.Struct, frozen=True):
    folders: list[Place]
    hidden: list[str]


class _Removed(msgspec.Struct, frozen=True):
    removed: str
    trash: str


R = TypeVar("R")


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
        case "verify":
            return _verify(assistant, console, arguments.name)
        case "folders":
            return _folders(assistant, console, arguments)
        case "settings" | "catalogue" | "search" | "download":
            return _elsewhere(assistant, console, arguments)
        case _:
            return _use(assistant, console, arguments.name)


def _elsewhere(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    if arguments.action == "settings":
        from assistant.cli import model_settings_command as command
    else:
        from assistant.cli import download_commands as command
    return command.run(assistant, console, arguments)


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
    fit, template = None, None
    if row.problem is None:
        header = read_header(Path(row.path))
        fit = fitting(header, assistant.load_settings(row.name))
        template = header.template
    if console.json:
        console.document(_Known(row, current is not None and current.name == row.name, fit))
        return DONE
    shown = {
        **msgspec.structs.asdict(row),
        "bytes": bytes_text(row.bytes),
        "files": "\n".join(row.files) if len(row.files) > 1 else "",
        "languages": ", ".join(row.languages),
        "memory": fitting_text(fit) if fit is not None else "",
        "thinking": "can be switched" if can_switch_thinking(template) else "",
    }
    for field, value in shown.items():
        if value not in (None, ""):
            text = str(value).replace("\n", "\n" + " " * 16)
            console.print(f"{field.replace('_', ' '):16}{text}")
    return DONE


def _import(assistant: Assistant, console: Console, file: Path) -> int:
    row = _follow(console, f"Copying {file.name}", assistant.models.import_file(str(file)))
    if console.json:
        current = assistant.current_model()
        console.document(_Model(row, current is not None and current.name == row.name))
    else:
        console.print(f"imported {row.name}. 'studiolo models use {row.name}' lets it answer.")
    return DONE


def _remove(assistant: Assistant, console: Console, name: str) -> int:
    row = assistant.models.info(name)
    trash = assistant.models.kept_at(assistant.models.remove(row.name))
    if console.json:
        console.document(_Removed(row.name, str(trash)))
    elif row.source != "library":
        console.print(f"{row.name} is listed no longer. {trash} stays as it is: 'studiolo models "
                      f"import {trash}' lists it again.")  # fmt: skip
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


def _verify(assistant: Assistant, console: Console, name: str) -> int:
    checksums = _follow(console, f"Checking {name}", assistant.models.verify(name))
    if console.json:
        files = [_Checked(each.file, each.sha256, each.expected, each.state) for each in checksums]
        console.document(_Verified(assistant.models.info(name).name, files))
    else:
        for each in checksums:
            console.print(f"{each.sha256}  {each.file}: {_verdict(each)}")
    return FAILED if any(each.state == "differs" for each in checksums) else DONE


def _verdict(checksum: Checksum) -> str:
    match checksum.state:
        case "matches":
            return "it is what it should be."
        case "differs":
            return "it is damaged. Get the model again."
        case "unknown":
            return "nothing here knows what it should be."


def _folders(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    if arguments.folder_action == "add":
        assistant.models.add_folder(arguments.folder)
    elif arguments.folder_action == "remove":
        assistant.models.remove_folder(arguments.folder)
    places, hidden = assistant.models.places(), assistant.models.hidden()
    if console.json:
        console.document(_Folders(places, hidden))
    else:
        rows = [(place.source, place.folder) for place in places]
        console.print(table(rows, ("SOURCE", "FOLDER")))
        for file in hidden:
            console.note(f"Not listed: {file}. 'studiolo models import {file}' lists it again.")
    return DONE


def _follow(console: Console, doing: str, steps: Generator[FileProgress, None, R]) -> R:
    """Show what a generator says of its progress; return its result."""
    with closing(steps):
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                return end.value
            console.progress(f"{doing}: {bytes_text(event.done)} of {bytes_text(event.total)}")
