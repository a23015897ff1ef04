"""What the model wrote about windows, checked against their text, and the answer made of it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from assistant.answering.types import AnswerSentence, Citation
from assistant.reading_all.documents import Readable
from assistant.reading_all.merging import Item, Place
from assistant.reading_all.prompts import Kind, read_notes, wording
from assistant.reading_all.quotes import (
    first_sentence,
    locate,
    sentence_around,
    without_fragments,
)
from assistant.reading_all.windows import Window
from indexing.catalog import Catalog, page_at
from indexing.errors import DocumentNotFound

# So many sections are named behind an item that stands in several.
MOST_SECTIONS: Final = 12


class Checked(NamedTuple):
    """The notes on one window: those that stand in its text, and how many were written."""

    items: tuple[Item, ...]
    written: int


class Laid(NamedTuple):
    """An answer's text with its proof."""

    text: str
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]


def check(texts: Sequence[str], window: Window, document: Readable, group: int | None) -> Checked:
    """Return what of the model's notes stands in the window, each with its exact place.

    Args:
        texts: What the model wrote.
        window: What it was shown.
        document: Where that stands.
        group: What the items are listed under.
    """
    text = document.text[window.start : window.end]
    notes = [note for one in texts for note in read_notes(one)]
    placed = [(note, found) for note in notes if (found := locate(note, text)) is not None]
    items: list[Item] = []
    for note, found in without_fragments(placed, text):
        start, end = sentence_around(found, text)
        place = Place(document.row.id, window.start + start, window.start + end)
        items.append(Item(group, note, (place,), window.section(place.start)))
    return Checked(tuple(items), len(notes))


def check_topics(texts: Sequence[str], window: Window, document: Readable) -> Checked:
    """Return what of the topics named stands in the window, each with its first sentence there."""
    text = document.text[window.start : window.end]
    notes = [note for one in texts for note in read_notes(one)]
    items: list[Item] = []
    for note in notes:
        found = first_sentence(note, text)
        if found is not None:
            place = Place(document.row.id, window.start + found[0], window.start + found[1])
            items.append(Item(document.row.id, note, (place,)))
    return Checked(tuple(items), len(notes))


def lay_out(
    items: Sequence[Item],
    documents: Sequence[Readable],
    catalog: Catalog,
    kind: Kind,
    *,
    complete: bool,
) -> Laid:
    """Return the items as a list in Markdown, under their documents' titles where grouped.

    Args:
        items: What was found, each one once.
        documents: What was read, in order.
        catalog: Where places are looked up.
        kind: Of items, their number stands at the head.
        complete: Whether everything was read.
    """
    if not items:
        return Laid(wording().nothing if complete else wording().nothing_so_far, (), ())
    text = "" if kind == "points" else wording().head(len(items), complete=complete) + "\n\n"
    sentences: list[AnswerSentence] = []
    citations: dict[Place, Citation] = {}
    # Where all stands in one section, its name tells nothing.
    many_sections = kind == "items" and len({name for one in items for name in one.sections}) > 1
    by_id = {document.row.id: document for document in documents}
    titles = {document.row.title.casefold() for document in documents}
    for group, members in _grouped(items, documents):
        if group is not None:
            text += f"**{by_id[group].row.title}**\n\n"
        for item in members:
            numbers = [
                citations.setdefault(
                    place, citation(len(citations) + 1, place, by_id[place.document], catalog)
                ).n
                for place in item.places
            ]
            line = item.text
            if many_sections:
                line += _sections_text(item, titles)
            start = len(text) + 2
            text += f"- {line}\n"
            end = start + len(line)
            sentences.append(AnswerSentence(line, True, tuple(numbers), start, end))
        text += "\n"
    return Laid(text.strip(), tuple(sentences), tuple(citations.values()))


def _sections_text(item: Item, titles: Collection[str]) -> str:
    """Return the sections an item stands in: "Willingness to travel (Sales Manager; Director)".

    A section that is called like its document tells nothing.
    """
    told = item.text.casefold()
    names = [
        name
        for name in item.sections
        if name.casefold() not in told and name.casefold() not in titles
    ]
    if not names:
        return ""
    more = f"; {len(names) - MOST_SECTIONS:,} more" if len(names) > MOST_SECTIONS else ""
    return f" ({'; '.join(names[:MOST_SECTIONS])}{more})"


def _grouped(
    items: Sequence[Item], documents: Sequence[Readable]
) -> Iterable[tuple[int | None, list[Item]]]:
    groups: dict[int | None, list[Item]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    order: list[int | None] = [None, *(document.row.id for document in documents)]
    return [(group, groups[group]) for group in order if group in groups]


def citation(n: int, place: Place, document: Readable, catalog: Catalog) -> Citation:
    """Return a place as a numbered citation."""
    where = None
    with contextlib.suppress(DocumentNotFound):  # it was removed while it was read
        where = catalog.place_of(place.document, place.start, place.end)
    return Citation(
        n=n,
        document=place.document,
        path=document.row.path,
        title=document.row.title,
        page=page_at(document.page_starts, place.start),
        start=place.start,
        end=place.end,
        quote=document.text[place.start : place.end],
        place=where,
    )
