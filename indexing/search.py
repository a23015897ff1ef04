"""Hybrid search: dense and keyword candidates, scored on both sides, fused, and read."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence

import msgspec

from indexing.docmatch import document_shares
from indexing.fusion import DEPTH, JUDGEMENT_WEIGHT, Scored, Vector, added, fuse, set_back
from indexing.keywords import search_words
from indexing.namesakes import Name, names_of, not_meant
from indexing.repeats import Repeats
from indexing.reranker import JUDGED_AT_ONCE, JUDGING_S, RERANKED, TextReranker
from indexing.scope import scope_of
from indexing.text_embedder import TextEmbedder
from indexing.types import Hit
from indexing.vectors import VectorStore
from indexing.wordmatch import Candidate, WordMatch, WordMatcher

# Hits read beyond those that are asked for.
_SPARE = 10


class PassageRow(msgspec.Struct, frozen=True):
    """A passage of a searched text, and whose it is."""

    id: int
    document: int
    content: int
    path: str
    title: str
    page: int | None
    headings: tuple[str, ...]
    start: int
    end: int
    text: str


class Found(msgspec.Struct, frozen=True):
    """A query's candidates: passages, with all that they are ranked by."""

    query: str
    vector: Vector
    passages: list[int]
    vectors: Mapping[int, Vector]
    candidates: Mapping[int, Candidate]
    matches: Mapping[int, WordMatch]
    documents: Mapping[int, float]
    neighbours: Mapping[int, Sequence[int]]
    names: Mapping[int, Name]


