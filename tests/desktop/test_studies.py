"""Studying a document in the window: forecast, progress, pause, and what is kept."""

from __future__ import annotations

import pytest
import scenes
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMenu

from assistant.paths import DataPaths
from assistant.settings import ModelSettings
from desktop.app import Window
from desktop.views.study_bar import StudyBar
from desktop.views.study_sheet import StudySheet

pytestmark = [pytest.mark.gui, pytest.mark.model]

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
# Some hundred tokens: read in several steps, and soon.
LEASE = "\n\n".join(
    f"## {n}\n\nThe rent of flat {n} is {n * 7} euros a month, due on the fifth." for n in range(14)
)


@pytest.fixture
def window(qapp, data_dir, smollm_path, embedder_path, until, tmp_path):
    paths = DataPaths(data_dir).create()
    scenes.link_models(paths, MODEL)
    made = Window(qapp, paths, [])
    made.main.resize(1280, 800)
    made.show()
    until(lambda: made.session.assistant is not None)
    until(lambda: made.session.models.state == "ready")
    (tmp_path / "lease.md").write_text(LEASE, encoding="utf-8")
    made.session.library.add([str(tmp_path / "lease.md")])
    until(lambda: made.session.documents.rows and not made.session.documents.adding)
    yield made
    made.main.close()
    made.close()


def words(widget):
    return " | ".join(label.text() for label in widget.findChildren(QLabel) if label.text())


def bar(window):
    return window.main.findChild(StudyBar)


def library_line(window):
    """What is read out of the one document's line in the library."""
    lines = window.main._library._list.lines
    role = Qt.ItemDataRole.AccessibleTextRole
    return " | ".join(str(lines.index(n).data(role)) for n in range(lines.rowCount()))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    # Without a screen a menu that pops up cannot take the keyboard, and Qt says so.
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)


def open_sheet(window, until, name="lease.md"):
    """Ask for it where a person does: in the menu of a document."""
    row = next(row for row in window.session.documents.rows if row.path.endswith(name))
    page = window.main._library
    window.main.show_page("library")
    page._list.menu_wanted.emit([row.id], page.mapToGlobal(page.rect().center()))
    actions = [action for menu in page.findChildren(QMenu) for action in menu.actions()]
    [study] = [action for action in actions if action.text() == "Study…"]
    study.trigger()
    study.parent().deleteLater()
    until(lambda: window.main.findChild(StudySheet))
    return window.main.findChild(StudySheet)


def test_a_document_is_studied_paused_and_gone_on_with(window, until, qtbot):
    session = window.session
    [row] = session.documents.rows
    sheet = open_sheet(window, until)
    until(sheet._begin.isEnabled)
    said = words(sheet)
    assert "lease.md" in said
    assert " tokens" in said
    assert " MB of the 8.0 GB set aside" in said
    assert not bar(window).isVisible()
    qtbot.mouseClick(sheet._begin, Qt.MouseButton.LeftButton)
    until(bar(window).isVisible)
    until(lambda: session.studies.studies[0].done > 0)
    assert " tokens, " in bar(window)._text.text()
    qtbot.mouseClick(bar(window)._act, Qt.MouseButton.LeftButton)
    assert "lease.md · paused" in bar(window)._text.text()
    until(lambda: session.studies._reading is None)
    done = session.studies.studies[0].done
    assert 0 < done < session.studies.studies[0].total
    assert not session.studies.is_studied(row.id)
    # What was read is not read again.
    progress = []
    session.studies.changed.connect(
        lambda: progress.extend(study.done for study in session.studies.studies if study.done)
    )
    assert bar(window)._act.text() == "Go on"
    qtbot.mouseClick(bar(window)._act, Qt.MouseButton.LeftButton)
    until(lambda: session.studies.is_studied(row.id))
    assert min(progress) >= done
    assert not bar(window).isVisible()
    assert session.studies.used_bytes > 1_000_000
    # It is shown where the document is read.
    window.main.show_document(row)
    panel = window.main._source
    until(panel._studied.isVisible)
    # Asked once more, there is nothing to do.
    sheet = open_sheet(window, until)
    until(lambda: "studied already" in sheet._words.text())
    assert not sheet._begin.isEnabled()
    sheet.close()
    assert "studied" in library_line(window)
    # The model with another kind of cache could not use what was read; as it was, it can.
    [facts] = session.models.installed
    session.models.choose_settings(facts, ModelSettings(kv_type="q8_0"))
    until(lambda: not session.studies.is_studied(row.id))
    assert panel._studied.isHidden()
    assert "studied" not in library_line(window)
    until(lambda: session.models.state == "ready")
    session.models.choose_settings(facts, ModelSettings())
    until(lambda: session.studies.is_studied(row.id))
    assert "studied" in library_line(window)
    # Deleted, it is studied no longer, and the document is still there.
    session.studies.clear()
    until(lambda: session.studies.used_bytes == 0 and not session.studies.is_studied(row.id))
    assert panel._studied.isHidden()
    assert session.documents.row(row.id) is not None


def test_what_does_not_fit_says_so_before_anything_is_read(window, until, tmp_path):
    session = window.session
    (window.session.paths.root / "long.md").write_text(LEASE * 8, encoding="utf-8")
    session.library.add([str(window.session.paths.root / "long.md")])
    until(lambda: len(session.documents.rows) == 2 and not session.documents.adding)
    session.settings.set_context_tokens(2048)
    session.settings.save_now()
    sheet = open_sheet(window, until, "long.md")
    until(lambda: "too long" in sheet._words.text())
    assert not sheet._begin.isEnabled()
    assert sheet._settings.isVisible()
    sheet.close()
