"""Judging search results with a GGUF cross-encoder, run by the models' engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.services.gguf_loading import load_now
from indexing.reranker import Reranker, TextReranker

if TYPE_CHECKING:
    from models.engine.reranking import RerankingModel


class GgufReranker:
    """A GGUF cross-encoder; see `reranker.TextReranker`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loaded: RerankingModel | None = None

    def load(self) -> None:
        """Loads it now, unless it is loaded.

        Raises:
            InvalidModelFile: It is no cross-encoder that can be used.
            LoadFailed: llama.cpp refused it, or memory did not suffice.
        """
        self._model()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How sure it is, from 0 to 1, that each text answers the query."""
        return self._model().scores(query, texts)

    def close(self) -> None:
        """Free what loading took."""
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def _model(self) -> RerankingModel:
        if self._loaded is None:
            # Only now: llama.cpp is loaded where such a model is used, and nowhere else.
            from models.engine.reranking import load_reranking_model

            self._loaded = load_now(load_reranking_model, self._path)
        return self._loaded


def open_reranker(path: Path) -> TextReranker:
    """Open a cross-encoder in either form; it is loaded when it is first used."""
    return Reranker(path) if path.is_dir() else GgufReranker(path)
