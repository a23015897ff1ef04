"""What a model would take in memory, from its header alone, and whether that fits.

The parts are those that llama.cpp allocates: the weights, a second copy of those that it lays
out anew for the processor, the KV cache, and the buffers of a computation. Each formula was
compared with what llama.cpp says it allocates; see tests/benchmarks/memory.py.
"""

from __future__ import annotations

import platform
from typing import Final, Literal

import msgspec
import psutil

from models.engine.types import KvType, LoadSettings
from models.gguf_header import GgufHeader

Fit = Literal["well", "tight", "not"]

# Bytes of an element in the KV cache: f16, and blocks of 32 with a scale of two bytes.
_KV_BYTES: Final[dict[KvType, float]] = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
# Types of weights that llama.cpp lays out anew, by kind of processor.
_REPACKED: Final = {
    "x86": frozenset({"Q4_0", "Q4_K", "Q2_K", "IQ4_NL"}),
    "arm": frozenset({"Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL"}),
}
_CONTEXT_STEP = 256  # llama.cpp rounds the window up to whole such steps
# Rows of the embedding's width that are alive at once beside the largest result.
_ROWS_AT_OUTPUT = 3.0
_ROWS_IN_LAYER = 5.5
# Python, its libraries and the vocabulary.
_PROCESS_BYTES = 80_000_000
# Above this share of what is free other programs would begin to suffer, and above the other
# one the machine.
_WELL_SHARE = 0.7
_TIGHT_SHARE = 0.95


class MemoryForecast(msgspec.Struct, frozen=True):
    """What a model takes in memory, in bytes.

    Attributes:
        weights: The file's weights, mapped from the disk.
        repacked: The second copy of some of them. Their pages of the file are not touched
            again, so the system can give them up.
        kv: The KV cache.
        compute: Buffers of a computation.
        process: The process itself.
    """

    weights: int
    repacked: int
    kv: int
    compute: int
    process: int = _PROCESS_BYTES

    @property
    def total(self) -> int:
        """All of it, as the system shows it while nobody else wants memory."""
        return self.weights + self.repacked + self.kv + self.compute + self.process

    @property
    def needed(self) -> int:
        """What must be there for it to work at its speed."""
        return self.total - self.repacked


def forecast(header: GgufHeader, settings: LoadSettings) -> MemoryForecast:
    """Return what a model would take if it were loaded so."""
    context = context_in_force(header, settings.context_tokens)
    return MemoryForecast(
        weights=header.bytes,
        repacked=_repacked_bytes(header),
        kv=kv_bytes(header, context, settings.kv_type),
        compute=_compute_bytes(header, settings, context),
    )


def context_in_force(header: GgufHeader, wanted: int) -> int:
    """Return the window that a model gets where so many tokens are asked for; 0 asks for all."""
    trained = header.trained_context
    tokens = wanted if wanted > 0 else trained
    tokens = min(tokens, trained) if trained > 0 else tokens
    return -(-tokens // _CONTEXT_STEP) * _CONTEXT_STEP


def kv_bytes(header: GgufHeader, tokens: int, kv_type: KvType = "f16") -> int:
    """Return what so many tokens take in the KV cache, or in a state on disk."""
    layers = _number(header, "block_count")
    heads = _number(header, "attention.head_count", 1)
    width = _number(header, "embedding_length") // max(1, heads)
    # One number for all layers, or one for each; layers without attention have 0.
    listed = header.hyperparameters.get("attention.head_count_kv", heads)
    kv_heads = sum(map(_int, listed)) if isinstance(listed, list) else layers * _int(listed)
    row = _number(header, "attention.key_length", width)
    row += _number(header, "attention.value_length", width)
    return int(tokens * kv_heads * row * _KV_BYTES[kv_type])


def largest_context(header: GgufHeader, settings: LoadSettings, free: int) -> int:
    """Return the largest window, in whole steps, with which a model fits; 0 for none."""
    fitting, too_large = 0, context_in_force(header, 0) // _CONTEXT_STEP + 1
    while too_large - fitting > 1:
        steps = (fitting + too_large) // 2
        asked = msgspec.structs.replace(settings, context_tokens=steps * _CONTEXT_STEP)
        if judge(forecast(header, asked), free) == "not":
            too_large = steps
        else:
            fitting = steps
    return fitting * _CONTEXT_STEP


def judge(memory: MemoryForecast, free: int) -> Fit:
    """Say in a word how a model fits.

    Args:
        memory: What it takes.
        free: Memory there is for it, in bytes.
    """
    if memory.needed <= free * _WELL_SHARE:
        return "well"
    return "tight" if memory.needed <= free * _TIGHT_SHARE else "not"


def free_memory() -> int:
    """Return the memory that programs can have now without any other being pushed out."""
    return psutil.virtual_memory().available


def _repacked_bytes(header: GgufHeader) -> int:
    kind = "arm" if platform.machine().lower() in ("arm64", "aarch64") else "x86"
    types = _REPACKED[kind]
    return sum(size for name, size in header.matrix_bytes.items() if name in types)


def _compute_bytes(header: GgufHeader, settings: LoadSettings, context: int) -> int:
    """The largest of what is alive at once: the output's numbers, or a layer's attention."""
    batch = min(settings.batch_tokens, context)
    row = _number(header, "embedding_length") * 4.0
    output = header.vocabulary * 4.0 + _ROWS_AT_OUTPUT * row
    heads = _number(header, "attention.head_count", 1)
    flash = settings.flash_attention or settings.kv_type != "f16"
    # With flash attention only the mask is as long as the window, else every head's scores too.
    scores = context * (2.0 if flash else 4.0 * (heads + 1))
    return int(batch * max(output, scores + _ROWS_IN_LAYER * row))


def _number(header: GgufHeader, name: str, default: int = 0) -> int:
    value = header.hyperparameters.get(name, default)
    return max(map(_int, value), default=0) if isinstance(value, list) else _int(value)


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
