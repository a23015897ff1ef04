"""Turns texts into vectors with a GGUF embedding model, through llama.cpp."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np

from models.engine.native import llama
from models.engine.pooling import PooledModel, Rows, load_pooled_model
from models.engine.types import LoadProgress, LoadSettings
from models.errors import InvalidModelFile
from models.gguf_header import read_header

_TINY = float(np.finfo(np.float32).tiny)


class EmbeddingModel:
    """A loaded embedding model, used by one thread.

    Attributes:
        dimensions: Length of a vector.
        context_tokens: Longest text; what is longer is cut.
        special_tokens: How many of those are put around each text.
    """

    def __init__(self, loaded: PooledModel) -> None:
        self._loaded = loaded
        self.dimensions: int = llama.llama_model_n_embd_out(loaded.model)
        self.context_tokens = loaded.context_tokens
        self.special_tokens = len(self._tokens(""))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without those that are put around it."""
        vocabulary = self._loaded.vocabulary
        return [len(vocabulary.tokenize(text, parse_special=False)) for text in texts]

    def embed(self, texts: Sequence[str]) -> Rows:
        """Turns texts into vectors.

        Returns:
            A row for each, of length 1, so that a product is a cosine.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        vectors = self._loaded.compute([self._tokens(text) for text in texts], self.dimensions)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TINY)
        return vectors

    def close(self) -> None:
        """Frees everything; closing twice does nothing."""
        self._loaded.close()

    def _tokens(self, text: str) -> list[int]:
        vocabulary = self._loaded.vocabulary
        tokens = vocabulary.tokenize(text, parse_special=False, add_special=True)
        if len(tokens) > self.context_tokens:
            # What ends a text is a token of its own, which has to stay.
            tokens[self.context_tokens - 1 :] = tokens[-1:]
        return tokens


def load_embedding_model(
    path: str, settings: LoadSettings
) -> Generator[LoadProgress, None, EmbeddingModel]:
    """Loads an embedding model; closing the generator stops the load and frees what it had.

    Args:
        path: The GGUF file.
        settings: How; its threads are shared out, and what is about writing makes no difference.

    Raises:
        InvalidModelFile: The file is not a sound embedding model.
        LoadFailed: llama.cpp refused it, or memory did not suffice.
    """
    header = read_header(Path(path))
    if header.kind != "embedding":
        raise InvalidModelFile(path, "no_embedding")
    return EmbeddingModel((yield from load_pooled_model(path, header, settings)))
