"""LoRA adapters of a loaded model: small files that change what it computes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.adapter_files import check_adapter
from models.engine.native import llama, start_backend
from models.engine.types import Adapter
from models.errors import AdapterUnfit

_Stamp = tuple[str, int, int]


class Adapters:
    """The adapters of one model and its context.

    llama.cpp frees what was loaded together with the model.

    Args:
        model: llama.cpp's model.
        context: Its context.
        architecture: llama.cpp's name of the model's family.
    """

    def __init__(self, model: Any, context: Any, architecture: str) -> None:
        self._model = model
        self._context = context
        self._architecture = architecture
        self._loaded: dict[_Stamp, Any] = {}

    def apply(self, adapters: Sequence[Adapter]) -> None:
        """Changes the model by these adapters, and no others.

        What the context holds is of the model as it was: it is the caller's to drop.

        Raises:
            AdapterUnfit: One of them cannot be used; nothing has changed.
        """
        count = len(adapters)
        handles = (llama.llama_adapter_lora_p_ctypes * count)(*self.load(adapters))
        weights = (ctypes.c_float * count)(*(adapter.weight for adapter in adapters))
        if llama.llama_set_adapters_lora(self._context, handles, count, weights):
            raise AdapterUnfit(adapters[0].path, "refused")

    def load(self, adapters: Sequence[Adapter]) -> list[Any]:
        """Loads adapters that are not loaded yet.

        Raises:
            AdapterUnfit: One of them cannot be used with this model.
        """
        return [self._load(adapter.path) for adapter in adapters]

    def _load(self, path: str) -> Any:
        check_adapter(path, self._architecture)
        status = Path(path).stat()
        stamp = (path, status.st_mtime_ns, status.st_size)
        if stamp not in self._loaded:
            log = start_backend()
            log.first_error = ""
            adapter = llama.llama_adapter_lora_init(self._model, path.encode())
            if not adapter:
                raise AdapterUnfit(path, "refused", detail=log.first_error)
            self._loaded[stamp] = adapter
        return self._loaded[stamp]
