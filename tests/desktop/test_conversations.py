from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QLineEdit, QPushButton

from assistant.conversations.store import ConversationStore
from desktop.presenters.conversations import ConversationsPresenter
from desktop.views.conversation_list import CONVERSATION, CURRENT, FOUND, HEADING
from desktop.views.deleted_sheet import DeletedSheet
from desktop.views.sidebar import Sidebar
from desktop.widgets.marked_text import shorten


@pytest.fixture
def store(data_dir):
    made = ConversationStore(data_dir)
    yield made
    made.close()


@pytest.fixture
def talks(store):
    """Three conversations, the first made first."""
    made = []
    for question in ("Notice period of the lease", "Tax return", "Reading list"):
        made.append(store.create())
        store.ask(made[-1].id, question)
    return made


@pytest.fixture
def presenter(bridge, said, store, talks, until):
    made = ConversationsPresenter(bridge, said[0])
    made.attach(store)
    until(lambda: made.groups)
    return made


@pytest.fixture
def sidebar(theme, presenter, qtbot):
    made = Sidebar(theme, presenter)
    qtbot.addWidget(made)
    made.resize(256, 700)
    made.show()
    return made


def rows(sidebar):
    model = sidebar._model
    indexes = [model.index(row) for row in range(model.rowCount())]
    return [("# " if i.data(HEADING) else "") + i.data() for i in indexes]


def index_of(sidebar, conversation):
    model = sidebar._model
    for row in range(model.rowCount()):
        if model.index(row).data(CONVERSATION) == conversation:
            return model.index(row)
    raise AssertionError("not listed")


