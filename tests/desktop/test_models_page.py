"""The models page, with a real library of models, a real small one, and a hub of this machine."""

from __future__ import annotations

import hashlib
import random
import threading
from contextlib import closing

import pytest
import scenes
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from assistant.paths import DataPaths
from assistant.settings import ModelSettings, SettingsFile
from desktop.app import Window
from desktop.views.hub_sheet import HubSheet
from desktop.views.model_folders import FoldersView
from desktop.views.model_settings_sheet import ModelSettingsSheet
from desktop.views.models_checksum import ChecksumRow
from desktop.views.models_coming import DownloadCard, OfferCard
from desktop.widgets.disclosure import Disclosure
from tests.integration.hub_server import HubServer
from tests.unit.models.conftest import KEYS, build, string, u32
from tests.waiting import wait_until

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
    return [
        " | ".join(label.text() for label in card.findChildren(QLabel))
        for card in page._installed.widgets
    ]


def test_added_used_removed_and_brought_back(window, until, qtbot, smollm_path, tmp_path):
    page, models = window.main._models, window.session.models
    imports = window.session.imports
    until(lambda: models.state == "none")
    until(page._empty.isVisible)
    progress = []
    imports.progressed.connect(progress.append)
    imports.add([str(smollm_path)])
    until(lambda: len(page._installed.widgets) == 1)
    assert not page._empty.isVisible()
    assert progress[-1] is None
    done = [step.done for step in progress if step is not None]
    # Not only its beginning and its end, however fast the disk.
    assert any(0 < step < smollm_path.stat().st_size for step in done)
    assert done == sorted(done)
    assert done[-1] == smollm_path.stat().st_size
    # The first model there is answers at once.
    until(lambda: models.state == "ready")
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
    imports.add([str(bad)])
    until(lambda: notices)
    assert "bad.gguf cannot be used as a model" in notices[-1].text
    until(lambda: not page._import.isVisible())
    # Removed, it is gone at once; undone, it answers again.
    page._installed.widgets[0].remove_wanted.emit()
    until(lambda: not page._installed.widgets and page._empty.isVisible())
    assert models.state == "none"
    assert window.main._title_bar is not None
    snackbar = window.main._snackbar
    until(snackbar.isVisible)
    qtbot.mouseClick(snackbar._button, Qt.MouseButton.LeftButton)
    until(lambda: len(page._installed.widgets) == 1 and models.state == "ready")
    assert words(page)[0].count("in use") == 1


def test_a_broken_model_says_why_and_cannot_be_used(window, until):
    page, models = window.main._models, window.session.models
    (window.session.paths.models / "cut.gguf").write_bytes(b"GGUF\x03\x00")
    models.refresh()
    until(lambda: len(page._installed.widgets) == 1)
    assert (
        "cut.gguf cannot be used as a model: its end is missing. Download it again."
        in (words(page)[0])
    )
    assert models.current == ""


def test_stopping_an_import_leaves_nothing(window, until, qwen_small_path, monkeypatch):
    page, imports = window.main._models, window.session.imports
    library = window.session.assistant.models
    import_file = library.import_file

    def import_slowly(path):
        with closing(import_file(path)) as steps:
            for step in steps:
                yield step
                if step.done:
                    wait_until(lambda: imports._run.stop_asked)

    monkeypatch.setattr(library, "import_file", import_slowly)
    imports.progressed.connect(lambda step: imports.stop() if step and step.done else None)
    imports.add([str(qwen_small_path)])
    until(page._import.isVisible)
    until(lambda: not page._import.isVisible())
    until(lambda: not imports.name)
    left = [p.name for p in window.session.paths.models.glob("*.gguf*")]
    assert left == []


def test_details_are_opened_and_stay_open(window, until, smollm_path):
    page, models = window.main._models, window.session.models
    (window.session.paths.models / smollm_path.name).symlink_to(smollm_path)
    models.refresh()
    until(lambda: len(page._installed.widgets) == 1)
    page._installed.widgets[0].findChild(Disclosure).click()

    def said():
        labels = page._installed.widgets[0].findChildren(QLabel)
        return [label.text() for label in labels if label.isVisible()]

    until(lambda: "llama" in said())
    assert any("weights" in words for words in said())
    assert any("A context of up to 8,192 tokens fits." in words for words in said())
    # The card is made anew when the model's state changes; what was open stays so.
    card = page._installed.widgets[0]
    models.use(smollm_path.name)
    until(lambda: models.state == "ready")
    until(lambda: "in use" in words(page)[0])
    assert page._installed.widgets[0] is not card
    assert page._installed.widgets[0].findChild(Disclosure).isChecked()


