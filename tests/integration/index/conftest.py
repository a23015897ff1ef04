"""An index of real files, with the real embedder and real stores."""

from __future__ import annotations

from contextlib import closing

import pytest

from indexing.catalog import Catalog
from indexing.index import Index
from indexing.readers.read import read
from tests.integration.index.support import BREAD, LEASE


@pytest.fixture
def papers(tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "lease.md").write_text(LEASE)
    (folder / "bread.md").write_text(BREAD)
    return folder


@pytest.fixture
def index(data_dir, embedder_path):
    with closing(Index(data_dir, embedder_path, read)) as opened:
        yield opened


@pytest.fixture
def catalog(data_dir):
    with closing(Catalog(data_dir)) as view:
        yield view
