"""The cross-encoders that can have the last word on the first hits of a search.

They are folders in the form of sentence-transformers in the data folder, and GGUF files of the
model library. Without one the search does well; with one it takes seconds longer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assistant.errors import RerankerNotFound
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from models.errors import ModelNotFound
from models.library import ModelLibrary
from models.sources import SUFFIX

if TYPE_CHECKING:
    from assistant.services.index import IndexService

# As the settings keep it that there is to be none.
NONE = ""


class InstalledReranker(msgspec.Struct, frozen=True):
    """A cross-encoder that can be used.

    Attributes:
        name: Its folder's name, or what the model library calls it.
        path: The folder, or the GGUF file.
    """

    name: str
    path: str
    bytes: int
    in_use: bool


class Rerankers:
    """The cross-encoders of a data folder. Every method may be called from any thread."""

    def __init__(
        self, paths: DataPaths, settings: SettingsFile, models: ModelLibrary, index: IndexService
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._models = models
        self._index = index

    def list(self) -> list[InstalledReranker]:
        """Return all there are by name; no process is started."""
        chosen = chosen_reranker(self._paths, self._settings.current.reranker, self._models)
        found = [
            InstalledReranker(folder.name, str(folder), _size(folder), folder == chosen)
            for folder in _folders(self._paths.rerankers)
        ]
        found += [
            InstalledReranker(facts.name, facts.path, facts.bytes, Path(facts.path) == chosen)
            for facts in self._models.list()
            if facts.kind == "reranker" and facts.problem == "reranker"
        ]
        return sorted(found, key=lambda one: one.name.casefold())

    def choose(self, name: str | None) -> None:
        """Let one have the last word from now on, or none; one that does not work is not taken.

        Raises:
            RerankerNotFound: There is none of that name.
            InvalidModelFile, LoadFailed: It does not work.
        """
        if name is None:
            self._index.use_reranker(None)
            self._settings.update(reranker=NONE)
            return
        for one in self.list():
            if name in (one.name, one.name.removesuffix(SUFFIX)):
                self._index.use_reranker(Path(one.path))
                self._settings.update(reranker=one.name)
                return
        raise RerankerNotFound(name, str(self._paths.rerankers))


def chosen_reranker(paths: DataPaths, name: str | None, models: ModelLibrary) -> Path | None:
    """Return where the one to use is: the chosen one, or the first of the data folder's, if any."""
    if name == NONE:
        return None
    folders = _folders(paths.rerankers)
    if name is None:
        return folders[0] if folders else None
    if (folder := paths.rerankers / name) in folders:
        return folder
    try:
        facts = models.info(name)
    except ModelNotFound:
        return None
    return Path(facts.path) if facts.problem == "reranker" else None


def _folders(place: Path) -> list[Path]:
    try:
        return sorted(each for each in place.iterdir() if (each / "config.json").is_file())
    except FileNotFoundError:
        return []


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
