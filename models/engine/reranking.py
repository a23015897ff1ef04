"""Judges with a GGUF cross-encoder how well texts answer a query, through llama.cpp."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np

from models.engine.native import llama
from models.engine.pooling import PooledModel, load_pooled_model
from models.engine.types import LoadProgress, LoadSettings
from models.errors import InvalidModelFile
from models.gguf_header import read_header


class RerankingModel:
    """A loaded cross-encoder with a single output, used by one thread."""

    def __init__(self, loaded: PooledModel) -> None:
        self._loaded = loaded
        vocabulary = llama.llama_model_get_vocab(loaded.model)

        def token(name: str) -> list[int]:
            """A token that stands around texts, where the model wants it there."""
            if not getattr(llama, f"llama_vocab_get_add_{name}")(vocabulary):
                return []
            number: int = getattr(llama, f"llama_vocab_{name}")(vocabulary)
            return [number] if number >= 0 else []

        self._begin = token("bos")
        self._between = [*token("eos"), *token("sep")]
        self._end = token("eos") or token("sep")

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How sure the model is, from 0 to 1, that each text answers the query.

        What is too long is cut: the query to half of what the model reads at once, and the text
        to the rest.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        made = self._loaded.compute([self._pair(query, text) for text in texts], 1)[:, 0]
        return [float(score) for score in 1 / (1 + np.exp(-made.astype(np.float64)))]

    def close(self) -> None:
        """Frees everything; closing twice does nothing."""
        self._loaded.close()

    def _pair(self, query: str, text: str) -> list[int]:
        vocabulary, most = self._loaded.vocabulary, self._loaded.context_tokens
        asked = vocabulary.tokenize(query, parse_special=False)[: most // 2]
        head = [*self._begin, *asked, *self._between]
        body = vocabulary.tokenize(text, parse_special=False)
        return [*head, *body[: most - len(head) - len(self._end)], *self._end]


def load_reranking_model(
    path: str, settings: LoadSettings
) -> Generator[LoadProgress, None, RerankingModel]:
    """Loads a cross-encoder; closing the generator stops the load and frees what it had.

    Args:
        path: The GGUF file.
        settings: How; its threads are shared out, and what is about writing makes no difference.

    Raises:
        InvalidModelFile: The file is not a sound cross-encoder, or one that answers in words.
        LoadFailed: llama.cpp refused it, or memory did not suffice.
    """
    header = read_header(Path(path))
    if header.kind != "reranker":
        raise InvalidModelFile(path, "no_reranker")
    loaded = yield from load_pooled_model(path, header, settings)
    if llama.llama_model_n_cls_out(loaded.model) != 1:
        loaded.close()
        raise InvalidModelFile(path, "no_reranker")
    return RerankingModel(loaded)
