"""The vectors of passages in Chroma, by passage id.

Chroma is derived from SQLite: `VectorStore.ids` lets the index find what is missing or left
over. Its folder may be open in one process only (a second one hangs or reads stale vectors),
which the index's lock sees to.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from indexing.errors import StoreDamaged
from indexing.scope import Scope

logger = logging.getLogger(__name__)

Vector = NDArray[np.float32]
Vectors = NDArray[np.float32]

# The collections' names carry the version of what is embedded (passage text with its title
# and headings): change it with `search_text`, and the vectors are made anew.
COLLECTION = "passages-1"
# Of 100,000 vectors the graph finds 99.8 % of the true nearest 10 and 98.8 % of the nearest 100
# so. To look wider as one is added (80) and less wide in a search (300) finds as many, but adding
# to so many takes a quarter longer; more neighbours cost more with each passage that is there.
_HNSW = {"space": "cosine", "ef_construction": 48, "ef_search": 400, "max_neighbors": 16}
_PAGE = 5_000
# Passages of a scope that are compared one by one, 35 µs each. The graph, of which few
# are wanted, takes longer: it is walked from end to end.
_COMPARED = 1_000
# Of how many more than its share everything is asked for a scope's nearest, and how many at
# most: 1,000 of 87,000 take 10 ms, and asking for 40,000 passages alone takes 170.
_WIDER = 1.5
_WIDEST = 1_000


class VectorStore:
    """Vectors of one model, searched by cosine.

    Args:
        folder: Chroma's folder.
        embedder: Identity of the model; those of other models lie beside.

    Raises:
        StoreDamaged: Chroma cannot open the folder.
    """

    def __init__(self, folder: Path, embedder: str) -> None:
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import chromadb
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        folder.mkdir(parents=True, exist_ok=True)
        try:
            # What Chroma's own annotations leave open is any.
            self._client: Any = chromadb.PersistentClient(
                path=str(folder), settings=Settings(anonymized_telemetry=False)
            )
            self._collection: Any = self._of(embedder)
        except (ValueError, ChromaError) as error:
            raise StoreDamaged(str(folder), str(error)) from error

    def put(self, ids: Sequence[int], vectors: Vectors, documents: Sequence[int]) -> None:
        """Adds or replaces vectors; each belongs to a document. Kept once it returns."""
        self._collection.upsert(
            ids=[str(id_) for id_ in ids],
            embeddings=vectors,
            metadatas=[{"document": document} for document in documents],
        )

    def remove(self, ids: Sequence[int]) -> None:
        """Removes vectors; unknown ids are no error."""
        for begin in range(0, len(ids), _PAGE):
            self._collection.delete(ids=[str(id_) for id_ in ids[begin : begin + _PAGE]])

    def nearest(
        self, queries: Vectors, k: int, scope: Scope | None = None
    ) -> list[list[tuple[int, Vector]]]:
        """The `k` nearest passages of each query (of a scope) with their vectors."""
        if scope is not None and scope.size <= _COMPARED:
            return self._nearest_of(queries, k, scope.passages())
        if scope is not None and (found := self._nearest_in_most(queries, k, scope)) is not None:
            return found
        where = {"document": {"$in": list(scope.documents)}} if scope is not None else None
        found = self._collection.query(
            query_embeddings=queries, n_results=k, where=where, include=["embeddings"]
        )
        return [
            list(zip(map(int, ids), np.asarray(vectors, dtype=np.float32), strict=True))
            for ids, vectors in zip(found["ids"], found["embeddings"], strict=True)
        ]

    def _nearest_of(
        self, queries: Vectors, k: int, passages: Sequence[int]
    ) -> list[list[tuple[int, Vector]]]:
        """The same, exactly: every vector is compared.

        Chroma's graph would be walked through and through for the few that are wanted.
        """
        held = list(self.get(passages).items())
        if not held:
            return [[] for _ in queries]
        cosines = queries @ np.stack([vector for _, vector in held]).T
        return [[held[n] for n in np.argsort(-row, kind="stable")[:k]] for row in cosines]

    def _nearest_in_most(
        self, queries: Vectors, k: int, scope: Scope
    ) -> list[list[tuple[int, Vector]]] | None:
        """The same for a scope that is a good part of everything, from what is nearest of all.

        None where it is not, or where too few of those are of the scope: then the graph has
        to be asked for the scope alone, which takes the longer the more there are.
        """
        wide = int(_WIDER * k * len(self) / scope.size)
        if wide > _WIDEST:
            return None
        found = self._collection.query(query_embeddings=queries, n_results=wide, include=[])
        within = [[int(id_) for id_ in ids if int(id_) in scope][:k] for ids in found["ids"]]
        if min(map(len, within)) < k / 2:
            return None
        held = self.get(list({number for numbers in within for number in numbers}))
        return [[(n, held[n]) for n in numbers if n in held] for numbers in within]

    def get(self, ids: Sequence[int]) -> dict[int, Vector]:
        """The vectors of those ids that have one."""
        if not ids:
            return {}
        found = self._collection.get(ids=[str(id_) for id_ in ids], include=["embeddings"])
        vectors = np.asarray(found["embeddings"], dtype=np.float32)
        return {int(id_): vector for id_, vector in zip(found["ids"], vectors, strict=True)}

    def ids(self) -> Iterator[list[int]]:
        """All ids, some thousands at a time."""
        offset = 0
        while True:
            page = self._collection.get(limit=_PAGE, offset=offset, include=[])["ids"]
            if not page:
                return
            yield [int(id_) for id_ in page]
            offset += len(page)

    def __len__(self) -> int:
        return self._collection.count()

    def close(self) -> None:
        """Lets go of the folder."""
        self._client.close()

    def beside(self, embedder: str) -> VectorStore:
        """The vectors of another model in the same folder."""
        other = copy.copy(self)
        other._collection = self._of(embedder)  # noqa: SLF001  (its own class)
        return other

    def embedders(self) -> set[str]:
        """The models that have made vectors here."""
        return {_embedder_of(each) for each in self._collections() if each.count()}

    def drop_others(self) -> None:
        """Removes the vectors of all other models."""
        for each in self._collections():
            if each.name != self._collection.name:
                logger.info("the vectors of another embedder go")
                self._client.delete_collection(each.name)

    def _of(self, embedder: str) -> Any:
        """The collection of a model, made if missing."""
        for each in self._collections():
            if each.name.startswith(COLLECTION) and _embedder_of(each) == embedder:
                return each
        return self._client.create_collection(
            f"{COLLECTION}-{hashlib.sha256(embedder.encode()).hexdigest()[:16]}",
            configuration={"hnsw": _HNSW},
            metadata={"embedder": embedder},
            embedding_function=None,
        )

    def _collections(self) -> list[Any]:
        names = [each.name for each in self._client.list_collections()]
        return [self._client.get_collection(name, embedding_function=None) for name in names]


def _embedder_of(collection: Any) -> str:
    return cast("dict[str, Any]", collection.metadata or {}).get("embedder", "")
