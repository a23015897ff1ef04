"""What is said of models before one is chosen, and that a choice stays what it was."""

from __future__ import annotations

import pytest
import scenes
from PySide6.QtWidgets import QLabel

from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.app import Window
from desktop.views.models_forecast import ForecastRow
from models.engine.types import LoadSettings
from models.fit import Room
from tests.integration.hub_server import HubServer
from tests.unit.models.conftest import KEYS, build, string, u32

pytestmark = [pytest.mark.gui, pytest.mark.model]


@pytest.fixture
def hub(monkeypatch):
    server = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    yield server
    server.close()


@pytest.fixture
def window(qapp, hub, data_dir, smollm_path, until):
    paths = DataPaths(data_dir).create()
    scenes.link_models(paths, smollm_path.name)
    made = Window(qapp, paths, [])
    made.show()
    until(lambda: made.session.assistant is not None)
    made.main.show_page("models")
    until(lambda: made.session.models.state == "ready")
    yield made
    made.main.close()
    made.close()


def test_a_larger_model_that_comes_does_not_take_the_place_of_the_one_that_answers(
    window, until, smollm_path, qwen_small_path
):
    models, folder = window.session.models, window.session.paths.models
    (folder / qwen_small_path.name).symlink_to(qwen_small_path)
    # Whoever put it there, it is seen when the page is opened.
    window.main.show_page("chat")
    window.main.show_page("models")
    until(lambda: len(models.installed) == 2)
    assert (models.current, models.state) == (smollm_path.name, "ready")
    assert SettingsFile(window.session.paths.settings_file).current.model == smollm_path.name


def test_a_load_that_failed_is_past_once_a_question_has_loaded_another_model(
    window, until, smollm_path, tmp_path
):
    models, service = window.session.models, window.session.assistant.model
    odd = window.session.paths.models / "odd.gguf"
    odd.write_bytes(smollm_path.read_bytes().replace(b"llama", b"lxama"))
    models.load("odd")
    until(lambda: models.state == "failed")
    assert "of the family “lxama”" in models.problem
    # As a question in a conversation with a model of its own does it.
    service.load(str(window.session.paths.models / smollm_path.name), LoadSettings())
    until(lambda: models.state == "ready")
    assert models.problem == ""


def test_what_a_model_would_take_is_said_before_it_is_downloaded(window, hub, until, smollm_path):
    downloads = window.session.downloads
    until(lambda: downloads.offered)
    small, missing = downloads.offered[:2]
    hub.files[f"{small.repository}/{small.file}"] = smollm_path.read_bytes()
    rows = {row._file: row for row in window.main._models.findChildren(ForecastRow)}
    for entry in (small, missing):
        rows[entry.file]._opener.click()
    words, why = rows[small.file]._words, rows[missing.file]._words
    until(lambda: words.text().startswith("Needs "))
    assert "fits well. A context of up to 8,192 tokens fits." in words.text()
    until(lambda: why.text().startswith(f"{missing.repository} could not be looked up: "))
    assert hub.served == [0]
    # Opened again, what is known is not asked again, and what could not be told is.
    hub.files[f"{missing.repository}/{missing.file}"] = smollm_path.read_bytes()
    for entry in (small, missing):
        rows[entry.file]._opener.click()
        assert not rows[entry.file]._words.isVisibleTo(rows[entry.file])
        rows[entry.file]._opener.click()
    until(lambda: why.text().startswith("Needs "))
    assert hub.served == [0, 0]
    assert downloads.downloads == []
    # The word at the head of its card says the same, though its size alone would say another.
    forecasts, card = window.session.models.forecasts, rows[small.file].parentWidget()
    assert card._fit.text() == "fits well"
    forecasts.take(forecasts._survey._replace(room=Room(600_000_000)))
    downloads.examined.emit(small.repository, small.file)
    assert forecasts.fit_bytes(small.bytes) == "not"
    assert card._fit.text() == "just fits"
    # What the machine lacks, a graphics card makes good that holds it.
    forecasts.take(forecasts._survey._replace(room=Room(600_000_000, card=24 * 10**9)))
    downloads.examined.emit(small.repository, small.file)
    assert (forecasts.fit_bytes(small.bytes), card._fit.text()) == ("well", "fits well")


def test_a_model_that_the_graphics_card_will_not_hold_is_said_to_need_its_memory(
    window, until, monkeypatch
):
    page, session = window.main._models, window.session
    until(lambda: len(page._installed.widgets) == 1)
    # What it holds itself would be free for it.
    session.models.unload()
    until(lambda: session.models.state == "unloaded")
    free = [80_000_000]
    monkeypatch.setattr(session.assistant.model, "card_memory", lambda: free[0])
    session.models.refresh()

    def words():
        return " ".join(label.text() for label in page._installed.widgets[0].findChildren(QLabel))

    until(lambda: "of the graphics card's memory and 80 MB are free" in words())
    assert "Its settings put fewer layers there; or choose a smaller model." in words()
    free[0] = 8_000_000_000
    session.models.refresh()
    until(lambda: "of 8.0 GB free on the graphics card" in words())
    assert "fits well" in words()


def test_a_model_of_the_catalogue_is_known_wherever_it_lies(window, until, smollm_path, tmp_path):
    page, downloads = window.main._models, window.session.downloads
    until(lambda: downloads.offered)
    entry = downloads.offered[0]
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / entry.file).write_bytes(smollm_path.read_bytes())
    window.session.model_folders.add(str(folder))
    until(lambda: entry not in downloads.offered)
    until(lambda: len(page._installed.widgets) == 2)
    said = [label.text() for label in page._installed.widgets[1].findChildren(QLabel)]
    assert entry.good_for in said


def test_what_documents_are_searched_with_stays_and_why_is_said(window, until):
    page, session = window.main._models, window.session
    searching = {**KEYS, "general.architecture": string("bert"), "bert.pooling_type": u32(1)}
    (session.paths.models / "search.gguf").write_bytes(build(keys=searching))
    session.assistant.settings.update(embedder="search.gguf")
    session.models.refresh()
    until(lambda: len(page._installed.widgets) == 2)
    notices = []
    session.notices.shown.connect(notices.append)
    page._installed.widgets[1].remove_wanted.emit()
    until(lambda: notices)
    assert notices[-1].text == (
        "The model search.gguf is what documents are searched with, so it is not removed. Choose "
        "another search model in the settings; then this one can go."
    )
    assert (session.paths.models / "search.gguf").exists()
    assert len(page._installed.widgets) == 2
