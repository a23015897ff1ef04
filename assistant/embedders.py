"""The models that documents can be searched with, and changing from one to another.

They are folders in the form of sentence-transformers in the data folder, and GGUF files of the
model library. A change goes on in the index process while the old one answers; see
`indexing.reembedding`.
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
from models.errors import ModelNotFound
from models.library import ModelFacts, ModelLibrary
from models.sources import SUFFIX

if TYPE_CHECKING:
    from assistant.services.index import IndexService
    from assistant.workers.jobs import Job

# What the index needs of a model's folder.
_FILES: Final = ("modules.json", "config.json", "tokenizer.json", "model.safetensors")

EmbedderProblem = Literal["incomplete", "missing_part"]


class InstalledEmbedder(msgspec.Struct, frozen=True):
    """A model that documents can be searched with, or why not.

    Attributes:
        name: Its folder's name, or what the model library calls it.
        path: The folder, or the GGUF file.
        state: "in_use" answers; "coming" takes its place once it has its vectors.
        problem: Why it cannot be used: of its folder, or of a GGUF file in several parts, some
            are missing. None if it can.
    """

    name: str
    path: str
    bytes: int
    state: Literal["in_use", "coming", "installed", "unusable"]
    problem: EmbedderProblem | None = None

    @property
    def is_chosen(self) -> bool:
        """Whether documents are searched with it, or will be."""
        return self.state in ("in_use", "coming")


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
        chosen = chosen_embedder(self._paths, self._settings.current.embedder, self._models)
        in_use = Path(self._catalog.embedder() or chosen)
        found = [_installed(folder, in_use, chosen) for folder in _folders(self._paths.embedders)]
        found += [
            _of_library(facts, in_use, chosen)
            for facts in self._models.list()
            if facts.kind == "embedding"
        ]
        return sorted(found, key=lambda one: (one.problem is not None, one.name.casefold()))

    def find(self, name: str) -> InstalledEmbedder:
        """Return one that can be used; the suffix of a GGUF file may be left out.

        Raises:
            EmbedderNotFound: There is none of that name, or it cannot be used.
        """
        for one in self.list():
            if name in (one.name, one.name.removesuffix(SUFFIX)) and one.problem is None:
                return one
        raise EmbedderNotFound(name, str(self._paths.embedders))

    def forecast(self, name: str) -> Job[None, EmbedderForecast]:
        """Find out in the background what changing to it takes; see `reembedding.Embedders`."""
        return self._index.forecast_embedder(Path(self.find(name).path))

    def use(self) -> EmbedderUse:
        """Say which one answers, and how far a change is; it starts the index's process."""
        return self._index.embedder_use()

    def choose(self, name: str) -> EmbedderUse:
        """Let documents be searched with a model, once `IndexService.resume` made its vectors.

        Until then the old one answers. Where that is stopped, the next time goes on. One that
        does not work is not taken, and nothing changes.
        """
        chosen = self.find(name)
        use = self._index.choose_embedder(Path(chosen.path))
        self._settings.update(embedder=chosen.name)
        return use

    def keep(self) -> EmbedderUse:
        """Go on with the one that answers: a change that was begun is given up."""
        answering = Path(self._index.embedder_use().path)
        names = (one.name for one in self.list() if Path(one.path) == answering)
        self._settings.update(embedder=next(names, answering.name))
        return self._index.choose_embedder(answering)


def missing_files(folder: Path) -> list[str]:
    """Return what an embedder's folder lacks."""
    return [name for name in _FILES if not (folder / name).is_file()]


def chosen_embedder(paths: DataPaths, name: str | None, models: ModelLibrary) -> Path:
    """Return where the embedder to use is: the chosen one where it is there, or the usual."""
    if name is None:
        return paths.embedder
    if not missing_files(chosen := paths.embedders / name):
        return chosen
    try:
        facts = models.info(name)
    except ModelNotFound:
        return paths.embedder
    is_sound = facts.kind == "embedding" and facts.problem == "embedding"
    return Path(facts.path) if is_sound else paths.embedder


def _folders(place: Path) -> list[Path]:
    try:
        return [folder for folder in place.iterdir() if folder.is_dir()]
    except FileNotFoundError:
        return []


def _installed(folder: Path, in_use: Path, chosen: Path) -> InstalledEmbedder:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if missing_files(folder):
        return InstalledEmbedder(folder.name, str(folder), size, "unusable", "incomplete")
    return InstalledEmbedder(folder.name, str(folder), size, _state(folder, in_use, chosen))


def _of_library(facts: ModelFacts, in_use: Path, chosen: Path) -> InstalledEmbedder:
    if facts.problem == "missing_part":
        return InstalledEmbedder(facts.name, facts.path, facts.bytes, "unusable", "missing_part")
    state = _state(Path(facts.path), in_use, chosen)
    return InstalledEmbedder(facts.name, facts.path, facts.bytes, state)


def _state(path: Path, in_use: Path, chosen: Path) -> Literal["in_use", "coming", "installed"]:
    if path == in_use:
        return "in_use"
    return "coming" if path == chosen else "installed"
