"""Judging search results with a GGUF cross-encoder, run by the models' engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexing.reranker import Reranker, TextReranker
from models.engine.types import LoadSettings

if TYPE_CHECKING:
    from models.engine.reranking import RerankingModel

# Query and passage together.
_MAX_TOKENS: Final = 512


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

            settings = LoadSettings(context_tokens=_MAX_TOKENS, flash_attention=True)
            loading = load_reranking_model(str(self._path), settings)
            while self._loaded is None:
                try:
                    next(loading)
                except StopIteration as end:
                    self._loaded = end.value
        return self._loaded


def open_reranker(path: Path) -> TextReranker:
    """Open a cross-encoder in either form; it is loaded when it is first used."""
    return Reranker(path) if path.is_dir() else GgufReranker(path)
