"""Personas: who answers, in whose words, with which model and from which documents.

Those that Studiolo brings lie in `resources/personas`; a person's own lie in the data folder, one
TOML file each, where one of the same name stands in place of Studiolo's.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import tomllib
import unicodedata
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import tomli_w

from assistant.errors import PersonaNotFound
from assistant.settings import ModelSettings

_log = logging.getLogger(__name__)

# "only" never answers without documents, "none" never uses them.
DocumentUse = Literal["any", "only", "none"]
LONGEST_INSTRUCTIONS: Final = 4000
_SUFFIX: Final = ".toml"


class Persona(msgspec.Struct, frozen=True):
    """Someone to talk with.

    Attributes:
        id: What it is called in a conversation's record.
        name: What the person calls it.
        about: What it is good for, in a sentence.
        instructions: What the model is told beside the rules that hold for all.
        model: File name of the model that speaks for it; None takes the one in use.
        temperature, top_k, top_p, min_p, repeat_penalty, seed: How it chooses its words, as in
            `ModelSettings`; None follows the settings.
        documents: Whether it uses documents: where there are any, only them, or none.
        collection: The documents that it uses where none are attached; None for all.
        own: Whether the person made or changed it.
    """

    id: str
    name: str
    about: str = ""
    instructions: str = ""
    model: str | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    documents: DocumentUse = "any"
    collection: str | None = None
    own: bool = False

    @property
    def sampling(self) -> ModelSettings:
        """What it chooses of how its words are chosen."""
        return ModelSettings(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
            seed=self.seed,
        )


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A persona as its file says it."""

    name: str
    about: str = ""
    instructions: str = ""
    model: str | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    documents: DocumentUse = "any"
    collection: str | None = None


# msgspec is not safe where several threads use a type for the first time: so at import.
msgspec.json.Decoder(_Kept)


class PersonaLibrary:
    """The personas of a data folder, and those that Studiolo brings.

    It keeps nothing in memory: files that somebody writes by hand count at once.

    Args:
        folder: Where the person's own lie; it is made with the first of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self) -> list[Persona]:
        """Return Studiolo's own first, then the person's, each by name."""
        found = {persona.id: persona for persona in _read(_brought(), own=False)}
        found |= {persona.id: persona for persona in _read(self._folder, own=True)}
        return sorted(found.values(), key=lambda each: (each.own, each.name.casefold()))

    def get(self, identifier: str) -> Persona:
        """Return one persona. Raises PersonaNotFound."""
        for persona in self.list():
            if persona.id == identifier:
                return persona
        raise PersonaNotFound(identifier)

    def save(self, persona: Persona) -> Persona:
        """Keep a persona, a new one under an id made of its name.

        Raises:
            ValueError: It has no name, or its instructions are longer than
                `LONGEST_INSTRUCTIONS`.
            OSError: It cannot be written.
        """
        name = " ".join(persona.name.split())
        instructions = persona.instructions.strip()
        if not name or len(instructions) > LONGEST_INSTRUCTIONS:
            raise ValueError("a persona needs a name and instructions of a fair length")
        identifier = persona.id or self._free_id(name)
        kept = msgspec.structs.replace(
            persona, id=identifier, name=name, instructions=instructions, own=True
        )
        values = msgspec.to_builtins(msgspec.convert(msgspec.structs.asdict(kept), _Kept))
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._folder / f"{identifier}{_SUFFIX}"
        temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        temporary.write_bytes(tomli_w.dumps(values).encode())
        temporary.replace(target)
        return kept

    def remove(self, identifier: str) -> None:
        """Delete a persona of the person's; where it stood for one of Studiolo's, that is back.

        Raises:
            PersonaNotFound: The person has none of that id.
            OSError: It cannot be deleted.
        """
        try:
            (self._folder / f"{_plain(identifier)}{_SUFFIX}").unlink()
        except FileNotFoundError:
            raise PersonaNotFound(identifier) from None

    def _free_id(self, name: str) -> str:
        taken = {persona.id for persona in self.list()}
        wanted = _plain(name) or "persona"
        number, identifier = 1, wanted
        while identifier in taken:
            number += 1
            identifier = f"{wanted}-{number}"
        return identifier


def _brought() -> Path:
    bundle: str | None = getattr(sys, "_MEIPASS", None)
    root = Path(bundle) if bundle else Path(__file__).resolve().parents[1]
    return root / "resources" / "personas"


def _read(folder: Path, *, own: bool) -> list[Persona]:
    personas: list[Persona] = []
    for file in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            table: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            kept = msgspec.convert(table, _Kept)
        except (OSError, ValueError, msgspec.ValidationError) as error:
            # One that somebody wrote by hand must not take the others away.
            _log.warning("persona %s cannot be read: %s", file.name, type(error).__name__)
            continue
        values = msgspec.structs.asdict(kept)
        values["instructions"] = kept.instructions.strip()
        personas.append(Persona(id=file.stem, own=own, **values))
    return personas


def _plain(text: str) -> str:
    """Return a text as a file's name on any system: letters, digits and hyphens."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60]
