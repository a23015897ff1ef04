"""Who answers a request, how, and about which documents: what the request itself leaves open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import psutil

from assistant.answering.types import AnsweringSettings, AskRequest
from assistant.collections import Collections
from assistant.conversations.store import ConversationStore
from assistant.errors import NoModelInstalled
from assistant.personas import Persona, PersonaLibrary
from assistant.settings import ModelSettings, SettingsFile
from models.engine.types import LoadSettings
from models.errors import InvalidModelFile, ModelNotFound
from models.library import ModelFacts, ModelLibrary

# A model and its context must leave room for the rest of the machine.
_MEMORY_SHARE: Final = 0.6


class Respondents:
    """Settles requests by what the person chose, the persona and the conversation.

    Args:
        settings: What the person chose.
        models: The library of models.
        personas: Who can answer.
        collections: Documents that belong together under a name.
        conversations: Opens the conversations, which may have settings of their own.
    """

    def __init__(
        self,
        settings: SettingsFile,
        models: ModelLibrary,
        personas: PersonaLibrary,
        collections: Collections,
        conversations: Callable[[], ConversationStore],
    ) -> None:
        self._settings = settings
        self._models = models
        self._personas = personas
        self._collections = collections
        self._conversations = conversations

    def current_model(self) -> ModelFacts | None:
        """Return the model that answers; None where no model can.

        It is the one the person chose, else the largest that this machine's memory holds well; one
        of another program only where there is none of Studiolo's own.
        """
        usable = [facts for facts in self._models.list() if facts.problem is None]
        chosen = self._settings.current.model
        for facts in usable:
            if facts.name == chosen:
                return facts
        own = [facts for facts in usable if facts.source in ("library", "folder")]
        usable = own or usable
        room = psutil.virtual_memory().total * _MEMORY_SHARE
        fitting = [facts for facts in usable if facts.bytes <= room]
        if fitting:
            return max(fitting, key=lambda facts: facts.bytes)
        return min(usable, key=lambda facts: facts.bytes, default=None)

    def load_settings(self, name: str, conversation: int | None = None) -> LoadSettings:
        """Return how a model is loaded, for a conversation that may have settings of its own.

        Raises:
            ConversationNotFound: There is no such conversation.
        """
        return self._settings.current.load_settings(name, self._own_settings(name, conversation))

    def answering_settings(self, request: AskRequest, model: str) -> AnsweringSettings:
        """Return how a model answers a request."""
        persona = self._persona_of(request)
        own = self._own_settings(model, request.conversation)
        if persona is not None:
            own = own.over(persona.sampling)
        settings = self._settings.current
        return AnsweringSettings(
            read_seconds=settings.answer_seconds,
            sampling=settings.sampling(model, own),
            instructions=persona.instructions if persona is not None else "",
            documents_only=persona is not None and persona.documents == "only",
        )

    def settled(self, request: AskRequest) -> AskRequest:
        """Return a request with what its persona decides, and the model that will answer.

        In place of collections stand the documents that belong to them now, and with an
        archive what is in it.
        """
        persona = self._persona_of(request)
        settled = request if persona is None else _as_persona(request, persona)
        documents = settled.documents
        if settled.collections and settled.use_documents:
            held = self._collections.documents_of(settled.collections)
            documents = tuple(dict.fromkeys((*documents, *held)))
        if documents:
            within = self._collections.searched(documents)
            documents = tuple(dict.fromkeys((*documents, *within)))
        return msgspec.structs.replace(
            settled, documents=documents, collections=(), model=self.model_for(request).name
        )

    def model_for(self, request: AskRequest) -> ModelFacts:
        """Return the model that answers a request.

        Raises:
            NoModelInstalled: There is no model that could.
            ModelNotFound: The library has none of the name asked for.
            InvalidModelFile: It cannot be used.
        """
        persona = self._persona_of(request)
        chosen = request.model or (persona.model if persona is not None else None)
        if chosen is not None:
            return self.usable(chosen)
        facts = self.current_model()
        if facts is None:
            raise NoModelInstalled(str(self._models.folder))
        return facts

    def usable(self, name: str) -> ModelFacts:
        """Return a model by its name; raises as `model_for` does."""
        try:
            facts = self._models.info(name)
        except ModelNotFound:
            if not self._models.list():
                raise NoModelInstalled(str(self._models.folder)) from None
            raise
        if facts.problem is not None:
            raise InvalidModelFile(facts.path, facts.problem)
        return facts

    def _own_settings(self, model: str, conversation: int | None) -> ModelSettings:
        if conversation is None:
            return ModelSettings()
        return self._conversations().get(conversation).settings.get(model, ModelSettings())

    def _persona_of(self, request: AskRequest) -> Persona | None:
        return None if request.persona is None else self._personas.get(request.persona)


def _as_persona(request: AskRequest, persona: Persona) -> AskRequest:
    """Return a request about the documents that a persona uses."""
    if persona.documents == "none":
        return msgspec.structs.replace(request, use_documents=False)
    usual = () if persona.collection is None else (persona.collection,)
    named = bool(request.documents or request.collections)
    return msgspec.structs.replace(
        request,
        use_documents=request.use_documents or persona.documents == "only",
        collections=request.collections if named else usual,
    )
