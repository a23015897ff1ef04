"""What was read once is never read again: KV states on disk, with a real model."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from models.engine.engine import Engine
from models.engine.types import ChatMessage, Generation, LoadSettings, PrefillProgress, Sampling
from models.errors import ContextOverflow, NoModelLoaded
from models.states import StateStore

pytestmark = pytest.mark.model

E = TypeVar("E")
R = TypeVar("R")

CONTEXT = 2048
DIGEST = "d" * 64
GREEDY = Sampling(max_tokens=12)
BOOK = "".join(
    f"In year {n} the ship sailed to port number {n * 7 % 31} with {n * 3} barrels. "
    for n in range(40)
)
OTHER = "".join(f"Room {n} of the museum holds {n * 5} coins and a vase. " for n in range(60))


def run(generator: Generator[E, None, R]) -> tuple[list[E], R]:
    events: list[E] = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            return events, end.value


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "states", lambda: 10**9)


def start(path: Path, store: StateStore | None, digest: str = DIGEST, **settings: Any) -> Engine:
    engine = Engine(store)
    # One thread: two would wait for each other at every step of a busy machine.
    run(engine.load(str(path), LoadSettings(context_tokens=CONTEXT, threads=1, **settings)))
    if store is not None:
        engine.identify(digest)
    return engine


def over(book: str, question: str) -> list[ChatMessage]:
    return [ChatMessage("system", f"Answer from this:\n{book}"), ChatMessage("user", question)]


def ask(engine: Engine, book: str, question: str, owners: tuple[str, ...] = ()) -> Generation:
    return run(engine.generate(over(book, question), GREEDY, [], owners))[1]


def test_a_studied_document_is_not_read_again_and_answers_the_same(smollm_path, store):
    plain = start(smollm_path, None)
    expected = ask(plain, BOOK, "How many barrels in year 30?")
    assert expected.cached_tokens == 0
    plain.unload()

    student = start(smollm_path, store)
    size = student.study_size(over(BOOK, "?"))
    assert size.cached_tokens == 0
    events, kept = run(student.study(over(BOOK, "?"), ("document:1",)))
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert kept.tokens == size.tokens > 700
    assert kept.studied
    assert run(student.study(over(BOOK, "anything"), ("document:1",))) == ([], kept)
    student.unload()
    assert store.list() == [kept]

    restarted = start(smollm_path, store)
    assert restarted.studied(over(BOOK, "?"), ("document:1",)) == kept
    assert restarted.studied(over(BOOK.replace("port", "bay", 1), "?"), ("document:1",)) is None
    assert restarted.studied(over(BOOK, "?"), ("document:2",)) is None
    question = over(BOOK, "How many barrels in year 30?")
    assert restarted.prompt_size(question).cached_tokens == kept.tokens
    again = ask(restarted, BOOK, "How many barrels in year 30?")
    assert again.cached_tokens == kept.tokens
    assert again.text == expected.text
    other = ask(restarted, OTHER, "How many coins?")
    assert other.cached_tokens < 64
    restarted.unload()


def test_only_what_matches_is_used(smollm_path, store):
    student = start(smollm_path, store)
    run(student.study(over(BOOK, "?"), ("document:1",)))
    student.unload()
    for engine in (
        start(smollm_path, store, digest="e" * 64),
        start(smollm_path, store, kv_type="q8_0"),
    ):
        assert engine.prompt_size(over(BOOK, "What?")).cached_tokens == 0
        assert engine.studied(over(BOOK, "?"), ("document:1",)) is None
        engine.unload()

    [state] = store.list()
    path = store._data(state.name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    engine = start(smollm_path, store)
    answer = ask(engine, BOOK, "What?")
    assert (answer.cached_tokens, answer.answer_tokens > 0) == (0, True)
    assert store.list() == []
    engine.unload()


def test_studying_gives_way_and_goes_on_where_it_was(smollm_path, store):
    engine = start(smollm_path, store)
    expected = run(engine.study(over(BOOK, "?"), ("document:1",)))[1]
    store.remove()
    engine._reader.memory.clear()

    studying = engine.study(over(BOOK, "?"), ("document:1",))
    event = next(event for event in studying if event.done >= 640)
    question = engine.generate(over(OTHER, "How many coins?"), GREEDY, [])
    assert isinstance(next(question), PrefillProgress)
    before = engine._reader.memory.tokens[:]
    paused = next(studying)  # in the midst of another answer: it must leave the memory alone
    assert engine._reader.memory.tokens == before
    assert paused.done == event.done
    run(question)
    [part] = store.list()
    assert (part.studied, part.tokens) == (False, event.done)
    rest, kept = run(studying)
    assert all(step.done >= 640 for step in rest)
    assert (kept.tokens, kept.studied) == (expected.tokens, True)
    assert store.list() == [kept]
    engine.unload()


def test_studying_ends_when_the_model_goes(smollm_path, store):
    engine = start(smollm_path, store)
    studying = engine.study(over(BOOK, "?"), ("document:1",))
    next(event for event in studying if event.done >= 640)
    engine.unload()
    with pytest.raises(NoModelLoaded):
        next(studying)
    # What it had read by then is not lost.
    again = start(smollm_path, store)
    assert again.study_size(over(BOOK, "?")).cached_tokens >= 576
    again.unload()


def test_a_document_longer_than_the_context_is_said(smollm_path, store):
    engine = start(smollm_path, store)
    with pytest.raises(ContextOverflow) as caught:
        next(engine.study(over(BOOK * 4, "?"), ("document:1",)))
    assert caught.value.prompt_tokens > CONTEXT
    assert engine.study_size(over(BOOK * 4, "?")).tokens > CONTEXT
    engine.unload()


def test_a_conversation_goes_on_after_another_one_and_after_a_restart(smollm_path, store):
    engine = start(smollm_path, store)
    first = ask(engine, BOOK, "How many barrels in year 30?", ("conversation:1",))
    ask(engine, OTHER, "How many coins?", ("conversation:2",))
    back = ask(engine, BOOK, "And in year 31?", ("conversation:1",))
    assert back.cached_tokens > first.prompt_tokens - 64 - 64
    ask(engine, "Nothing.", "Why?")
    engine.unload()
    assert {state.owners for state in store.list()} == {("conversation:1",), ("conversation:2",)}

    engine = start(smollm_path, store)
    assert ask(engine, OTHER, "And vases?", ("conversation:2",)).cached_tokens > 500
    engine.unload()


def test_what_belongs_to_nothing_is_not_kept(smollm_path, store):
    engine = start(smollm_path, store)
    ask(engine, BOOK, "How many barrels in year 30?")
    ask(engine, OTHER, "How many coins?")
    engine.unload()
    assert store.list() == []


def test_the_speed_is_measured_unless_somebody_asks(smollm_path):
    engine = start(smollm_path, None)
    speed = run(engine.measure())[1]
    assert speed.read > 0
    assert speed.write > 0
    assert engine._reader.memory.tokens == []

    measuring = engine.measure()
    next(measuring)
    ask(engine, "Nothing.", "Why?")
    assert run(measuring)[1] is None
    assert engine._reader.memory.tokens != []
    engine.unload()
