"""`studiolo ask …`."""

from __future__ import annotations

import textwrap
from argparse import Namespace
from collections.abc import Generator
from contextlib import closing

import msgspec

from assistant.answering.receipts import ReadingReceipt
from assistant.answering.types import (
    Answer,
    AnswerDelta,
    AskEvent,
    AskRequest,
    Mode,
    Phase,
    Plan,
    Timing,
    UsedMode,
)
from assistant.assistant import Assistant
from assistant.cli.batch import run_batch
from assistant.cli.console import DONE, Console
from assistant.cli.receipt_text import duration_text, forecast_text, receipt_lines
from assistant.cli.respondents import find_persona
from assistant.cli.search_commands import Reference, document_ids
from assistant.conversations.export import marked_text
from assistant.places import cited_name, place_text


class AskLine(msgspec.Struct, frozen=True):
    """One line of a batch."""

    question: str
    id: object = None
    documents: list[Reference] | None = None
    collection: str | list[str] | None = None
    mode: Mode = "auto"


class _Sentence(msgspec.Struct, frozen=True):
    text: str
    supported: bool
    citations: tuple[int, ...]


class _Citation(msgspec.Struct, frozen=True):
    n: int
    document: int
    path: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str


class _Answer(msgspec.Struct, frozen=True):
    """An answer as `ask` shows it; the field names are a contract."""

    question: str
    answer: str
    sentences: list[_Sentence]
    citations: list[_Citation]
    mode: UsedMode
    model: str
    timing: Timing


class _ReadAnswer(_Answer, frozen=True):
    """An answer for which everything was read."""

    receipt: ReadingReceipt


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Ask once or for each line of a batch; return the exit status."""
    wanted = arguments.persona
    persona = find_persona(assistant, wanted).id if wanted is not None else None

    def answer(line: AskLine) -> _Answer:
        request = AskRequest(
            line.question,
            documents=tuple(document_ids(assistant, line.documents) or ()),
            collections=_names(line.collection),
            mode=line.mode,
            model=arguments.model,
            persona=persona,
        )
        return shown(follow(console, assistant.ask(request), quiet=True))

    if arguments.batch is not None:
        return run_batch(console, arguments.batch, AskLine, answer)
    request = AskRequest(
        arguments.question,
        documents=tuple(document_ids(assistant, list(arguments.document)) or ()),
        collections=tuple(arguments.collections),
        mode=arguments.mode,
        model=arguments.model,
        persona=persona,
    )
    try:
        answered = follow(console, assistant.ask(request), quiet=not console.interactive)
    except KeyboardInterrupt:
        if request.mode == "everything":
            console.note("Stopped. What was read is kept: the same command goes on from there.")
        raise
    if console.json:
        console.document(shown(answered))
    else:
        print_answer(console, answered, streamed=console.interactive)
    return DONE


def _names(given: str | list[str] | None) -> tuple[str, ...]:
    """Return the collections that a line of a batch names."""
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)


def follow(console: Console, events: Generator[AskEvent, None, Answer], *, quiet: bool) -> Answer:
    """Show an answer as it comes, its text too unless `quiet`; return it when it is proved.

    An interrupt closes the answer, so that what had come of it is kept, and goes on upwards.
    """
    writing = False
    with closing(events):
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return end.value
            match event:
                case AnswerDelta():
                    if not quiet:
                        console.write(event.text)
                        writing = not event.text.endswith("\n")
                # On a terminal both streams share the line that the answer stands on.
                case Plan() if not quiet:
                    console.note(plan_text(event))
                case Phase() if not writing:
                    console.progress(phase_text(event))
                case _:
                    pass


def print_answer(console: Console, answer: Answer, *, streamed: bool) -> None:
    """Print a proved answer: its text unless it was streamed, its sources, what has none."""
    proved = answer.mode != "chat" and not answer.declined
    text = marked_text(answer) if proved else answer.answer
    # What was streamed is withdrawn where it turned out not to stand in the documents.
    stands = streamed and not answer.declined and not answer.withdrawn
    console.print("" if stands else text.strip())
    if answer.receipt is not None:
        console.print()
        for line in receipt_lines(answer.receipt):
            console.print(line)
    if answer.cut:
        console.note("The answer reached the longest length that is allowed and ends there.")
    if answer.citations:
        console.print("\nSources")
    for citation in answer.citations:
        where = place_text(citation.page, citation.place)
        name = cited_name(citation.path, citation.title)
        console.print(f"  [{citation.n}] {name}{f', {where}' if where else ''}")
        quote = " ".join(citation.quote.split())
        console.print(textwrap.fill(f"“{quote}”", 96, initial_indent="      ",
                                    subsequent_indent="      "))  # fmt: skip
    if not proved:
        return
    if streamed:
        for sentence in answer.sentences:
            numbers = "".join(f"[{number}]" for number in sentence.citations)
            if numbers:
                console.print(f"  {numbers} {textwrap.shorten(sentence.text, 88, placeholder='…')}")
    unsupported = [sentence for sentence in answer.sentences if not sentence.supported]
    if unsupported:
        console.print("\nNot found in the documents")
    for sentence in unsupported:
        console.print(f"  {textwrap.shorten(sentence.text, 92, placeholder='…')}")


def plan_text(plan: Plan) -> str:
    """Say what the model is given, and what not."""
    text = _given_text(plan)
    if plan.earlier_left_out:
        text += f"; {plan.earlier_left_out} earlier questions are left out"
    return text


def _given_text(plan: Plan) -> str:
    if plan.reading is not None:
        return forecast_text(plan.reading)
    if plan.mode == "chat":
        return f"Reading {plan.prompt_tokens:,} tokens, without documents"
    what = "whole documents" if plan.mode == "whole" else f"{plan.passages} passages"
    wait = (
        f", about {plan.seconds_to_first_word:.0f} s"
        if plan.seconds_to_first_word is not None
        else ""
    )
    return (
        f"Reading {what} of {plan.documents_used} documents out of {plan.documents_searched} "
        f"({plan.prompt_tokens:,} tokens{wait})"
    )


def phase_text(phase: Phase) -> str:
    """Say what goes on."""
    text = {
        "loading": "Loading the model",
        "searching": "Searching the documents",
        "reading": "Reading",
        "writing": "Writing",
        "checking": "Checking the answer against the documents",
        "reading_all": "Reading everything",
        "giving_way": "Another question is answered first",
        "condensing": "Summing up",
    }[phase.name]
    if phase.name == "reading_all":
        left = phase.seconds_left
        time = f", about {duration_text(left)} left" if left is not None else ""
        return f"{text}: {phase.done:,} of {phase.total:,}{time}"
    return f"{text} {100 * phase.done // phase.total} %" if phase.total else text


def shown(answer: Answer) -> _Answer:
    """Return an answer as JSON shows it."""
    shown = _Answer(
        answer.question,
        answer.answer,
        [_Sentence(one.text, one.supported, one.citations) for one in answer.sentences],
        [
            _Citation(c.n, c.document, c.path, c.title, c.page, c.start, c.end, c.quote)
            for c in answer.citations
        ],
        answer.mode,
        answer.model,
        answer.timing,
    )
    if answer.receipt is None:
        return shown
    return _ReadAnswer(**msgspec.structs.asdict(shown), receipt=answer.receipt)
