"""Turns texts into vectors with a GGUF embedding model, through llama.cpp."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.engine.native import Vocabulary, llama
from models.engine.native_load import NativeLoad
from models.engine.types import LoadProgress, LoadSettings
from models.errors import DecodeFailed, InvalidModelFile
from models.gguf_header import read_header

_TINY = float(np.finfo(np.float32).tiny)

Vectors = npt.NDArray[np.float32]


class EmbeddingModel:
    """A loaded embedding model.

    Attributes:
        dimensions: Length of a vector.
        context_tokens: Longest text; what is longer is cut.
    """

    def __init__(self, load: NativeLoad) -> None:
        self._model, self._context = load.model, load.context
        self._vocabulary = Vocabulary(self._model)
        self.dimensions: int = llama.llama_model_n_embd_out(self._model)
        self.context_tokens: int = llama.llama_n_ctx(self._context)
        self._batch = llama.llama_batch_init(load.batch_tokens, 0, 1)

    def embed(self, texts: Sequence[str]) -> Generator[int, None, Vectors]:
        """Turns texts into vectors.

        Args:
            texts: The texts; each may be stopped after.

        Yields:
            How many are done.

        Returns:
            A row for each, of length 1, so that a product is a cosine.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for number, text in enumerate(texts):
            vectors[number] = self._embed(text)
            yield number + 1
        return vectors

    def close(self) -> None:
        """Frees everything; closing twice does nothing."""
        if self._model:
            llama.llama_batch_free(self._batch)
            llama.llama_free(self._context)
            llama.llama_model_free(self._model)
            self._model = None

    def _embed(self, text: str) -> Vectors:
        tokens = self._vocabulary.tokenize(text, parse_special=False, add_special=True)
        if len(tokens) > self.context_tokens:
            # What ends a text is a token of its own, which has to stay.
            tokens[self.context_tokens - 1 :] = tokens[-1:]
        batch = self._batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = 1
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)
        code: int = llama.llama_decode(self._context, batch)
        pooled = None if code else llama.llama_get_embeddings_seq(self._context, 0)
        if not pooled:
            raise DecodeFailed(code)
        vector: Vectors = np.ctypeslib.as_array(pooled, shape=(self.dimensions,))
        return vector / max(float(np.linalg.norm(vector)), _TINY)


def load_embedding_model(
    path: str, settings: LoadSettings
) -> Generator[LoadProgress, None, EmbeddingModel]:
    """Loads an embedding model; closing the generator stops the load and frees what it had.

    Args:
        path: The GGUF file.
        settings: How; what is about writing makes no difference.

    Raises:
        InvalidModelFile: The file is not a sound embedding model.
        LoadFailed: llama.cpp refused it, or memory did not suffice.
    """
    header = read_header(Path(path))
    if header.kind != "embedding":
        raise InvalidModelFile(path, "no_embedding")
    load = NativeLoad(path, header, settings, embeds=True)
    yield from load.steps()
    return EmbeddingModel(load)
