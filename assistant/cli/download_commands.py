"""`studiolo models catalogue|search|download|downloads`: models that are not here yet."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from pathlib import Path

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, Console, table
from assistant.cli.errors import UsageError
from assistant.cli.fitting import fitting_text, guessed_word, parameters_text
from assistant.memory import Fitting, fitting
from assistant.wording import bytes_text, explain
from models.catalogue import CatalogueEntry, find_entry, read_catalogue
from models.downloads.types import DownloadProgress, HubRepository, HubResult
from models.errors import InvalidModelFile
from models.facts import ModelFacts
from models.gguf_header import GgufHeader


class _Offer(msgspec.Struct, frozen=True):
    installed: bool
    model: CatalogueEntry


class _Catalogue(msgspec.Struct, frozen=True):
    models: list[_Offer]


class _Found(msgspec.Struct, frozen=True):
    query: str
    repositories: list[HubResult]


class _Remote(msgspec.Struct, frozen=True):
    repository: str
    file: str
    model: GgufHeader
    memory: Fitting


class _Unfinished(msgspec.Struct, frozen=True):
    repository: str
    file: str
    bytes: int
    total_bytes: int


class _Downloads(msgspec.Struct, frozen=True):
    downloads: list[_Unfinished]


class _Downloaded(msgspec.Struct, frozen=True):
    model: ModelFacts
    current: bool


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Carry out the action that was asked for; return the exit status."""
    match arguments.action:
        case "catalogue":
            return _catalogue(assistant, console)
        case "search":
            return _search(assistant, console, arguments.query, arguments.k)
        case "downloads":
            return _downloads(assistant, console, arguments.discard)
        case _:
            return _download(assistant, console, arguments.name)


def _catalogue(assistant: Assistant, console: Console) -> int:
    here = {Path(file).name for row in assistant.models.list() for file in row.files}
    offers = [_Offer(entry.file in here, entry) for entry in read_catalogue()]
    if console.json:
        console.document(_Catalogue(offers))
        return DONE
    room = assistant.memory.room()
    console.print(
        table(
            [
                (
                    "*" if offer.installed else "",
                    offer.model.name,
                    bytes_text(offer.model.bytes),
                    guessed_word(offer.model.bytes, room),
                    offer.model.kind,
                    offer.model.licence,
                    offer.model.good_for,
                )
                for offer in offers
            ],
            ("", "NAME", "SIZE", "FIT", "KIND", "LICENCE", "GOOD FOR"),
        )
    )
    return DONE


def _search(assistant: Assistant, console: Console, query: str, limit: int) -> int:
    parts = query.split("/", 2)
    if len(parts) == 2 and " " not in query:
        return _show_repository(assistant, console, assistant.downloads.repository(query))
    if len(parts) == 3:
        return _show_file(assistant, console, f"{parts[0]}/{parts[1]}", parts[2])
    found = assistant.downloads.search(query, limit)
    if console.json:
        console.document(_Found(query, found))
        return DONE
    if not found:
        console.note("The hub has no GGUF models of that name.")
        return DONE
    console.print(
        table(
            [
                (
                    row.repository,
                    parameters_text(row.parameters),
                    row.licence,
                    f"{row.downloads:,}",
                    row.updated,
                    "terms to agree to" if row.gated else "",
                )
                for row in found
            ],
            ("REPOSITORY", "PARAMETERS", "LICENCE", "DOWNLOADS", "CHANGED", ""),
        )
    )
    return DONE


def _show_repository(assistant: Assistant, console: Console, repository: HubRepository) -> int:
    if console.json:
        console.document(repository)
        return DONE
    if not repository.models:
        console.note(f"{repository.repository} has no GGUF models.")
        return DONE
    room = assistant.memory.room()
    console.print(
        table(
            [
                (
                    f"{repository.repository}/{model.file}",
                    bytes_text(model.bytes),
                    guessed_word(model.bytes, room),
                )
                for model in repository.models
            ],
            ("REPOSITORY/FILE", "SIZE", "FIT"),
        )
    )
    return DONE


