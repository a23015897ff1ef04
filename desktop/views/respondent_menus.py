"""Who answers, at the top of a conversation: the menus of personas and of models."""

from __future__ import annotations

import textwrap

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from assistant.wording import bytes_text
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.respondent import Respondent
from desktop.widgets.menus import choice
from models.facts import ModelFacts

# Longest description of a persona in the menu, in characters.
MOST_ABOUT = 64


class RespondentMenus(QObject):
    """Fills the menus.

    Signals:
        models_wanted: The page of models is asked for.
        personas_wanted: The personas are to be seen and changed.
        settings_wanted: How the model works in this conversation is to be chosen.
    """

    models_wanted = Signal()
    personas_wanted = Signal()
    settings_wanted = Signal()

    def __init__(
        self, models: ModelsPresenter, respondent: Respondent, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._models = models
        self._respondent = respondent

    def fill_models(self, menu: QMenu) -> None:
        """List the models that can answer: what is loaded, what each one is, what fits."""
        models, respondent = self._models, self._respondent
        menu.setToolTipsVisible(True)
        answering = respondent.model
        usable = [facts for facts in models.installed if facts.problem is None]
        group = QActionGroup(menu)
        for facts in usable:
            text = f"{models.title_of(facts)}\t{self._aside(facts)}".replace("&", "&&")
            action = choice(
                menu, group, text, answering is not None and facts.name == answering.name,
                lambda name=facts.name: respondent.choose_model(name),
            )  # fmt: skip
            action.setToolTip(facts.path)
        if not usable:
            menu.addAction(self.tr("No model yet")).setEnabled(False)
        menu.addSeparator()
        if models.is_loading:
            menu.addAction(self.tr("Stop loading")).triggered.connect(models.cancel_load)
        elif models.state == "ready":
            menu.addAction(self.tr("Free the model's memory")).triggered.connect(models.unload)
        own = menu.addAction(self.tr("Settings for this conversation…"))
        own.setEnabled(respondent.can_have_settings)
        own.triggered.connect(self.settings_wanted)
        menu.addAction(self.tr("Models…")).triggered.connect(self.models_wanted)

    def _aside(self, facts: ModelFacts) -> str:
        parts = [facts.quantization, bytes_text(facts.bytes)]
        if self._models.is_loaded(facts):
            parts.append(self.tr("loaded"))
        elif self._models.forecasts.fit(facts) == "not":
            parts.append(self.tr("will not fit"))
        return " · ".join(part for part in parts if part)

    def fill_personas(self, menu: QMenu) -> None:
        """List the personas, the usual one first."""
        respondent = self._respondent
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)
        chosen = respondent.persona
        about = self.tr("From your documents, or alone where there are none")
        choice(menu, group, f"{usual_name()}\t{about}", chosen is None,
               lambda: respondent.choose_persona(None))  # fmt: skip
        for persona in respondent.personas:
            about = textwrap.shorten(persona.about, MOST_ABOUT, placeholder="…")
            action = choice(
                menu, group, f"{persona.name}\t{about}".replace("&", "&&"),
                chosen is not None and persona.id == chosen.id,
                lambda name=persona.id: respondent.choose_persona(name),
            )  # fmt: skip
            action.setToolTip(persona.about)
        menu.addSeparator()
        menu.addAction(self.tr("Personas…")).triggered.connect(self.personas_wanted)


def usual_name() -> str:
    """Return what the usual persona is called."""
    return QCoreApplication.translate("RespondentMenus", "Studiolo")
