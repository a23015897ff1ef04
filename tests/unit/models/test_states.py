"""The store of KV states, with files of llama.cpp's layout and no model."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.states import StateKey, StateStore, StoredState

KEY = StateKey(model="a" * 64, library="1", key_type="f16", value_type="f16", flash_attention="off")
BODY = 1000
ROOMY = 10**9


def writer(tokens: list[int], body: bytes = b"x" * BODY):
    def write(path: Path) -> bool:
        head = np.array([0x67677371, 2, len(tokens)], np.uint32).tobytes()
        path.write_bytes(head + np.array(tokens, np.int32).tobytes() + body)
        return True

    return write


def keep(
    store: StateStore,
    tokens: list[int],
    owners: tuple[str, ...] = ("conversation:1",),
    *,
    studied: bool = False,
    key: StateKey = KEY,
) -> StoredState | None:
    needed = 12 + 4 * len(tokens) + BODY
    return store.keep(
        key, tokens, len(tokens), owners, writer(tokens), bytes_needed=needed, studied=studied
    )


def kept(
    store: StateStore, tokens: list[int], owners: tuple[str, ...] = ("conversation:1",)
) -> StoredState:
    state = keep(store, tokens, owners)
    assert state is not None
    return state


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "states", lambda: ROOMY)


def last_used(store: StateStore, state: StoredState, seconds_ago: float) -> None:
    then = time.time() - seconds_ago
    os.utime(store._facts_file(state.name), (then, then))


def test_what_was_kept_is_found_by_another_process(store, tmp_path):
    tokens = list(range(700))
    kept = keep(store, tokens)
    other = StateStore(tmp_path / "states", lambda: ROOMY)
    [found] = other.matching(KEY)
    assert found == kept
    assert found.bytes == 12 + 4 * 700 + BODY == other.total_bytes()
    assert other.tokens(found).tolist() == tokens
    assert other.take(found).read_bytes()[-BODY:] == b"x" * BODY


@pytest.mark.parametrize(
    "change",
    [
        {"model": "b" * 64},
        {"library": "2"},
        {"key_type": "q8_0"},
        {"value_type": "q8_0"},
        {"flash_attention": "on"},
        {"context_tokens": 8192},
        {"adapters": (("c" * 64, 1.0),)},
    ],
)
def test_another_key_is_another_state(store, change):
    keep(store, [1, 2, 3])
    assert store.matching(msgspec.structs.replace(KEY, **change)) == []


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_damaged_state_is_never_used_and_goes(store, place):
    state = keep(store, list(range(100)))
    path = store._data(state.name)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert store.take(state) is None
    assert store.list() == []
    assert not path.exists()


def test_a_state_cut_short_has_no_tokens(store, tmp_path):
    state = kept(store, list(range(100)))
    store._data(state.name).write_bytes(b"short")
    assert len(StateStore(tmp_path / "states", lambda: ROOMY).tokens(state)) == 0
    assert store.take(state) is None


def test_nothing_half_written_counts(store):
    def fails(path: Path) -> bool:
        path.write_bytes(b"half")
        return False

    def breaks(path: Path) -> bool:
        path.write_bytes(b"half")
        raise OSError(28, "no space left")

    for write in (fails, breaks):
        assert store.keep(KEY, [1], 1, ("x",), write, bytes_needed=10) is None
    assert store.list() == []
    assert list(store._folder.iterdir()) == []


def test_the_quota_lets_go_what_was_not_used_for_longest(tmp_path):
    size = 12 + 400 + BODY
    store = StateStore(tmp_path, lambda: 3 * size)
    first, second, third = (
        kept(store, list(range(n, n + 100)), (f"document:{n}",)) for n in (0, 200, 400)
    )
    for state, ago in ((first, 30), (second, 20), (third, 10)):
        last_used(store, state, ago)
    assert store.take(first) is not None  # used now
    fourth = keep(store, list(range(600, 700)), ("document:4",))
    assert {state.name for state in store.list()} == {first.name, third.name, fourth.name}
    assert store.total_bytes() <= 3 * size
    assert keep(StateStore(tmp_path, lambda: size - 1), list(range(100))) is None


def test_a_longer_state_takes_the_place_of_its_beginning(store):
    keep(store, list(range(100)))
    other = keep(store, [7, *range(100)])
    longer = keep(store, list(range(150)))
    assert {state.name for state in store.list()} == {other.name, longer.name}


def test_a_studied_document_outlives_the_conversations_over_it(store):
    part = keep(store, list(range(50)), ("document:1",))
    studied = keep(store, list(range(100)), ("document:1",), studied=True)
    conversation = keep(store, list(range(150)), ("conversation:1", "document:1"))
    assert {state.name for state in store.list()} == {studied.name, conversation.name}
    assert part.name not in {state.name for state in store.list()}
    again = keep(store, list(range(100)), ("document:1",), studied=True)
    assert {state.name for state in store.list()} == {again.name, conversation.name}


def test_states_go_with_what_they_were_made_of(store):
    keep(store, [1, 2], ("conversation:1", "document:7"))
    other = keep(store, [3, 4], ("document:8",))
    assert store.remove("document:7") > 0
    assert store.list() == [other]
    store.remove()
    assert list(store._folder.iterdir()) == []


def test_what_a_dead_process_left_is_cleared_away(store):
    keep(store, [1, 2])
    old = store._folder / "left.kv.part"
    orphan = store._folder / "orphan.kv"
    new = store._folder / "being-written.kv.part"
    for path in (old, orphan, new):
        path.write_bytes(b"")
    for path in (old, orphan):
        os.utime(path, (0, 0))
    keep(store, [3, 4], ("document:2",))
    assert (old.exists(), orphan.exists(), new.exists()) == (False, False, True)
    assert len(store.list()) == 2
