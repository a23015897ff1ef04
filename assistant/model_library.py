"""The library of a data folder's models, and of those that other programs have on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from assistant.paths import DataPaths
from models.library import ModelLibrary
from models.other_programs import other_programs


def model_library(paths: DataPaths) -> ModelLibrary:
    """Return the library; nothing is read before it is asked."""
    return ModelLibrary(paths.models, lambda: other_programs(os.environ, Path.home()))
