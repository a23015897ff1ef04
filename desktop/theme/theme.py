"""The theme in force: palette, style sheet, icons and fonts, switched live."""

from __future__ import annotations

import re
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from desktop.resources import resource
from desktop.theme import icons
from desktop.theme.tokens import Scheme, Tokens, blend, load_tokens

ThemeChoice = Literal["system", "light", "dark"]

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
_TOKEN = re.compile(r"@([a-z][a-z-]*)")


class Theme(QObject):
    """The colours in force and everything that is drawn from them.

    Signals:
        changed: The colours are others now; whoever paints by hand repaints.
    """

    changed = Signal()

    def __init__(self, application: QApplication, choice: ThemeChoice = "system") -> None:
        super().__init__(application)
        self._application = application
        self._choice: ThemeChoice = choice
        self._themes: dict[Scheme, Tokens] = {
            "light": load_tokens(resource("themes", "light.toml")),
            "dark": load_tokens(resource("themes", "dark.toml")),
        }
        self._template = resource("themes", "studiolo.qss").read_text(encoding="utf-8")
        application.setStyle("Fusion")
        application.styleHints().setColorScheme(_SCHEMES[choice])
        self._scheme: Scheme = self._wanted()
        self._apply()
        application.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    @property
    def tokens(self) -> Tokens:
        """The colours in force."""
        return self._themes[self._scheme]

    @property
    def choice(self) -> ThemeChoice:
        """What the person chose."""
        return self._choice

    def choose(self, choice: ThemeChoice) -> None:
        """Follow the system, or stay light or dark."""
        self._choice = choice
        # What the system draws itself, such as title bars and file dialogs, follows.
        self._application.styleHints().setColorScheme(_SCHEMES[choice])
        self._refresh()

    def colour(self, token: str) -> QColor:
        """Return a token's colour."""
        return QColor(self.tokens[token])

    def solid(self, token: str, over: str = "surface") -> QColor:
        """Return the opaque colour that a translucent token makes on another token."""
        return QColor(blend(self.tokens[token], self.tokens[over]))

    def syntax(self, kind: str) -> QColor:
        """Return the colour of a kind of word in code."""
        return QColor(self.tokens.syntax[kind])

    def icon(self, name: str, colour: str = "text-muted", size: int = icons.SIZE) -> QIcon:
        """Return an icon in a token's colour."""
        return icons.icon(name, self.tokens[colour], self.solid("scroll").name(), size)

    @property
    def interface_font(self) -> QFont:
        """The system's own sans, as the interface uses it."""
        return QFont(self._application.font())

    @property
    def reading_font(self) -> QFont:
        """The interface's font one step larger: for questions, answers and sources."""
        font = self.interface_font
        font.setPointSizeF(font.pointSizeF() + 1.5)
        return font

    @property
    def small_font(self) -> QFont:
        """The interface's font one step smaller, with tabular numbers where it has them."""
        font = self.interface_font
        font.setPointSizeF(font.pointSizeF() - 1)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    @property
    def code_font(self) -> QFont:
        """The system's monospace, sized to stand in the reading font's line."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.interface_font.pointSizeF())
        return font

    @property
    def animation_ms(self) -> int:
        """Length of a movement; 0 where the system asks for none."""
        wanted = self._application.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
        return min(120, wanted)

    def _wanted(self) -> Scheme:
        if self._choice != "system":
            return self._choice
        scheme = self._application.styleHints().colorScheme()
        return "dark" if scheme == Qt.ColorScheme.Dark else "light"

    @Slot()
    def _on_system_changed(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        wanted = self._wanted()
        if wanted != self._scheme:
            self._scheme = wanted
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        self._application.setPalette(self._palette())
        self._application.setStyleSheet(self._style_sheet())

    def _style_sheet(self) -> str:
        small = f"{self.small_font.pointSizeF():g}pt"
        title = f"{self.interface_font.pointSizeF() + 6:g}pt"
        sizes = {"small-size": small, "title-size": title}

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in sizes:
                return sizes[name]
            colour = QColor(self.tokens[name])
            alpha = f"{colour.alphaF():.3f}"
            return f"rgba({colour.red()}, {colour.green()}, {colour.blue()}, {alpha})"

        return _TOKEN.sub(value, self._template)

    def _palette(self) -> QPalette:
        palette = QPalette()
        role = QPalette.ColorRole
        for target, token in (
            (role.Window, "surface"),
            (role.Base, "surface-raised"),
            (role.AlternateBase, "surface-sunken"),
            (role.Button, "surface-raised"),
            (role.ToolTipBase, "surface-raised"),
            (role.WindowText, "text"),
            (role.Text, "text"),
            (role.ButtonText, "text"),
            (role.ToolTipText, "text"),
            (role.BrightText, "danger"),
            (role.Link, "accent"),
            (role.LinkVisited, "accent"),
            (role.Accent, "accent"),
            (role.HighlightedText, "text"),
            (role.PlaceholderText, "text-muted"),
            (role.Mid, "line"),
            (role.Light, "surface-raised"),
            (role.Dark, "line-strong"),
            (role.Shadow, "shadow"),
        ):
            palette.setColor(target, self.colour(token))
        palette.setColor(role.Highlight, self.solid("selection", "surface-raised"))
        for target in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, target, self.solid("line-strong"))
        return palette
