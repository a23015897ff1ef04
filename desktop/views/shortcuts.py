"""The window's keys: what each one does, and how it is called in the list of keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


class Shortcut(NamedTuple):
    """A key of the window."""

    text: str
    keys: str
    act: Callable[[], object]


def add_shortcuts(window: QWidget, shortcuts: Iterable[Shortcut]) -> list[tuple[str, str]]:
    """Give a window its keys.

    Returns:
        The name and the key of each, and of those that the fields and lists have themselves.
    """
    listed: list[tuple[str, str]] = []
    for shortcut in shortcuts:
        action = QAction(shortcut.text, window)
        action.setShortcut(QKeySequence(shortcut.keys))
        # A triggered action brings whether it is checked, which none of these is.
        action.triggered.connect(lambda _=False, act=shortcut.act: act())
        window.addAction(action)
        listed.append((shortcut.text, shortcut.keys))
    listed += [
        (_tr("Send"), "Return"),
        (_tr("Begin a new line"), "Shift+Return"),
        (_tr("Next citation in an answer"), "Tab"),
        (_tr("Rename a conversation"), "F2"),
        (_tr("Delete a conversation"), "Del"),
    ]
    return listed


def _tr(text: str) -> str:
    return QCoreApplication.translate("Shortcuts", text)
