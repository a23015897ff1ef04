"""What fits: forecasts from headers alone, against what llama.cpp said it allocated."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from models.engine.types import LoadSettings
from models.fit import (
    MemoryForecast,
    context_in_force,
    forecast,
    free_memory,
    judge,
    kv_bytes,
    largest_context,
)
from models.gguf_header import GgufHeader, read_header

MIB = 2**20

# Settings, and the sizes in MiB of llama.cpp's own buffers for them: the weights it maps and
# those it lays out anew, the KV cache, the buffers of a computation.
SMOLLM: list[tuple[dict[str, Any], tuple[float, float, float]]] = [
    ({"context_tokens": 4096}, (92.10, 90.0, 49.69)),
    ({"context_tokens": 8192}, (92.10, 180.0, 83.19)),
    ({"context_tokens": 8192, "batch_tokens": 512}, (92.10, 180.0, 166.38)),
    ({"context_tokens": 8192, "kv_type": "q8_0"}, (92.10, 95.62, 49.69)),
]
SMALL: list[tuple[dict[str, Any], tuple[float, float, float]]] = [
    ({"context_tokens": 4096}, (491.01, 48.0, 151.0)),
    ({"context_tokens": 8192, "batch_tokens": 512}, (491.01, 96.0, 302.0)),
    ({"context_tokens": 8192, "kv_type": "q8_0"}, (491.01, 51.0, 151.0)),
]


@pytest.fixture
def on_x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


@pytest.mark.parametrize(
    ("model", "measured"),
    [("smollm_path", SMOLLM), ("qwen_small_path", SMALL)],
)
def test_forecasts_are_what_llama_cpp_allocates(model, measured, request, on_x86):
    header = read_header(request.getfixturevalue(model))
    for settings, (weights, kv, compute) in measured:
        memory = forecast(header, LoadSettings(**settings))
        assert (memory.weights + memory.repacked) / MIB == pytest.approx(weights, rel=0.02)
        assert memory.kv / MIB == pytest.approx(kv, rel=0.001)
        assert memory.compute / MIB == pytest.approx(compute, rel=0.01)


@pytest.fixture
def header(qwen_small_path) -> GgufHeader:
    return read_header(qwen_small_path)


def test_the_context_is_clipped_to_what_the_model_was_trained_for(header):
    assert context_in_force(header, 0) == context_in_force(header, 10**9) == 32768
    assert context_in_force(header, 1000) == 1024


def test_smaller_types_take_less(header):
    sizes = [kv_bytes(header, 8000, kind) for kind in ("f16", "q8_0", "q4_0")]
    assert sizes[0] == 8000 * 24 * 2 * 128 * 2
    assert [round(size / sizes[0], 2) for size in sizes] == [1.0, 0.53, 0.28]


def test_layers_without_attention_take_nothing(header):
    parameters = {**header.hyperparameters, "attention.head_count_kv": [2, 0] * 12}
    hybrid = msgspec.structs.replace(header, hyperparameters=parameters)
    assert kv_bytes(hybrid, 1000) == kv_bytes(header, 1000) // 2


def test_the_largest_context_fits_and_the_next_does_not(header, on_x86):
    settings = LoadSettings()
    free = 1_000_000_000
    largest = largest_context(header, settings, free)
    assert 8192 < largest < 32768

    def fit(tokens: int) -> str:
        asked = msgspec.structs.replace(settings, context_tokens=tokens)
        return judge(forecast(header, asked), free)

    assert fit(largest) == "tight"
    assert fit(largest + 256) == "not"
    assert largest_context(header, settings, 64 * 10**9) == 32768
    assert largest_context(header, settings, 4 * 10**8) == 0


def test_the_words():
    memory = MemoryForecast(weights=600, repacked=200, kv=100, compute=100, process=0)
    assert (memory.total, memory.needed) == (1000, 800)
    assert [judge(memory, free) for free in (1200, 900, 840)] == ["well", "tight", "not"]
    assert free_memory() > 0