class Searcher:
    """Searches the passages of all documents, or of some."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        vectors: VectorStore,
        embedder: TextEmbedder,
        reranker: TextReranker | None = None,
    ) -> None:
        self._db = connection
        self._vectors = vectors
        self._embedder = embedder
        self._reranker = reranker
        self._matcher = WordMatcher(connection)

    def use(self, embedder: TextEmbedder, vectors: VectorStore) -> None:
        """Searches with another embedder's vectors from now on."""
        self._embedder, self._vectors = embedder, vectors

    def use_reranker(self, reranker: TextReranker | None) -> None:
        """Lets a cross-encoder have the last word from now on, or none."""
        self._reranker = reranker

    def dense(self, query: str, k: int) -> list[int]:
        """The `k` passages nearest in meaning, alone."""
        vector = self._embedder.encode_queries([encodable(query)])
        return [passage for passage, _ in self._vectors.nearest(vector, k)[0]]

    def keywords(self, query: str, k: int) -> list[int]:
        """The `k` passages whose words match best, alone."""
        return search_words(self._db, encodable(query), k)

    def search(self, query: str, k: int, documents: Sequence[int] | None = None) -> list[Hit]:
        """The `k` best passages, best first; the same words in several files come once."""
        ranked = self.rank([query], documents)[0]
        hits: list[Hit] = []
        repeats = Repeats()
        # Some of them may belong to a text that is not searched; mostly none does.
        for first in range(0, len(ranked), k + _SPARE):
            page = ranked[first : first + k + _SPARE]
            rows = self.read([item.passage for item in page])
            for item in page:
                row = rows.get(item.passage)
                if (
                    row is not None
                    and len(hits) < k
                    and not repeats.has(row.document, row.text, row.headings)
                ):
                    repeats.take(row.document, row.text, row.headings)
                    hits.append(_hit(len(hits) + 1, item, row))
            if len(hits) == k:
                break
        return hits

    def rank(
        self, queries: Sequence[str], documents: Sequence[int] | None = None, depth: int = DEPTH
    ) -> list[list[Scored]]:
        """The candidates of each query, best first.

        They may hold passages of a text that is being replaced, which `read` leaves out.
        """
        if documents is not None and not documents:
            return [[] for _ in queries]
        return [self.order(found) for found in self.find(queries, documents, depth)]

    def find(
        self, queries: Sequence[str], documents: Sequence[int] | None = None, depth: int = DEPTH
    ) -> list[Found]:
        """What either side finds for each query, with all that it is ranked by."""
        clean = [encodable(query) for query in queries]
        vectors = self._embedder.encode_queries(clean)
        scope = scope_of(self._db, documents) if documents is not None else None
        dense = self._vectors.nearest(vectors, depth, scope)
        found: list[Found] = []
        for query, vector, near in zip(clean, vectors, dense, strict=True):
            words = search_words(self._db, query, depth, scope)
            made = dict(near)
            passages = list(dict.fromkeys([*made, *words]))
            made |= self._vectors.get([passage for passage in words if passage not in made])
            candidates = self._candidates(passages)
            matches = self._matcher.match(query, candidates)
            found.append(
                Found(
                    query=query,
                    vector=vector,
                    passages=passages,
                    vectors=made,
                    candidates=candidates,
                    matches=matches.passages,
                    documents=document_shares(self._db, passages, matches.words),
                    neighbours=self._neighbours(passages),
                    names=names_of(self._db, passages),
                )
            )
        return found

    def order(self, found: Found) -> list[Scored]:
        """The candidates of a query, best first."""
        fused = fuse(
            found.passages,
            found.vector,
            found.vectors,
            found.matches,
            found.documents,
            found.neighbours,
        )
        meant = set_back(fused, not_meant(found.query, fused, found.names))
        return self._reranked(found.query, meant, found.candidates)

    def read(self, passages: Sequence[int]) -> Mapping[int, PassageRow]:
        """The passages that belong to a text that is searched."""
        rows = self._db.execute(
            f"{_SELECT_PASSAGES} WHERE p.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(passages)),),
        )
        return {row["id"]: passage_row(row) for row in rows}

    def _candidates(self, passages: Sequence[int]) -> dict[int, Candidate]:
        rows = self._db.execute(
            "SELECT rowid, title || char(10) || headings, body FROM passage_words "
            "WHERE rowid IN (SELECT value FROM json_each(?))",
            (json.dumps(list(passages)),),
        )
        return {row[0]: Candidate(row[1], row[2]) for row in rows}

    def _neighbours(self, passages: Sequence[int]) -> dict[int, list[int]]:
        """The passages before and after each one under the same heading, if any.

        A text's passages are numbered in its order. Where another text's came between two of its
        parts, these two miss each other.
        """
        beside: dict[int, list[int]] = {}
        for passage, neighbour in self._db.execute(_SELECT_NEIGHBOURS, (json.dumps(passages),)):
            beside.setdefault(passage, []).append(neighbour)
        return beside

    def _reranked(
        self, query: str, ranked: list[Scored], candidates: Mapping[int, Candidate]
    ) -> list[Scored]:
        """The ranking with a cross-encoder's judgement of its first, where there is one."""
        if self._reranker is None:
            return ranked
        first = [item.passage for item in ranked[:RERANKED] if item.passage in candidates]
        texts = {p: f"{candidates[p].heading}\n{candidates[p].body}" for p in first}
        scores: dict[int, float] = {}
        begin = time.perf_counter()
        while len(scores) < len(first) and time.perf_counter() - begin < JUDGING_S:
            next_ones = first[len(scores) : len(scores) + JUDGED_AT_ONCE]
            made = self._reranker.scores(query, [texts[passage] for passage in next_ones])
            scores |= dict(zip(next_ones, made, strict=True))
        return added(ranked, scores, JUDGEMENT_WEIGHT)

    def close(self) -> None:
        """Lets go of what matching keeps in memory."""
        self._matcher.close()


_SELECT_PASSAGES = """
    SELECT p.id, d.id AS document, p.content_id, d.path, d.title, p.page, p.headings,
           p.first, p.last, w.body
    FROM passages AS p
    JOIN documents AS d ON d.content_id = p.content_id
    JOIN passage_words AS w ON w.rowid = p.id
"""


_SELECT_NEIGHBOURS = """
    SELECT p.id, beside.id FROM passages AS p JOIN passages AS beside
    ON beside.id IN (p.id - 1, p.id + 1)
    AND beside.content_id = p.content_id AND beside.headings = p.headings
    WHERE p.id IN (SELECT value FROM json_each(?)) ORDER BY p.id, beside.id
"""


def _hit(rank: int, item: Scored, row: PassageRow) -> Hit:
    return Hit(
        rank=rank,
        score=round(item.score, 6),
        document=row.document,
        path=row.path,
        title=row.title,
        page=row.page,
        start=row.start,
        end=row.end,
        text=row.text,
    )


def passage_row(row: sqlite3.Row) -> PassageRow:
    """A row of a passage query as a struct."""
    return PassageRow(
        id=row["id"],
        document=row["document"],
        content=row["content_id"],
        path=row["path"],
        title=row["title"],
        page=row["page"],
        headings=tuple(json.loads(row["headings"])),
        start=row["first"],
        end=row["last"],
        text=row["body"],
    )


def encodable(text: str) -> str:
    """The text without what UTF-8 cannot hold (lone surrogates) and without NULs."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
