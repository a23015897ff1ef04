"""`studiolo models …`: the library of models, where they lie, and the one that answers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TypeVar, get_args

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, FAILED, Console, table
from assistant.cli.fitting import fitting_text, fitting_word, parameters_text
from assistant.errors import NoModelInstalled
from assistant.memory import Fitting, fitting
from assistant.wording import bytes_text, explain
from models.engine.types import KvType
from models.errors import InvalidModelFile, ModelNotFound
from models.facts import ModelFacts
from models.files import Checksum, FileProgress
from models.fit import kv_bytes
from models.sources import Place
from models.speeds import Speed
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
    context_bytes: dict[KvType, int]
    speed: Speed


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


class _Restored(msgspec.Struct, frozen=True):
    restored: ModelFacts


class _Removed(msgspec.Struct, frozen=True):
    removed: str
    trash: str


R = TypeVar("R")


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Carry out the action that was asked for; return the exit status."""
    by_name = {
        "info": _info, "remove": _remove, "restore": _restore, "verify": _verify, "use": _use,
    }  # fmt: skip
    if arguments.action in by_name:
        return by_name[arguments.action](assistant, console, arguments.name)
    match arguments.action:
        case "list":
            return _list(assistant, console)
        case "import":
            return _import(assistant, console, Path(arguments.name))
        case "folders":
            return _folders(assistant, console, arguments)
        case _:
            return _elsewhere(assistant, console, arguments)


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
                    row.title,
                    bytes_text(row.bytes),
                    parameters_text(row.parameters),
                    row.quantization or "",
                    f"{row.trained_context:,}" if row.trained_context else "",
                    fitting_word(assistant, row),
                    explain(InvalidModelFile(row.path, row.problem)) if row.problem else "",
                )
                for row in rows
            ],
            ("", "NAME", "TITLE", "SIZE", "PARAMETERS", "QUANTIZATION", "CONTEXT", "FIT", ""),
        )
    )
    return DONE


def _info(assistant: Assistant, console: Console, name: str) -> int:
    row = assistant.models.info(name)
    current = assistant.current_model()
    header = assistant.models.header(row) if row.problem is None else None
    settings = assistant.load_settings(row.name)
    fit, template, kinds = None, None, {}
    if header is not None:
        fit, template = fitting(header, settings, assistant.memory.room()), header.template
        kinds = {kind: kv_bytes(header, fit.context_tokens, kind) for kind in get_args(KvType)}
    speed = assistant.model.speed_of(row.path, settings)
    if console.json:
        is_current = current is not None and current.name == row.name
        console.document(_Known(row, is_current, fit, kinds, speed))
        return DONE
    facts = msgspec.structs.asdict(row)
    shown = {
        **{field: value for field, value in facts.items() if field not in ("bytes", "problem")},
        "size": bytes_text(row.bytes),
        "parameters": parameters_text(row.parameters),
        "trained_context": f"{row.trained_context:,} tokens" if row.trained_context else "",
        "has_template": "yes" if row.has_template else "no",
        "files": "\n".join(row.files) if len(row.files) > 1 else "",
        "languages": ", ".join(row.languages),
        "problem": explain(InvalidModelFile(row.path, row.problem)) if row.problem else "",
        "memory": fitting_text(fit) if fit is not None else "",
        "context kept as": ", ".join(f"{each} {bytes_text(kinds[each])}" for each in kinds),
        "speed": _speed_text(speed),
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
    trash = assistant.models.kept_at(assistant.remove_model(row.name))
    if console.json:
        console.document(_Removed(row.name, str(trash)))
    elif row.source != "library":
        console.print(f"{row.name} is listed no longer. {trash} stays as it is: 'studiolo models "
                      f"restore {trash.name}' lists it again.")  # fmt: skip
    else:
        console.print(f"removed {row.name}. It lies in {trash} until the window opens next: "
                      f"'studiolo models restore {row.name}' brings it back.")  # fmt: skip
    return DONE


def _restore(assistant: Assistant, console: Console, name: str) -> int:
    wanted = Path(name).name
    for token in assistant.models.removed():
        file = assistant.models.kept_at(token)
        if wanted in (file.name, file.stem):
            break
    else:
        raise ModelNotFound(name)
    row = assistant.models.restore(token)
    if console.json:
        console.document(_Restored(row))
    else:
        console.print(f"{row.name} is back.")
    return DONE


def _speed_text(speed: Speed) -> str:
    known = (("reads", speed.read), ("writes", speed.write))
    return ", ".join(f"{does} {rate:,.0f} tokens/s" for does, rate in known if rate)


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
        assistant.remove_models_folder(arguments.folder)
    places, hidden = assistant.models.places(), assistant.models.hidden()
    if console.json:
        console.document(_Folders(places, hidden))
    else:
        rows = [(place.source, place.folder) for place in places]
        console.print(table(rows, ("SOURCE", "FOLDER")))
        for file in hidden:
            again = f"'studiolo models restore {Path(file).name}' lists it again."
            console.note(f"Not listed: {file}. {again}")
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
