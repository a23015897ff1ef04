"""Thinking before an answer: switched where a template allows it, bounded, told apart."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from models.engine.engine import Engine
from models.engine.types import ChatMessage, Generation, LoadedModel, LoadSettings, Sampling

pytestmark = pytest.mark.model

E = TypeVar("E")
R = TypeVar("R")

# As makers of thinking models write them: the prompt opens the thinking, unless told not to.
THINKS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
    "{% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}"
)
# One thread: two would wait for each other at every step of a busy machine.
PLAIN = LoadSettings(context_tokens=512, threads=1)
THINKING = msgspec.structs.replace(PLAIN, template=THINKS)
QUESTION = [ChatMessage("user", "Why do ships float?")]


def run(generator: Generator[E, None, R]) -> tuple[list[E], R]:
    events: list[E] = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            return events, end.value


@pytest.fixture(scope="module")
def loaded(smollm_path: Path) -> Iterator[Engine]:
    engine = Engine()
    run(engine.load(str(smollm_path), PLAIN))
    yield engine
    engine.unload()


def adjust(engine: Engine, **settings: Any) -> LoadedModel:
    """Other settings without another load."""
    adjusted = engine.adjust(msgspec.structs.replace(THINKING, **settings))
    assert adjusted is not None
    return adjusted


@pytest.fixture
def engine(loaded: Engine) -> Engine:
    """The engine with a template that thinks, as it would be just after loading."""
    assert loaded._native is not None
    loaded._native.memory.clear()
    assert adjust(loaded).switches_thinking
    return loaded


def answer(engine: Engine, **sampling: Any) -> Generation:
    return run(engine.generate(QUESTION, Sampling(**sampling), []))[1]


def test_only_what_takes_a_new_load_is_left_to_one(engine):
    assert engine.adjust(msgspec.structs.replace(THINKING, context_tokens=256)) is None
    assert engine.adjust(msgspec.structs.replace(THINKING, kv_type="q8_0")) is None
    plain = engine.adjust(PLAIN)
    assert plain is not None
    assert not plain.switches_thinking
    assert answer(engine, max_tokens=4).thinking == ""


def test_thinking_is_ended_at_its_limit_and_the_answer_goes_on(engine):
    generation = answer(engine, max_tokens=16, thinking_tokens=12)
    assert generation.thinking
    assert generation.text
    assert "think>" not in generation.thinking + generation.text
    # The few beyond the limit write the tag that ends it.
    assert 12 < generation.thinking_tokens < 24
    assert generation.answer_tokens - generation.thinking_tokens <= 16


def test_no_thinking_at_all_where_it_may_have_no_token(engine):
    generation = answer(engine, max_tokens=8, thinking_tokens=0)
    assert generation.thinking == ""
    assert generation.text


def test_thinking_leaves_room_for_the_answer(engine):
    # The grammar stands in for models that do not end their thinking, or their answer, so soon.
    engine.adjust(PLAIN)
    long = [ChatMessage("user", "The ship sailed on. " * 80 + "Why do ships float?")]
    room = 512 - engine.prompt_size(long).tokens
    endless = Sampling(
        max_tokens=400, thinking_tokens=400, grammar='root ::= "<think>" [a-z ]{2000}'
    )
    _, generation = run(engine.generate(long, endless, []))
    assert generation.finish == "length"
    assert abs(generation.thinking_tokens - room / 2) < 10
    assert abs(generation.answer_tokens - room) < 10


def test_switched_off_the_model_answers_at_once(engine):
    with_thinking = engine.prompt_size(QUESTION).tokens
    adjust(engine, thinking=False)
    assert engine.prompt_size(QUESTION).tokens < with_thinking
    assert answer(engine, max_tokens=8).thinking == ""
    adjust(engine, thinking=True)
    assert engine.prompt_size(QUESTION).tokens == with_thinking


def test_a_grammar_is_for_the_answer_and_not_for_the_thinking(engine):
    grammar = 'root ::= "maybe" | "perhaps"'
    generation = answer(engine, thinking_tokens=12, grammar=grammar)
    assert generation.text in ("maybe", "perhaps")
    assert len(generation.thinking) > 10
    assert generation.finish == "stop"


def test_thinking_that_the_model_opens_itself_is_ended_too(engine):
    engine.adjust(PLAIN)
    # The grammar stands in for a model that has learned to begin so.
    generation = answer(
        engine, max_tokens=8, thinking_tokens=15, grammar='root ::= "<think>" [a-z ]{200}'
    )
    assert generation.thinking
    assert generation.text
    assert "think>" not in generation.thinking + generation.text
    assert generation.answer_tokens - generation.thinking_tokens <= 8


def test_the_first_tokens_told_are_those_of_the_answer(engine):
    generation = answer(engine, max_tokens=1, thinking_tokens=0)
    assert generation.first_tokens[0][0].strip() == generation.text
    assert len(generation.first_tokens) == 20


def test_each_token_is_told_with_what_it_might_have_been(engine):
    engine.adjust(PLAIN)
    generation = answer(engine, max_tokens=6, alternatives=3)
    assert len(generation.choices) == generation.answer_tokens == 6
    assert "".join(choice.text for choice in generation.choices) == generation.text
    for choice in generation.choices:
        probabilities = [math.exp(each.log_probability) for each in choice.alternatives]
        assert len(probabilities) == 3
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) <= 1
        # Greedy takes the likeliest.
        assert choice.text == choice.alternatives[0].text
        assert choice.log_probability == choice.alternatives[0].log_probability
    assert answer(engine, max_tokens=6).choices == ()
