from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from assistant.conversations.store import ConversationStore
from desktop.presenters.conversations import ConversationsPresenter
from desktop.views.conversation_list import CONVERSATION, CURRENT, HEADING
from desktop.views.sidebar import Sidebar


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


def test_renaming_in_place(sidebar, talks, store, until, qtbot):
    sidebar._list.setCurrentIndex(index_of(sidebar, talks[2].id))
    sidebar._list.edit(index_of(sidebar, talks[2].id))
    [field] = sidebar._list.viewport().findChildren(QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, "  Books  ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    until(lambda: "Books" in rows(sidebar))
    assert store.get(talks[2].id).title == "Books"


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
