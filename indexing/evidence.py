"""Evidence: the spans of the documents that a model is given to answer from.

A single hit is seldom enough: its answer may stand in the next passage, or its terms be
explained in the one before. So the best hits are grown into their neighbours, and what
touches is joined, until the budget is full.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from indexing.fusion import Scored
from indexing.keywords import telling_words
from indexing.repeats import Repeats
from indexing.search import PassageRow, Searcher, passage_row
from indexing.sentences import split_sentences
from indexing.types import Evidence

# What a passage's neighbour is worth of the passage's own score. Of 472 questions on five long
# texts, and of 201 on six PDFs, this share of the needed text is in 6,000 characters: with 0
# .914 and .578, .5 .915 .592, .7 .926 .623, .85 .928 .698, .95 .902 .809 (but the first hits
# of long texts go missing).
NEIGHBOUR_SHARE = 0.85
# What another hit of a document that is there already is worth of its own score: where a question
# is about several documents, each of them is heard before one says more. Of 195 questions on 20
# reports, this share of the reports needed is in 3,000 characters: with 1 .75 (.62 where several
# are needed), .95 .82 and .73, .9 .83 and .75 (but one report's answer gets less room).
HEARD_SHARE = 0.95
# A hit below this share of the best one's score only distracts a small model.
LEAST_SHARE = 0.35
# Hits that are looked at; the budget is full long before.
_HITS = 60
# White space that may stand between two passages of a span.
_GAP = 4


class _Chosen(msgspec.Struct):
    row: PassageRow
    score: float
    cosine: float


def gather(
    connection: sqlite3.Connection,
    searcher: Searcher,
    queries: Sequence[str],
    budget_chars: int,
    documents: Sequence[int] | None,
) -> list[Evidence]:
    """The best spans for the queries, together at most `budget_chars` long, best first."""
    if budget_chars <= 0 or not queries:
        return []
    best = _best_of(searcher.rank(queries, documents))[:_HITS]
    rows = searcher.read([item.passage for item in best])
    best = [item for item in best if item.passage in rows]
    if not best:
        return []
    top = rows[best[0].passage]
    if top.end - top.start > budget_chars:
        return [_cut(connection, top, best[0], queries, budget_chars)]
    return _join(connection, _choose(connection, best, rows, budget_chars))


def _best_of(ranked: Sequence[Sequence[Scored]]) -> list[Scored]:
    """One ranking of several queries' candidates: each counts by the query it fits best."""
    best: dict[int, Scored] = {}
    for items in ranked:
        for item in items:
            known = best.get(item.passage)
            if known is None or item.score > known.score:
                best[item.passage] = item
    return sorted(best.values(), key=lambda item: (-item.score, item.passage))


def _choose(
    connection: sqlite3.Connection,
    best: Sequence[Scored],
    rows: Mapping[int, PassageRow],
    budget: int,
) -> dict[int, _Chosen]:
    """Takes passages in the order of their worth while they fit, the same words only once.

    A passage is worth its score, less where its document is there already.
    """
    known = dict(rows)
    cosines = {item.passage: item.cosine for item in best}
    floor = best[0].score * LEAST_SHARE
    heap = [(-item.score, item.passage) for item in best if item.score >= floor]
    heapq.heapify(heap)
    chosen: dict[int, _Chosen] = {}
    repeats = Repeats()
    heard: set[int] = set()
    again: set[int] = set()
    left = budget
    while heap:
        negative, passage = heapq.heappop(heap)
        if passage in chosen:
            continue
        row = known[passage]
        if passage in cosines and row.document in heard and passage not in again:
            again.add(passage)
            heapq.heappush(heap, (negative * HEARD_SHARE, passage))
            continue
        # White space between joined passages counts too.
        size = row.end - row.start + (_GAP if chosen else 0)
        if size > left or repeats.has(row.document, row.text, row.headings):
            continue
        repeats.take(row.document, row.text, row.headings)
        heard.add(row.document)
        left -= size
        chosen[passage] = _Chosen(row, -negative, cosines.get(passage, -1.0))
        worth = -negative * NEIGHBOUR_SHARE
        if worth < floor:
            continue
        for neighbour in _neighbours(connection, row):
            known.setdefault(neighbour.id, neighbour)
            if neighbour.id not in chosen and _same_section(row, neighbour):
                heapq.heappush(heap, (-worth, neighbour.id))
    return chosen


