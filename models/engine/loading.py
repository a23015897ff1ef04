"""A loaded model with its context: what the engine computes with."""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from models.adapter_files import check_adapter
from models.engine.memory import TokenMemory
from models.engine.native import LIBRARY_VERSION, Vocabulary, llama
from models.engine.native_load import SEQUENCES, NativeLoad, flash_attention
from models.engine.types import Adapter, LoadProgress, LoadSettings
from models.errors import InvalidModelFile
from models.gguf_header import read_header
from models.states import StateKey

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

    def __init__(self, load: NativeLoad) -> None:
        model, context = load.model, load.context
        self.path = load.path
        self._settings = load.settings
        self._model = model
        self.vocabulary = Vocabulary(model)
        stateful = llama.llama_model_is_recurrent(model) or llama.llama_model_is_hybrid(model)
        self._context = context
        self.memory, self.aside = (
            TokenMemory(context, load.batch_tokens, rewindable=not stateful, sequence=sequence)
            for sequence in range(SEQUENCES)
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
            flash_attention=_FLASH_NAMES[flash_attention(settings)],
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
    load = NativeLoad(path, header, settings)
    yield from load.steps()
    return NativeModel(load)


def _metadata(model: Any, key: str) -> str:
    """A value of the file's header as text; empty without it."""
    room = 256
    buffer = ctypes.create_string_buffer(room)
    length: int = llama.llama_model_meta_val_str(model, key.encode(), buffer, room)
    return buffer.value.decode("utf-8", "replace") if length >= 0 else ""
