"""The window's keys, pressed where a person presses them: in the composer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.presenters.session import Session
from desktop.presenters.settings import SettingsPresenter
from desktop.views.main_window import MainWindow

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def main(theme, bridge, data_dir, qtbot):
    """The window before its assistant is there."""
    paths = DataPaths(data_dir).create()
    settings = SettingsPresenter(SettingsFile(paths.settings_file), paths.root, bridge)
    made = MainWindow(theme, Session(paths, settings, bridge))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made._composer.focus()
    return made


def press(qtbot, main, key, modifiers=CONTROL):
    qtbot.keyClick(main._composer._field, key, modifiers)


def test_search_and_its_escape(main, qtbot, until):
    press(qtbot, main, Qt.Key.Key_K)
    until(main._sidebar._search.isVisible)
    qtbot.keyClicks(main._sidebar._search, "lease")
    qtbot.keyClick(main._sidebar._search, Qt.Key.Key_Escape)
    until(lambda: not main._sidebar._search.isVisible())


def test_the_sidebar_goes_and_comes(main, qtbot):
    press(qtbot, main, Qt.Key.Key_B)
    assert not main._sidebar.isVisible()
    assert main._title_bar._open.isVisible()
    press(qtbot, main, Qt.Key.Key_B)
    assert main._sidebar.isVisible()
    assert not main._title_bar._open.isVisible()


@pytest.mark.parametrize(
    ("key", "page"),
    [
        (Qt.Key.Key_L, "library"),
        (Qt.Key.Key_M, "models"),
        (Qt.Key.Key_Comma, "settings"),
    ],
)
def test_pages_and_the_way_back(main, qtbot, key, page):
    press(qtbot, main, key)
    assert main._stack.currentWidget() is main._pages[page]
    assert main._sidebar._pages[page].isChecked()
    qtbot.keyClick(main, Qt.Key.Key_Escape)
    assert main._stack.currentWidget() is main._pages["chat"]


def test_a_new_chat_from_anywhere(main, qtbot):
    main._session.conversations.open(3)
    main.show_page("settings")
    qtbot.keyClick(main, Qt.Key.Key_N, CONTROL)
    assert main._session.conversations.current is None
    assert main._stack.currentWidget() is main._pages["chat"]


def test_the_list_of_keys_opens(main, qtbot, until):
    press(qtbot, main, Qt.Key.Key_Slash)
    until(lambda: main.findChildren(QDialog))
    [sheet] = main.findChildren(QDialog)
    sheet.close()
