"""Embedding: passages that wait for their vectors, a window of them after the other."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexing.cores import physical_cores
from indexing.passage_store import PassageStore, PendingPassage
from indexing.text_embedder import TextEmbedder
from indexing.vectors import VectorStore

Vector = NDArray[np.float32]

# Passages embedded before their vectors are stored: sorted by length they waste little on
# padding, and a kill costs at most these few seconds.
WINDOW = 128
# A batch should take about this long: the question of a person waits for one at most.
BATCH_S = 0.25
# Passages for each core. Larger batches of whole passages leave the processor's caches: 16 cost
# a tenth more processor time for each passage than 8.
_BATCH_MOST = 8
# One by one they cost 40 % more, and where the machine is busy every batch seems slow.
_BATCH_LEAST = 4
# ... unless it takes this long: then the model is large, and each passage as slow by itself.
_SLOW_S = 1.0


class Open(msgspec.Struct):
    """A document that waits for the embedding of `left` out of `total` passages.

    Attributes:
        reading: Pages of its file that are read so far, and all; None once all are.
    """

    document: int
    total: int = 0
    left: int = 0
    reading: tuple[int, int] | None = None


class Embedding:
    """Makes the vectors of texts whose passages have none, in the order in which they came.

    Attributes:
        open: The texts that wait, by content.
        waiting: How many passages of theirs do.
    """

    def __init__(
        self, passages: PassageStore, vectors: VectorStore, embedder: TextEmbedder
    ) -> None:
        self.open: dict[int, Open] = {}
        self.waiting = 0
        self._passages = passages
        self._vectors = vectors
        self._embedder = embedder
        # Passages a core.
        self._batch = 1

    def expect(self, document: int, content: int, reading: tuple[int, int] | None = None) -> None:
        """Notes how many passages of a text wait, as far as it is read."""
        at = self.open.setdefault(content, Open(document))
        waiting = self._passages.count_pending([content])
        self.waiting += waiting - at.left
        at.total += waiting - at.left
        at.left, at.reading = waiting, reading

    def forget(self, document: int) -> None:
        """Waits no longer for a document that is gone, or cannot be read."""
        for content, at in list(self.open.items()):
            if at.document == document:
                del self.open[content]
                self.waiting -= at.left

    @property
    def has_window(self) -> bool:
        """Whether so many passages wait, or those of a long file that are there already."""
        return self.waiting >= WINDOW or any(
            at.left for at in self.open.values() if at.reading is not None
        )

    def window(self) -> Generator[int, None, list[tuple[int, Open]]]:
        """Embeds the next passages that wait and stores their vectors.

        What was embedded before, in an earlier state of the file or in another one, is not
        embedded again.

        Yields:
            A content some passages of which are embedded now.

        Returns:
            The contents of which nothing is left to embed, nor to read.
        """
        window = self._passages.pending(list(self.open), WINDOW)
        texts = embedded_texts(window, self._embedder)
        digests = {item.id: digest_of(text) for item, text in zip(window, texts, strict=True)}
        text_of = {digests[item.id]: text for item, text in zip(window, texts, strict=True)}
        known = self._passages.embedded_as(text_of)
        stored = self._vectors.get(list(known.values()))
        vectors = {d: stored[passage] for d, passage in known.items() if passage in stored}
        yield from self._count_down([item for item in window if digests[item.id] in vectors])
        waiting: dict[str, list[PendingPassage]] = {}
        for item in sorted(window, key=lambda item: -len(text_of[digests[item.id]])):
            if digests[item.id] not in vectors:
                waiting.setdefault(digests[item.id], []).append(item)
        in_order = list(waiting)
        while in_order:
            size = self._batch * physical_cores()
            batch, in_order = in_order[:size], in_order[size:]
            begin = time.perf_counter()
            made = self._embedder.encode_passages([text_of[digest] for digest in batch])
            self._adapt(len(batch) / size, time.perf_counter() - begin)
            vectors |= dict(zip(batch, made, strict=True))
            yield from self._count_down([item for digest in batch for item in waiting[digest]])
        self._keep(window, digests, vectors)
        return self._done()

    def _done(self) -> list[tuple[int, Open]]:
        """Takes out what waits for nothing any more."""
        pending = self._passages.pending(list(self.open), 1)
        done: list[tuple[int, Open]] = []
        for content, at in list(self.open.items()):
            if at.reading is not None or (pending and content == pending[0].content):
                break
            # What is left of it was removed meanwhile.
            self.waiting -= at.left
            done.append((content, self.open.pop(content)))
        return done

    def _count_down(self, done: Sequence[PendingPassage]) -> Generator[int, None, None]:
        """Tells that passages have their vectors."""
        for item in done:
            self.open[item.content].left -= 1
        self.waiting -= len(done)
        if done:
            yield done[0].content

    def _keep(
        self,
        window: Sequence[PendingPassage],
        digests: Mapping[int, str],
        vectors: Mapping[str, Vector],
    ) -> None:
        """Stores the vectors of those passages that were not removed meanwhile.

        Chroma first: a vector that SQLite does not know of yet is made again after a kill and
        replaces itself, while one that SQLite believes in and Chroma lacks would be missed.
        """
        existing = self._passages.existing([item.id for item in window])
        kept = [item for item in window if item.id in existing]
        if not kept:
            return
        self._vectors.put(
            [item.id for item in kept],
            np.stack([vectors[digests[item.id]] for item in kept]),
            [item.document for item in kept],
        )
        self._passages.keep_digests({item.id: digests[item.id] for item in kept})

    def _adapt(self, filled: float, seconds: float) -> None:
        """Sets the next batch's size, a power of two, so that it takes about `BATCH_S`."""
        wanted = self._batch * filled * BATCH_S / max(seconds, 1e-4)
        least = _BATCH_LEAST if seconds < _SLOW_S else 1
        if self._batch < least or (wanted >= self._batch * 2 and self._batch < _BATCH_MOST):
            self._batch *= 2
        elif wanted < self._batch and self._batch > least:
            self._batch //= 2


def embedded_texts(items: Sequence[PendingPassage], embedder: TextEmbedder) -> list[str]:
    """What is embedded of each passage: its title and headings, then its text, whole.

    The headings nearest to the text tell most, so the outer ones go first where the model
    cannot hold all. What counts are its own tokens: the passages may have been cut by another's.
    """
    parts = list({part: None for item in items for part in (item.title, *item.headings) if part})
    sizes = dict(zip(parts, embedder.count_tokens(parts) if parts else [], strict=True))
    bodies = embedder.count_tokens([item.body for item in items])
    most = embedder.passage_room
    texts: list[str] = []
    for item, tokens in zip(items, bodies, strict=True):
        named = [part for part in dict.fromkeys((item.title, *item.headings)) if part]
        context = [part for part in named if not item.body.startswith(part)]
        while context and sum(sizes[part] for part in context) > most - tokens:
            context.pop(0)
        texts.append("\n".join([*context, item.body]))
    return texts


def digest_of(text: str) -> str:
    """What a text that was embedded is known by."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