def test_models_worth_having_are_offered_until_they_are_here(window, until, smollm_path):
    page, downloads = window.main._models, window.session.downloads
    until(lambda: page._offered.widgets)
    offered = [entry.title for entry in downloads.offered]
    assert "Qwen2.5 Coder 1.5B" in offered
    assert all(isinstance(card, OfferCard) for card in page._offered.widgets)
    entry = next(entry for entry in downloads.offered if entry.title == "Qwen2.5 Coder 1.5B")
    (window.session.paths.models / entry.file).symlink_to(smollm_path)
    window.session.models.refresh()
    until(lambda: "Qwen2.5 Coder 1.5B" not in [entry.title for entry in downloads.offered])


@pytest.fixture
def hub(monkeypatch):
    server = HubServer()
    server.files["ann/Tiny-GGUF/Tiny.Q4_0.gguf"] = build(data=random.Random(7).randbytes(3_000_000))
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    yield server
    server.close()


def test_found_on_the_hub_downloaded_paused_and_gone_on_with(hub, window, until, qtbot):
    page, downloads = window.main._models, window.session.downloads
    window.main._sheets.show_hub()
    sheet = window.main.findChild(HubSheet)
    sheet._field.setText("tiny")
    qtbot.mouseClick(sheet._search, Qt.MouseButton.LeftButton)
    until(lambda: sheet._results.count() == 1)
    assert "ann/Tiny-GGUF" in sheet._results.item(0).text()
    sheet._results.setCurrentRow(0)
    until(lambda: len(sheet._files.widgets) == 1)
    hub.faults.pause_s = 0.15
    downloads.start("ann/Tiny-GGUF", "Tiny.Q4_0.gguf")
    until(lambda: len(page._coming.widgets) == 1)
    [card] = page._coming.widgets
    assert isinstance(card, DownloadCard)
    until(lambda: downloads.downloads[0].progress.done > 200_000)
    until(lambda: " MB/s" in card._state.text() or " kB/s" in card._state.text())
    assert card._act.text() == "Pause"
    qtbot.mouseClick(card._act, Qt.MouseButton.LeftButton)
    until(lambda: downloads.downloads[0].state == "paused")
    [card] = page._coming.widgets
    assert card._act.text() == "Go on"
    assert card._state.text().startswith("paused · ")
    hub.faults.pause_s = 0.0
    heard = []
    window.session.notices.shown.connect(heard.append)
    qtbot.mouseClick(card._act, Qt.MouseButton.LeftButton)
    until(lambda: not page._coming.widgets)
    until(lambda: len(page._installed.widgets) == 1)
    assert any("is here" in notice.text for notice in heard)
    # What had come was not fetched twice.
    assert hub.served[-1] > 0
    sheet.close()


def test_a_download_that_fails_says_why_and_is_tried_again(hub, window, until, qtbot):
    page, downloads = window.main._models, window.session.downloads
    hub.faults.gated = True
    downloads.start("ann/Tiny-GGUF", "Tiny.Q4_0.gguf")
    until(lambda: downloads.downloads and downloads.downloads[0].state == "failed")
    [card] = page._coming.widgets
    assert card._state.property("role") == "small-danger"
    assert card._state.text().endswith(".")
    hub.faults.gated = False
    qtbot.mouseClick(card._act, Qt.MouseButton.LeftButton)
    until(lambda: len(page._installed.widgets) == 1)


def test_a_model_is_loaded_and_speaks_as_was_chosen_for_it(window, until, qtbot, smollm_path):
    page, models = window.main._models, window.session.models
    (window.session.paths.models / smollm_path.name).symlink_to(smollm_path)
    models.use(smollm_path.name)
    until(lambda: models.state == "ready")
    until(lambda: page._installed.widgets and "in use" in words(page)[0])
    page._installed.widgets[0].settings_wanted.emit()
    sheet = window.main.findChild(ModelSettingsSheet)
    assert sheet.chosen == ModelSettings()
    needed = sheet._memory.text()
    context, kept = sheet.form.fields["context_tokens"], sheet.form.fields["kv_type"]
    context.setCurrentIndex(context.findData(2048))
    kept.setCurrentIndex(kept.findData("q8_0"))
    sheet.form.fields["min_p"].setValue(0.1)
    assert "Needs" in needed
    assert sheet._memory.text() != needed
    qtbot.mouseClick(sheet.findChild(QPushButton, "save"), Qt.MouseButton.LeftButton)
    until(lambda: models.loaded is not None and models.loaded.context_tokens == 2048)
    kept_settings = SettingsFile(window.session.paths.settings_file).current
    assert kept_settings.models[smollm_path.name] == ModelSettings(
        context_tokens=2048, kv_type="q8_0", min_p=0.1
    )
    assert kept_settings.sampling(smollm_path.name).min_p == 0.1
    # As it was brought: nothing is kept of it any more.
    models.choose_settings(models.facts(smollm_path.name), ModelSettings())
    assert SettingsFile(window.session.paths.settings_file).current.models == {}
    until(lambda: models.loaded.context_tokens == 8192)


