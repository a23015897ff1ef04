"""Another embedder for what is indexed: the old one answers until all vectors are made anew.

Vectors of two models cannot be compared, so each model has a collection of its own. Which
passages have their new vector is told by the collection itself: a run that is stopped or
killed goes on where it was, and what is added meanwhile is made up for in the end.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Generator
from pathlib import Path

import msgspec

from indexing.embedder import Embedder
from indexing.embedding import BATCH_S, WINDOW, embedded_texts
from indexing.errors import EmbedderMissing
from indexing.store import DocumentStore
from indexing.types import IndexProgress
from indexing.vectors import VectorStore

logger = logging.getLogger(__name__)

_FACT = "embedder"
_BATCH_MOST = 16


class Space(msgspec.Struct, frozen=True):
    """An embedder and the vectors that it made."""

    embedder: Embedder
    vectors: VectorStore


def open_spaces(folder: Path, wanted: Embedder, store: DocumentStore) -> tuple[Space, Space | None]:
    """The space that answers, and the one that is to take its place, if any.

    Args:
        folder: Chroma's folder.
        wanted: The embedder to use. Where the vectors are of another one, which is still
            there, that one answers until all of them are made anew.
        store: Knows the embedder of the vectors, and where it was.
    """
    vectors = VectorStore(folder, wanted.identity)
    asked_for = Space(wanted, vectors)
    old = _embedder_before(wanted, store)
    if old is None or old.identity not in vectors.embedders():
        settle(asked_for, store)
        return asked_for, None
    logger.info("%s takes the place of %s", wanted.identity, old.identity)
    return Space(old, vectors.beside(old.identity)), asked_for


def settle(space: Space, store: DocumentStore) -> None:
    """Notes that this space answers from now on; the vectors of others go."""
    store.remember(_FACT, json.dumps([space.embedder.identity, str(space.embedder.folder)]))
    space.vectors.drop_others()


def missing_in(space: Space, store: DocumentStore) -> list[int]:
    """The passages that should have a vector in this space and have none."""
    present = {number for page in space.vectors.ids() for number in page}
    return sorted(store.passages.embedded_ids() - present)


def reembed(space: Space, store: DocumentStore) -> Generator[IndexProgress, None, None]:
    """Makes the vectors that a space lacks, a quarter of a second's work a step."""
    while missing := missing_in(space, store):
        left = len(missing)
        for first in range(0, len(missing), WINDOW):
            window = store.passages.described(missing[first : first + WINDOW])
            texts = embedded_texts(window, space.embedder.count_tokens)
            in_order = sorted(zip(window, texts, strict=True), key=lambda pair: -len(pair[1]))
            size = 1
            while in_order:
                batch, in_order = in_order[:size], in_order[size:]
                begin = time.perf_counter()
                made = space.embedder.encode_passages([text for _, text in batch])
                seconds = time.perf_counter() - begin
                size = min(_BATCH_MOST, max(1, int(len(batch) * BATCH_S / max(seconds, 1e-4))))
                # What was removed since is seen to when all is there.
                space.vectors.put(
                    [item.id for item, _ in batch], made, [item.document for item, _ in batch]
                )
                left -= len(batch)
                row = store.row(batch[0][0].document)
                if row is not None:
                    yield IndexProgress(
                        row, "embedding", len(missing) - left, len(missing), 0, left
                    )
        for document in sorted({item.document for item in store.passages.described(missing)}):
            row = store.row(document)
            if row is not None:
                yield IndexProgress(row, "finished", row.passages, row.passages, 0, 0)


def _embedder_before(wanted: Embedder, store: DocumentStore) -> Embedder | None:
    """The embedder that made the vectors, where it is another one and still there."""
    noted = store.recall(_FACT)
    if noted is None:
        return None
    identity, folder = json.loads(noted)
    if identity == wanted.identity:
        return None
    try:
        old = Embedder(Path(folder), store.recall, store.remember)
    except EmbedderMissing:
        return None
    return old if old.identity == identity else None
