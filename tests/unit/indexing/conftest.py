"""An index's stores in a fresh data folder, without an embedder."""

from __future__ import annotations

from contextlib import closing

import pytest

from indexing.catalog import Catalog
from indexing.database import connect, migrate
from indexing.schema import COMPONENT, MIGRATIONS
from indexing.store import DocumentStore


@pytest.fixture
def db(data_dir):
    with closing(connect(data_dir)) as connection:
        migrate(connection, COMPONENT, MIGRATIONS)
        yield connection


@pytest.fixture
def store(db):
    return DocumentStore(db)


@pytest.fixture
def catalog(data_dir):
    with closing(Catalog(data_dir)) as view:
        yield view
