"""A library without an index process: documents put into the database as they would lie there."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from indexing.database import connect, migrate
from indexing.passages import split_passages
from indexing.schema import COMPONENT, MIGRATIONS
from indexing.store import DocumentStore
from indexing.types import CanonicalDocument

PASSAGE_WORDS = 60


def put_document(data_dir: Path, document: CanonicalDocument, path: str) -> int:
    """Put a document into the library as the index does, but for its vectors; return its id."""
    with contextlib.closing(connect(data_dir)) as connection:
        migrate(connection, COMPONENT, MIGRATIONS)
        store = DocumentStore(connection)
        digest = hashlib.sha256(document.text.encode()).hexdigest()
        row = store.register(path, document.title, len(document.text), 0, None)
        passages = split_passages(document, _count_words, PASSAGE_WORDS)
        content = store.contents.put(row, digest, document, passages)
        assert content is not None
        store.passages.mark_embedded(
            [passage.id for passage in store.passages.pending([content], 10_000)]
        )
        store.finish(row, content)
    return row


def _count_words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]
