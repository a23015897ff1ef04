"""Whether a machine holds a model, with graphics cards as facts: no process is started."""

from __future__ import annotations

import pytest

from assistant import memory
from assistant.assistant import Assistant
from assistant.cli.fitting import fitting_text, fitting_word, shortage_text
from assistant.errors import WorkerClosed
from assistant.memory import fitting
from assistant.paths import DataPaths
from assistant.wording import explain
from models.errors import ModelTooLarge
from models.fit import Room

pytestmark = pytest.mark.model

# The small model needs 0.45 GB with its usual context, or 0.1 GB beside a card that holds the rest.
FREE = 300_000_000


@pytest.fixture
def make(data_dir, smollm_path, monkeypatch):
    """Make an assistant on a machine with so much free on a card; None for one that cannot say."""
    paths = DataPaths(data_dir).create()
    (paths.models / smollm_path.name).symlink_to(smollm_path)
    made = []

    def make_one(card: int | None) -> Assistant:
        monkeypatch.setattr(memory, "free_memory", lambda: FREE)
        monkeypatch.setattr(memory, "may_have_cards", lambda: True)
        assistant = Assistant(paths)

        def card_memory() -> int:
            if card is None:
                raise WorkerClosed("model")
            return card

        monkeypatch.setattr(assistant.model, "card_memory", card_memory)
        made.append(assistant)
        return assistant

    yield make_one
    for assistant in made:
        assistant.close()


@pytest.mark.parametrize(
    ("card", "word"),
    [
        (2_000_000_000, "fits well"),
        (100_000_000, "will not fit"),
        (0, "will not fit"),
        (None, "will not fit"),
    ],
)
def test_a_list_judges_by_the_card_where_there_is_one(make, card, word):
    assistant = make(card)
    facts = assistant.current_model()
    assert fitting_word(assistant, facts) == word
    assert assistant.memory.room() == Room(FREE, card or 0)


def test_what_falls_short_is_named(make):
    assistant = make(100_000_000)
    facts = assistant.current_model()
    header, settings = assistant.models.header(facts), assistant.load_settings(facts.name)
    on_card = fitting(header, settings, assistant.memory.room())
    assert "of 100 MB free on the graphics card" in fitting_text(on_card)
    warning = shortage_text("Small", on_card)
    assert "of the graphics card's memory" in warning
    assert "'studiolo models settings Small gpu_layers=N' puts only N layers there" in warning
    sizes = (on_card.needed_bytes, on_card.free_bytes)
    assert "of the graphics card's memory" in explain(ModelTooLarge("Small", *sizes, on_card=True))
    alone = fitting(header, settings, Room(FREE))
    assert "of 300 MB free with" in fitting_text(alone)
    assert "graphics" not in shortage_text("Small", alone)


def test_nobody_is_warned_before_a_card_was_asked_for(make):
    assistant = make(100_000_000)
    facts = assistant.current_model()
    header, settings = assistant.models.header(facts), assistant.load_settings(facts.name)
    # On the window's thread nothing is waited for.
    assert assistant.memory.shortage(facts, settings, header) is None
    warned = []
    assistant.memory.when_short = lambda _, wanted, known: (warned.append(known), wanted)[1]
    assert assistant.settled_settings(facts) == settings
    assert [known.on_card for known in warned] == [True]
    assert assistant.memory.shortage(facts, settings, header) == warned[0]
    roomy = make(2_000_000_000)
    roomy.memory.when_short = lambda *_: pytest.fail("it fits")
    assert roomy.settled_settings(facts) == settings
