"""Archives and attachments that are locked with a password."""

from __future__ import annotations

import pytest

from tests.integration.index.archives.support import consistent, post, standing
from tests.integration.index.support import end_of
from tests.unit.indexing.readers.test_archive import LOCKED
from tests.unit.indexing.readers.test_unpack import AES_LOCKED, AES_PASSWORD

pytestmark = pytest.mark.model


def test_a_mail_can_be_read_though_what_is_attached_is_locked(index, catalog, papers, data_dir):
    path = post(papers / "letter.eml", "The key follows.", ("locked.zip", LOCKED))
    end_of(index.add([str(path)]))
    locked = {
        "papers/letter.eml": ("ready", None),
        "letter.eml/locked.zip": ("failed", "password_needed"),
    }
    assert standing(catalog) == locked
    member = path / "locked.zip"
    for named in (path, member):
        end_of(index.add([str(named)], password="guess"))
        assert standing(catalog)["letter.eml/locked.zip"] == ("failed", "password_needed: wrong")
        assert standing(catalog)["papers/letter.eml"] == ("ready", None)
    consistent(index, catalog, data_dir)


def test_what_is_locked_is_opened_with_its_password(index, catalog, papers, data_dir):
    path = papers / "locked.zip"
    path.write_bytes(AES_LOCKED["AE-2"])
    end_of(index.add([str(path)]))
    assert standing(catalog) == {"papers/locked.zip": ("failed", "password_needed")}
    end_of(index.add([str(path)], password="guess"))
    assert standing(catalog) == {"papers/locked.zip": ("failed", "password_needed: wrong")}
    end_of(index.add([str(path)], password=AES_PASSWORD))
    assert standing(catalog) == {
        "papers/locked.zip": ("ready", None),
        "locked.zip/letter.txt": ("ready", None),
        "locked.zip/key.csv": ("ready", None),
    }
    assert "940 euros" in index.search("rent").hits[0].text
    consistent(index, catalog, data_dir)
    # It is used, and not kept.
    kept = [file.read_bytes() for file in data_dir.rglob("*") if file.is_file()]
    assert kept
    assert not any(AES_PASSWORD.encode() in content for content in kept)
