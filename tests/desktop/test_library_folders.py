"""Watched folders in the window: what changes on disk changes in the library."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from desktop.views.patterns_sheet import PatternsSheet

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


def test_patterns_and_great_losses(library_window, page, until, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    session = library_window.session
    catalog = session.assistant.catalog
    notices = []
    session.notices.shown.connect(notices.append)
    shelf = tmp_path / "Recipes"
    for n in range(30):
        write(shelf / f"{n:02}.md", f"Recipe number {n}")
    session.library.add([str(shelf)])
    everything = {f"{n:02}.md" for n in range(30)}
    until(lambda: everything <= names(library_window), PATIENCE_S)
    until(lambda: "Recipes, watched" in spoken(page), PATIENCE_S)

    # Other patterns: what they leave out goes at once, and comes back when that is undone.
    choose(page, qtbot, "Recipes", "Which files")
    sheet = library_window.main.findChild(PatternsSheet)
    assert not sheet._done.isEnabled()
    sheet._exclude.setPlainText("?[0-7].md\n")
    qtbot.mouseClick(sheet._done, Qt.MouseButton.LeftButton)
    until(lambda: any("24 documents are left out now" in n.text for n in notices), PATIENCE_S)
    assert names(library_window) & everything == {f"{n}{m}.md" for n in range(3) for m in (8, 9)}
    until(lambda: catalog.folders()[-1].exclude == ("?[0-7].md",), PATIENCE_S)
    until(lambda: not session.documents.adding, PATIENCE_S)
    # So many that are left out on purpose are no loss to be asked about.
    assert not any("are gone from" in n.text for n in notices)
    notices[-1].act()
    until(lambda: everything <= names(library_window), PATIENCE_S)
    until(lambda: catalog.folders()[-1].exclude == (), PATIENCE_S)
    until(lambda: not session.documents.adding, PATIENCE_S)

    # Most of it is gone: nothing goes from the library before the person has said so.
    for n in range(25):
        (shelf / f"{n:02}.md").unlink()
    until(lambda: "Recipes, 25 files gone, documents kept" in spoken(page), PATIENCE_S)
    assert everything <= names(library_window)
    assert sum(line.startswith("0") and "file gone" in line for line in spoken(page)) == 10
    assert any("25 of 30 files are gone from “Recipes”" in n.text for n in notices)
    session.library.flush()
    until(lambda: not session.documents.adding, PATIENCE_S)
    assert sum(row.path.startswith(str(shelf)) for row in catalog.documents()) == 30

    # Some are back, and are what they were.
    for n in range(4):
        write(shelf / f"{n:02}.md", f"Recipe number {n}")
    until(lambda: "Recipes, 21 files gone, documents kept" in spoken(page), PATIENCE_S)
    choose(page, qtbot, "Recipes", "Remove the 21 documents")
    until(lambda: len(names(library_window) & everything) == 9, PATIENCE_S)
    session.library.flush()
    left = {*range(4), *range(25, 30)}
    until(
        lambda: (
            {row.path for row in catalog.documents() if row.path.startswith(str(shelf))}
            == {str(shelf / f"{n:02}.md") for n in left}
        ),
        PATIENCE_S,
    )
    until(lambda: "Recipes, watched" in spoken(page), PATIENCE_S)
