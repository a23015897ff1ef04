"""The models that documents can be searched with, and changing from one to another.

They lie as folders in the form of sentence-transformers in the data folder. A change goes on in
the index process while the old one answers; see `indexing.reembedding`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from assistant.errors import EmbedderNotFound
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from indexing.catalog import Catalog
from indexing.types import EmbedderForecast, EmbedderUse
from models.library import ModelLibrary

if TYPE_CHECKING:
    from assistant.services.index import IndexService
    from assistant.workers.jobs import Job

# What the index needs of a model's folder.
_FILES: Final = ("modules.json", "config.json", "tokenizer.json", "model.safetensors")

EmbedderProblem = Literal["incomplete", "gguf"]


class InstalledEmbedder(msgspec.Struct, frozen=True):
    """A model that documents can be searched with, or why not.

    Attributes:
        name: Its folder's name, or the file's name of a model of the library.
        state: "in_use" answers; "coming" takes its place once it has its vectors.
        problem: Why it cannot be used: files are missing, or it is a GGUF file, which the model
            library has and the index cannot use. None if it can.
    """

    name: str
    folder: str
    bytes: int
    state: Literal["in_use", "coming", "installed", "unusable"]
    problem: EmbedderProblem | None = None


class Embedders:
    """The embedders of a data folder. Every method may be called from any thread."""

    def __init__(
        self,
        paths: DataPaths,
        settings: SettingsFile,
        catalog: Catalog,
        models: ModelLibrary,
        index: IndexService,
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._catalog = catalog
        self._models = models
        self._index = index

    def list(self) -> list[InstalledEmbedder]:
        """Return all there are by name, those that can be used first; no process is started."""
        chosen = chosen_embedder(self._paths, self._settings.current.embedder)
        in_use = Path(self._catalog.embedder() or chosen)
        found = [_installed(folder, in_use, chosen) for folder in _folders(self._paths.embedders)]
        found += [
            InstalledEmbedder(facts.name, facts.path, facts.bytes, "unusable", "gguf")
            for facts in self._models.list()
            if facts.kind == "embedding"
        ]
        return sorted(found, key=lambda one: (one.problem is not None, one.name.casefold()))

    def find(self, name: str) -> InstalledEmbedder:
        """Return one that can be used.

        Raises:
            EmbedderNotFound: There is none of that name, or it cannot be used.
        """
        for one in self.list():
            if one.name == name and one.problem is None:
                return one
        raise EmbedderNotFound(name, str(self._paths.embedders))

    def forecast(self, name: str) -> Job[None, EmbedderForecast]:
        """Find out in the background what changing to it takes; see `reembedding.Embedders`."""
        return self._index.forecast_embedder(Path(self.find(name).folder))

    def use(self) -> EmbedderUse:
        """Say which one answers, and how far a change is; it starts the index's process."""
        return self._index.use_embedder()

    def choose(self, name: str) -> EmbedderUse:
        """Let documents be searched with a model, once `IndexService.resume` made its vectors.

        Until then the old one answers. Where that is stopped, the next time goes on.
        """
        folder = Path(self.find(name).folder)
        use = self._index.use_embedder(folder)
        self._settings.update(embedder=name)
        return use

    def keep(self) -> EmbedderUse:
        """Go on with the one that answers: a change that was begun is given up."""
        answering = Path(self._index.use_embedder().folder)
        self._settings.update(embedder=answering.name)
        return self._index.use_embedder(answering)


def missing_files(folder: Path) -> list[str]:
    """Return what an embedder's folder lacks."""
    return [name for name in _FILES if not (folder / name).is_file()]


def chosen_embedder(paths: DataPaths, name: str | None) -> Path:
    """Return the folder of the embedder to use: the chosen one where it is there, or the usual."""
    if name is not None and not missing_files(chosen := paths.embedders / name):
        return chosen
    return paths.embedder


def _folders(place: Path) -> list[Path]:
    try:
        return [folder for folder in place.iterdir() if folder.is_dir()]
    except FileNotFoundError:
        return []


def _installed(folder: Path, in_use: Path, chosen: Path) -> InstalledEmbedder:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if missing_files(folder):
        return InstalledEmbedder(folder.name, str(folder), size, "unusable", "incomplete")
    if folder == in_use:
        return InstalledEmbedder(folder.name, str(folder), size, "in_use")
    state = "coming" if folder == chosen else "installed"
    return InstalledEmbedder(folder.name, str(folder), size, state)
