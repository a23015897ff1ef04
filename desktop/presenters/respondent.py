"""Who answers in the open conversation: a persona, and the model that speaks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from assistant.personas import Persona
from desktop.bridge import Bridge
from desktop.presenters.base import Presenter
from desktop.presenters.conversations import CONVERSATIONS, ConversationsPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.notices import Notices
from models.facts import ModelFacts

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# What changes personas waits in one line.
_PERSONAS: Final = "personas"


class Choice(msgspec.Struct, frozen=True):
    """What was chosen for a conversation; None follows the settings.

    Attributes:
        model: File name of a model.
        persona: A persona's id.
    """

    model: str | None = None
    persona: str | None = None


class Respondent(Presenter):
    """Chooses who answers, keeps it with the conversation, and knows the personas.

    Signals:
        changed: Another one answers, or there are other personas.
    """

    changed = Signal()

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        conversations: ConversationsPresenter,
        models: ModelsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._conversations = conversations
        self._models = models
        self._assistant: Assistant | None = None
        self._personas: list[Persona] = []
        self._chosen: dict[int | None, Choice] = {}
        conversations.current_changed.connect(self._on_current_changed)
        conversations.listed.connect(self._on_listed)
        models.changed.connect(self.changed)

    # --- State ----------------------------------------------------------------------------

    @property
    def choice(self) -> Choice:
        """What was chosen for the open conversation."""
        current = self._conversations.current
        if current in self._chosen:
            return self._chosen[current]
        known = self._conversations.conversation(current)
        return Choice(known.model, known.persona) if known is not None else Choice()

    @property
    def personas(self) -> list[Persona]:
        """Those there are."""
        return self._personas

    @property
    def persona(self) -> Persona | None:
        """Who answers; None for the usual one."""
        return next((p for p in self._personas if p.id == self.choice.persona), None)

    @property
    def model(self) -> ModelFacts | None:
        """The model that will answer; None where there is none."""
        persona = self.persona
        wanted = self.choice.model or (persona.model if persona is not None else None)
        return self._models.facts(wanted) if wanted is not None else self._models.current_facts

    @property
    def can_have_settings(self) -> bool:
        """Whether the open conversation can have settings of its own: once it is kept."""
        known = self._conversations.conversation(self._conversations.current)
        return known is not None and self.model is not None

    # --- Choosing -------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to know an assistant's personas."""
        self._assistant = assistant
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Read the personas again."""
        if self._assistant is not None:
            self._look("list personas", self._assistant.personas.list, then=self._on_personas)

    def choose_model(self, name: str) -> None:
        """Let a model answer in this conversation, and load it; a new chat takes it for all.

        A person is asked before one is loaded that will not fit.
        """
        conversation = self._conversations.current
        self._models.before_loading(name, lambda: self._take_model(name, conversation))

    def _take_model(self, name: str, current: int | None) -> None:
        if current != self._conversations.current:
            return  # it was left before it was said how
        self._choose(msgspec.structs.replace(self.choice, model=name))
        if current is None:
            self._models.use(name)
        else:
            self._models.load(name)
            if self._assistant is not None:
                keep = self._assistant.conversations.set_model
                self._call_in_turn(CONVERSATIONS, "keep a model", keep, current, name)

    def choose_persona(self, identifier: str | None) -> None:
        """Let a persona answer in this conversation; None for the usual one."""
        current = self._conversations.current
        # A persona may speak with a model of its own.
        self._choose(Choice(None, identifier))
        if current is not None and self._assistant is not None:
            store = self._assistant.conversations
            self._call_in_turn(
                CONVERSATIONS, "keep a persona", store.set_persona, current, identifier
            )
            self._call_in_turn(CONVERSATIONS, "keep a model", store.set_model, current, None)

    def _choose(self, choice: Choice) -> None:
        self._chosen[self._conversations.current] = choice
        self.changed.emit()

    # --- Personas -------------------------------------------------------------------------

    def save(self, persona: Persona) -> None:
        """Keep a persona, new or changed."""
        if self._assistant is not None:
            save = self._assistant.personas.save
            run = self._call_in_turn(_PERSONAS, "keep a persona", save, persona)
            run.ended.connect(self.refresh)

    def remove(self, persona: Persona) -> None:
        """Delete a persona of the person's own, and offer to bring it back."""
        if self._assistant is None:
            return
        remove = self._assistant.personas.remove
        run = self._call_in_turn(_PERSONAS, "remove a persona", remove, persona.id)
        run.ended.connect(self.refresh)
        self._notices.show(
            self.tr("Removed {name}.").format(name=persona.name),
            self.tr("Undo"),
            lambda: self.save(persona),
        )

    # --- Reactions ------------------------------------------------------------------------

    @Slot(object)
    def _on_personas(self, personas: list[Persona]) -> None:
        self._personas = personas
        self.changed.emit()

    @Slot(object)
    def _on_listed(self, _: object) -> None:
        self.changed.emit()

    @Slot(object)
    def _on_current_changed(self, conversation: int | None) -> None:
        if conversation is None:
            # The next new chat begins with the usual one.
            self._chosen.pop(None, None)
        elif (
            None in self._chosen and conversation not in self._chosen and self._is_new(conversation)
        ):
            self._chosen[conversation] = self._chosen.pop(None)
        self.changed.emit()

    def _is_new(self, conversation: int) -> bool:
        """Whether a conversation is not listed yet: the new chat has just become it."""
        return self._conversations.conversation(conversation) is None
