"""Models that were removed: kept in a hidden folder beside the others, so that it can be undone."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.errors import ModelNotFound
from models.files import free_names
from models.sources import SUFFIX, first_part, siblings

_FOLDER: Final = ".trash"


class Trash:
    """The removed files of a folder of models. A token stands for those of one model."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._folder = models / _FOLDER

    def put(self, files: Sequence[Path]) -> str:
        """Moves a model's files here; returns the token that `take_back` takes."""
        self._folder.mkdir(exist_ok=True)
        kept = free_names(self._folder, [file.name for file in files])
        for file, target in zip(files, kept, strict=True):
            file.replace(target)
        return kept[0].name

    def path(self, token: str) -> Path:
        """Returns where a model's first file is."""
        return self._folder / token

    def take_back(self, token: str) -> Path:
        """Moves a model's files back under names that are free; returns its first file.

        Raises:
            ModelNotFound: It is not here any more.
        """
        kept = self.path(token)
        if Path(token).name != token or not kept.is_file():
            raise ModelNotFound(token)
        files = siblings(kept).files
        targets = free_names(self._models, [file.name for file in files])
        # The first part last: until it is there, nothing is listed as a model to use.
        for file, target in reversed(list(zip(files, targets, strict=True))):
            file.replace(target)
        return targets[0]

    def tokens(self) -> list[str]:
        """Returns those of all models that are here."""
        names = sorted(path.name for path in self._folder.glob(f"*{SUFFIX}"))
        return [name for name in names if first_part(name) == name]

    def empty(self) -> int:
        """Deletes everything for good; returns the bytes freed."""
        freed = 0
        for kept in self._folder.glob("*"):
            with contextlib.suppress(OSError):  # in use on Windows: it stays for the next time
                size = kept.lstat().st_size
                kept.unlink()
                freed += size
        return freed
