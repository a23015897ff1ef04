"""Watched folders in the window: what changes on disk changes in the library."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

pytestmark = [pytest.mark.gui, pytest.mark.model]

# A change is told, waited for and read; on a busy machine that takes its time.
PATIENCE_S = 60


@pytest.fixture
def page(library_window):
    library_window.main.show_page("library")
    return library_window.main._library


def write(path, text):
    """Write a file as it was a while ago, so that nobody waits for its writer to end."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    a_minute_ago = time.time() - 60
    os.utime(path, (a_minute_ago, a_minute_ago))
    return path


def spoken(page):
    """What a screen reader says of each line."""
    lines = page._list.lines
    role = Qt.ItemDataRole.AccessibleTextRole
    return [lines.data(lines.index(n), role) for n in range(lines.rowCount())]


def names(window):
    return {Path(row.path).name for row in window.session.documents.rows if row.status == "ready"}


def choose(page, qtbot, heading, words):
    """Click on a folder's button, and choose from its menu."""
    view = page._list
    at = next(n for n, e in enumerate(view._library.entries) if e.heading == heading)
    index = view.lines.index(at)
    view.scrollTo(index)
    place = view._painter.more(view.visualRect(index)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    menu = page.findChildren(QMenu)[-1]
    action = next(action for action in menu.actions() if words in action.text())
    action.trigger()


def test_a_folder_is_followed(library_window, page, until, qtbot, tmp_path, monkeypatch):
    # A menu on the screen would take the keyboard, which the tests' screen cannot give.
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    session = library_window.session
    notices = []
    session.notices.shown.connect(notices.append)
    shelf = tmp_path / "Shelf"
    for name in ("apples", "pears", "plums"):
        write(shelf / f"{name}.md", f"# All about {name}\n\nThis is all about {name}.")
    session.library.add([str(shelf)])
    until(lambda: {"apples.md", "pears.md", "plums.md"} <= names(library_window), PATIENCE_S)
    until(lambda: "Shelf, watched" in spoken(page), PATIENCE_S)
    ids = {Path(row.path).name: row.id for row in session.documents.rows}

    # Moved and new.
    (shelf / "deep").mkdir()
    (shelf / "apples.md").rename(shelf / "deep" / "russets.md")
    write(shelf / "figs.md", "# All about figs\n\nThis is all about figs.")
    until(lambda: {"russets.md", "figs.md"} <= names(library_window), PATIENCE_S)
    now = {Path(row.path).name: row.id for row in session.documents.rows}
    assert now["russets.md"] == ids["apples.md"]
    assert "apples.md" not in now

    # Gone: out of the list at once, and out of the library when nobody wants it back.
    (shelf / "plums.md").unlink()
    until(lambda: any("“plums.md” is gone from “Shelf”" in n.text for n in notices), PATIENCE_S)
    assert "plums.md" not in names(library_window)
    session.library.flush()
    catalog = session.assistant.catalog
    until(lambda: all(row.id != ids["plums.md"] for row in catalog.documents()), PATIENCE_S)

    # Kept: it stays although its file is gone.
    (shelf / "figs.md").unlink()
    until(lambda: any("“figs.md” is gone" in n.text for n in notices), PATIENCE_S)
    notices[-1].act()
    until(lambda: "figs.md" in names(library_window), PATIENCE_S)

    # Not there: everything stays, and is followed again once it is back.
    away = shelf.rename(tmp_path / "away")
    until(lambda: "Shelf, not there, documents kept" in spoken(page), PATIENCE_S)
    assert {"russets.md", "pears.md", "figs.md"} <= names(library_window)
    write(away / "quinces.md", "# All about quinces\n\nThis is all about quinces.")
    away.rename(shelf)
    until(lambda: "quinces.md" in names(library_window), PATIENCE_S)
    until(lambda: "Shelf, watched" in spoken(page), PATIENCE_S)

    # No longer watched, once with its documents and once without.
    choose(page, qtbot, "Shelf", "keep its documents")
    until(lambda: "Shelf, watched" not in spoken(page), PATIENCE_S)
    assert "quinces.md" in names(library_window)
    notices[-1].act()
    until(lambda: "Shelf, watched" in spoken(page), PATIENCE_S)
    until(lambda: not session.documents.adding, PATIENCE_S)
    choose(page, qtbot, "Shelf", "remove its documents")
    until(lambda: "quinces.md" not in names(library_window), PATIENCE_S)
    session.library.flush()
    until(lambda: all(not r.path.startswith(str(shelf)) for r in catalog.documents()), PATIENCE_S)
