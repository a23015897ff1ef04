"""Collections as a person keeps them: put together, renamed, and what is asked of them.

They lie in the same database as the documents and the conversations that name them. The app
writes there itself, so that it needs no index process for it and waits for none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from assistant.conversations.scopes import rename_in_scopes
from assistant.personas import PersonaLibrary
from indexing import collections
from indexing.catalog import Catalog
from indexing.database import connect, transaction
from indexing.errors import CollectionExists, CollectionNotFound, CollectionOfFolder

LONGEST_NAME: Final = 80


class Collection(msgspec.Struct, frozen=True):
    """A collection, as it is listed.

    Attributes:
        documents: What belongs to it.
        of_folder: Whether a watched folder keeps its documents under this name.
    """

    name: str
    documents: tuple[int, ...]
    of_folder: bool


class Collections:
    """The collections of a data folder. Every method may be called from any thread.

    Args:
        root: The data folder.
        catalog: The documents, to read.
        personas: Those that answer from a collection keep it when it is renamed.
        conversations: Opens the conversations, whose scopes name collections.
    """

    def __init__(
        self,
        root: Path,
        catalog: Catalog,
        personas: PersonaLibrary,
        conversations: Callable[[], object],
    ) -> None:
        self._root = root
        self._catalog = catalog
        self._personas = personas
        self._open_conversations = conversations

    def list(self) -> list[Collection]:
        """Return all collections, in alphabetical order."""
        followed = self._of_folders()
        return [
            Collection(name, tuple(documents), name in followed)
            for name, documents in self._catalog.collections().items()
        ]

    def put(self, name: str, documents: Sequence[int]) -> list[int]:
        """Put documents into a collection, which may be new; return those that were not in it.

        Raises:
            ValueError: The name is empty or too long.
        """
        name = clean_name(name)
        if not documents:
            return []
        with self._writing() as connection:
            return collections.put(connection, name, documents)

    def take_out(self, name: str, documents: Sequence[int]) -> list[int]:
        """Take documents out of a collection; return those that left it.

        Those of a watched folder stay in the folder's. A collection goes with its last document.

        Raises:
            CollectionNotFound: There is none of that name.
        """
        self._documents_of(name)
        with self._writing() as connection:
            return collections.take_out(connection, name, documents)

    def rename(self, old: str, new: str) -> None:
        """Call a collection something else: what names it goes on meaning it.

        Raises:
            CollectionNotFound: There is none of the old name.
            CollectionExists: There is one of the new name.
            ValueError: The new name is empty or too long.
        """
        new = clean_name(new)
        self._documents_of(old)
        if new == old:
            return
        if new in self._catalog.collections():
            raise CollectionExists(new)
        self._open_conversations()  # which makes the tables of their scopes
        with self._writing() as connection:
            collections.rename(connection, old, new)
            rename_in_scopes(connection, old, new)
        for persona in self._personas.list():
            if persona.collection == old:
                self._personas.save(msgspec.structs.replace(persona, collection=new))

    def delete(self, name: str) -> list[int]:
        """Let a collection go; its documents stay in the library. Return those it had.

        What names it goes on naming it, so that putting them back undoes it.

        Raises:
            CollectionNotFound: There is none of that name.
            CollectionOfFolder: It is a watched folder's.
        """
        documents = self._documents_of(name)
        if name in self._of_folders():
            raise CollectionOfFolder(name)
        with self._writing() as connection:
            return collections.take_out(connection, name, documents)

    def searched(self, documents: Sequence[int]) -> list[int]:
        """Return what is searched in documents: see `Catalog.searched`."""
        return self._catalog.searched(documents)

    def documents_of(self, names: Iterable[str]) -> list[int]:
        """Return the documents of several collections, each once.

        Raises:
            CollectionNotFound: One of them has no document.
        """
        known = self._catalog.collections()
        found: dict[int, None] = {}
        for name in names:
            if name not in known:
                raise CollectionNotFound(name)
            found |= dict.fromkeys(known[name])
        return list(found)

    def _documents_of(self, name: str) -> list[int]:
        documents = self._catalog.collections().get(name)
        if documents is None:
            raise CollectionNotFound(name)
        return documents

    def _of_folders(self) -> set[str | None]:
        return {folder.collection for folder in self._catalog.folders()}

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        with closing(connect(self._root)) as connection:
            collections.prepare(connection)
            with transaction(connection):
                yield connection


def clean_name(name: str) -> str:
    """Return a name as it is kept: on one line, without blanks around it.

    Raises:
        ValueError: Nothing is left of it, or it is longer than `LONGEST_NAME`.
    """
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_NAME:
        raise ValueError(f"a collection's name has 1 to {LONGEST_NAME} characters")
    return clean
