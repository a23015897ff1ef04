"""Numbers and facts as the window words them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale

from assistant.answering.receipts import ReadingReceipt
from assistant.answering.types import Answer, Citation, Phase, Plan
from assistant.places import clock
from indexing.types import Place
from indexing.unpacked import name_of
from models.engine.types import LoadProgress

# A name longer than this leaves no room for what it stands beside.
_PLACE_NAME = 28
# What the pages of a kind of document are.
_PARTS: Final = {
    "pptx": "slide", "odp": "slide", "xlsx": "sheet", "ods": "sheet", "csv": "sheet",
    "epub": "chapter", "mbox": "message",
}  # fmt: skip


def _tr(text: str, count: int = -1) -> str:
    return QCoreApplication.translate("Wording", text, None, count)


def number(value: float) -> str:
    """Return a whole number with the language's thousands separators."""
    return QLocale().toString(round(value))


def decimal(value: float) -> str:
    """Return a number with one decimal."""
    return QLocale().toString(float(value), "f", 1)


def shorten(text: str, longest: int) -> str:
    """Return a text that has at most so many characters, with a mark where it ends early."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def counted(count: int, one: str, many: str) -> str:
    """Return "1 source" or "2 sources"."""
    return (one if count == 1 else many).format(n=number(count))


def seconds(value: float) -> str:
    """Return a stretch of time with its unit."""
    if value < 10:
        return _tr("{n} s").format(n=decimal(value))
    if value < 90:
        return _tr("{n} s").format(n=number(value))
    return _tr("{n} min").format(n=number(value / 60))


def place_of(citation: Citation) -> tuple[str, str]:
    """Return a citation's file name and its place in it, "" where nothing says it."""
    name = name_of(citation.path) or citation.title
    page = _tr("page {n}").format(n=number(citation.page)) if citation.page else ""
    return name, _place_text(citation.place) if citation.place is not None else page


def _place_text(place: Place) -> str:
    name, file = _short(place.name), _short(place.file.rpartition("/")[2])
    count = number(place.number)
    match place.kind:
        case "page":
            words = _tr("page {n}").format(n=count)
        case "slide":
            words = _tr("slide {n}").format(n=count)
        case "sheet" if name:
            words = _tr("sheet {name}").format(name=name)
            words += f", {place.cells}" if place.cells else ""
        case "sheet":
            words = _tr("cells {cells}").format(cells=place.cells) if place.cells else ""
        case "chapter":
            words = _tr("chapter “{name}”") if name else _tr("chapter {n}")
        case "section":
            words = _tr("section “{name}”")
        case "message":
            words = _tr("message {n}, “{name}”") if name else _tr("message {n}")
        case "line":
            words = _tr("line {n}").format(n=count)
        case "time":
            words = _tr("at {time}").format(time=clock(place.number))
        case "file":
            words = ""
    if place.kind in ("chapter", "section", "message"):
        words = words.format(n=count, name=name)
    return ", ".join(filter(None, (file, words)))


def _short(name: str) -> str:
    return name if len(name) <= _PLACE_NAME else name[: _PLACE_NAME - 1].rstrip() + "…"


def part_text(kind: str, part: int) -> str:
    """Return what stands above a part of a document of some kind: "Slide 3"."""
    words = {
        "slide": _tr("Slide {n}"),
        "sheet": _tr("Sheet {n}"),
        "chapter": _tr("Part {n}"),
        "message": _tr("Message {n}"),
    }.get(_PARTS.get(kind, ""), _tr("Page {n}"))
    return words.format(n=number(part))


def parts_text(kind: str, count: int) -> str:
    """Return how many pages (slides, sheets) a document of some kind has: "12 slides"."""
    one, many = {
        "slide": (_tr("1 slide"), _tr("{n} slides")),
        "sheet": (_tr("1 sheet"), _tr("{n} sheets")),
        "chapter": (_tr("1 part"), _tr("{n} parts")),
        "message": (_tr("1 message"), _tr("{n} messages")),
    }.get(_PARTS.get(kind, ""), (_tr("1 page"), _tr("{n} pages")))
    return counted(count, one, many)


