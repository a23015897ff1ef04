"""Opens the small windows over the main one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from assistant.errors import NoModelInstalled
from assistant.settings import ModelSettings
from desktop.presenters.session import Session
from desktop.presenters.shortages import Shortage
from desktop.theme.theme import Theme
from desktop.views.deleted_sheet import DeletedSheet
from desktop.views.dialogs import PrivacySheet, ShortcutsSheet
from desktop.views.hub_sheet import HubSheet
from desktop.views.model_settings_sheet import ModelSettingsSheet
from desktop.views.personas_sheet import PersonasSheet
from desktop.views.shortage_sheet import ShortageSheet
from desktop.views.study_sheet import StudySheet
from desktop.wording import explain
from indexing.types import DocumentRow
from indexing.unpacked import name_of
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
        collections = list(session.collections.counts)
        PersonasSheet(
            self._theme, session.respondent, session.models, collections, self._window
        ).open()

    @Slot()
    def show_hub(self) -> None:
        """Search the hub."""
        models, downloads = self._session.models, self._session.downloads
        HubSheet(self._theme, models, downloads, self._window).open()

    @Slot(object)
    def show_model_settings(self, facts: ModelFacts) -> None:
        """Choose how a model is loaded and chooses its words."""
        models, settings = self._session.models, self._session.settings
        usual = ModelSettings(
            context_tokens=settings.context_tokens, temperature=settings.temperature
        )
        ModelSettingsSheet(
            self._theme, facts, models, settings.model_settings(facts.name), usual,
            lambda chosen: models.choose_settings(facts, chosen), self._window,
        ).open()  # fmt: skip

    @Slot()
    def show_conversation_settings(self) -> None:
        """Choose how the model that answers works in the open conversation alone."""
        session = self._session
        conversations, settings = session.conversations, session.settings
        talk = conversations.conversation(conversations.current)
        facts = session.respondent.model
        if talk is None or facts is None:
            return
        usual = settings.model_settings(facts.name).over(
            ModelSettings(context_tokens=settings.context_tokens, temperature=settings.temperature)
        )
        ModelSettingsSheet(
            self._theme, facts, session.models, talk.settings.get(facts.name, ModelSettings()),
            usual, lambda chosen: conversations.choose_settings(talk.id, facts.name, chosen),
            self._window, conversation=talk.title or self.tr("New chat"),
        ).open()  # fmt: skip

    @Slot(object)
    def show_shortage(self, shortage: Shortage) -> None:
        """Ask how to load a model that will not fit."""
        ShortageSheet(self._theme, shortage, self._window).open()

    @Slot(object)
    def show_study(self, row: DocumentRow) -> None:
        """Say what it takes to have a document read once, by the model that answers."""
        session = self._session
        model = session.respondent.model
        if model is None:
            session.notices.show(explain(NoModelInstalled("")))
            return
        conversation = session.conversations.current
        name = name_of(row.path)
        title = session.models.title_of(model)
        sheet = StudySheet(self._theme, row.id, name, title, session.studies, self._window)
        sheet.begin_wanted.connect(lambda: session.studies.begin(row, model.name, conversation))
        sheet.settings_wanted.connect(lambda: self.show_model_settings(model))
        sheet.open()
        session.studies.ask_forecast(row.id, model.name, conversation)
