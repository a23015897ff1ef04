"""A model that will not fit into the memory that is free: said, settled once, and loaded."""

from __future__ import annotations

import io
import re

import msgspec
import pytest

from assistant import memory
from assistant.answering.types import AskRequest
from assistant.assistant import Assistant
from assistant.cli.console import Console
from assistant.cli.fitting import warn_when_short
from assistant.paths import DataPaths
from models.errors import ModelTooLarge
from models.fit import Room

pytestmark = pytest.mark.model

# The small model needs 0.45 GB with its usual context: here a smaller one fits, there none does.
SHORT = 360_000_000
FAR_TOO_SHORT = 150_000_000


@pytest.fixture
def assistant(data_dir, smollm_path):
    paths = DataPaths(data_dir).create()
    (paths.models / smollm_path.name).symlink_to(smollm_path)
    made = Assistant(paths)
    yield made
    made.close()


@pytest.fixture
def free(monkeypatch):
    """Let so much memory be free."""

    def let(amount):
        monkeypatch.setattr(memory, "free_memory", lambda: amount)

    return let


def want(assistant):
    """Want the model as a question does: what it would take is said once it is loaded."""
    return assistant.plan(AskRequest("Say one.", use_documents=False))


def test_the_command_line_warns_once_and_goes_on(assistant, free, smollm_path):
    said = io.StringIO()
    warn_when_short(assistant, Console(err=said))
    free(SHORT)
    assert want(assistant).prompt_tokens
    assert assistant.model.loaded.context_tokens == 8192
    [line] = said.getvalue().splitlines()
    needed = rf"Warning: {smollm_path.name} needs \d+ MB of memory with a context of 8,192 tokens, "
    assert re.match(f"{needed}and 360 MB are free: ", line)
    # It names a context that fits, which the settings take.
    context = int(line.partition("context_tokens=")[2].partition("'")[0])
    assert 2048 <= context < 8192
    want(assistant)
    assert len(said.getvalue().splitlines()) == 1
    assistant.model.unload()
    free(FAR_TOO_SHORT)
    want(assistant)
    assert "choose a smaller model" in said.getvalue().splitlines()[1]


def test_what_was_settled_holds_until_the_memory_is_freed(assistant, free):
    asked = []

    def smaller(facts, settings, known):
        asked.append(known.smaller_context)
        if not known.smaller_context:
            raise ModelTooLarge(facts.name, known.needed_bytes, known.free_bytes)
        return msgspec.structs.replace(settings, context_tokens=known.smaller_context)

    assistant.memory.when_short = smaller
    free(SHORT)
    facts = assistant.current_model()
    want(assistant)
    small = assistant.model.loaded.context_tokens
    assert asked == [small]
    # Whatever is free meanwhile, a model in use is not loaded anew for it.
    for amount in (FAR_TOO_SHORT, 10**12):
        free(amount)
        assert assistant.settled_settings(facts).context_tokens == small
    assert len(asked) == 1
    # In its place another may have what it holds.
    free(0)
    assert assistant.memory.held().main > SHORT / 2
    assistant.model.unload()
    assert assistant.memory.held() == Room(0)
    with pytest.raises(ModelTooLarge):
        want(assistant)
    assert assistant.model.loaded is None
    # A person may have it loaded all the same.
    wanted = assistant.load_settings(facts.name)
    assistant.memory.agree(facts, wanted, wanted)
    assert assistant.settled_settings(facts) == wanted
    assert len(asked) == 2
