"""Menus that are filled when they open, and the quiet buttons that open them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.widgets.buttons import tooltip


def control(name: str, fill: Callable[[QMenu], None]) -> QToolButton:
    """Return a quiet button of words that opens a menu, filled anew each time."""
    button = QToolButton()
    button.setProperty("role", "control")
    button.setAccessibleName(name)
    button.setToolTip(tooltip(name))
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setMenu(fresh_menu(button, fill))
    return button


def fresh_menu(parent: QWidget, fill: Callable[[QMenu], None]) -> QMenu:
    """Return a menu that is filled whenever it opens."""
    menu = QMenu(parent)

    def refill() -> None:
        menu.clear()
        fill(menu)

    menu.aboutToShow.connect(refill)
    return menu


def choice(
    menu: QMenu, group: QActionGroup, text: str, checked: bool, chosen: Callable[[], None]
) -> QAction:
    """Add one of several choices to a menu."""
    action = menu.addAction(text)
    action.setCheckable(True)
    action.setChecked(checked)
    group.addAction(action)
    action.triggered.connect(lambda _=False: chosen())
    return action