def phase_text(phase: Phase | None) -> str:
    """Return what is going on while the person waits."""
    if phase is None:
        return _tr("Starting")
    total, percent = phase.total, 0
    if total:
        percent = min(100, round(100 * phase.done / total))
    match phase.name:
        case "loading":
            return (
                _tr("Loading the model, {n} %").format(n=percent)
                if total
                else _tr("Loading the model")
            )
        case "searching":
            return (
                counted(total, _tr("Searching 1 document"), _tr("Searching {n} documents"))
                if total
                else _tr("Searching your documents")
            )
        case "reading":
            if not total:
                return _tr("Reading")
            return _tr("Reading {tokens} tokens, {n} %").format(tokens=number(total), n=percent)
        case "writing":
            return _tr("Writing")
        case "checking":
            return _tr("Checking each sentence against your documents")
        case "reading_all" | "giving_way" | "condensing":
            return _reading_all_text(phase)


def _reading_all_text(phase: Phase) -> str:
    if phase.name == "giving_way":
        return _tr("Goes on reading after the other question")
    if phase.name == "condensing":
        return _tr("Summing up")
    words = _tr("Reading everything, {done} of {all}")
    if phase.seconds_left is not None:
        words = _tr("Reading everything, {done} of {all}, about {time} left")
    return words.format(
        done=number(phase.done), all=number(phase.total), time=seconds(phase.seconds_left or 0.0)
    )


def phase_fraction(phase: Phase | None) -> float | None:
    """Return how far a phase is, 0 to 1, where it is known."""
    counted_names = ("loading", "reading", "reading_all", "giving_way")
    if phase is None or not phase.total or phase.name not in counted_names:
        return None
    return min(1.0, phase.done / phase.total)


def sources_text(answer: Answer, plan: Plan | None) -> str:
    """Return how an answer stands on the documents: "2 sources · 6 passages from 1 of 3"."""
    if answer.mode == "chat":
        return _tr("From the model alone")
    parts: list[str] = []
    if answer.citations:
        parts.append(counted(len(answer.citations), _tr("1 source"), _tr("{n} sources")))
    elif not answer.declined:
        parts.append(_tr("No sources"))
    if answer.receipt is not None:
        parts.append(read_text(answer.receipt))
    elif plan is not None and answer.mode == "whole":
        parts.append(
            counted(plan.documents_used, _tr("the whole document"), _tr("{n} whole documents"))
        )
    elif plan is not None and plan.passages > 0:
        passages = counted(plan.passages, _tr("1 passage"), _tr("{n} passages"))
        if plan.documents_searched > 1:
            passages = _tr("{passages} from {used} of {all} documents").format(
                passages=passages,
                used=number(plan.documents_used),
                all=number(plan.documents_searched),
            )
        parts.append(passages)
    if plan is not None and plan.earlier_left_out:
        parts.append(left_out_text(plan))
    return " · ".join(parts)


def read_text(receipt: ReadingReceipt) -> str:
    """Return how much was read: "104 of 104 pages read"."""
    if receipt.pages:
        return _tr("{read} of {all} pages read").format(
            read=number(receipt.pages_read), all=number(receipt.pages)
        )
    read = sum(document.passages_read for document in receipt.documents)
    total = sum(document.passages for document in receipt.documents)
    return _tr("{read} of {all} passages read").format(read=number(read), all=number(total))


def left_out_text(plan: Plan) -> str:
    """Return how much of the conversation the model was not given."""
    return counted(
        plan.earlier_left_out,
        _tr("1 earlier question left out"),
        _tr("{n} earlier questions left out"),
    )


def speed_text(answer: Answer) -> str:
    """Return what an answer cost: "1.9 s to first word · 31 tokens/s"."""
    timing = answer.timing
    if answer.receipt is not None:
        return _tr("read in {time}").format(time=seconds(answer.receipt.seconds))
    if not timing.answer_tokens:
        # Declined before the model wrote anything.
        return ""
    parts = [
        _tr("{time} to first word").format(
            time=seconds((timing.retrieve_ms + timing.first_token_ms) / 1000)
        )
    ]
    if timing.tokens_per_s > 0:
        parts.append(_tr("{n} tokens/s").format(n=number(timing.tokens_per_s)))
    return " · ".join(parts)


def loading_text(progress: LoadProgress) -> str:
    """Return how far a model is loaded."""
    return _tr("loading {n} %").format(n=round(progress.fraction * 100))
