"""The graphics cards that llama.cpp computes on."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from llama_cpp._ggml import libggml

from models.engine.native import start_backend

# The bindings load the library and leave its functions alone.
_ggml: Any = libggml
_ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
_ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
_ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
_ggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
_ggml.ggml_backend_dev_memory.argtypes = [
    ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(ctypes.c_size_t),
]  # fmt: skip
_ggml.ggml_backend_dev_memory.restype = None


class DeviceKind(IntEnum):
    """What computes: `enum ggml_backend_dev_type` of ggml-backend.h."""

    PROCESSOR = 0
    CARD = 1
    # On the processor's chip, and in the machine's own memory.
    SHARED_CARD = 2


class Device(NamedTuple):
    """What computes; its kind may be one that `DeviceKind` has no name for.

    Attributes:
        free: Bytes of its memory that are free.
        total: Bytes of its memory.
    """

    kind: int
    free: int
    total: int


def devices() -> Iterator[Device]:
    """Everything that llama.cpp can compute on here."""
    start_backend()
    for number in range(_ggml.ggml_backend_dev_count()):
        device = _ggml.ggml_backend_dev_get(number)
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        _ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        yield Device(_ggml.ggml_backend_dev_type(device), free.value, total.value)


def card_memory() -> int:
    """Bytes that are free on the cards with memory of their own, among which it divides a model."""
    return sum(device.free for device in devices() if device.kind == DeviceKind.CARD)
