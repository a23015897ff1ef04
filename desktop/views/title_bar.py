"""The bar above the conversation: its title, and the model with its state."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from desktop.presenters.conversations import ConversationsPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.respondent import Respondent
from desktop.theme.theme import Theme
from desktop.views.respondent_menus import RespondentMenus, usual_name
from desktop.widgets.buttons import IconButton, tooltip
from desktop.widgets.labels import ElidedLabel, label, set_role
from desktop.widgets.menus import Picker
from models.facts import ModelFacts

HEIGHT = 48


class TitleBar(QFrame):
    """What is open, and who answers.

    Signals:
        sidebar_wanted: The sidebar is to be shown.
        new_chat_wanted: A new conversation is asked for.
        models_wanted: The page of models is asked for.
        personas_wanted: The personas are to be seen and changed.
        settings_wanted: How the model works in this conversation is to be chosen.
    """

    sidebar_wanted = Signal()
    new_chat_wanted = Signal()
    models_wanted = Signal()
    personas_wanted = Signal()
    settings_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        conversations: ConversationsPresenter,
        models: ModelsPresenter,
        respondent: Respondent,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("titleBar")
        self.setFixedHeight(HEIGHT)
        self._conversations = conversations
        self._models = models
        self._respondent = respondent
        self._chat_shown = True
        self._open = IconButton(theme, "expand", self.tr("Show the sidebar"), "Ctrl+B", size=16)
        self._open.clicked.connect(self.sidebar_wanted)
        self._new = IconButton(theme, "new-chat", self.tr("New chat"), "Ctrl+N")
        self._new.clicked.connect(self.new_chat_wanted)
        self._title = ElidedLabel("", "heading")
        self._state = label("", "small")
        self._cancel = IconButton(theme, "close", self.tr("Stop loading the model"), size=12)
        self._cancel.clicked.connect(models.cancel_load)
        self._menus = RespondentMenus(models, respondent, self)
        self._menus.models_wanted.connect(self.models_wanted)
        self._menus.personas_wanted.connect(self.personas_wanted)
        self._menus.settings_wanted.connect(self.settings_wanted)
        self._persona = Picker(theme, self.tr("Persona"), self._menus.fill_personas)
        self._model = Picker(theme, self.tr("Model"), self._menus.fill_models)
        self._model.setToolTip(tooltip(self.tr("Choose the model that answers"), "Ctrl+Shift+M"))
        self._persona.setToolTip(self.tr("Choose who answers, and how"))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(4)
        row.addWidget(self._open)
        row.addWidget(self._new)
        row.addWidget(self._title, 1)
        row.addSpacing(8)
        row.addWidget(self._state)
        row.addWidget(self._cancel)
        row.addWidget(self._persona)
        row.addWidget(self._model)
        self.set_sidebar_shown(shown=True)
        conversations.current_changed.connect(self._on_title)
        conversations.listed.connect(self._on_title)
        respondent.changed.connect(self._on_model)
        self._on_title()
        self._on_model()

    def set_sidebar_shown(self, *, shown: bool) -> None:
        """Offer what the sidebar offers while it is away."""
        self._open.setVisible(not shown)
        self._new.setVisible(not shown)

    def set_chat_shown(self, *, shown: bool) -> None:
        """Leave the title to the page where a page has its own."""
        self._chat_shown = shown
        self._on_title()
        self._on_model()

    @Slot()
    def _on_title(self) -> None:
        if not self._chat_shown:
            self._title.setText("")
            return
        conversation = self._conversations.conversation(self._conversations.current)
        self._title.setText((conversation.title if conversation else "") or self.tr("New chat"))

    def choose_model(self) -> None:
        """Open the list of models."""
        if self._model.isVisible():
            self._model.showMenu()

    @Slot()
    def _on_model(self) -> None:
        models, respondent = self._models, self._respondent
        facts = respondent.model
        self._model.setText(models.title_of(facts) if facts else self.tr("No model"))
        self._model.setVisible(facts is not None or models.is_listed)
        persona = respondent.persona
        self._persona.setText(persona.name if persona is not None else usual_name())
        self._persona.setVisible(self._chat_shown and facts is not None)
        self._word_state(facts)

    def _word_state(self, facts: ModelFacts | None) -> None:
        models = self._models
        text = models.state_text
        if facts is not None and models.state == "ready" and not models.is_loaded(facts):
            # Another conversation's model is in memory; this one's comes with the question.
            text = self.tr("not loaded")
        self._state.setText(text)
        self._state.setToolTip(models.problem)
        set_role(self._state, "small-danger" if models.state == "failed" else "small")
        self._cancel.setVisible(models.is_loading and models.state == "loading")
