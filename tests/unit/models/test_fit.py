"""What fits: forecasts from headers alone, against what llama.cpp said it allocated."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from models.engine.types import LoadSettings
from models.fit import (
    Demand,
    MemoryForecast,
    Room,
    context_in_force,
    demand,
    forecast,
    free_memory,
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
    largest = largest_context(header, settings, Room(free))
    assert 8192 < largest < 32768

    def fit(tokens: int) -> str:
        asked = msgspec.structs.replace(settings, context_tokens=tokens)
        return demand(forecast(header, asked), Room(free)).fit

    assert fit(largest) == "tight"
    assert fit(largest + 256) == "not"
    assert largest_context(header, settings, Room(64 * 10**9)) == 32768
    assert largest_context(header, settings, Room(4 * 10**8)) == 0


def test_the_words():
    memory = MemoryForecast(weights=600, repacked=200, kv=100, compute=100, process=0)
    assert (memory.total, memory.needed) == (1000, 800)
    fits = [demand(memory, Room(free)).fit for free in (1200, 900, 840)]
    assert fits == ["well", "tight", "not"]
    assert free_memory() > 0


# --- Graphics cards -------------------------------------------------------------------------------


def with_layers(number: int, **changes: Any) -> LoadSettings:
    return LoadSettings(context_tokens=4096, gpu_layers=number, **changes)


def test_a_model_on_a_card_takes_its_memory_and_hardly_any_of_the_machines(header, on_x86):
    alone = forecast(header, with_layers(-1))
    assert alone.card == 0
    on_card = forecast(header, with_layers(-1), has_card=True)
    # Weights and KV cache, and buffers that flash attention keeps small; of the file, what tokens
    # are looked up in stays in main memory too.
    assert on_card.card / MIB == pytest.approx(469 + 48 + 151, rel=0.03)
    looked_up = header.bytes - sum(header.matrix_bytes.values())
    assert on_card.needed - on_card.card == pytest.approx(looked_up + on_card.process, rel=0.01)
    assert on_card.repacked == 0
    # No layer on it is as if there were none.
    assert forecast(header, with_layers(0), has_card=True) == forecast(header, with_layers(0))


def test_layers_that_stay_are_in_main_memory(header, on_x86):
    whole = forecast(header, with_layers(-1), has_card=True)
    assert forecast(header, with_layers(99), has_card=True) == whole
    some = [forecast(header, with_layers(number), has_card=True) for number in (0, 8, 16, 24)]
    cards = [one.card for one in some]
    mains = [one.needed - one.card for one in some]
    assert cards == sorted(cards)
    assert cards[3] < whole.card
    assert mains[1:] == sorted(mains[1:], reverse=True)
    # A third of the layers has a third of the KV cache.
    q8 = forecast(header, with_layers(8, kv_type="q8_0", flash_attention=True), has_card=True)
    f16 = forecast(header, with_layers(8, flash_attention=True), has_card=True)
    assert f16.card - q8.card == pytest.approx((f16.kv - q8.kv) / 3, rel=0.01)


def test_the_memory_that_is_shorter_decides(header):
    memory = MemoryForecast(weights=900, repacked=0, kv=100, compute=100, process=100, card=1000)
    assert memory.needed == 1200
    # A card that holds it makes good what the machine lacks, and the other way round it does not.
    assert demand(memory, Room(400, card=2000)) == Demand(200, 400)
    assert demand(memory, Room(400, card=1200)) == Demand(1000, 1200, on_card=True)
    assert demand(memory, Room(400, card=1200)).fit == "tight"
    assert demand(memory, Room(10**6, card=900)).fit == "not"
    assert demand(memory, Room(100, card=10**6)).fit == "not"


def test_the_largest_context_is_the_one_that_the_card_holds(header):
    little = Room(64 * 10**9, card=10**9)
    largest = largest_context(header, LoadSettings(), little)
    assert 8192 < largest < 32768
    # What the machine has would hold it all, and does once the layers stay there.
    assert largest_context(header, LoadSettings(gpu_layers=0), little) == 32768
    assert largest_context(header, LoadSettings(), Room(10**9, card=24 * 10**9)) == 32768
