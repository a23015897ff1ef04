"""`studiolo study`: a document that the model reads once, for all questions to come."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing

import msgspec

from assistant.answering.errors import WholeDoesNotFit
from assistant.assistant import Assistant
from assistant.cli.console import DONE, Console, table
from assistant.cli.fitting import fitting_text
from assistant.cli.receipt_text import duration_text
from assistant.errors import NotOneDocument
from assistant.memory import fitting
from assistant.owners import document_owner
from assistant.studying import Studied, StudyForecast
from assistant.wording import bytes_text


class Kept(msgspec.Struct, frozen=True):
    """A document that need not be read again; the field names are a contract."""

    document: int
    path: str
    title: str
    tokens: int
    bytes: int


class _AllKept(msgspec.Struct, frozen=True):
    documents: list[Kept]
    used_bytes: int
    quota_bytes: int


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Say what it will take, read the document, and say what was kept; return the exit status.

    Without a document, list those that are kept.

    Raises:
        NotOneDocument: It is an archive.
    """
    if arguments.quota is not None:
        assistant.settings.update(state_gb=arguments.quota)
        assistant.studies.states.shrink(assistant.studies.states.quota_bytes)
    if arguments.forget:
        return _forget(assistant, console, arguments.document)
    if arguments.document is None:
        return _list(assistant, console, arguments.model)
    row = assistant.catalog.document(arguments.document)
    if row.members is not None:
        within = (one.path for one in assistant.catalog.documents() if one.archive == row.id)
        raise NotOneDocument(row.path, next(within, ""))
    # A copy of another document has no text of its own: that one is read.
    [document] = assistant.catalog.searched([row.id])
    console.progress("Seeing how long it takes")
    forecast = assistant.forecast_study(document, arguments.model)
    if not forecast.fits:
        if forecast.needed_context:
            console.note(_larger_context_text(assistant, arguments.model, forecast.needed_context))
        raise WholeDoesNotFit(forecast.tokens, forecast.context_tokens)
    console.note(_forecast_text(forecast))
    with closing(assistant.study(document, arguments.model)) as steps:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                studied: Studied = end.value
                break
            if step.total:
                console.progress(f"Reading {step.done:,} of {step.total:,} tokens")
    if console.json:
        console.document(studied)
    else:
        console.print(
            f"studied {studied.title}: {studied.tokens:,} tokens need not be read again "
            f"({bytes_text(studied.bytes)} on disk, {studied.seconds:.0f} s)."
        )
    return DONE


def _list(assistant: Assistant, console: Console, model: str | None) -> int:
    rows: list[Kept] = []
    for document, state in assistant.studied(model).items():
        row = assistant.catalog.document(document)
        rows.append(Kept(row.id, row.path, row.title, state.tokens, state.bytes))
    states = assistant.studies.states
    used, quota = states.total_bytes(), states.quota_bytes
    if console.json:
        console.document(_AllKept(rows, used, quota))
        return DONE
    if rows:
        cells = [(str(r.document), f"{r.tokens:,}", bytes_text(r.bytes), r.title) for r in rows]
        console.print(table(cells, ("id", "tokens", "on disk", "title")))
    else:
        console.note("The model has studied no document as it is loaded now.")
    console.note(
        f"All that models have read takes {bytes_text(used)} of {bytes_text(quota)} set aside. "
        "--quota GB sets another limit, and --forget deletes it."
    )
    return DONE


def _forget(assistant: Assistant, console: Console, document: str | None) -> int:
    owner = None
    if document is not None:
        owner = document_owner(assistant.catalog.document(document).id)
    freed = assistant.studies.states.remove(owner)
    if console.json:
        console.document({"freed_bytes": freed})
    else:
        console.print(f"Deleted what models have read: {bytes_text(freed)}. It can be read again.")
    return DONE


def _larger_context_text(assistant: Assistant, model: str | None, needed: int) -> str:
    facts = assistant.current_model() if model is None else assistant.models.info(model)
    header = assistant.models.header(facts) if facts is not None else None
    if facts is None or header is None:
        return ""
    larger = msgspec.structs.replace(assistant.load_settings(facts.name), context_tokens=needed)
    return (
        f"'studiolo models settings {facts.name} context_tokens={needed}' lets the model hold it, "
        f"which {fitting_text(fitting(header, larger, assistant.memory.room()))}."
    )


def _forecast_text(forecast: StudyForecast) -> str:
    left = forecast.tokens - forecast.known_tokens
    seconds = forecast.seconds
    time = f", about {duration_text(seconds)}" if seconds is not None else ""
    return (
        f"{forecast.title}: {left:,} of {forecast.tokens:,} tokens to read{time}; "
        f"{bytes_text(forecast.bytes)} on disk, {bytes_text(forecast.free_bytes)} are free."
    )
