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
    assert learned.read == pytest.approx(85.0)
    assert learned.write == 10.0


def test_a_broken_file_is_no_memory(tmp_path):
    file = tmp_path / "speeds.json"
    file.write_text("[")
    book = SpeedBook(file)
    assert book.get(MODEL, LoadSettings()) == Speed()
    book.learn(MODEL, LoadSettings(), Speed(5.0, 1.0))
    assert book.get(MODEL, LoadSettings()) == Speed(5.0, 1.0)
