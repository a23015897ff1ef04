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
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np

from indexing.catalog import EMBEDDER_FACT
from indexing.embedding import BATCH_S, WINDOW, embedded_texts
from indexing.errors import EmbedderMissing, EmbedderUnsound
from indexing.store import DocumentStore
from indexing.text_embedder import OpenEmbedder, TextEmbedder
from indexing.types import EmbedderForecast, EmbedderUse, IndexProgress
from indexing.vectors import VectorStore

logger = logging.getLogger(__name__)

_BATCH_MOST = 16
# Passages that are embedded to find out how long all of them take.
_TRIAL = 24
# ... or fewer, once that has taken this long.
_TRIAL_S = 5.0
# What an embedder is tried with before it is taken, and how far from 1 its vector's length may be.
_WORDS = "The rent is due on the third working day."
_LENGTH_OFF = 0.01


class Space(msgspec.Struct, frozen=True):
    """An embedder and the vectors that it made."""

    embedder: TextEmbedder
    vectors: VectorStore


class Embedders:
    """The embedder that answers, and the one that is to take its place, if any.

    Args:
        folder: Chroma's folder.
        wanted: Where the embedder to use is. Where the vectors are of another one, which is
            still there, that one answers until all of them are made anew.
        open_embedder: Opens one.
        store: Knows the embedder of the vectors, and where it was.
        is_busy: Tells whether a run goes on that has the embedder that answers.

    Attributes:
        answering: What is searched.
        coming: What takes its place once it has all vectors.
        changed: Called with the embedder and the vectors that answer from now on.
    """

    def __init__(
        self,
        folder: Path,
        wanted: Path,
        open_embedder: OpenEmbedder,
        store: DocumentStore,
        is_busy: Callable[[], bool],
    ) -> None:
        self._open = open_embedder
        self._store = store
        self._is_busy = is_busy
        # Two runs may take turns: one of them makes the vectors.
        self._is_changing = False
        self.answering, self.coming = self._open_spaces(folder, self._opened(wanted))
        self.changed: Callable[[TextEmbedder, VectorStore], None] = _tell_nobody

    def use(self) -> EmbedderUse:
        """Which embedder answers, and how far the one is that takes its place."""
        coming = self.coming
        return EmbedderUse(
            path=str(self.answering.embedder.path),
            coming=str(coming.embedder.path) if coming is not None else None,
            passages=len(self._store.passages.embedded_ids()),
            left=len(missing_in(coming, self._store)) if coming is not None else 0,
        )

    def choose(self, path: Path) -> EmbedderUse:
        """Lets another embedder take the place of the one that answers, once it has its vectors.

        `change` makes them. With the one that answers, all stays as it is; one that does not work
        is not taken.

        Raises:
            EmbedderMissing: There is no model.
            EmbedderUnsound: It cannot be used.
        """
        before, chosen = self.coming, self._space(path)
        if chosen is not self.answering and chosen is not before:
            _try(chosen.embedder)
        self.coming = chosen if chosen is not self.answering else None
        if before is not None and before is not chosen:
            before.embedder.close()
        return self.use()

    def forecast(self, path: Path) -> Generator[None, None, EmbedderForecast]:
        """Finds out how long changing to an embedder takes, by making a few of the vectors.

        They are not kept. Loading the model is not counted: it takes seconds, and only once.

        Raises:
            EmbedderMissing: There is no model.
            EmbedderUnsound: It cannot be used.
        """
        space = self._space(path)
        if space is self.answering or space is self.coming:
            return (yield from self._tried(space))
        with closing(space.embedder):
            return (yield from self._tried(space))

    def _tried(self, space: Space) -> Generator[None, None, EmbedderForecast]:
        _try(space.embedder)
        yield
        missing = missing_in(space, self._store)
        # From all over, so that short texts and long ones have their share.
        chosen = missing[:: max(1, len(missing) // _TRIAL)][:_TRIAL]
        described = self._store.passages.described(chosen)
        texts = sorted(embedded_texts(described, space.embedder), key=len)
        if not texts:
            return EmbedderForecast(0, 0.0)
        begin = time.perf_counter()
        space.embedder.encode_passages(texts[-1:])
        # Each part has texts of all lengths; a slow model reads few, so that nothing waits long.
        parts = 2 if time.perf_counter() - begin < BATCH_S else max(1, len(texts) // 4)
        yield
        spent, done = 0.0, 0
        for part in (texts[n::parts] for n in range(parts)):
            begin = time.perf_counter()
            space.embedder.encode_passages(part)
            spent += time.perf_counter() - begin
            done += len(part)
            yield
            if spent > _TRIAL_S:
                break
        return EmbedderForecast(len(missing), spent * len(missing) / done)

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
            for event in _reembed(target, self._store):
                yield event
                if self.coming is not target:
                    return  # it was given up meanwhile
        finally:
            self._is_changing = False
        # A run that is still open has the old embedder; when it ends, it makes up for the rest.
        if self.coming is not target or self._is_busy() or missing_in(target, self._store):
            return
        before = self.answering
        self.answering, self.coming = target, None
        self.changed(target.embedder, target.vectors)
        _settle(target, self._store)
        before.embedder.close()

    def close(self) -> None:
        """Frees the embedders, and lets go of the vectors."""
        for space in (self.answering, self.coming):
            if space is not None:
                space.embedder.close()
        self.answering.vectors.close()

    def _opened(self, path: Path) -> TextEmbedder:
        return self._open(path, self._store.recall, self._store.remember)

    def _space(self, path: Path) -> Space:
        wanted = self._opened(path)
        for space in (self.answering, self.coming):
            if space is not None and space.embedder.identity == wanted.identity:
                return space
        return Space(wanted, self.answering.vectors.beside(wanted.identity))

    def _open_spaces(self, folder: Path, wanted: TextEmbedder) -> tuple[Space, Space | None]:
        """The space that answers, and the one that is to take its place, if any."""
        vectors = VectorStore(folder, wanted.identity)
        asked_for = Space(wanted, vectors)
        old = self._embedder_before(wanted)
        if old is None or old.identity not in vectors.embedders():
            _settle(asked_for, self._store)
            return asked_for, None
        logger.info("%s takes the place of %s", wanted.identity, old.identity)
        return Space(old, vectors.beside(old.identity)), asked_for

    def _embedder_before(self, wanted: TextEmbedder) -> TextEmbedder | None:
        """The embedder that made the vectors, where it is another one and still there."""
        noted = self._store.recall(EMBEDDER_FACT)
        if noted is None:
            return None
        identity, path = json.loads(noted)
        if identity == wanted.identity:
            return None
        try:
            old = self._opened(Path(path))
        except (EmbedderMissing, EmbedderUnsound):
            return None
        return old if old.identity == identity else None


def _try(embedder: TextEmbedder) -> None:
    """Sees to it that an embedder works before anything depends on it; else it is closed.

    Raises:
        EmbedderUnsound: What it makes is no vector that can be compared.
    """
    try:
        embedder.load()
        [vector] = embedder.encode_passages([_WORDS])
    except BaseException:
        embedder.close()
        raise
    if not abs(np.linalg.norm(vector) - 1) < _LENGTH_OFF:  # nor where it is no number
        embedder.close()
        raise EmbedderUnsound(str(embedder.path), "no_vectors")


def _settle(space: Space, store: DocumentStore) -> None:
    """Notes that this space answers from now on; the vectors of others go."""
    store.remember(EMBEDDER_FACT, json.dumps([space.embedder.identity, str(space.embedder.path)]))
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
            texts = embedded_texts(window, space.embedder)
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


def _tell_nobody(_embedder: TextEmbedder, _vectors: VectorStore) -> None:
    pass
