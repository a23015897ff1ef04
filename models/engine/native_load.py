"""Loads a GGUF file into memory with progress, so that it can be stopped on the way.

llama.cpp's load blocks until it is done. It runs in a thread that lives no longer than
the call, while the caller gets progress from a generator; closing that generator makes
llama.cpp give up at its next progress report and waits until it has.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Generator
from typing import Any

from models.engine.adapters import Adapters
from models.engine.hardware import compute_threads
from models.engine.native import llama, repacking_is_safe, start_backend
from models.engine.types import KvType, LoadProgress, LoadSettings
from models.errors import AdapterUnfit, LoadFailed
from models.gguf_header import GgufHeader

_POLL_SECONDS = 0.05
# Reading the weights is nearly all of a load; the context and warming up are the rest.
_WEIGHTS_SHARE = 0.95
# The conversation, and what is asked beside it.
SEQUENCES = 2

_KV_TYPES: dict[KvType, int] = {
    "f16": llama.GGML_TYPE_F16,
    "q8_0": llama.GGML_TYPE_Q8_0,
    "q4_0": llama.GGML_TYPE_Q4_0,
}


class NativeLoad:
    """One load.

    Args:
        path: The GGUF file.
        header: What it says of itself.
        settings: How it is loaded.
        embeds: Whether it turns texts into vectors, and does not write.

    Attributes:
        model: llama.cpp's model, once it is loaded; its owner frees it.
        context: Its context.
        batch_tokens: Most tokens that the context computes at once.
        kv_bytes_per_token: What a token takes in the KV cache.
    """

    def __init__(
        self, path: str, header: GgufHeader, settings: LoadSettings, *, embeds: bool = False
    ) -> None:
        self.path = path
        self._fraction = 0.0
        self._thread = threading.Thread(target=self._run, name="model-load", daemon=True)
        self._embeds = embeds
        self.header = header
        self.settings = settings
        self.batch_tokens = 0
        self.kv_bytes_per_token = 0
        self._log = start_backend()
        self._cancelled = False
        self.model: Any = None
        self.context: Any = None
        self._adapters: Adapters | None = None
        self._unfit: AdapterUnfit | None = None

    @property
    def adapters(self) -> Adapters:
        """The adapters of what is loaded."""
        if self._adapters is None:
            raise LoadFailed(self.path, self._log.first_error)
        return self._adapters

    def steps(self) -> Generator[LoadProgress]:
        """Loads; closing it stops the load and frees what it had.

        Raises:
            AdapterUnfit: An adapter cannot be used with this model.
            LoadFailed: llama.cpp refused it, or memory did not suffice.
        """
        self._thread.start()
        try:
            yield LoadProgress(fraction=0.0)
            while self._thread.is_alive():
                self._thread.join(_POLL_SECONDS)
                yield LoadProgress(fraction=self._fraction)
        except BaseException:
            self._cancelled = True
            self._thread.join()
            self._free()
            raise
        if self._unfit is not None:
            self._free()
            raise self._unfit
        if not self.model or not self.context:
            self._free()
            raise LoadFailed(self.path, self._log.first_error)

    def another_context(self) -> Any:
        """A further context of what is loaded; its owner frees it. None where memory is short."""
        return llama.llama_init_from_model(self.model, self._params_of_context())

    def _free(self) -> None:
        if self.context:
            llama.llama_free(self.context)
        if self.model:
            llama.llama_model_free(self.model)
        self.context = self.model = None

    def _progress(self, fraction: float, _user_data: object) -> bool:
        self._fraction = _WEIGHTS_SHARE * fraction
        return not self._cancelled

    def _run(self) -> None:
        self._log.first_error = ""
        params = llama.llama_model_default_params()
        callback = llama.llama_progress_callback(self._progress)
        params.progress_callback = callback
        params.n_gpu_layers = self.settings.gpu_layers
        params.use_extra_bufts = repacking_is_safe()
        self.model = llama.llama_model_load_from_file(str(self.path).encode(), params)
        if not self.model or self._cancelled:
            return
        self.context = llama.llama_init_from_model(self.model, self._params_of_context())
        if not self.context or self._cancelled:
            return
        self._adapters = Adapters(self.model, self.context, self.header.architecture)
        try:
            self._adapters.apply(self.settings.adapters_in_force)
        except AdapterUnfit as error:
            self._unfit = error
            return
        if not self._embeds:
            self._warm_up()

    def _params_of_context(self) -> Any:
        settings = self.settings
        trained: int = llama.llama_model_n_ctx_train(self.model)
        wanted = settings.context_tokens if settings.context_tokens > 0 else trained
        threads = settings.threads or compute_threads()
        params = llama.llama_context_default_params()
        params.n_ctx = min(wanted, trained) if trained > 0 else wanted
        self.batch_tokens = max(1, min(settings.batch_tokens, params.n_ctx))
        params.n_batch = params.n_ubatch = self.batch_tokens
        params.n_threads = params.n_threads_batch = threads
        params.n_seq_max = SEQUENCES
        params.kv_unified = True  # both share the window: what one does not take the other may
        params.flash_attn_type = flash_attention(settings)
        params.type_k = params.type_v = _KV_TYPES[settings.kv_type]
        params.no_perf = True
        if self._embeds:
            # Such a model looks at all of a text at once.
            self.batch_tokens = params.n_batch = params.n_ubatch = params.n_ctx
            params.n_seq_max = 1
            params.embeddings = True
            if self.header.kind == "reranker":
                params.pooling_type = llama.LLAMA_POOLING_TYPE_RANK
            elif not self.header.hyperparameters.get("pooling_type"):
                # Files from before it was noted are of models that take the mean.
                params.pooling_type = llama.LLAMA_POOLING_TYPE_MEAN
        return params

    def _warm_up(self) -> None:
        """Computes one token, so that the first question does not wait for the disk."""
        begin = llama.llama_vocab_bos(llama.llama_model_get_vocab(self.model))
        token = (ctypes.c_int32 * 1)(max(begin, 0))
        if llama.llama_decode(self.context, llama.llama_batch_get_one(token, 1)) == 0:
            self.kv_bytes_per_token = llama.llama_state_seq_get_size(self.context, 0)
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        self._fraction = 1.0


def flash_attention(settings: LoadSettings) -> int:
    """llama.cpp's constant for the flash attention that these settings ask for."""
    wanted = settings.flash_attention
    if settings.kv_type != "f16":
        wanted = True  # llama.cpp stores values in smaller types only with it
    if wanted is None and not llama.llama_supports_gpu_offload():
        # Left to itself llama.cpp takes it on a processor too, where decoding fell to .85.
        wanted = False
    if wanted is None:
        return llama.LLAMA_FLASH_ATTN_TYPE_AUTO
    return llama.LLAMA_FLASH_ATTN_TYPE_ENABLED if wanted else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
