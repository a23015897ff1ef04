"""The model process with a real model, really killed."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator

import pytest

from assistant.compute import ComputeGate
from assistant.errors import WorkerDied
from assistant.paths import DataPaths
from assistant.services.model import ModelService
from models.engine.types import (
    ChatMessage,
    LoadSettings,
    PrefillProgress,
    Sampling,
    TextDelta,
)
from models.errors import ContextOverflow, InvalidModelFile, NoModelLoaded
from tests.integration.services.support import kill
from tests.waiting import PATIENCE_S, wait_until

SETTINGS = LoadSettings(context_tokens=1024)
QUESTION = [ChatMessage("user", "Count from one to a hundred, one number in each line.")]


@pytest.fixture
def model(paths: DataPaths) -> Iterator[ModelService]:
    service = ModelService(paths)
    yield service
    service.close()


@pytest.mark.model
def test_a_model_loads_and_answers(model, smollm_path):
    states: list[str] = []
    model.add_state_listener(states.append)
    assert model.state == "none"
    job = model.load(str(smollm_path), SETTINGS)
    fractions = [event.fraction for event in job]
    assert fractions == sorted(fractions)
    assert model.loaded == job.result()
    assert model.state == "ready"
    size = model.prompt_size(QUESTION)
    assert 10 < size.tokens < 100
    assert model.count_tokens(["", "one two three"])[0] == 0
    job = model.generate(QUESTION, Sampling(max_tokens=12), [])
    events = list(job)
    assert isinstance(events[0], PrefillProgress)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text == job.result().text
    assert job.result().answer_tokens == 12
    model.unload()
    assert model.state == "none"
    assert model.loaded is None
    with pytest.raises(NoModelLoaded):
        model.prompt_size(QUESTION)
    assert states == ["loading", "ready", "none"]


@pytest.mark.model
def test_loading_what_is_loaded_costs_nothing(model, smollm_path):
    first = model.load(str(smollm_path), SETTINGS).result()
    assert list(model.load(str(smollm_path), SETTINGS)) == []
    assert model.load(str(smollm_path), SETTINGS).result() == first


@pytest.mark.model
def test_a_file_that_is_no_model_is_refused_and_the_one_in_memory_stays(
    model, smollm_path, tmp_path
):
    model.load(str(smollm_path), SETTINGS).result()
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model")
    with pytest.raises(InvalidModelFile) as caught:
        model.load(str(bad), SETTINGS).result()
    assert caught.value.path == str(bad)
    assert list(model.load(str(smollm_path), SETTINGS)) == []


@pytest.mark.model
def test_a_prompt_that_does_not_fit_is_said_and_the_next_one_works(model, smollm_path):
    model.load(str(smollm_path), SETTINGS).result()
    with pytest.raises(ContextOverflow) as caught:
        model.generate([ChatMessage("user", "word " * 3000)], Sampling(), []).result(PATIENCE_S)
    assert caught.value.context_tokens == 1024
    assert caught.value.prompt_tokens > 3000
    assert (
        model.generate(QUESTION, Sampling(max_tokens=2), []).result(PATIENCE_S).answer_tokens == 2
    )


@pytest.mark.model
def test_killed_in_mid_answer_it_keeps_the_text_and_answers_the_next_question(model, smollm_path):
    model.load(str(smollm_path), SETTINGS).result()
    stream = model.stream(QUESTION, Sampling(max_tokens=500), [])
    for event in stream:
        if isinstance(event, TextDelta):
            assert event.text
            break
    kill(model.worker.pid)
    with pytest.raises(WorkerDied) as caught:
        list(stream)
    if sys.platform != "win32":
        assert caught.value.exit_code == -signal.SIGKILL
    wait_until(lambda: model.state == "unloaded")
    # No load is asked for: whoever asks the question need not know of the death.
    assert (
        model.generate(QUESTION, Sampling(max_tokens=3), []).result(PATIENCE_S).answer_tokens == 3
    )
    wait_until(lambda: model.state == "ready")
    assert model.loaded is not None
    kill(model.worker.pid)
    wait_until(lambda: model.state == "unloaded")
    assert model.prompt_size(QUESTION).tokens > 10


@pytest.mark.model
def test_stopping_an_answer_is_quick_and_keeps_the_model(model, smollm_path):
    model.load(str(smollm_path), SETTINGS).result()
    pid = model.worker.pid
    long = [ChatMessage("user", "Say something of foxes. " * 80)]
    stream = model.stream(long, Sampling(max_tokens=400), [])
    while not isinstance(next(stream), TextDelta):
        pass
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 30
    assert model.worker.pid == pid
    assert model.state == "ready"
    assert model.prompt_size(long).cached_tokens > 200


@pytest.mark.model
def test_background_work_is_held_back_while_it_answers(paths, smollm_path):
    changes: list[str] = []

    class Background:
        def pause_background(self) -> None:
            changes.append("pause")

        def resume_background(self) -> None:
            changes.append("resume")

    model = ModelService(paths, ComputeGate(Background()))
    try:
        model.load(str(smollm_path), SETTINGS).result()
        assert changes == []
        job = model.generate(QUESTION, Sampling(max_tokens=3), [])
        assert changes == ["pause"]
        job.result(PATIENCE_S)
        wait_until(lambda: changes == ["pause", "resume"])
        job = model.generate(QUESTION, Sampling(max_tokens=500), [])
        next(job)
        kill(model.worker.pid)
        job.wait(PATIENCE_S)
        wait_until(lambda: changes == ["pause", "resume"] * 2)
    finally:
        model.close()