def click(qtbot, sidebar, conversation):
    place = sidebar._list.visualRect(index_of(sidebar, conversation)).center()
    qtbot.mouseClick(sidebar._list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_conversations_are_listed_under_their_day(sidebar):
    assert rows(sidebar) == ["# Today", "Reading list", "Tax return", "Notice period of the lease"]


def test_a_click_opens_and_marks(sidebar, presenter, talks, qtbot):
    with qtbot.waitSignals([presenter.current_changed, sidebar.page_wanted]):
        click(qtbot, sidebar, talks[1].id)
    assert presenter.current == talks[1].id
    assert index_of(sidebar, talks[1].id).data(CURRENT)
    assert not index_of(sidebar, talks[0].id).data(CURRENT)


def test_pinning_moves_to_the_top_and_stays(sidebar, presenter, talks, store, until):
    presenter.pin(talks[0].id, True)
    until(lambda: rows(sidebar)[:2] == ["# Pinned", "Notice period of the lease"])
    assert store.get(talks[0].id).pinned
    presenter.pin(talks[0].id, False)
    until(lambda: rows(sidebar)[0] == "# Today")


def test_renaming_in_place(sidebar, presenter, talks, store, until, qtbot):
    sidebar._list.setCurrentIndex(index_of(sidebar, talks[2].id))
    sidebar._list.edit(index_of(sidebar, talks[2].id))
    [field] = sidebar._list.viewport().findChildren(QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, "  Books  ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    until(lambda: "Books" in rows(sidebar))
    assert store.get(talks[2].id).title == "Books"
    # Enter ended the change of the title; it did not open the conversation.
    assert presenter.current is None


def test_a_list_that_changes_leaves_the_title_that_is_typed(
    sidebar, presenter, talks, store, until, qtbot
):
    sidebar._list.edit(index_of(sidebar, talks[0].id))
    [field] = sidebar._list.viewport().findChildren(QLineEdit)
    qtbot.keyClicks(field, "Half a ti")
    store.rename(talks[1].id, "Taxes")
    with qtbot.waitSignal(presenter.listed):
        presenter.refresh()
    assert field.isVisible()
    assert field.text() == "Half a ti"
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    until(lambda: rows(sidebar)[1:] == ["Reading list", "Taxes", "Notice period of the lease"])


def test_deleting_can_be_undone(sidebar, presenter, talks, store, said, until, qtbot):
    presenter.open(talks[1].id)
    sidebar._list.setCurrentIndex(index_of(sidebar, talks[1].id))
    qtbot.keyClick(sidebar._list, Qt.Key.Key_Delete)
    until(lambda: "Tax return" not in rows(sidebar))
    assert presenter.current is None
    assert store.get(talks[1].id).deleted is not None
    [notice] = said[1]
    assert "Tax return" in notice.text
    assert notice.act is not None
    notice.act()
    until(lambda: "Tax return" in rows(sidebar))
    assert store.get(talks[1].id).deleted is None
    until(lambda: presenter.current == talks[1].id)


def test_searching_and_leaving_the_search(sidebar, until, qtbot):
    sidebar.search()
    qtbot.keyClicks(sidebar._search, "lease")
    until(lambda: rows(sidebar) == ["Notice period of the lease"])
    qtbot.keyClicks(sidebar._search, "zzz")
    until(lambda: sidebar._stack.currentIndex() == 2)
    qtbot.keyClick(sidebar._search, Qt.Key.Key_Escape)
    until(lambda: len(rows(sidebar)) == 4)
    assert not sidebar._search.isVisible()


def test_what_was_found_is_marked_and_opened_in_its_place(
    sidebar, presenter, talks, store, until, qtbot
):
    question = store.ask(talks[1].id, "May I deduct the desk in my study?")
    sidebar.search()
    qtbot.keyClicks(sidebar._search, "desk")
    until(lambda: rows(sidebar) == ["Tax return"])
    found = index_of(sidebar, talks[1].id).data(FOUND)
    assert [found.snippet[begin:end] for begin, end in found.marks] == ["desk"]
    with qtbot.waitSignal(presenter.place_wanted) as wanted:
        click(qtbot, sidebar, talks[1].id)
    assert wanted.args[0].message == question.id
    assert presenter.current == talks[1].id


def test_a_line_is_cut_ahead_of_its_first_mark(theme):
    metrics = QFontMetricsF(theme.small_font)
    text = "we say in the second part of this\nlong answer that the deposit is returned"
    at = text.index("deposit")
    line, [(begin, end)] = shorten(text, [(at, at + 7)], metrics, 160)
    assert line.startswith("…")
    assert line[begin:end] == "deposit"
    assert metrics.horizontalAdvance(line[:end]) < 160
    assert shorten("the deposit", [(4, 11)], metrics, 160) == ("the deposit", [(4, 11)])
    # A word wider than the line is still seen from its beginning.
    line, [(begin, _)] = shorten("a " + "x" * 90, [(2, 92)], metrics, 60)
    assert begin <= 2


def test_the_conversations_are_gone_through_by_key(presenter, talks):
    presenter.step(1)
    assert presenter.current == talks[2].id
    presenter.step(1)
    assert presenter.current == talks[1].id
    presenter.step(5)
    assert presenter.current == talks[0].id
    presenter.step(-1)
    assert presenter.current == talks[1].id


def test_what_was_deleted_can_still_be_brought_back_later(
    theme, presenter, talks, store, until, qtbot, sidebar
):
    for talk in talks[:2]:
        presenter.delete(talk.id)
    until(lambda: len(store.list()) == 1)
    sheet = DeletedSheet(theme, presenter, sidebar)
    sheet.open()
    until(lambda: len(sheet._rows.widgets) == 2)
    [back] = [b for b in sheet.findChildren(QPushButton)
              if b.accessibleName() == "Bring back Notice period of the lease"]  # fmt: skip
    back.click()
    until(lambda: len(sheet._rows.widgets) == 1)
    until(lambda: presenter.current == talks[0].id)
    assert store.get(talks[0].id).deleted is None
    sheet.close()


def test_a_conversation_is_exported_with_its_words(presenter, talks, said, until, tmp_path):
    path = tmp_path / "lease.md"
    presenter.export(talks[0].id, str(path))
    until(lambda: said[1])
    assert str(path) in said[1][0].text
    assert "Notice period of the lease" in path.read_text(encoding="utf-8")
    presenter.export(talks[0].id, str(tmp_path / "no such folder" / "lease.md"))
    until(lambda: len(said[1]) == 2)


def test_a_long_title_is_shortened_where_its_deletion_is_told(presenter, talks, store, said, until):
    store.rename(talks[0].id, "A very long title " * 10)
    presenter.refresh()
    until(lambda: len(presenter.conversation(talks[0].id).title) > 100)
    presenter.delete(talks[0].id)
    assert len(said[1][0].text) < 80


def test_an_empty_list_says_what_it_is_for(theme, bridge, said, data_dir, until, qtbot):
    presenter = ConversationsPresenter(bridge, said[0])
    sidebar = Sidebar(theme, presenter)
    qtbot.addWidget(sidebar)
    # Not before it is known that there is nothing.
    assert sidebar._stack.currentIndex() == 0
    empty = ConversationStore(data_dir)
    presenter.attach(empty)
    until(lambda: sidebar._stack.currentIndex() == 1)
    empty.close()


def test_a_store_that_fails_is_told(presenter, talks, said, store, until):
    presenter.rename(999, "x")
    until(lambda: said[1])
    assert "no such conversation" in said[1][0].text