def _show_file(assistant: Assistant, console: Console, repository: str, file: str) -> int:
    header = assistant.downloads.header(repository, file)
    settings = assistant.load_settings(Path(file).name)
    memory = fitting(header, settings, assistant.memory.room())
    if console.json:
        console.document(_Remote(repository, file, header, memory))
        return DONE
    shown = {
        "repository": repository,
        "file": file,
        "kind": header.kind,
        "title": header.title,
        "architecture": header.architecture,
        "parameters": parameters_text(header.parameters),
        "quantization": header.quantization,
        "trained context": f"{header.trained_context:,}",
        "licence": header.licence,
        "languages": ", ".join(header.languages),
        "memory": fitting_text(memory) if header.generates_text else "",
    }
    for field, value in shown.items():
        if value:
            console.print(f"{field:16}{value}")
    return DONE


def _download(assistant: Assistant, console: Console, name: str) -> int:
    repository, file = _named(assistant, name)
    job = assistant.downloads.start(repository, file)
    try:
        with closing(job.stream()) as steps:
            for event in steps:
                console.progress(_progress_text(Path(file).name, event))
    except KeyboardInterrupt:
        console.note(f"Paused. 'studiolo models download {name}' goes on from what has arrived.")
        raise
    row = job.result()
    current = assistant.current_model()
    if console.json:
        console.document(_Downloaded(row, current is not None and current.name == row.name))
    elif row.problem is None:
        console.print(f"downloaded {row.name}. 'studiolo models use {row.name}' lets it answer.")
    else:
        what_for = explain(InvalidModelFile(row.path, row.problem))
        console.print(f"downloaded {row.name}. {what_for}")
    return DONE


def _downloads(assistant: Assistant, console: Console, discard: str | None) -> int:
    """List what is not finished, once what is not wanted any more is deleted."""
    if discard is not None:
        _discard(assistant, discard)
    rows = [
        _Unfinished(row.repository, row.file, row.progress.done, row.progress.total)
        for row in assistant.downloads.list()
    ]
    if console.json:
        console.document(_Downloads(rows))
    elif not rows:
        console.note("There is no unfinished download.")
    else:
        cells = [
            (f"{row.repository}/{row.file}", bytes_text(row.bytes), bytes_text(row.total_bytes))
            for row in rows
        ]
        console.print(table(cells, ("REPOSITORY/FILE", "HERE", "OF")))
        console.note("'studiolo models download REPOSITORY/FILE' goes on with one.")
    return DONE


def _discard(assistant: Assistant, name: str) -> None:
    wanted = name
    if "/" not in name:
        entry = find_entry(name)
        wanted = f"{entry.repository}/{entry.file}"
    for row in assistant.downloads.list():
        if f"{row.repository}/{row.file}" == wanted:
            assistant.downloads.discard(row.id)
            return
    raise UsageError(f"{name} is not being downloaded. 'studiolo models downloads' shows what is.")


def _named(assistant: Assistant, name: str) -> tuple[str, str]:
    """Return the repository and the file that a person means."""
    parts = name.split("/", 2)
    match len(parts):
        case 1:
            entry = find_entry(name)
            return entry.repository, entry.file
        case 2:
            models = assistant.downloads.repository(name).models
            if len(models) == 1:
                return name, models[0].file
            files = "".join(f"\n  {name}/{model.file}" for model in models)
            raise UsageError(f"{name} has {len(models)} models; name one of them.{files}")
        case _:
            return f"{parts[0]}/{parts[1]}", parts[2]


def _progress_text(name: str, event: DownloadProgress) -> str:
    amount = f"{bytes_text(event.done)} of {bytes_text(event.total)}"
    match event.phase:
        case "asking":
            return f"Asking the hub for {name}"
        case "waiting":
            return f"Waiting to try again for {event.seconds_left or 0:.0f} s: {amount} of {name}"
        case "checking":
            return f"Checking {name}: {amount}"
        case "downloading":
            speed = f", {bytes_text(event.bytes_per_s)}/s" if event.bytes_per_s else ""
            left = "" if event.seconds_left is None else f", {_time_text(event.seconds_left)} left"
            return f"Downloading {name}: {amount}{speed}{left}"


def _time_text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
