"""Opens the small windows over the main one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from desktop.presenters.session import Session
from desktop.theme.theme import Theme
from desktop.views.deleted_sheet import DeletedSheet
from desktop.views.dialogs import PrivacySheet, ShortcutsSheet
from desktop.views.hub_sheet import HubSheet
from desktop.views.model_settings_sheet import ModelSettingsSheet
from desktop.views.personas_sheet import PersonasSheet
from models.facts import ModelFacts


class Sheets(QObject):
    """Each slot opens one; they close themselves.

    Attributes:
        shortcuts: Names and keys for the list of keys.
    """

    def __init__(self, theme: Theme, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._session = session
        self._window = window
        self.shortcuts: list[tuple[str, str]] = []

    @Slot()
    def show_privacy(self) -> None:
        """Say what never leaves."""
        folder = str(self._session.paths.root)
        PrivacySheet(self._theme, self._session.denied(), folder, self._window).open()

    @Slot()
    def show_shortcuts(self) -> None:
        """List the keys."""
        ShortcutsSheet(self._theme, self.shortcuts, self._window).open()

    @Slot()
    def show_deleted(self) -> None:
        """List the deleted conversations."""
        DeletedSheet(self._theme, self._session.conversations, self._window).open()

    @Slot()
    def show_personas(self) -> None:
        """Show the personas, to be changed."""
        session = self._session
        collections = session.composer.collections
        PersonasSheet(
            self._theme, session.respondent, session.models, collections, self._window
        ).open()

    @Slot()
    def show_hub(self) -> None:
        """Search the hub."""
        HubSheet(self._session.models, self._session.downloads, self._window).open()

    @Slot(object)
    def show_model_settings(self, facts: ModelFacts) -> None:
        """Choose how a model is loaded and chooses its words."""
        session = self._session
        ModelSettingsSheet(
            self._theme, facts, session.models, session.settings, self._window
        ).open()
