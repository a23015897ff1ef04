"""Loads a GGUF file into memory with progress, so that it can be stopped on the way.

llama.cpp's load blocks until it is done. It runs in a thread that lives no longer than
the call, while the caller gets progress from a generator; closing that generator makes
llama.cpp give up at its next progress report and waits until it has.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from models.engine.adapters import Adapters, check_adapter
from models.engine.hardware import compute_threads
from models.engine.memory import TokenMemory
from models.engine.native import (
    LIBRARY_VERSION,
    NativeLog,
    Vocabulary,
    llama,
    repacking_is_safe,
    start_backend,
)
from models.engine.types import Adapter, KvType, LoadProgress, LoadSettings
from models.errors import AdapterUnfit, InvalidModelFile, LoadFailed
from models.gguf_header import GgufHeader, read_header
from models.states import StateKey

_POLL_SECONDS = 0.05
# Reading the weights is nearly all of a load; the context and warming up are the rest.
_WEIGHTS_SHARE = 0.95
# The conversation, and what is asked beside it.
_SEQUENCES = 2

_KV_TYPES: dict[KvType, int] = {
    "f16": llama.GGML_TYPE_F16,
    "q8_0": llama.GGML_TYPE_Q8_0,
    "q4_0": llama.GGML_TYPE_Q4_0,
}
_FLASH_NAMES = {
    llama.LLAMA_FLASH_ATTN_TYPE_AUTO: "auto",
    llama.LLAMA_FLASH_ATTN_TYPE_DISABLED: "off",
    llama.LLAMA_FLASH_ATTN_TYPE_ENABLED: "on",
}


class NativeModel:
    """A loaded model with its context: what the engine computes with.

    Attributes:
        path: The GGUF file.
        vocabulary: Its tokens.
        memory: What its context holds of the conversation.
        aside: What it holds besides, of short questions of the app's own.
        architecture: llama.cpp's name of its family.
        adapters: What changes it.
        template: Source of its chat template, None without one.
        context_tokens: The context window in force.
        trained_context: What the model was trained for.
        threads: Compute threads in use.
        kv_bytes_per_token: What a token takes in the KV cache.
    """

    def __init__(self, path: str, model: Any, context: Any, load: _Load) -> None:
        self.path = path
        self._settings = load.settings
        self._model = model
        self.vocabulary = Vocabulary(model)
        stateful = llama.llama_model_is_recurrent(model) or llama.llama_model_is_hybrid(model)
        self._context = context
        self.memory, self.aside = (
            TokenMemory(context, load.batch_tokens, rewindable=not stateful, sequence=sequence)
            for sequence in range(_SEQUENCES)
        )
        self.architecture = load.header.architecture
        self.adapters = load.adapters
        template: bytes | None = llama.llama_model_chat_template(model, None)
        self.template = None if template is None else template.decode("utf-8", "replace")
        self.context_tokens: int = llama.llama_n_ctx(context)
        self.trained_context: int = llama.llama_model_n_ctx_train(model)
        self.threads: int = llama.llama_n_threads(context)
        self.kv_bytes_per_token = load.kv_bytes_per_token

    @property
    def room(self) -> int:
        """How many further tokens the context window holds."""
        return self.context_tokens - len(self.memory.tokens) - len(self.aside.tokens)

    def state_key(
        self, sha256: str, adapters: Sequence[Adapter], digests: Sequence[str]
    ) -> StateKey:
        """What a KV state of this model depends on besides its tokens.

        Args:
            sha256: Of the model file.
            adapters: Those that change it.
            digests: SHA-256 of each of their files.
        """
        settings = self._settings
        # Such models compute positions in one of two ways, by the size of the window.
        two_ways = _metadata(
            self._model, f"{self.architecture}.rope.scaling.original_context_length"
        )
        return StateKey(
            model=sha256,
            library=LIBRARY_VERSION,
            key_type=settings.kv_type,
            value_type=settings.kv_type,
            flash_attention=_FLASH_NAMES[_flash_attention(settings)],
            context_tokens=self.context_tokens if two_ways else 0,
            adapters=tuple(
                (digest, adapter.weight) for adapter, digest in zip(adapters, digests, strict=True)
            ),
        )

    def close(self) -> None:
        """Frees everything; closing twice does nothing."""
        if self._model:
            self.memory.close()
            self.aside.close()
            llama.llama_free(self._context)
            llama.llama_model_free(self._model)
            self._model = None


def load_model(path: str, settings: LoadSettings) -> Generator[LoadProgress, None, NativeModel]:
    """Loads a model; closing the generator stops the load and frees what it had.

    Raises:
        InvalidModelFile: The file's header is not that of a usable model.
        AdapterUnfit: An adapter cannot be used with it.
        LoadFailed: llama.cpp refused it, or memory did not suffice.
    """
    header = read_header(Path(path))
    if not header.generates_text:
        raise InvalidModelFile(path, "not_a_language_model")
    for adapter in settings.adapters_in_force:
        check_adapter(adapter.path, header.architecture)
    load = _Load(path, header, settings, start_backend())
    load.thread.start()
    try:
        yield LoadProgress(fraction=0.0)
        while load.thread.is_alive():
            load.thread.join(_POLL_SECONDS)
            yield LoadProgress(fraction=load.fraction)
    except BaseException:
        load.cancel()
        raise
    return load.result()


class _Load:
    """One native load, in its thread."""

    def __init__(
        self, path: str, header: GgufHeader, settings: LoadSettings, log: NativeLog
    ) -> None:
        self.fraction = 0.0
        self.thread = threading.Thread(target=self._run, name="model-load", daemon=True)
        self._path = path
        self.header = header
        self.settings = settings
        self.batch_tokens = 0
        self.kv_bytes_per_token = 0
        self._log = log
        self._cancelled = False
        self._model: Any = None
        self._context: Any = None
        self._adapters: Adapters | None = None
        self._unfit: AdapterUnfit | None = None

    @property
    def adapters(self) -> Adapters:
        """The adapters of what is loaded."""
        if self._adapters is None:
            raise LoadFailed(self._path, self._log.first_error)
        return self._adapters

    def cancel(self) -> None:
        """Stops the load, waits for its end and frees what it had."""
        self._cancelled = True
        self.thread.join()
        self._free()

    def result(self) -> NativeModel:
        """What a finished load has loaded."""
        if self._unfit is not None:
            self._free()
            raise self._unfit
        if not self._model or not self._context:
            self._free()
            raise LoadFailed(self._path, self._log.first_error)
        return NativeModel(self._path, self._model, self._context, self)

    def _free(self) -> None:
        if self._context:
            llama.llama_free(self._context)
        if self._model:
            llama.llama_model_free(self._model)
        self._context = self._model = None

    def _progress(self, fraction: float, _user_data: object) -> bool:
        self.fraction = _WEIGHTS_SHARE * fraction
        return not self._cancelled

    def _run(self) -> None:
        self._log.first_error = ""
        params = llama.llama_model_default_params()
        callback = llama.llama_progress_callback(self._progress)
        params.progress_callback = callback
        params.n_gpu_layers = self.settings.gpu_layers
        params.use_extra_bufts = repacking_is_safe()
        self._model = llama.llama_model_load_from_file(str(self._path).encode(), params)
        if not self._model or self._cancelled:
            return
        self._context = llama.llama_init_from_model(self._model, self._context_params())
        if not self._context or self._cancelled:
            return
        self._adapters = Adapters(self._model, self._context, self.header.architecture)
        try:
            self._adapters.apply(self.settings.adapters_in_force)
        except AdapterUnfit as error:
            self._unfit = error
            return
        self._warm_up()

    def _context_params(self) -> Any:
        settings = self.settings
        trained: int = llama.llama_model_n_ctx_train(self._model)
        wanted = settings.context_tokens if settings.context_tokens > 0 else trained
        threads = settings.threads or compute_threads()
        params = llama.llama_context_default_params()
        params.n_ctx = min(wanted, trained) if trained > 0 else wanted
        self.batch_tokens = max(1, min(settings.batch_tokens, params.n_ctx))
        params.n_batch = params.n_ubatch = self.batch_tokens
        params.n_threads = params.n_threads_batch = threads
        params.n_seq_max = _SEQUENCES
        params.kv_unified = True  # both share the window: what one does not take the other may
        params.flash_attn_type = _flash_attention(settings)
        params.type_k = params.type_v = _KV_TYPES[settings.kv_type]
        params.no_perf = True
        return params

    def _warm_up(self) -> None:
        """Computes one token, so that the first question does not wait for the disk."""
        begin = llama.llama_vocab_bos(llama.llama_model_get_vocab(self._model))
        token = (ctypes.c_int32 * 1)(max(begin, 0))
        if llama.llama_decode(self._context, llama.llama_batch_get_one(token, 1)) == 0:
            self.kv_bytes_per_token = llama.llama_state_seq_get_size(self._context, 0)
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)
        self.fraction = 1.0


def _flash_attention(settings: LoadSettings) -> int:
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


def _metadata(model: Any, key: str) -> str:
    """A value of the file's header as text; empty without it."""
    room = 256
    buffer = ctypes.create_string_buffer(room)
    length: int = llama.llama_model_meta_val_str(model, key.encode(), buffer, room)
    return buffer.value.decode("utf-8", "replace") if length >= 0 else ""
