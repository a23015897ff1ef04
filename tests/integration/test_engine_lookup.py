"""Answers that quote are written several tokens at a time, and are what they were without that."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import mock

import pytest

from models.engine.engine import Engine
from models.engine.lookup import LONGEST_DRAFT, PromptLookup
from models.engine.memory import TokenMemory
from models.engine.types import ChatMessage, Generation, LoadSettings, Sampling

pytestmark = pytest.mark.model

QUOTE = "The ship left the harbour at dawn, and nobody on the quay waved to the sailors."
MESSAGES = [ChatMessage("user", f"Day one. {QUOTE} Day two. It rained.\nWhat happened?")]
# It stands in for a model that quotes, as one so small does not.
GRAMMAR = f'root ::= "{QUOTE}"'
QUOTING = Sampling(max_tokens=64, grammar=GRAMMAR)


@pytest.fixture(scope="module")
def loaded(smollm_path: Path) -> Iterator[Engine]:
    engine = Engine()
    # One thread: two would wait for each other at every step of a busy machine.
    for _ in engine.load(str(smollm_path), LoadSettings(context_tokens=512, threads=1)):
        pass
    yield engine
    engine.unload()


@pytest.fixture
def memory(loaded: Engine) -> TokenMemory:
    assert loaded._native is not None
    loaded._native.memory.clear()
    return loaded._native.memory


def answer(
    engine: Engine, sampling: Sampling, stop: Sequence[str] = (), *, drafts: bool = True
) -> tuple[Generation, list[int]]:
    """An answer, and the sizes of the batches that it was written in."""
    sizes: list[int] = []
    decode = TokenMemory.decode

    def spy(memory: TokenMemory, tokens: Sequence[int], *, logits: int, read: bool = False) -> int:
        if not read:
            sizes.append(len(tokens))
        return decode(memory, tokens, logits=logits, read=read)

    nothing = mock.patch.object(PromptLookup, "draft", return_value=[])
    with (
        mock.patch.object(TokenMemory, "decode", spy),
        contextlib.nullcontext() if drafts else nothing,
    ):
        generating = engine.generate(MESSAGES, sampling, list(stop))
        while True:
            try:
                next(generating)
            except StopIteration as end:
                return end.value, sizes


def test_a_quotation_takes_a_fraction_of_the_batches_and_leaves_no_draft_behind(loaded, memory):
    plain, singles = answer(loaded, QUOTING, drafts=False)
    held = list(memory.tokens)
    assert (plain.text, plain.finish) == (QUOTE, "stop")
    assert set(singles) == {1}
    memory.clear()
    drafted, sizes = answer(loaded, QUOTING)
    assert (drafted.text, drafted.finish) == (QUOTE, "stop")
    assert drafted.answer_tokens == plain.answer_tokens
    assert memory.tokens == held
    assert len(sizes) < len(singles) / 2
    assert max(sizes) <= 1 + LONGEST_DRAFT


def test_every_token_is_judged_by_what_comes_before_it(loaded, memory):
    sampling = Sampling(max_tokens=64, grammar=GRAMMAR, alternatives=3)
    plain, _ = answer(loaded, sampling, drafts=False)
    memory.clear()
    drafted, sizes = answer(loaded, sampling)
    assert max(sizes) > 1
    assert [choice.text for choice in drafted.choices] == [choice.text for choice in plain.choices]
    # A batch and a single token are rounded differently; another place's would be off by far.
    for one, other in zip(drafted.choices, plain.choices, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, abs=1.0)


def test_what_ends_an_answer_ends_it_within_a_draft(loaded, memory):
    stopped, sizes = answer(loaded, QUOTING, [" waved"])
    assert max(sizes) > 1
    assert (stopped.text, stopped.finish) == (QUOTE[: QUOTE.index(" waved")], "stop")
    whole, _ = answer(loaded, QUOTING)
    limit = whole.answer_tokens - 3
    cut, sizes = answer(loaded, Sampling(max_tokens=limit, grammar=GRAMMAR))
    assert max(sizes) > 1
    assert (cut.answer_tokens, cut.finish) == (limit, "length")
    assert len(memory.tokens) == cut.prompt_tokens + limit - 1


def test_a_memory_that_cannot_be_cut_back_gets_no_drafts(loaded, memory, monkeypatch):
    monkeypatch.setattr(memory, "rewindable", False)
    generation, sizes = answer(loaded, QUOTING)
    assert generation.text == QUOTE
    assert set(sizes) == {1}