def _neighbours(connection: sqlite3.Connection, row: PassageRow) -> list[PassageRow]:
    found: list[PassageRow] = []
    for comparison, order in (("<", "DESC"), (">", "ASC")):
        other = connection.execute(
            "SELECT p.id, d.id AS document, p.content_id, d.path, d.title, p.page, p.headings, "
            "p.first, p.last, w.body FROM passages AS p "
            "JOIN documents AS d ON d.content_id = p.content_id "
            "JOIN passage_words AS w ON w.rowid = p.id "
            f"WHERE p.content_id = ? AND p.first {comparison} ? ORDER BY p.first {order} LIMIT 1",
            (row.content, row.start),
        ).fetchone()
        if other is not None:
            found.append(passage_row(other))
    return found


def _same_section(row: PassageRow, other: PassageRow) -> bool:
    """Whether two passages stand under the same outermost heading."""
    return row.headings[:1] == other.headings[:1]


def _join(connection: sqlite3.Connection, chosen: dict[int, _Chosen]) -> list[Evidence]:
    """Spans of passages that follow each other, best first."""
    in_order = sorted(chosen.values(), key=lambda item: (item.row.content, item.row.start))
    spans: list[list[_Chosen]] = []
    for item in in_order:
        if spans and _adjacent(connection, spans[-1][-1].row, item.row):
            spans[-1].append(item)
        else:
            spans.append([item])
    found = [_evidence(connection, span) for span in spans]
    return sorted(found, key=lambda item: (-item.score, item.document, item.start))


def _adjacent(connection: sqlite3.Connection, before: PassageRow, after: PassageRow) -> bool:
    if before.content != after.content:
        return False
    between = connection.execute(
        "SELECT 1 FROM passages WHERE content_id = ? AND first > ? AND first < ? LIMIT 1",
        (before.content, before.start, after.start),
    ).fetchone()
    return between is None


def _evidence(connection: sqlite3.Connection, span: list[_Chosen]) -> Evidence:
    first = span[0].row
    start, end = first.start, max(item.row.end for item in span)
    top = max(span, key=lambda item: item.score)
    return Evidence(
        document=first.document,
        path=first.path,
        title=first.title,
        page=first.page,
        headings=top.row.headings,
        start=start,
        end=end,
        text=slice_text(connection, first.content, start, end),
        score=round(top.score, 6),
        relevance=round(max(item.cosine for item in span), 6),
        passages=len(span),
    )


def _cut(
    connection: sqlite3.Connection,
    row: PassageRow,
    item: Scored,
    queries: Sequence[str],
    budget: int,
) -> Evidence:
    """A part of the best passage, where not even that fits the budget whole.

    It begins with the sentence that has most of the queries' words.
    """
    words = {word for query in queries for word in telling_words(query)}
    sentences = split_sentences(row.text) or [(0, len(row.text))]
    begin, _ = max(
        sentences, key=lambda span: len(words & set(telling_words(row.text[span[0] : span[1]])))
    )
    cut = row.text[begin : begin + budget]
    if begin + budget < len(row.text) and (space := cut.rfind(" ")) > budget // 2:
        cut = cut[:space]
    start = row.start + begin
    cut_row = msgspec.structs.replace(row, start=start, end=start + len(cut))
    return _evidence(connection, [_Chosen(cut_row, item.score, item.cosine)])


def slice_text(connection: sqlite3.Connection, content: int, start: int, end: int) -> str:
    """`text[start:end]` of a content's canonical text, exactly."""
    row = connection.execute("SELECT text FROM contents WHERE id = ?", (content,)).fetchone()
    text: str = row["text"]
    return text[start:end]
