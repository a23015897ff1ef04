"""A cross-encoder, where one is chosen: it reads query and passage together.

It tells better than any two vectors whether a passage answers a query, and costs as much as
embedding the passage, so it judges only the first candidates of a search.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from indexing.cores import physical_cores
from indexing.embedder import prepare_libraries

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

logger = logging.getLogger(__name__)

# How many of the first candidates it judges ...
RERANKED = 20
# ... as far as it comes in this time: on two cores a model of 600 million parameters takes
# seconds for each. What it has judged is put in order, the rest keeps its place.
JUDGING_S = 3.0
# Pairs judged at once.
JUDGED_AT_ONCE = 4
# Tokens of query and passage together; a passage has about 200.
_MAX_TOKENS = 512


class TextReranker(Protocol):
    """One cross-encoder, whatever library runs it. Used by one thread."""

    def load(self) -> None:
        """Loads the model now, unless it is loaded; may take seconds."""
        ...

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How sure the model is, from 0 to 1, that each text answers the query."""
        ...

    def close(self) -> None:
        """Frees what loading took; it is loaded again where it is needed again."""
        ...


class Reranker:
    """One in the form of sentence-transformers, with a single output; see `TextReranker`.

    Args:
        folder: The model as sentence-transformers saves it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: CrossEncoder | None = None

    def load(self) -> None:
        """Loads the model now, unless it is loaded; takes seconds the first time."""
        if self._model is not None:
            return
        begin = time.perf_counter()
        prepare_libraries()
        import torch
        from sentence_transformers import CrossEncoder

        torch.set_num_threads(physical_cores())
        self._model = CrossEncoder(
            str(self._folder), device="cpu", local_files_only=True, max_length=_MAX_TOKENS
        )
        logger.info("reranker loaded in %.1f s", time.perf_counter() - begin)

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How sure the model is, from 0 to 1, that each text answers the query."""
        if not texts:
            return []
        self.load()
        assert self._model is not None
        import torch

        # Some models are saved with the sigmoid that they were trained with and some without.
        made = cast("Any", self._model).predict(
            [(query, text) for text in texts],
            batch_size=JUDGED_AT_ONCE,
            show_progress_bar=False,
            activation_fn=torch.nn.Sigmoid(),
        )
        return [float(score) for score in made]

    def close(self) -> None:
        """Lets go of the model, which is loaded again where it is needed again."""
        self._model = None
