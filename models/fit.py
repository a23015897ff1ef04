"""What a model would take in memory, from its header alone, and whether that fits.

The parts are those that llama.cpp allocates: the weights, a second copy of those that it lays
out anew for the processor, the KV cache, and the buffers of a computation. Each formula was
compared with what llama.cpp says it allocates; see tests/benchmarks/memory.py. What layers that
are computed on a graphics card take lies there, in their share of the whole.
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
# What a model of which only the file's size is known needs beside its weights, about: a context
# of some thousand tokens, and the buffers of a computation.
_USUAL_KV_BYTES = 300_000_000
_USUAL_COMPUTE_BYTES = 200_000_000
# Python, its libraries and the vocabulary.
_PROCESS_BYTES = 80_000_000
# Above this share of what is free other programs would begin to suffer, and above the other
# one the machine.
_WELL_SHARE = 0.7
_TIGHT_SHARE = 0.95


class Room(msgspec.Struct, frozen=True):
    """Memory for a model, in bytes.

    Attributes:
        main: The machine's own.
        card: That of graphics cards, where llama.cpp computes on some that have their own.
    """

    main: int
    card: int = 0


class MemoryForecast(msgspec.Struct, frozen=True):
    """What a model takes in memory, in bytes.

    Attributes:
        weights: The file's weights, mapped from the disk.
        repacked: The second copy of some of them. Their pages of the file are not touched
            again, so the system can give them up.
        kv: The KV cache.
        compute: Buffers of a computation.
        process: The process itself.
        card: What of all that lies on graphics cards.
    """

    weights: int
    repacked: int
    kv: int
    compute: int
    process: int = _PROCESS_BYTES
    card: int = 0

    @property
    def total(self) -> int:
        """All of it, as the system shows it while nobody else wants memory."""
        return self.weights + self.repacked + self.kv + self.compute + self.process

    @property
    def needed(self) -> int:
        """What must be there for it to work at its speed."""
        return self.total - self.repacked


class Demand(msgspec.Struct, frozen=True):
    """What a model needs of the memory that decides whether it fits, in bytes.

    Attributes:
        needed: What it needs of it.
        free: What there is of it.
        on_card: Whether it is that of graphics cards.
    """

    needed: int
    free: int
    on_card: bool = False

    @property
    def share(self) -> float:
        """How much of it the model takes: above 1 more than there is."""
        return self.needed / max(1, self.free)

    @property
    def fit(self) -> Fit:
        """In a word."""
        if self.share <= _WELL_SHARE:
            return "well"
        return "tight" if self.share <= _TIGHT_SHARE else "not"


def forecast(
    header: GgufHeader, settings: LoadSettings, *, has_card: bool = False
) -> MemoryForecast:
    """Return what a model would take if it were loaded so.

    Args:
        header: What its files say.
        settings: How it would be loaded.
        has_card: Whether llama.cpp has graphics cards with memory of their own to compute on.
    """
    layers = _number(header, "block_count")
    wanted = settings.gpu_layers
    # The output counts as one layer more.
    there = layers + 1 if wanted < 0 else min(wanted, layers + 1)
    there = there if has_card else 0
    share = there / (layers + 1)
    context = context_in_force(header, settings.context_tokens)
    kv = kv_bytes(header, context, settings.kv_type)
    # On a card flash attention is taken unless it is switched off.
    flash = settings.flash_attention is None and there > 0
    compute = _compute_bytes(header, settings, context, flash=flash)
    card = header.bytes * share + kv * min(1.0, there / max(1, layers)) + compute * (there > 0)
    # Tokens are looked up in main memory whatever else is on the card; and what is left to the
    # processor is computed in buffers of its own.
    lookup = (header.bytes - sum(header.matrix_bytes.values())) * share
    return MemoryForecast(
        weights=header.bytes + int(lookup),
        repacked=int(_repacked_bytes(header) * (1 - share)),
        kv=kv,
        compute=compute * (2 if 0 < share < 1 else 1),
        card=int(card),
    )


def guess(size: int, *, has_card: bool = False) -> MemoryForecast:
    """Return about what a model would take of which only the file's size is known, in bytes."""
    card = size + _USUAL_KV_BYTES + _USUAL_COMPUTE_BYTES if has_card else 0
    return MemoryForecast(size, 0, _USUAL_KV_BYTES, _USUAL_COMPUTE_BYTES, card=card)


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


def largest_context(header: GgufHeader, settings: LoadSettings, room: Room) -> int:
    """Return the largest window, in whole steps, with which a model fits; 0 for none."""
    fitting, too_large = 0, context_in_force(header, 0) // _CONTEXT_STEP + 1
    while too_large - fitting > 1:
        steps = (fitting + too_large) // 2
        asked = msgspec.structs.replace(settings, context_tokens=steps * _CONTEXT_STEP)
        if demand(forecast(header, asked, has_card=room.card > 0), room).fit == "not":
            too_large = steps
        else:
            fitting = steps
    return fitting * _CONTEXT_STEP


def demand(memory: MemoryForecast, room: Room) -> Demand:
    """Return what a model needs of the memory of which it takes the larger share.

    Args:
        memory: What it takes.
        room: What there is for it.
    """
    main = Demand(memory.needed - memory.card, room.main)
    card = Demand(memory.card, room.card, on_card=True)
    return max(main, card, key=lambda one: one.share)


def free_memory() -> int:
    """Return the memory that programs can have now without any other being pushed out."""
    return psutil.virtual_memory().available


def _repacked_bytes(header: GgufHeader) -> int:
    kind = "arm" if platform.machine().lower() in ("arm64", "aarch64") else "x86"
    types = _REPACKED[kind]
    return sum(size for name, size in header.matrix_bytes.items() if name in types)


def _compute_bytes(header: GgufHeader, settings: LoadSettings, context: int, *, flash: bool) -> int:
    """The largest of what is alive at once: the output's numbers, or a layer's attention."""
    batch = min(settings.batch_tokens, context)
    row = _number(header, "embedding_length") * 4.0
    output = header.vocabulary * 4.0 + _ROWS_AT_OUTPUT * row
    heads = _number(header, "attention.head_count", 1)
    flash = flash or settings.flash_attention or settings.kv_type != "f16"
    # With flash attention only the mask is as long as the window, else every head's scores too.
    scores = context * (2.0 if flash else 4.0 * (heads + 1))
    return int(batch * max(output, scores + _ROWS_IN_LAYER * row))


def _number(header: GgufHeader, name: str, default: int = 0) -> int:
    value = header.hyperparameters.get(name, default)
    return max(map(_int, value), default=0) if isinstance(value, list) else _int(value)


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
