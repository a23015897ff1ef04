"""LoRA adapters with a real model: what they change, what they leave, which are refused."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from models.engine.engine import Engine
from models.engine.types import Adapter, ChatMessage, LoadSettings, Sampling
from models.errors import AdapterUnfit, NoModelLoaded
from models.library import ModelLibrary
from models.states import StateStore
from tests.integration.lora import write_adapter

pytestmark = pytest.mark.model

E = TypeVar("E")
R = TypeVar("R")

DIGEST = "d" * 64
# One thread: two would wait for each other at every step of a busy machine.
PLAIN = LoadSettings(context_tokens=1024, threads=1)
QUESTION = [ChatMessage("user", "Why do ships float?")]
BOOK = [
    ChatMessage("system", "Answer from this:\n" + "The ship left the harbour at dawn. " * 40),
    ChatMessage("user", "When?"),
]


def run(generator: Generator[E, None, R]) -> R:
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def changed(*adapters: Adapter) -> LoadSettings:
    return msgspec.structs.replace(PLAIN, adapters=adapters)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    return StateStore(tmp_path_factory.mktemp("states"), lambda: 10**9)


@pytest.fixture(scope="module")
def engine(smollm_path: Path, store: StateStore) -> Iterator[Engine]:
    engine = Engine(store)
    run(engine.load(str(smollm_path), PLAIN))
    yield engine
    engine.unload()


def answer(engine: Engine) -> str:
    return run(engine.generate(QUESTION, Sampling(max_tokens=10), [])).text


def test_adapters_change_the_answer_by_their_weights_and_leave_no_trace(
    engine, smollm_path, tmp_path
):
    one = str(write_adapter(tmp_path / "one.gguf"))
    two = str(write_adapter(tmp_path / "two.gguf", seed=1))
    plain = answer(engine)
    answers = {"": plain}
    for name, adapters in {
        "one": [Adapter(one)],
        "two": [Adapter(two)],
        "both": [Adapter(one), Adapter(two, 0.5)],
    }.items():
        assert engine.adjust(changed(*adapters)) is not None
        answers[name] = answer(engine)
        assert answer(engine) == answers[name]
    assert len(set(answers.values())) == 4
    assert engine.adjust(changed(Adapter(one, 0.0), Adapter(two, 0.0))) is not None
    assert answer(engine) == plain
    # Loaded with it from the start it is the same as given it later.
    run(engine.load(str(smollm_path), changed(Adapter(one))))
    assert answer(engine) == answers["one"]
    assert engine.adjust(PLAIN) is not None
    assert answer(engine) == plain


def test_one_that_does_not_fit_is_refused_and_the_model_stays_as_it_was(
    engine, smollm_path, tmp_path
):
    engine.adjust(PLAIN)
    plain = answer(engine)
    letter = tmp_path / "letter.gguf"
    letter.write_text("Dear diary,\n" * 100)
    refused = {
        str(write_adapter(tmp_path / "qwen.gguf", architecture="qwen2")): "other_family",
        str(write_adapter(tmp_path / "wide.gguf", width=640)): "refused",
        str(write_adapter(tmp_path / "deep.gguf", layers=31)): "refused",
        str(smollm_path): "no_adapter",
        str(letter): "not_gguf",
        str(tmp_path / "gone.gguf"): "missing",
    }
    for path, problem in refused.items():
        with pytest.raises(AdapterUnfit) as caught:
            engine.adjust(changed(Adapter(path)))
        assert (caught.value.path, caught.value.problem) == (path, problem)
        assert answer(engine) == plain
    # A wrong family shows before the model held is given up, too.
    with pytest.raises(AdapterUnfit) as caught:
        run(engine.load(str(smollm_path), changed(Adapter(next(iter(refused))))))
    assert (caught.value.architecture, caught.value.wanted) == ("qwen2", "llama")
    assert answer(engine) == plain


def test_what_was_read_with_an_adapter_is_not_used_without_it(engine, store, tmp_path):
    lora = Adapter(str(write_adapter(tmp_path / "one.gguf")))
    engine.adjust(PLAIN)
    engine.identify(DIGEST)
    run(engine.study(BOOK, ["document:1"]))
    known = engine.study_size(BOOK).cached_tokens
    assert known > 300
    engine.adjust(changed(lora))
    assert engine.study_size(BOOK).cached_tokens == 0
    engine.identify(DIGEST, ["a" * 64])
    assert engine.study_size(BOOK).cached_tokens == 0
    run(engine.study(BOOK, ["document:1"]))
    assert engine.study_size(BOOK).cached_tokens == known
    assert len(store.list()) == 2
    # One that is under way must not go on with what is another model now.
    studying = engine.study([*BOOK[:1], *BOOK], ["document:2"])
    next(studying)
    next(studying)
    engine.adjust(PLAIN)
    with pytest.raises(NoModelLoaded):
        next(studying)
    assert len(store.list()) == 2
    engine.adjust(PLAIN)
    engine.identify(DIGEST)
    assert engine.study_size(BOOK).cached_tokens == known


def test_the_library_knows_an_adapter_and_what_it_is_for(tmp_path):
    library = ModelLibrary(tmp_path / "models")
    (tmp_path / "models").mkdir()
    write_adapter(tmp_path / "models" / "pirate.gguf")
    [facts] = library.list()
    assert (facts.kind, facts.architecture, facts.problem) == ("adapter", "llama", "adapter")
