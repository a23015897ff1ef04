"""A model that will not fit: asked about where it is chosen, settled and said where it is not."""

from __future__ import annotations

import shutil

import pytest
import scenes
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from assistant import memory
from assistant.paths import DataPaths
from desktop.app import Window
from desktop.views.shortage_sheet import ShortageSheet
from models.fit import Room, free_memory

pytestmark = [pytest.mark.gui, pytest.mark.model]

# The small model needs 0.45 GB with its usual context: here a smaller one fits, there none does.
SHORT = 360_000_000
FAR_TOO_SHORT = 150_000_000


class Machine:
    """A machine on which so much memory is free, whatever is loaded."""

    def __init__(self):
        self.free = None

    def free_memory(self):
        return free_memory() if self.free is None else self.free


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    monkeypatch.setattr(memory, "free_memory", made.free_memory)
    # What is in memory makes no room here: it is told apart from what is free elsewhere.
    monkeypatch.setattr(memory.MemoryGuard, "held", lambda _, **__: Room(0))
    return made


@pytest.fixture
def heard():
    """The notices that were shown, in their order."""
    return []


@pytest.fixture
def open_window(qapp, data_dir, smollm_path, machine, until, heard):
    paths = DataPaths(data_dir).create()
    scenes.link_models(paths, smollm_path.name)
    made = []

    def open_one():
        window = Window(qapp, paths, [])
        made.append(window)
        window.session.notices.shown.connect(heard.append)
        window.main.resize(1280, 800)
        window.show()
        until(lambda: window.session.assistant is not None)
        return window

    yield open_one
    for window in made:
        window.main.close()
        window.close()


def asked(window):
    """The question that is open; None where there is none."""
    sheets = window.main.findChildren(ShortageSheet)
    return next((sheet for sheet in sheets if sheet.isVisible()), None)


def words(sheet):
    return " ".join(label.text() for label in sheet.findChildren(QLabel))


def test_who_chooses_a_model_that_will_not_fit_is_asked_first(
    open_window, machine, until, qtbot, smollm_path, heard
):
    window = open_window()
    session = window.session
    until(lambda: session.models.state == "ready")
    shutil.copyfile(smollm_path, session.paths.models / "large.gguf")
    session.models.refresh()
    until(lambda: session.models.facts("large.gguf") is not None)
    until(lambda: session.models.forecasts.header(session.models.facts("large.gguf")))
    machine.free = SHORT
    session.respondent.choose_model("large.gguf")
    sheet = asked(window)
    assert sheet.windowTitle() == "large will not fit"
    assert "of memory with a context of 8,192 tokens, and 360 MB are free." in words(sheet)
    # Until it is answered, and where it is declined, all stays as it was.
    qtbot.mouseClick(sheet._close, Qt.MouseButton.LeftButton)
    until(lambda: asked(window) is None)
    assert session.respondent.model.name == session.models.current == smollm_path.name
    assert session.models.state == "ready"
    # A smaller context is named, and taken.
    session.respondent.choose_model("large.gguf")
    sheet = asked(window)
    context = sheet._shortage.known.smaller_context
    assert sheet._smaller.text() == f"Use {context:,} tokens"
    qtbot.mouseClick(sheet._smaller, Qt.MouseButton.LeftButton)
    until(lambda: session.models.current == "large.gguf" and session.models.state == "ready")
    assert session.assistant.model.loaded.context_tokens == context
    assert not heard
    # What was said holds: nobody is asked again.
    session.models.choose("large.gguf")
    assert asked(window) is None


def test_where_nobody_chose_the_largest_context_that_fits_is_taken_and_said(
    open_window, machine, until, qtbot, heard
):
    machine.free = SHORT
    window = open_window()
    session = window.session
    until(lambda: session.models.state == "ready")
    until(lambda: heard)
    context = session.assistant.model.loaded.context_tokens
    assert 2048 <= context < 8192
    [notice] = heard
    assert notice.text == (
        f"SmolLM2 135M Instruct has a context of {context:,} tokens now: 8,192 do not fit into "
        "free memory."
    )
    assert asked(window) is None
    notice.act()
    until(lambda: session.assistant.model.loaded.context_tokens == 8192)
    until(lambda: session.models.state == "ready")
    assert len(heard) == 1


def test_a_model_that_fits_with_no_context_waits_for_a_person(
    open_window, machine, until, qtbot, heard
):
    machine.free = FAR_TOO_SHORT
    window = open_window()
    session = window.session
    until(lambda: session.models.state == "failed" and heard)
    assert asked(window) is None
    assert "SmolLM2 135M Instruct was not loaded: it needs" in heard[0].text
    # The page says it, and trying again asks.
    window.main.show_page("models")
    page = window.main._models
    until(lambda: page._installed.widgets and again(page) is not None)
    qtbot.mouseClick(again(page), Qt.MouseButton.LeftButton)
    sheet = asked(window)
    assert sheet._smaller is None
    assert "Close other programs, or choose a smaller model." in words(sheet)
    qtbot.mouseClick(sheet._anyway, Qt.MouseButton.LeftButton)
    until(lambda: session.models.state == "ready")
    assert session.assistant.model.loaded.context_tokens == 8192


def again(page):
    buttons = page._installed.widgets[0].findChildren(QPushButton)
    return next((button for button in buttons if button.text() == "Try again"), None)
