"""What becomes of what a model writes while it reads; its replies are scripted."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from assistant.answering.calibration import Calibrations, Scale
from assistant.answering.types import AskRequest
from assistant.compute import ComputeGate
from assistant.conversations.store import ConversationStore
from assistant.reading_all.kept import KeptReadings
from assistant.reading_all.prompts import edition
from assistant.reading_all.read import EverythingReader
from assistant.reading_all.run import ModelInUse
from indexing.catalog import Catalog
from indexing.types import Block, CanonicalDocument
from models.engine.types import Generation, LoadSettings
from tests.library import put_document
from tests.steps import end_of

TEXT = """Ann works in Hamburg. Bo works in Oslo.

Cy was in Hamburg until May. Dee works in Hamburg."""
NOTES = '["Ann", "Bo", "Cy", "Dee", "Eve"]'
REQUEST = AskRequest("How many people work in Hamburg?", mode="everything")
TELLING, NOT_TELLING = Scale(-1.0, 2.0), Scale(0.0, 0.0)
USING = ModelInUse("scripted.gguf", "/scripted.gguf", LoadSettings(), 8192, 100.0, 10.0)


class Job:
    """A generation that is over."""

    ended = True

    def __init__(self, text: str, yes: float) -> None:
        first = (("Yes", yes), ("No", 1 - yes))
        self._generation = Generation(text, "", "stop", 10, 0, 1, 0.1, 0.1, first_tokens=first)

    def next_event(self, _timeout: float) -> object:
        raise StopIteration

    def result(self) -> Generation:
        return self._generation


class Scripted:
    """A model that writes the same of every window, and says yes to some of it."""

    def __init__(self, belonging: set[str]) -> None:
        self._belonging = belonging
        self.asked = 0

    def written(self, shown: str) -> str:
        """What it notes of a piece."""
        return NOTES

    def generate_behind(self, path, settings, messages, sampling):
        self.asked += 1
        if sampling.max_tokens > 1:
            return Job(self.written(messages[-1].content), 0.5)
        asked = messages[-1].content
        return Job("yes", 0.9 if any(f'"{name}"' in asked for name in self._belonging) else 0.3)


@pytest.fixture
def reader_of(data_dir):
    ConversationStore(data_dir).close()
    blocks = (Block(0, 39, "paragraph"), Block(41, len(TEXT), "paragraph"))
    put_document(data_dir, CanonicalDocument("Staff", "md", TEXT, blocks), "/staff.md")
    catalog, kept = Catalog(data_dir), KeptReadings(data_dir)

    def made(model: Scripted, worth: Scale) -> EverythingReader:
        calibrations = Calibrations()
        calibrations.keep(f"{USING.name} {edition()} windows", NOT_TELLING)
        calibrations.keep(f"{USING.name} {edition()} notes", worth)
        return EverythingReader(
            cast("Any", model), catalog, ComputeGate(), lambda: kept, calibrations
        )

    yield made
    kept.close()
    catalog.close()


def test_what_the_model_doubts_when_asked_again_is_left_out_and_counted(reader_of):
    model = Scripted({"Ann", "Dee"})
    answer = end_of(reader_of(model, TELLING).read(REQUEST, REQUEST.question, USING))
    assert [sentence.text for sentence in answer.sentences] == ["Ann", "Dee"]
    assert answer.answer.startswith("2 found")
    receipt = answer.receipt
    assert (receipt.found, receipt.dropped, receipt.left_out, receipt.merged) == (5, 1, 2, 0)
    # Asked once more, it is known from before.
    asked = model.asked
    again = end_of(reader_of(model, TELLING).read(REQUEST, REQUEST.question, USING))
    assert model.asked == asked
    assert again.answer == answer.answer
    assert again.receipt.left_out == 2


def test_a_model_whose_yes_is_worth_nothing_leaves_nothing_out(reader_of):
    model = Scripted(set())
    answer = end_of(reader_of(model, NOT_TELLING).read(REQUEST, REQUEST.question, USING))
    assert [sentence.text for sentence in answer.sentences] == ["Ann", "Bo", "Cy", "Dee"]
    assert answer.receipt.left_out == 0


class Circling(Scripted):
    """A model that loses sight of a long piece, and goes round in a circle."""

    def written(self, shown: str) -> str:
        names = [name for name in ("Finn", "Gus") if name in shown]
        return json.dumps(names if len(names) < 2 else ["Finn"] * 9)


def test_a_piece_that_sends_the_model_round_in_a_circle_is_read_in_halves(reader_of, data_dir):
    talk = "Nothing else is known of whoever sails from there. " * 5
    first, second = f"Finn works in Hamburg. {talk}", f"Gus works in Hamburg. {talk}"
    text = f"{first}\n\n{second}"
    blocks = (
        Block(0, len(first), "paragraph"),
        Block(len(first) + 2, len(text), "paragraph"),
    )
    put_document(data_dir, CanonicalDocument("Crew", "md", text, blocks), "/crew.md")
    answer = end_of(reader_of(Circling(set()), NOT_TELLING).read(REQUEST, REQUEST.question, USING))
    assert [sentence.text for sentence in answer.sentences] == ["Finn", "Gus"]
    assert answer.receipt.complete