def test_folders_with_models_are_added_and_forgotten(window, until, tmp_path, smollm_path):
    page, models = window.main._models, window.session.models
    folders = window.session.model_folders
    view = page.findChild(FoldersView)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / smollm_path.name).symlink_to(smollm_path)
    heard = []
    window.session.notices.shown.connect(heard.append)
    # A folder that is dropped on the page is used where it lies.
    window.main._drop.dropped.emit([str(tmp_path / "mine")])
    until(lambda: len(page._installed.widgets) == 1)
    until(lambda: any("1 model" in text(row) for row in view._places.widgets))
    assert "used in place: a folder you added" in words(page)[0]
    assert not list(window.session.paths.models.glob("*.gguf"))
    # A model in it is taken off the list, and put on it again.
    models.remove(f"mine/{smollm_path.name}")
    until(lambda: view._hidden.widgets and not page._installed.widgets)
    assert (tmp_path / "mine" / smollm_path.name).exists()
    view._hidden.widgets[0].findChild(QPushButton).click()
    until(lambda: len(page._installed.widgets) == 1 and not view._hidden.widgets)
    # The folder is listed no longer, and is listed again.
    [place] = folders.places
    folders.remove(place)
    until(lambda: not page._installed.widgets and not view._places.widgets)
    assert heard[-1].action == "Undo"
    heard[-1].act()
    until(lambda: len(page._installed.widgets) == 1 and len(view._places.widgets) == 1)


def test_a_folder_with_the_model_that_documents_are_searched_with_stays(window, until, tmp_path):
    folders = window.session.model_folders
    (tmp_path / "mine").mkdir()
    bert = {**KEYS, "general.architecture": string("bert"), "bert.pooling_type": u32(1)}
    (tmp_path / "mine" / "Search.gguf").write_bytes(build(keys=bert))
    window.session.assistant.settings.update(embedder="mine/Search.gguf")
    folders.add(str(tmp_path / "mine"))
    until(lambda: folders.places)
    heard = []
    window.session.notices.shown.connect(heard.append)
    folders.remove(folders.places[0])
    until(lambda: heard)
    assert "stays listed" in heard[0].text
    assert "search model in the settings" in heard[0].text
    assert [place.source for place in window.session.assistant.models.places()][1] == "folder"


def text(widget):
    return " | ".join(label.text() for label in widget.findChildren(QLabel))


def test_a_model_is_checked_and_says_what_it_found(window, until, qtbot, smollm_path, monkeypatch):
    page, models = window.main._models, window.session.models
    library = window.session.assistant.models
    verify, shown = library.verify, threading.Event()

    def verify_slowly(name):
        steps = verify(name)
        yield next(steps)
        assert shown.wait(60), "how far it is was not shown"
        return (yield from steps)

    monkeypatch.setattr(library, "verify", verify_slowly)
    (window.session.paths.models / smollm_path.name).symlink_to(smollm_path)
    models.refresh()
    until(lambda: page._installed.widgets)
    page._installed.widgets[0].findChild(Disclosure).click()

    def row():
        # The card is another one as soon as more is known of the model.
        return page._installed.widgets[0].findChild(ChecksumRow)

    until(lambda: page._installed.widgets and row()._act.isVisible())
    qtbot.mouseClick(row()._act, Qt.MouseButton.LeftButton)
    assert row()._act.text() == "Stop"
    assert row()._bar.isVisible()
    until(lambda: 0 < row()._bar.value() < row()._bar.maximum())
    shown.set()
    until(lambda: page._installed.widgets and row()._words.isVisible())
    digest = hashlib.sha256(smollm_path.read_bytes()).hexdigest()
    assert digest in row()._words.text()
    assert "Nothing here knows what it should be." in row()._words.text()
    assert not row()._bar.isVisible()


def test_models_that_are_dropped_are_added_wherever_they_fall(window, until, tmp_path, smollm_path):
    page, main = window.main._models, window.main
    copies = [tmp_path / "one.gguf", tmp_path / "two.gguf"]
    copies[0].symlink_to(smollm_path)
    copies[1].write_bytes(build(data=bytes(4096)))
    main.show_page("chat")
    main._drop.dropped.emit([str(copy) for copy in copies])
    assert page.isVisible()
    until(lambda: len(page._installed.widgets) == 2)
    assert not window.session.composer.attachments
