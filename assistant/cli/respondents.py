"""Who is to answer, as a person names it on the command line."""

from __future__ import annotations

from assistant.assistant import Assistant
from assistant.cli.errors import UsageError
from assistant.personas import Persona
from models.errors import InvalidModelFile
from models.facts import ModelFacts


def usable_model(assistant: Assistant, name: str) -> ModelFacts:
    """Return a model that can answer.

    Raises:
        ModelNotFound: The library has none of that name.
        InvalidModelFile: It cannot chat.
    """
    facts = assistant.models.info(name)
    if facts.problem is not None:
        raise InvalidModelFile(facts.path, facts.problem)
    return facts


def find_persona(assistant: Assistant, name: str) -> Persona:
    """Return a persona by its id or its name, in whatever case.

    Raises:
        UsageError: There is none.
    """
    personas = assistant.personas.list()
    for persona in personas:
        if name.casefold() in (persona.id, persona.name.casefold()):
            return persona
    names = ", ".join(persona.id for persona in personas)
    raise UsageError(f"There is no persona {name}. There are: {names}.")
