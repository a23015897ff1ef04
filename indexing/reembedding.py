"""Another embedder for what is indexed: the old one answers until all vectors are made anew.

Vectors of two models cannot be compared, so each model has a collection of its own. Which
passages have their new vector is told by the collection itself: a run that is stopped or
killed goes on where it was, and what is added meanwhile is made up for in the end.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec

from indexing.catalog import EMBEDDER_FACT
from indexing.embedder import Embedder
from indexing.embedding import BATCH_S, WINDOW, embedded_texts
from indexing.errors import EmbedderMissing
from indexing.store import DocumentStore
from indexing.types import EmbedderForecast, EmbedderUse, IndexProgress
from indexing.vectors import VectorStore

logger = logging.getLogger(__name__)

_BATCH_MOST = 16
# Passages that are embedded to find out how long all of them take.
_TRIAL = 24


class Space(msgspec.Struct, frozen=True):
    """An embedder and the vectors that it made."""

    embedder: Embedder
    vectors: VectorStore


class Embedders:
    """The embedder that answers, and the one that is to take its place, if any.

    Args:
        folder: Chroma's folder.
        wanted: The embedder to use. Where the vectors are of another one, which is still
            there, that one answers until all of them are made anew.
        store: Knows the embedder of the vectors, and where it was.
        is_busy: Tells whether a run goes on that has the embedder that answers.

    Attributes:
        answering: What is searched.
        coming: What takes its place once it has all vectors.
        changed: Called with the embedder and the vectors that answer from now on.
    """

    def __init__(
        self, folder: Path, wanted: Embedder, store: DocumentStore, is_busy: Callable[[], bool]
    ) -> None:
        self._store = store
        self._is_busy = is_busy
        # Two runs may take turns: one of them makes the vectors.
        self._is_changing = False
        self.answering, self.coming = _open_spaces(folder, wanted, store)
        self.changed: Callable[[Embedder, VectorStore], None] = _tell_nobody

    def use(self) -> EmbedderUse:
        """Which embedder answers, and how far the one is that takes its place."""
        coming = self.coming
        return EmbedderUse(
            folder=str(self.answering.embedder.folder),
            coming=str(coming.embedder.folder) if coming is not None else None,
            passages=len(self._store.passages.embedded_ids()),
            left=len(missing_in(coming, self._store)) if coming is not None else 0,
        )

    def choose(self, folder: Path) -> EmbedderUse:
        """Lets another embedder take the place of the one that answers, once it has its vectors.

        `change` makes them. With the one that answers, all stays as it is.

        Raises:
            EmbedderMissing: The folder does not hold a model.
        """
        chosen = self._space(folder)
        self.coming = chosen if chosen is not self.answering else None
        return self.use()

    def forecast(self, folder: Path) -> Generator[None, None, EmbedderForecast]:
        """Finds out how long changing to an embedder takes, by making a few of the vectors.

        They are not kept. Loading the model is not counted: it takes seconds, and only once.

        Raises:
            EmbedderMissing: The folder does not hold a model.
        """
        space = self._space(folder)
        missing = missing_in(space, self._store)
        # From all over, so that short texts and long ones have their share.
        chosen = missing[:: max(1, len(missing) // _TRIAL)][:_TRIAL]
        described = self._store.passages.described(chosen)
        texts = sorted(embedded_texts(described, space.embedder.count_tokens), key=len)
        if not texts:
            return EmbedderForecast(0, 0.0)
        space.embedder.load()
        yield
        space.embedder.encode_passages(texts[-1:])
        yield
        spent = 0.0
        for first in range(0, len(texts), _BATCH_MOST):
            begin = time.perf_counter()
            space.embedder.encode_passages(texts[first : first + _BATCH_MOST])
            spent += time.perf_counter() - begin
            yield
        return EmbedderForecast(len(missing), round(spent * len(missing) / len(texts), 1))

    def change(self, most: float = math.inf) -> Generator[IndexProgress, None, None]:
        """Makes all vectors with the embedder that is to answer, then lets it answer.

        Args:
            most: With more passages than these to embed nothing is done.
        """
        target = self.coming
        if target is None or self._is_changing or len(missing_in(target, self._store)) > most:
            return
        self._is_changing = True
        try:
            yield from _reembed(target, self._store)
        finally:
            self._is_changing = False
        # A run that is still open has the old embedder; when it ends, it makes up for the rest.
        if self.coming is not target or self._is_busy() or missing_in(target, self._store):
            return
        self.answering, self.coming = target, None
        self.changed(target.embedder, target.vectors)
        _settle(target, self._store)

    def _space(self, folder: Path) -> Space:
        wanted = Embedder(folder, self._store.recall, self._store.remember)
        for space in (self.answering, self.coming):
            if space is not None and space.embedder.identity == wanted.identity:
                return space
        return Space(wanted, self.answering.vectors.beside(wanted.identity))


def _open_spaces(
    folder: Path, wanted: Embedder, store: DocumentStore
) -> tuple[Space, Space | None]:
    """The space that answers, and the one that is to take its place, if any."""
    vectors = VectorStore(folder, wanted.identity)
    asked_for = Space(wanted, vectors)
    old = _embedder_before(wanted, store)
    if old is None or old.identity not in vectors.embedders():
        _settle(asked_for, store)
        return asked_for, None
    logger.info("%s takes the place of %s", wanted.identity, old.identity)
    return Space(old, vectors.beside(old.identity)), asked_for


def _settle(space: Space, store: DocumentStore) -> None:
    """Notes that this space answers from now on; the vectors of others go."""
    store.remember(EMBEDDER_FACT, json.dumps([space.embedder.identity, str(space.embedder.folder)]))
    space.vectors.drop_others()


def missing_in(space: Space, store: DocumentStore) -> list[int]:
    """The passages that should have a vector in this space and have none."""
    present = {number for page in space.vectors.ids() for number in page}
    return sorted(store.passages.embedded_ids() - present)


def _reembed(space: Space, store: DocumentStore) -> Generator[IndexProgress, None, None]:
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


def _tell_nobody(_embedder: Embedder, _vectors: VectorStore) -> None:
    pass


def _embedder_before(wanted: Embedder, store: DocumentStore) -> Embedder | None:
    """The embedder that made the vectors, where it is another one and still there."""
    noted = store.recall(EMBEDDER_FACT)
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
