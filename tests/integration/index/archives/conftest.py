"""An index of archives and mails, with the real embedder, which is loaded once for them."""

from __future__ import annotations

from contextlib import closing

import pytest

from indexing.embedder import Embedder
from indexing.index import Index
from indexing.readers.read import read


class KeptEmbedder(Embedder):
    """The real embedder, which is closed by no index."""

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def embedder(embedder_path):
    facts = {}
    return KeptEmbedder(embedder_path, facts.get, facts.__setitem__)


@pytest.fixture
def index(data_dir, embedder_path, embedder):
    with closing(Index(data_dir, embedder_path, read, open_embedder=lambda *_: embedder)) as opened:
        yield opened


@pytest.fixture
def papers(tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    return folder
