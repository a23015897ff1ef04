"""Buttons: with an icon of the set, a name for screen readers, and a tooltip with its shortcut."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from desktop.theme import icons
from desktop.theme.theme import Theme
from desktop.widgets.labels import label


def tooltip(text: str, shortcut: QKeySequence | str | None = None) -> str:
    """Return a tooltip that names the shortcut as this system writes it."""
    if shortcut is None:
        return text
    keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
    return f"{text}  {keys}" if keys else text


class IconButton(QToolButton):
    """A quiet button that is only an icon, in a colour of the theme."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        name: str,
        shortcut: QKeySequence | str | None = None,
        *,
        colour: str = "text-muted",
        size: int = icons.SIZE,
        role: str = "icon",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self._colour = colour
        self._size = size
        self.setProperty("role", role)
        self.setIconSize(QSize(size, size))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_name(name, shortcut)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_name(self, name: str, shortcut: QKeySequence | str | None = None) -> None:
        """Say what the button does, to eyes and to screen readers."""
        self.setAccessibleName(name)
        self.setToolTip(tooltip(name, shortcut))

    def set_icon(self, icon: str, colour: str | None = None) -> None:
        """Show another icon of the set."""
        if (icon, colour or self._colour) != (self._icon, self._colour):
            self._icon = icon
            self._colour = colour or self._colour
            self._on_theme_changed()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.setIcon(self._theme.icon(self._icon, self._colour, self._size))


class NavButton(QPushButton):
    """A row of the sidebar: icon, words, and at the right a number or a shortcut."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        text: str,
        shortcut: str | None = None,
        *,
        checkable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self._icon = icon
        self.setProperty("role", "nav")
        self.setCheckable(checkable)
        self.setAutoExclusive(False)
        self.setIconSize(QSize(icons.SIZE, icons.SIZE))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(text)
        self.setToolTip(tooltip(text, shortcut))
        self._aside = label("", "small")
        self._aside.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.addStretch(1)
        layout.addWidget(self._aside)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_aside(self, text: str, described: str = "") -> None:
        """Show a short text at the right; `described` is what a screen reader says of it."""
        self._aside.setText(text)
        self.setAccessibleDescription(described or text)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.setIcon(self._theme.icon(self._icon))


def push_button(text: str, role: str = "", *, name: str = "") -> QPushButton:
    """Return a button of words in a role of the style sheet."""
    made = QPushButton(text)
    if role:
        made.setProperty("role", role)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setAccessibleName(name or text)
    return made
