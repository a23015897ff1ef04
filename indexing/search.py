"""Hybrid search: dense and keyword candidates, scored on both sides, fused, and read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from indexing.embedder import Embedder, Vectors
from indexing.fusion import DEPTH, Scored, fuse
from indexing.keywords import score_words, search_words
from indexing.types import Hit
from indexing.vectors import VectorStore
from indexing.wordmatch import WordMatcher


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


class Searcher:
    """Searches the passages of all documents, or of some."""

    def __init__(
        self, connection: sqlite3.Connection, vectors: VectorStore, embedder: Embedder
    ) -> None:
        self._db = connection
        self._vectors = vectors
        self._embedder = embedder
        self._matcher = WordMatcher(connection)

    def dense(self, query: str, k: int) -> list[int]:
        """The `k` passages nearest in meaning, alone."""
        vector = self._embedder.encode([encodable(query)])
        return [passage for passage, _ in self._vectors.nearest(vector, k)[0]]

    def keywords(self, query: str, k: int) -> list[int]:
        """The `k` passages whose words match best, alone."""
        return list(search_words(self._db, encodable(query), k))

    def search(self, query: str, k: int, documents: Sequence[int] | None = None) -> list[Hit]:
        """The `k` best passages, best first."""
        ranked = self.rank([query], documents)[0]
        rows = self.read([item.passage for item in ranked])
        hits: list[Hit] = []
        for item in ranked:
            row = rows.get(item.passage)
            if row is None:
                continue
            hits.append(
                Hit(
                    rank=len(hits) + 1,
                    score=round(item.score, 6),
                    document=row.document,
                    path=row.path,
                    title=row.title,
                    page=row.page,
                    start=row.start,
                    end=row.end,
                    text=row.text,
                )
            )
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
        clean = [encodable(query) for query in queries]
        vectors = self._embedder.encode(clean)
        dense = self._vectors.nearest(vectors, depth, documents)
        ranked: list[list[Scored]] = []
        for query, vector, near in zip(clean, vectors, dense, strict=True):
            words = search_words(self._db, query, depth, documents)
            cosines = dict(near)
            words |= score_words(self._db, query, [p for p in cosines if p not in words])
            cosines |= self._cosines(vector, [p for p in words if p not in cosines])
            texts = self._texts([*cosines, *words])
            ranked.append(fuse(cosines, self._matcher.match(query, texts, words)))
        return ranked

    def read(self, passages: Sequence[int]) -> Mapping[int, PassageRow]:
        """The passages that belong to a text that is searched."""
        rows = self._db.execute(
            f"{_SELECT_PASSAGES} WHERE p.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(passages)),),
        )
        return {row["id"]: passage_row(row) for row in rows}

    def _texts(self, passages: Sequence[int]) -> dict[int, str]:
        """What words are matched with: title, headings and text."""
        rows = self._db.execute(
            "SELECT rowid, title || char(10) || headings || char(10) || body FROM passage_words "
            "WHERE rowid IN (SELECT value FROM json_each(?))",
            (json.dumps(list(dict.fromkeys(passages))),),
        )
        return {row[0]: row[1] for row in rows}

    def close(self) -> None:
        """Lets go of what matching keeps in memory."""
        self._matcher.close()

    def _cosines(self, vector: Vectors, passages: Sequence[int]) -> dict[int, float]:
        return {
            passage: float(np.dot(vector, other))
            for passage, other in self._vectors.get(passages).items()
        }


_SELECT_PASSAGES = """
    SELECT p.id, d.id AS document, p.content_id, d.path, d.title, p.page, p.headings,
           p.first, p.last, w.body
    FROM passages AS p
    JOIN documents AS d ON d.content_id = p.content_id
    JOIN passage_words AS w ON w.rowid = p.id
"""


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
