"""A library that commands are given to, and an empty one."""

from __future__ import annotations

import pytest

from tests.integration.studio import Studio, write_documents


@pytest.fixture
def empty(data_dir):
    return Studio(data_dir)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return write_documents(tmp_path_factory.mktemp("documents"))


@pytest.fixture(scope="session")
def added(tmp_path_factory, folder, embedder_path, smollm_path):
    """A library with the folder's documents, and what adding them printed."""
    studio = Studio(tmp_path_factory.mktemp("library"))
    studio.install(embedder=embedder_path, model=smollm_path)
    return studio, studio.run("index", "add", folder, "--json")


@pytest.fixture
def studio(added):
    return added[0]
