"""A cross-encoder, where one is installed: it reads query and passage together.

It tells better than any two vectors whether a passage answers a query, and costs as much as
embedding the passage, so it judges only the first candidates of a search.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from indexing.cores import physical_cores
from indexing.embedder import prepare_libraries

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

logger = logging.getLogger(__name__)

# How many of the first candidates it judges: a second or so on a small machine.
RERANKED = 20
# Pairs judged at once.
_BATCH = 4
# Tokens of query and passage together; a passage has about 200.
_MAX_TOKENS = 512


def installed_reranker(folder: Path) -> Path | None:
    """The model to use of a folder of models, the first by name; None where there is none."""
    if not folder.is_dir():
        return None
    return next(
        (path for path in sorted(folder.iterdir()) if (path / "config.json").is_file()), None
    )


class Reranker:
    """One cross-encoder with a single output; loaded when it is first used, or by `load`.

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
            batch_size=_BATCH,
            show_progress_bar=False,
            activation_fn=torch.nn.Sigmoid(),
        )
        return [float(score) for score in made]
