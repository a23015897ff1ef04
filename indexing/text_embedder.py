"""What the index asks of an embedding model, whatever library runs it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# Gives back what `Remember` was last given under a key, or None.
Recall = Callable[[str], str | None]
# Keeps a short string under a key, from one start to the next.
Remember = Callable[[str, str], None]

_DIGESTED_BYTES = 1 << 16


class TextEmbedder(Protocol):
    """One embedding model: texts in, vectors of length 1 out. Used by one thread."""

    @property
    def path(self) -> Path:
        """Where the model is."""
        ...

    @property
    def identity(self) -> str:
        """What tells this model's vectors from another's."""
        ...

    @property
    def passage_room(self) -> int:
        """Tokens that a passage may have: what it reads at once, less what is put around it."""
        ...

    def count_tokens(self, texts: list[str]) -> list[int]:
        """How many of the model's tokens each text has, special ones not counted."""
        ...

    def load(self) -> None:
        """Loads the model now, unless it is loaded; may take seconds."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, `(len(texts), dimensions)`; what is too long is cut."""
        ...

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """`encode`, with what the model wants in front of a query."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """`encode`, with what the model wants in front of a passage."""
        ...

    def close(self) -> None:
        """Frees what loading took; it is loaded again where it is needed again."""
        ...


# Opens the model at a path; raises EmbedderMissing where there is none.
OpenEmbedder = Callable[[Path, Recall, Remember], TextEmbedder]


def identity_of(name: str, weights: Path, prompts: Mapping[str, str]) -> str:
    """A model's name with a digest of its weights and of what it wants in front of texts.

    The digest is of the weights' size, head and tail: reading all of a large file at every start
    would cost more than it could find. With other prompts a model makes other vectors.
    """
    size = weights.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with weights.open("rb") as file:
        digest.update(file.read(_DIGESTED_BYTES))
        file.seek(max(0, size - _DIGESTED_BYTES))
        digest.update(file.read())
    if any(prompts.values()):
        digest.update(json.dumps(prompts, sort_keys=True).encode())
    return f"{name}:{digest.hexdigest()[:16]}"
