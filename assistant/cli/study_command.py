"""`studiolo study`: a document that the model reads once, for all questions to come."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing

import msgspec

from assistant.answering.errors import WholeDoesNotFit
from assistant.assistant import Assistant
from assistant.cli.console import DONE, FAILED, Console, table
from assistant.studying import Studied, StudyForecast
from assistant.wording import bytes_text, explain


class Kept(msgspec.Struct, frozen=True):
    """A document that need not be read again; the field names are a contract."""

    document: int
    path: str
    title: str
    tokens: int
    bytes: int


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Say what it will take, read the document, and say what was kept; return the exit status.

    Without a document, list those that are kept.
    """
    if arguments.document is None:
        return _list(assistant, console, arguments.model)
    document = assistant.catalog.document(arguments.document).id
    forecast = assistant.forecast_study(document, arguments.model)
    if not forecast.fits:
        console.note(explain(WholeDoesNotFit(forecast.tokens, forecast.context_tokens)))
        if forecast.tokens < forecast.trained_context:
            console.note(
                f"The model can hold up to {forecast.trained_context:,} tokens: 'context_tokens' "
                f"in {assistant.paths.settings_file} sets how many it does."
            )
        return FAILED
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
    if console.json:
        console.document({"documents": rows})
    elif rows:
        cells = [(str(r.document), f"{r.tokens:,}", bytes_text(r.bytes), r.title) for r in rows]
        console.print(table(cells, ("id", "tokens", "on disk", "title")))
    else:
        console.note("The model has studied no document as it is loaded now.")
    return DONE


def _forecast_text(forecast: StudyForecast) -> str:
    left = forecast.tokens - forecast.known_tokens
    time = f", about {forecast.seconds:.0f} s" if forecast.seconds is not None else ""
    return (
        f"{forecast.title}: {left:,} of {forecast.tokens:,} tokens to read{time}; "
        f"{bytes_text(forecast.bytes)} on disk, {bytes_text(forecast.free_bytes)} are free."
    )
