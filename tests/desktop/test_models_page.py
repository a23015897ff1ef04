"""The models page, with a real library of models and a real small one."""

from __future__ import annotations

import pytest
import scenes
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from assistant.paths import DataPaths
from desktop.app import Window

pytestmark = [pytest.mark.gui, pytest.mark.model]

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def window(qapp, data_dir, embedder_path, until):
    paths = DataPaths(data_dir).create()
    scenes.link_models(paths, None)
    made = Window(qapp, paths, [])
    made.main.resize(1280, 800)
    made.show()
    until(lambda: made.session.assistant is not None)
    made.main.show_page("models")
    yield made
    made.main.close()
    made.close()


def words(page):
    """What the cards say."""
    return [" | ".join(label.text() for label in card.findChildren(QLabel)) for card in page._cards]


def test_added_used_removed_and_brought_back(window, until, qtbot, smollm_path, tmp_path):
    page, models = window.main._models, window.session.models
    until(lambda: models.state == "none")
    until(page._empty.isVisible)
    progress = []
    models.importing.connect(progress.append)
    page.add_file(str(smollm_path))
    until(lambda: len(page._cards) == 1, 60)
    assert not page._empty.isVisible()
    assert progress[-1] is None
    done = [step.done for step in progress if step is not None]
    # Not only its beginning and its end, however fast the disk.
    assert any(0 < step < smollm_path.stat().st_size for step in done)
    assert done == sorted(done)
    assert done[-1] == smollm_path.stat().st_size
    # The first model there is answers at once.
    until(lambda: models.state == "ready", 60)
    until(lambda: "in use" in words(page)[0] and "context 8,192 of 8,192" in words(page)[0])
    said = words(page)[0]
    assert "Q4_1" in said
    assert "98 MB" in said
    assert "Apache-2.0" in said
    assert "fits well" in said
    # A file that is no model says why, and is not copied.
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF and nothing behind it")
    notices = []
    window.session.notices.shown.connect(notices.append)
    page.add_file(str(bad))
    until(lambda: notices)
    assert "bad.gguf cannot be used as a model" in notices[-1].text
    until(lambda: not page._import.isVisible())
    # Removed, it is gone at once; undone, it answers again.
    page._cards[0].remove_wanted.emit()
    until(lambda: not page._cards and page._empty.isVisible())
    assert models.state == "none"
    assert window.main._title_bar is not None
    snackbar = window.main._snackbar
    until(snackbar.isVisible)
    qtbot.mouseClick(snackbar._button, Qt.MouseButton.LeftButton)
    until(lambda: len(page._cards) == 1 and models.state == "ready", 60)
    assert words(page)[0].count("in use") == 1


def test_a_broken_model_says_why_and_cannot_be_used(window, until):
    page, models = window.main._models, window.session.models
    (window.session.paths.models / "cut.gguf").write_bytes(b"GGUF\x03\x00")
    models.refresh()
    until(lambda: len(page._cards) == 1)
    assert (
        "cut.gguf cannot be used as a model: its end is missing. Download it again."
        in (words(page)[0])
    )
    assert models.current == ""


def test_stopping_an_import_leaves_nothing(window, until, tmp_path, qwen_small_path):
    page, models = window.main._models, window.session.models
    models.importing.connect(lambda step: models.stop_import() if step and step.done else None)
    page.add_file(str(qwen_small_path))
    until(page._import.isVisible)
    until(lambda: not page._import.isVisible(), 30)
    until(lambda: not models.is_importing)
    left = [p.name for p in window.session.paths.models.iterdir() if p.name != "embedders"]
    assert left == []
