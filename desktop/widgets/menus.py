"""Menus that are filled when they open, and the quiet buttons that open them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.theme.theme import Theme
from desktop.widgets.buttons import tooltip

_ARROW = 12


def control(name: str, fill: Callable[[QMenu], None]) -> QToolButton:
    """Return a quiet button of words that opens a menu, filled anew each time."""
    button = QToolButton()
    _make_control(button, name, fill)
    return button


class Picker(QToolButton):
    """The same for choosing one of several: an arrow behind the words of the chosen one."""

    def __init__(self, theme: Theme, name: str, fill: Callable[[QMenu], None]) -> None:
        super().__init__()
        self._theme = theme
        _make_control(self, name, fill)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # The arrow stands behind the words.
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.menu().setLayoutDirection(QGuiApplication.layoutDirection())
        self.setIconSize(QSize(_ARROW, _ARROW))
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.setIcon(self._theme.icon("chevron-down", size=_ARROW))


def _make_control(button: QToolButton, name: str, fill: Callable[[QMenu], None]) -> None:
    button.setProperty("role", "control")
    button.setAccessibleName(name)
    button.setToolTip(tooltip(name))
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setMenu(fresh_menu(button, fill))


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
