"""What the tests of the processes share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.paths import DataPaths

HEAVY = {"llama_cpp", "torch", "transformers", "sentence_transformers", "chromadb"}


@pytest.fixture(autouse=True)
def _nothing_heavy_is_loaded_here() -> Iterator[None]:
    # Tests of the libraries themselves may have loaded some into this process before.
    before = HEAVY & set(sys.modules)
    yield
    assert HEAVY & set(sys.modules) == before


@pytest.fixture
def paths(data_dir: Path) -> DataPaths:
    return DataPaths(data_dir).create()
