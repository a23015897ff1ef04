"""Documents of which one copy lies in an archive and one elsewhere."""

from __future__ import annotations

import pytest

from tests.integration.index.archives.support import caught_up, consistent, embedded, pack, standing
from tests.integration.index.support import BREAD, LEASE, end_of

pytestmark = pytest.mark.model


def test_a_copy_elsewhere_outlives_the_archive(index, catalog, papers, data_dir, monkeypatch):
    path = pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD))
    end_of(index.add([str(path)]))
    loose = papers / "my lease.md"
    loose.write_text(LEASE)
    end_of(index.add([str(loose)]))
    assert catalog.document(str(loose)).status == "skipped"
    texts = embedded(index, monkeypatch)
    index.remove([catalog.document(str(path)).id])
    assert [(row.path, row.status) for row in catalog.documents()] == [(str(loose), "ready")]
    assert texts == []
    assert index.search("monthly rent").hits[0].path == str(loose)
    consistent(index, catalog, data_dir)

    # The other way round it is the file that the person wants gone, and what is left of it.
    end_of(index.add([str(path)]))
    assert standing(catalog)["all.zip/lease.md"][0] == "skipped"
    index.remove([catalog.document(str(loose)).id])
    assert set(standing(catalog)) == {"papers/all.zip", "all.zip/bread.md"}
    end_of(index.add([str(path)]))
    assert standing(catalog)["all.zip/lease.md"][0] == "ready"
    consistent(index, catalog, data_dir)


def test_a_copy_in_an_archive_outlives_a_file_that_is_gone(index, catalog, papers, data_dir):
    (papers / "a lease.md").write_text(LEASE)
    end_of(index.folders.watch(str(papers)))
    pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD))
    caught_up(index, catalog)
    assert standing(catalog)["all.zip/lease.md"][0] == "skipped"
    (papers / "a lease.md").unlink()
    index.drop_gone([row.id for row in caught_up(index, catalog).gone])
    assert set(standing(catalog)) == {"papers/all.zip", "all.zip/lease.md", "all.zip/bread.md"}
    assert "all.zip" in index.search("monthly rent").hits[0].path
    consistent(index, catalog, data_dir)
