"""Where everything lies: one data folder, and the names inside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_APP = "Studiolo"
_ENVIRONMENT = "STUDIOLO_DATA_DIR"
EMBEDDER_NAME = "all-MiniLM-L6-v2"


@dataclass(frozen=True)
class DataPaths:
    """The data folder's layout. Nothing is made until `create`."""

    root: Path

    @classmethod
    def default(cls, data_dir: str | os.PathLike[str] | None = None) -> DataPaths:
        """Find the data folder: `data_dir`, else STUDIOLO_DATA_DIR, else the system's place."""
        chosen = data_dir or os.environ.get(_ENVIRONMENT)
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        return cls(platformdirs.user_data_path(_APP, appauthor=False))

    @property
    def database(self) -> Path:
        """The SQLite database that is the truth about documents and conversations."""
        return self.root / "studiolo.db"

    @property
    def vectors(self) -> Path:
        """Chroma's folder; it can be rebuilt from the database."""
        return self.root / "vectors"

    @property
    def files(self) -> Path:
        """Copies of the documents, by content."""
        return self.root / "files"

    @property
    def models(self) -> Path:
        """The GGUF files."""
        return self.root / "models"

    @property
    def states(self) -> Path:
        """What the models have read, to be read never again; it can all be read anew."""
        return self.root / "states"

    @property
    def digests_file(self) -> Path:
        """SHA-256 of the model files."""
        return self.root / "digests.json"

    @property
    def speeds_file(self) -> Path:
        """How fast the models read and write on this machine."""
        return self.root / "speeds.json"

    @property
    def calibrations_file(self) -> Path:
        """How much the models' replies to a yes-or-no question are worth."""
        return self.root / "calibrations.json"

    @property
    def embedders(self) -> Path:
        """The folders of embedding models."""
        return self.models / "embedders"

    @property
    def embedder(self) -> Path:
        """The usual embedding model's folder."""
        return self.embedders / EMBEDDER_NAME

    @property
    def personas(self) -> Path:
        """The personas that the person made."""
        return self.root / "personas"

    @property
    def rerankers(self) -> Path:
        """The folders of cross-encoders."""
        return self.models / "rerankers"

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.root / "logs"

    @property
    def settings_file(self) -> Path:
        """What the person chose."""
        return self.root / "settings.toml"

    def log_file(self, name: str) -> Path:
        """The log file of the process `name`."""
        return self.logs / f"{name}.log"

    def create(self) -> DataPaths:
        """Make the folders, for this user only where the system knows that; return self."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.files, self.models, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self
