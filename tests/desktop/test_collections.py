"""Collections in the window: put together in the library, asked about in a conversation."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtWidgets import QMenu

from desktop.views.name_sheet import NameSheet

pytestmark = [pytest.mark.gui, pytest.mark.model]

RENT = "The rent of the flat is 940 euros."


@pytest.fixture
def page(library_window, monkeypatch):
    # A menu on the screen would take the keyboard, which the tests' screen cannot give.
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    library_window.main.show_page("library")
    return library_window.main._library


@pytest.fixture
def papers(library_window, until, tmp_path):
    """Three documents of no collection, by the beginnings of their names."""
    session = library_window.session
    paths = {name: tmp_path / f"{name}.txt" for name in ("lease", "tax", "letter")}
    for name, path in paths.items():
        path.write_text(f"{name}: {RENT}", encoding="utf-8")
    session.library.add([str(path) for path in paths.values()])
    until(lambda: not session.documents.adding)
    rows = {row.path: row.id for row in session.documents.rows}
    yield {name: rows[str(path)] for name, path in paths.items()}
    session.library.remove(list(rows.values()))
    session.library.flush()
    until(lambda: not session.documents.rows)


def spoken(page):
    """What a screen reader says of each line."""
    lines = page._list.lines
    role = Qt.ItemDataRole.AccessibleTextRole
    return [lines.data(lines.index(n), role) for n in range(lines.rowCount())]


def select(page, documents):
    page._list.clearSelection()
    flag = QItemSelectionModel.SelectionFlag
    for number, entry in enumerate(page._library.entries):
        if entry.document in documents:
            index = page._list.lines.index(number)
            page._list.selectionModel().select(index, flag.Select | flag.Rows)


def action(menu, words):
    return next(action for action in menu.actions() if words in action.text())


def opened(button):
    """The menu of a button, as it is when it opens."""
    button.menu().aboutToShow.emit()
    return button.menu()


def name(window, qtbot, words):
    sheet = window.main.findChild(NameSheet)
    sheet._field.setText(words)
    qtbot.mouseClick(sheet._done, Qt.MouseButton.LeftButton)
    return sheet


def heading_menu(page, qtbot, heading):
    view = page._list
    at = next(n for n, entry in enumerate(page._library.entries) if entry.heading == heading)
    view.scrollTo(view.lines.index(at))
    place = view._painter.more(view.visualRect(view.lines.index(at))).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    return newest_menu(page)


def newest_menu(page):
    return page.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]


def test_a_collection_from_its_first_document_to_its_end(
    library_window, page, papers, until, qtbot
):
    session = library_window.session
    assert page._add_to.isHidden()
    # Several at once, under a name that is new.
    select(page, [papers["lease"], papers["letter"]])
    assert page._add_to.isVisible()
    assert page._holdings.text().endswith(" selected")
    action(opened(page._add_to), "New collection").trigger()
    name(library_window, qtbot, " Flat ")
    until(lambda: session.collections.counts == {"Flat": 2})
    until(lambda: "Flat" in spoken(page))

    # Another collection beside it, from the menu of a row.
    page._menus.show_documents([papers["lease"]], QPoint())
    member = action(newest_menu(page), "Collections").menu()
    assert action(member, "Flat").isChecked()
    action(member, "New collection").trigger()
    name(library_window, qtbot, "Keep")
    until(lambda: session.collections.counts == {"Flat": 2, "Keep": 1})
    until(lambda: any(line.endswith("in Keep") for line in spoken(page)))

    # One alone is shown.
    assert [a.text() for a in opened(page._shown).actions() if a.text()] == [
        "All documents", "Flat · 2", "Keep · 1",
    ]  # fmt: skip
    action(page._shown.menu(), "Keep").trigger()
    assert spoken(page)[0] == "Keep"
    assert len(spoken(page)) == 2
    assert page._shown.text() == "Keep"

    # Renamed, it is still the one that is shown, and the one that a conversation is about.
    talk = session.assistant.conversations.create()
    session.conversations.refresh()
    until(lambda: session.conversations.conversation(talk.id) is not None)
    action(heading_menu(page, qtbot, "Keep"), "Ask about this").trigger()
    assert [a.title for a in session.composer.attachments] == ["Keep"]
    session.conversations.open(talk.id)
    session.composer.attach_collection("Keep")
    until(lambda: session.assistant.conversations.get(talk.id).scope.collections == ("Keep",))
    library_window.main.show_page("library")
    action(heading_menu(page, qtbot, "Keep"), "Rename").trigger()
    sheet = library_window.main.findChild(NameSheet)
    sheet._field.setText("Flat")
    assert not sheet._done.isEnabled()
    name(library_window, qtbot, "Keepsakes")
    until(lambda: spoken(page)[0] == "Keepsakes")
    assert session.assistant.conversations.get(talk.id).scope.collections == ("Keepsakes",)
    assert [a.title for a in session.composer.attachments] == ["Keepsakes"]

    # What is added later is asked about as well.
    session.collections.put("Keepsakes", [papers["tax"]])
    until(lambda: session.collections.counts.get("Keepsakes") == 2)
    scope = session.assistant.conversations.get(talk.id).scope
    asked = session.assistant.collections.documents_of(scope.collections)
    assert set(asked) == {papers["lease"], papers["tax"]}

    # Deleted, it can be had back.
    action(heading_menu(page, qtbot, "Keepsakes"), "Delete the collection").trigger()
    until(lambda: session.collections.counts == {"Flat": 2})
    until(lambda: page._shown.text() == "All collections")
    assert {row.id for row in session.documents.rows} >= set(papers.values())
    until(lambda: session.composer.attachments[0].state == "failed")
    snackbar = library_window.main._snackbar
    qtbot.mouseClick(snackbar._button, Qt.MouseButton.LeftButton)
    until(lambda: session.collections.counts == {"Flat": 2, "Keepsakes": 2})
    until(lambda: session.composer.attachments[0].state == "ready")

    # Taken out of one, and put back.
    select(page, [papers["letter"]])
    action(opened(page._add_to), "Flat").trigger()
    until(lambda: session.collections.counts == {"Flat": 1, "Keepsakes": 2})
    qtbot.mouseClick(snackbar._button, Qt.MouseButton.LeftButton)
    until(lambda: session.collections.counts == {"Flat": 2, "Keepsakes": 2})
