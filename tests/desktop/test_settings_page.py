"""The settings page: what is chosen there is kept, and what is kept is shown."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from assistant.embedders import InstalledEmbedder
from assistant.rerankers import InstalledReranker
from assistant.settings import SettingsFile
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.embedders import EmbeddersPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.rerankers import RerankersPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.presenters.studies import StudiesPresenter
from desktop.views.embedder_field import EmbedderField, EmbedderSheet
from desktop.views.reranker_field import RerankerField
from desktop.views.settings_page import SettingsPage
from indexing.errors import EmbedderUnsound
from indexing.types import DocumentRow, EmbedderForecast, IndexProgress
from models.errors import InvalidModelFile


@pytest.fixture
def settings(bridge, data_dir):
    return SettingsPresenter(SettingsFile(data_dir / "settings.toml"), data_dir, bridge)


@pytest.fixture
def page(theme, bridge, said, settings, qtbot):
    notices, _ = said
    models = ModelsPresenter(bridge, notices, settings)
    embedders = EmbeddersPresenter(bridge, notices, DocumentsPresenter(bridge, notices))
    rerankers = RerankersPresenter(bridge, notices)
    studies = StudiesPresenter(bridge, notices, models)
    made = SettingsPage(theme, settings, studies, embedders, rerankers)
    qtbot.addWidget(made)
    made.resize(800, 900)
    made.show()
    yield made
    del models, embedders, rerankers  # alive as long as the page


def test_what_is_chosen_is_kept(page, settings, data_dir, qtbot):
    qtbot.mouseClick(page._scans, Qt.MouseButton.LeftButton)
    for field, value in ((page._states, 2.0), (page._temperature, 0.7)):
        field.setCurrentIndex(field.findData(value))
        field.activated.emit(field.currentIndex())
    settings.save_now()
    kept = SettingsFile(data_dir / "settings.toml").current
    assert (kept.read_scans, kept.state_gb, kept.temperature) == (False, 2.0, 0.7)
    qtbot.keyClick(page._scans, Qt.Key.Key_Space)
    settings.save_now()
    assert SettingsFile(data_dir / "settings.toml").current.read_scans


def test_a_value_that_was_set_by_hand_is_shown(theme, bridge, said, data_dir, qtbot):
    (data_dir / "settings.toml").write_text("state_gb = 12.5\ntemperature = 0.45\n")
    settings = SettingsPresenter(SettingsFile(data_dir / "settings.toml"), data_dir, bridge)
    models = ModelsPresenter(bridge, said[0], settings)
    embedders = EmbeddersPresenter(bridge, said[0], DocumentsPresenter(bridge, said[0]))
    studies = StudiesPresenter(bridge, said[0], models)
    rerankers = RerankersPresenter(bridge, said[0])
    page = SettingsPage(theme, settings, studies, embedders, rerankers)
    qtbot.addWidget(page)
    assert page._states.currentText() == "12.5 GB"
    assert page._temperature.currentText() == "0.45"
    assert settings.temperature == 0.45


def test_what_models_have_read_is_deleted_only_after_asking(page, qtbot):
    studies = page._studies
    assert not page._clear.isEnabled()
    studies._on_surveyed((set(), 1_200_000_000))
    assert page._used.text() == "1.2 GB"
    cleared = []
    studies.clear = lambda: cleared.append(True)
    qtbot.mouseClick(page._clear, Qt.MouseButton.LeftButton)
    [box] = page.findChildren(QMessageBox)
    assert "1.2 GB" in box.text()
    next(button for button in box.buttons() if button.text() == "Keep it").click()
    assert not cleared


class Embedders:
    """Two models to search with; changing takes as long as the test says."""

    def __init__(self):
        self.states: dict[str, Any] = {"all-MiniLM-L6-v2": "in_use", "bge-small": "installed"}

    def list(self):
        return [InstalledEmbedder(name, name, 1, state) for name, state in self.states.items()]

    def choose(self, name):
        self.states[name] = "coming"

    def keep(self):
        self.states["bge-small"] = "installed"


def test_another_model_for_searching_is_chosen(page, until, qtbot, monkeypatch):
    field = page.findChild(EmbedderField)
    embedders, documents = field._embedders, field._embedders._documents
    resumed = []
    monkeypatch.setattr(documents, "resume", lambda: resumed.append("on"))
    monkeypatch.setattr(documents, "stop_resuming", lambda: resumed.append("off"))
    monkeypatch.setattr(embedders, "ask_forecast", lambda name: None)
    embedders.attach(SimpleNamespace(embedders=Embedders()))
    until(lambda: field._choice.count() == 2)
    assert field._choice.currentText() == "all-MiniLM-L6-v2"
    assert field._change.isHidden()

    field._choice.setCurrentIndex(1)
    field._choice.activated.emit(1)
    # Until it was said what it takes, nothing is chosen.
    assert field._choice.currentText() == "all-MiniLM-L6-v2"
    sheet = page.findChild(EmbedderSheet)
    embedders.forecast_made.emit("bge-small", EmbedderForecast(12_000, 240.0))
    assert sheet._figures.text() == "12,000 passages, about 4 min on this computer."
    qtbot.mouseClick(sheet._begin, Qt.MouseButton.LeftButton)
    until(field._change.isVisible)
    assert field._choice.currentText() == "bge-small"
    assert resumed == ["on"]
    row = DocumentRow(1, "/a.pdf", "A", "pdf", 1, 9, "ready", None, 1, None, None)
    documents.reembedded.emit(IndexProgress(row, "embedding", 3_000, 12_000, 0, 9_000))
    assert field._words.text().startswith("3,000 of 12,000 passages")
    assert field._bar.value() == 250

    qtbot.mouseClick(field._pause, Qt.MouseButton.LeftButton)
    assert field._words.text() == "Paused. all-MiniLM-L6-v2 goes on finding passages."
    qtbot.mouseClick(field._pause, Qt.MouseButton.LeftButton)
    assert resumed == ["on", "off", "on"]
    qtbot.mouseClick(field._keep, Qt.MouseButton.LeftButton)
    until(field._change.isHidden)
    assert field._choice.currentText() == "all-MiniLM-L6-v2"


class Forecasts(Embedders):
    """Forecasts that end when the test says; the first may fail."""

    def __init__(self, fails):
        super().__init__()
        self.fails = fails
        self.begun: list[str] = []
        self.may_end = {"bge-small": Event(), "e5-small": Event()}

    def forecast(self, name):
        def steps():
            self.begun.append(name)
            assert self.may_end[name].wait(90)
            if self.fails and name == "bge-small":
                raise EmbedderUnsound(name, "truncated")
            return EmbedderForecast(len(name), 240.0)
            yield  # what makes this a generator

        return SimpleNamespace(stream=steps)


@pytest.mark.parametrize("fails", [True, False])
def test_a_forecast_that_was_given_up_says_nothing(page, theme, bridge, until, fails):
    embedders, made = page.findChild(EmbedderField)._embedders, Forecasts(fails)
    embedders.attach(SimpleNamespace(embedders=made))
    said = []
    embedders.forecast_made.connect(lambda name, _: said.append(name))
    embedders.forecast_failed.connect(lambda name, _: said.append(name))
    EmbedderSheet(theme, "bge-small", embedders, page).open()
    until(lambda: made.begun == ["bge-small"])
    page.findChild(EmbedderSheet).reject()
    sheet = EmbedderSheet(theme, "e5-small", embedders, page)
    sheet.open()
    # The first ends while the second one is waited for.
    made.may_end["bge-small"].set()
    until(lambda: made.begun[-1] == "e5-small" and len(bridge.running) == 1)
    assert said == []
    made.may_end["e5-small"].set()
    until(lambda: not bridge.running)
    assert said == ["e5-small"]
    assert sheet._figures.text() == "8 passages, about 4 min on this computer."
    sheet.reject()


class Rerankers:
    """One model to judge with, which may not work."""

    def __init__(self):
        self.chosen: str | None = None
        self.works = False

    def list(self):
        return [InstalledReranker("tiny.gguf", "/tiny.gguf", 1, self.chosen == "tiny.gguf")]

    def choose(self, name):
        if not self.works:
            raise InvalidModelFile("/tiny.gguf", "no_reranker")
        self.chosen = name


def test_a_reranker_is_taken_once_it_works(page, said, until):
    field, made = page.findChild(RerankerField), Rerankers()
    assert (field.currentText(), field.isEnabled()) == ("None", False)
    field._rerankers.attach(SimpleNamespace(rerankers=made))
    until(field.isEnabled)

    def choose(name):
        field.setCurrentIndex(field.findData(name))
        field.activated.emit(field.currentIndex())
        # Until it is tried, nothing else can be chosen.
        assert (field.currentData(), field.isEnabled()) == (name, False)
        until(field.isEnabled)

    choose("tiny.gguf")
    assert field.currentText() == "None"
    assert "tiny.gguf" in said[1][-1].text
    made.works = True
    choose("tiny.gguf")
    until(lambda: field._rerankers.in_use == "tiny.gguf")
    assert field.currentText() == "tiny.gguf"
    choose("")
    until(lambda: field._rerankers.in_use == "")
    assert made.chosen is None


def test_what_is_embedded_anew_is_no_document_that_is_added(page):
    documents = page.findChild(EmbedderField)._embedders._documents
    added, again = [], []
    documents.progressed.connect(added.extend)
    documents.reembedded.connect(again.append)
    row = DocumentRow(1, "/a.pdf", "A", "pdf", 1, 9, "ready", None, 1, None, None)
    new = IndexProgress(row, "embedding", 3, 9, 1, 6)
    anew = IndexProgress(row, "embedding", 3, 90, 0, 87)
    documents._on_adding_progressed([new, anew])
    assert (added, again) == ([new], [anew])
