"""Texts computed whole, for what a model's pooling makes of them: a vector, or a judgement.

Each core has a context of its own and works on texts of its own: with one context for all, the
cores wait for each other at every operation (all-MiniLM-L6-v2 on two cores: 14 passages/s instead
of 23). The weights are in memory once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from models.engine.hardware import compute_threads
from models.engine.native import Vocabulary, llama
from models.engine.native_load import NativeLoad
from models.engine.types import LoadProgress, LoadSettings
from models.errors import DecodeFailed
from models.gguf_header import GgufHeader

# A context of a large vocabulary takes up to 300 MB; with more cores than these, some share one.
_CONTEXTS_MOST = 4

Rows = npt.NDArray[np.float32]


class PooledModel:
    """A loaded model with its contexts, used by one thread.

    Attributes:
        model: llama.cpp's model.
        vocabulary: Its tokens.
        context_tokens: Most tokens of a text.
    """

    def __init__(self, load: NativeLoad, contexts: Sequence[Any]) -> None:
        self.model = load.model
        self.vocabulary = Vocabulary(self.model)
        self.context_tokens: int = llama.llama_n_ctx(contexts[0])
        self._contexts = [_Context(each, load.batch_tokens) for each in contexts]
        self._pool = ThreadPoolExecutor(len(contexts), "pooling-context")

    def compute(self, texts: Sequence[Sequence[int]], outputs: int) -> Rows:
        """What the pooling makes of texts, a row of `outputs` numbers for each.

        Neighbours go to different cores: of texts in the order of their size, all get the same.

        Args:
            texts: Their tokens, none with more than `context_tokens`.
            outputs: How many numbers the model gives.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        rows = np.empty((len(texts), outputs), np.float32)
        count = min(len(self._contexts), len(texts))

        def work(first: int) -> None:
            for row in range(first, len(texts), count):
                rows[row] = self._contexts[first].compute(texts[row], outputs)

        for _ in self._pool.map(work, range(count)):
            pass
        return rows

    def close(self) -> None:
        """Frees everything; closing twice does nothing."""
        if self.model:
            self._pool.shutdown()
            for context in self._contexts:
                context.close()
            llama.llama_model_free(self.model)
            self.model = None


class _Context:
    """What one text at a time is computed in."""

    def __init__(self, context: Any, batch_tokens: int) -> None:
        self._context = context
        self._batch = llama.llama_batch_init(batch_tokens, 0, 1)

    def compute(self, tokens: Sequence[int], outputs: int) -> Rows:
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
        return np.ctypeslib.as_array(pooled, shape=(outputs,)).copy()

    def close(self) -> None:
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._context)


def load_pooled_model(
    path: str, header: GgufHeader, settings: LoadSettings
) -> Generator[LoadProgress, None, PooledModel]:
    """Loads a model; closing the generator stops the load and frees what it had.

    Args:
        path: The GGUF file.
        header: What it says of itself.
        settings: How; its threads are shared out, and what is about writing makes no difference.

    Raises:
        LoadFailed: llama.cpp refused it, or memory did not suffice.
    """
    cores = settings.threads or compute_threads()
    count = min(cores, _CONTEXTS_MOST)
    shared_out = msgspec.structs.replace(settings, threads=cores // count)
    load = NativeLoad(path, header, shared_out, embeds=True)
    yield from load.steps()
    contexts = [load.context, *(load.another_context() for _ in range(count - 1))]
    return PooledModel(load, [context for context in contexts if context])
