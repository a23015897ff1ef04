"""What stands behind an answer, as lines to show: searched, found, given; or read through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from assistant.answering.receipts import DocumentReceipt, FoundPiece, ReadingReceipt
from assistant.answering.types import Plan
from assistant.conversations.types import Message
from desktop.views.wording import counted, number, seconds
from indexing.unpacked import name_of

# So many pages are named one by one.
MOST_NAMED = 12


class Line(NamedTuple):
    """One line: what it is about, and what is said of it.

    Attributes:
        title: A document's name, or what is counted.
        text: What is said; "" where the title says it all.
        missing: Whether it tells of something that was not read or not given.
    """

    title: str
    text: str = ""
    missing: bool = False


class Section(NamedTuple):
    """Lines under a heading."""

    heading: str
    lines: tuple[Line, ...]


def _tr(text: str) -> str:
    return QCoreApplication.translate("WhatWasRead", text)


def what_was_read(message: Message) -> tuple[Section, ...]:
    """Return what was searched, found and given for an answer; nothing where nothing was."""
    receipt = message.answer.receipt if message.answer is not None else None
    if receipt is not None:
        return _read_through(receipt)
    plan = message.plan
    if plan is None or not plan.consulted.pieces:
        return ()
    sections = [_given(plan)]
    if plan.consulted.queries:
        searched = tuple(Line(f"“{query}”") for query in plan.consulted.queries)
        among = counted(plan.documents_searched, _tr("in 1 document"), _tr("in {n} documents"))
        sections.insert(0, Section(_tr("Searched {among} for").format(among=among), searched))
        found = tuple(_piece(piece) for piece in plan.consulted.pieces)
        sections.insert(1, Section(_tr("Found, best first"), found))
    return tuple(sections)


def _given(plan: Plan) -> Section:
    given = [piece for piece in plan.consulted.pieces if piece.given]
    if plan.mode == "whole":
        lines = [Line(_name(piece), _tr("whole document")) for piece in given]
    else:
        passages = counted(plan.passages, _tr("1 passage"), _tr("{n} passages"))
        among = counted(plan.documents_used, _tr("of 1 document"), _tr("of {n} documents"))
        lines = [Line(_tr("By passages"), f"{passages} {among}")]
    tokens = _tr("{n} of {room} that fit").format(
        n=number(plan.prompt_tokens), room=number(plan.context_tokens)
    )
    if plan.cached_tokens:
        tokens += _tr(", {n} of them read before").format(n=number(plan.cached_tokens))
    lines.append(Line(_tr("Tokens"), tokens))
    if plan.earlier_left_out:
        left_out = counted(
            plan.earlier_left_out, _tr("1 earlier question"), _tr("{n} earlier questions")
        )
        lines.append(Line(_tr("Left out"), left_out, missing=True))
    return Section(_tr("Given to the model"), tuple(lines))


def _piece(piece: FoundPiece) -> Line:
    parts = [_span(piece), counted(piece.passages, _tr("1 passage"), _tr("{n} passages"))]
    if not piece.given:
        parts.append(_tr("not given: no room"))
    return Line(_name(piece), " · ".join(filter(None, parts)), missing=not piece.given)


def _name(piece: FoundPiece) -> str:
    return name_of(piece.path) or piece.title


def _span(piece: FoundPiece) -> str:
    if piece.page is None:
        return ""
    if piece.last_page is None or piece.last_page == piece.page:
        return _tr("page {n}").format(n=number(piece.page))
    return _tr("pages {first}\u2013{last}").format(
        first=number(piece.page), last=number(piece.last_page)
    )


def _read_through(receipt: ReadingReceipt) -> tuple[Section, ...]:
    documents = tuple(line for one in receipt.documents for line in _document(one))
    steps = _tr("{read} of {all}").format(
        read=number(receipt.windows_read), all=number(receipt.windows)
    )
    if receipt.windows_kept:
        steps += _tr(", {n} of them before").format(n=number(receipt.windows_kept))
    told = [
        Line(_tr("Steps"), steps, missing=not receipt.complete),
        Line(_tr("Time"), seconds(receipt.seconds)),
        Line(_tr("Written down"), number(receipt.found)),
    ]
    for title, words, count in (
        (_tr("Dropped"), _tr("{n} not in the text, or only copied from it"), receipt.dropped),
        (_tr("Left out"), _tr("{n}: asked again, the model says they do not answer"),
         receipt.left_out),
        (_tr("Said before"), "{n}", receipt.merged),
        (_tr("Passed over"), _tr("{n} steps: the model says they do not answer"),
         receipt.passed_over),
    ):  # fmt: skip
        if count:
            told.append(Line(title, words.format(n=number(count))))
    return (
        Section(_tr("Read, page by page"), documents),
        Section(_tr("By the model"), tuple(told)),
    )


def _document(one: DocumentReceipt) -> list[Line]:
    if one.reason:
        return [Line(one.title, _tr("not read: {reason}").format(reason=one.reason), missing=True)]
    if one.pages is None:
        read, total, words = one.passages_read, one.passages, _tr("{read} of {all} passages")
    else:
        read, total, words = one.pages_read, one.pages, _tr("{read} of {all} pages")
    counts = words.format(read=number(read), all=number(total))
    lines = [Line(one.title, counts, missing=one.passages_read < one.passages)]
    if one.empty_pages:
        text = _tr("{pages}: no text to read").format(pages=_pages(one.empty_pages))
        lines.append(Line("", text, missing=True))
    if one.unread_pages:
        text = _tr("{pages}: more than could be written down").format(
            pages=_pages(one.unread_pages)
        )
        lines.append(Line("", text, missing=True))
    return lines


def _pages(pages: Sequence[int]) -> str:
    named = ", ".join(map(number, pages[:MOST_NAMED]))
    if len(pages) > MOST_NAMED:
        named += _tr(" and {n} more").format(n=number(len(pages) - MOST_NAMED))
    words = _tr("page {pages}") if len(pages) == 1 else _tr("pages {pages}")
    return words.format(pages=named)
