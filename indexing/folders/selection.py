"""Which files of a folder are taken: patterns, as people know them from other programs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from pathlib import PurePath

# What no person means when they say "this folder": hidden files, what programs keep for
# themselves, and what is not whole yet.
EXCLUDED = (
    ".*",
    "node_modules",
    "__pycache__",
    "$RECYCLE.BIN",
    "System Volume Information",
    "desktop.ini",
    "Thumbs.db",
    "~$*",  # Microsoft Office's lock files
    "*~",
    "*.bak",
    "*.swp",
    "*.tmp",
    "*.temp",
    "*.crdownload",
    "*.download",
    "*.opdownload",
    "*.part",
    "*.partial",
)


class Selection:
    """Decides which files and folders are looked at.

    A pattern without a slash is about a name, wherever it is; one with a slash about the path
    from the watched folder on ("drafts/*"). `*`, `?` and `[…]` are as in a shell; upper and lower
    case are the same. What is excluded stays so, whatever is included.

    Args:
        include: A file is taken when one of these fits; none takes all.
        exclude: Files and folders to leave out, beside `EXCLUDED`.
        apart: Folders, as absolute paths, that are never entered.
    """

    def __init__(
        self,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        apart: Iterable[str] = (),
    ) -> None:
        self._include = _Patterns(include) if include else None
        self._exclude = _Patterns((*EXCLUDED, *exclude))
        self._apart = frozenset(apart)

    def enters(self, path: str, relative: str) -> bool:
        """Whether a folder within is looked into; `relative` is its path from the root on."""
        return path not in self._apart and not self._exclude.fit(relative)

    def takes(self, relative: str) -> bool:
        """Whether a file is taken, in a folder that is entered."""
        if self._exclude.fit(relative):
            return False
        return self._include is None or self._include.fit(relative)

    def reaches(self, root: str, path: str) -> bool:
        """Whether what is at an absolute path is looked at, in a look from the root on.

        Raises:
            ValueError: It does not lie within the root.
        """
        below = PurePath(path).relative_to(root)
        # The last of the parents is the folder itself, which is looked at whatever its name.
        above = list(below.parents)[:-1]
        if not all(self.enters(str(PurePath(root, part)), str(part)) for part in above):
            return False
        return path == root or self.enters(path, str(below))


class _Patterns:
    """Patterns as two expressions: one about names, one about paths."""

    def __init__(self, patterns: Sequence[str]) -> None:
        names = [pattern for pattern in patterns if "/" not in pattern.rstrip("/")]
        paths = [pattern for pattern in patterns if "/" in pattern.rstrip("/")]
        self._names = _expression(names)
        self._paths = _expression(paths)

    def fit(self, relative: str) -> bool:
        path = relative.replace(os.sep, "/")
        if self._names is not None and self._names.match(path.rpartition("/")[2]):
            return True
        return self._paths is not None and self._paths.match(path) is not None


def _expression(patterns: Sequence[str]) -> re.Pattern[str] | None:
    parts = [translate(pattern.strip("/")) for pattern in patterns]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
