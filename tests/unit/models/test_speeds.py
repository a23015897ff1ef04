"""Speeds, remembered by model and by how it is loaded."""

from __future__ import annotations

import msgspec
import pytest

from models.engine.types import LoadSettings
from models.speeds import Speed, SpeedBook

MODEL = "a" * 64


def test_a_speed_is_remembered_for_the_model_and_its_settings(tmp_path):
    file = tmp_path / "speeds.json"
    settings = LoadSettings()
    assert SpeedBook(file).get(MODEL, settings) == Speed()
    SpeedBook(file).learn(MODEL, settings, Speed(100.0, 10.0))
    book = SpeedBook(file)
    assert book.get(MODEL, settings) == Speed(100.0, 10.0)
    assert book.get(MODEL, LoadSettings(context_tokens=1024)) == Speed(100.0, 10.0)
    assert book.get("b" * 64, settings) == Speed()
    assert book.get(MODEL, msgspec.structs.replace(settings, threads=1)) == Speed()


def test_one_measurement_does_not_decide_and_what_was_not_seen_stays(tmp_path):
    book = SpeedBook(tmp_path / "speeds.json")
    book.learn(MODEL, LoadSettings(), Speed(100.0, 10.0))
    learned = book.learn(MODEL, LoadSettings(), Speed(read=50.0))
    assert learned.read == pytest.approx(95.0)
    assert learned.write == 10.0


@pytest.mark.parametrize("known", [0.5, 40.0, 900.0])
def test_load_makes_a_model_look_slower_for_long_and_faster_never(tmp_path, known):
    book = SpeedBook(tmp_path / "speeds.json")
    book.learn(MODEL, LoadSettings(), Speed(known, known))
    # Starved for three answers, it is still expected to do most of what it did.
    for _ in range(3):
        starved = book.learn(MODEL, LoadSettings(), Speed(known / 10, known / 10))
        assert known * 0.7 < starved.read < known
    # What was first measured while starved is past with the first answer that was not.
    other = "b" * 64
    book.learn(other, LoadSettings(), Speed(known / 10, known / 10))
    assert book.learn(other, LoadSettings(), Speed(read=known)).read == known
    assert book.get(other, LoadSettings()).write == known / 10


@pytest.mark.parametrize("seen", [1.0, 60.0, 99.0, 100.0, 130.0, 199.0, 250.0, 5000.0])
def test_what_is_known_lies_between_the_old_and_the_new_and_nearer_to_the_faster(tmp_path, seen):
    book = SpeedBook(tmp_path / "speeds.json")
    book.learn(MODEL, LoadSettings(), Speed(100.0, 100.0))
    learned = book.learn(MODEL, LoadSettings(), Speed(seen, seen)).write
    slow, fast = sorted((100.0, seen))
    assert slow <= learned <= fast
    assert fast - learned <= learned - slow


def test_a_broken_file_is_no_memory(tmp_path):
    file = tmp_path / "speeds.json"
    file.write_text("[")
    book = SpeedBook(file)
    assert book.get(MODEL, LoadSettings()) == Speed()
    book.learn(MODEL, LoadSettings(), Speed(5.0, 1.0))
    assert book.get(MODEL, LoadSettings()) == Speed(5.0, 1.0)
