"""`studiolo index embedder`: what documents are searched with."""

from __future__ import annotations

import time

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, Console, table
from assistant.cli.index_rows import show_progress
from assistant.embedders import EmbedderProblem, InstalledEmbedder
from assistant.wording import bytes_text


class _Embedder(msgspec.Struct, frozen=True):
    """An embedder as it is listed; the field names are a contract."""

    name: str
    status: str
    bytes: int
    reason: str | None


class _Embedders(msgspec.Struct, frozen=True):
    embedders: list[_Embedder]


class _Changed(msgspec.Struct, frozen=True):
    embedder: str
    passages: int
    seconds: float


def run(assistant: Assistant, console: Console, name: str | None) -> int:
    """List the embedders, or change to one; return the exit status."""
    return _list(assistant, console) if name is None else _change(assistant, console, name)


def _list(assistant: Assistant, console: Console) -> int:
    found = [_listed(one) for one in assistant.embedders.list()]
    if console.json:
        console.document(_Embedders(found))
        return DONE
    if not found:
        console.note(f"There is none in {assistant.paths.embedders}.")
        return DONE
    rows = [(one.status.replace("_", " "), bytes_text(one.bytes), one.name) for one in found]
    console.print(table(rows, ("STATUS", "SIZE", "NAME")))
    for one in found:
        if one.reason:
            console.print(f"{one.name}: {one.reason}")
    return DONE


def _change(assistant: Assistant, console: Console, name: str) -> int:
    begin = time.perf_counter()
    forecast = assistant.embedders.forecast(name).result()
    if forecast.passages:
        about = max(1, round(forecast.seconds / 60))
        console.note(
            f"{forecast.passages:,} passages are embedded anew, which takes about {about} min. "
            "Until then the model in use answers."
        )
    assistant.embedders.choose(name)
    job = assistant.index.resume()
    try:
        for event in job:
            show_progress(console, event)
        job.result()
    except KeyboardInterrupt:
        job.cancel()
        console.note("Stopped. The same command goes on; until then the old model answers.")
        raise
    seconds = round(time.perf_counter() - begin, 3)
    if console.json:
        console.document(_Changed(name, forecast.passages, seconds))
    else:
        console.print(f"Documents are searched with {name} now.")
    return DONE


def _listed(one: InstalledEmbedder) -> _Embedder:
    return _Embedder(one.name, one.state, one.bytes, _REASONS[one.problem])


_REASONS: dict[EmbedderProblem | None, str | None] = {
    None: None,
    "incomplete": "Its folder is not whole: model.safetensors, config.json, tokenizer.json and "
    "modules.json belong to it.",
    "missing_part": "It is one part of several, and others are missing.",
}
