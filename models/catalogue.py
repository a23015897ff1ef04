"""The catalogue: models worth having, as `resources/catalogue.toml` lists them."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from models.errors import ModelNotFound

CATALOGUE_FILE = Path(__file__).resolve().parents[1] / "resources" / "catalogue.toml"


class CatalogueEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model worth having.

    Attributes:
        name: What it is called here, fit for a command.
        title: What it is called.
        kind: What it is for.
        parameters: How many it has, as its makers say it, such as "1.5B".
        repository: The hub's repository, "owner/name".
        file: The file in it.
        licence: As the repository names it.
        bytes: Its size.
        good_for: What it is good for, in a sentence.
        languages: Which languages it knows, as its makers say it.
        approximate: Whether the size is only about right.
        sha256: The file's digest; empty where only the hub knows it.
        thinks: Whether it can think before it answers.
    """

    name: str
    title: str
    kind: Literal["chat", "embedding", "reranker"]
    parameters: str
    repository: str
    file: str
    licence: str
    bytes: int
    good_for: str
    languages: str
    approximate: bool = False
    sha256: str = ""
    thinks: bool = False


class _File(msgspec.Struct, frozen=True):
    model: list[CatalogueEntry]


# Used once at import: msgspec is not safe where several threads use a type for the first time.
msgspec.convert({"model": []}, _File)


def read_catalogue(file: Path = CATALOGUE_FILE) -> list[CatalogueEntry]:
    """Returns the models of the catalogue, as they stand in its file.

    Raises:
        OSError, ValueError: It cannot be read, which only a broken installation brings about.
    """
    return msgspec.convert(tomllib.loads(file.read_text("utf-8")), _File).model


def find_entry(name: str) -> CatalogueEntry:
    """Returns a model of the catalogue by its name.

    Raises:
        ModelNotFound: There is none of that name.
    """
    for entry in read_catalogue():
        if entry.name == name.lower():
            return entry
    raise ModelNotFound(name, catalogue=True)


def entry_of(path: str, sha256: str = "") -> CatalogueEntry | None:
    """Returns what the catalogue has of a file, wherever it lies; None where it has nothing.

    Args:
        path: The file; its name tells.
        sha256: Its digest, which tells too; empty where that is not known.
    """
    name = Path(path).name.casefold()
    for entry in _catalogue():
        same_file = PurePosixPath(entry.file).name.casefold() == name
        if same_file or (sha256 and entry.sha256 == sha256):
            return entry
    return None


@functools.cache
def _catalogue() -> tuple[CatalogueEntry, ...]:
    return tuple(read_catalogue())
