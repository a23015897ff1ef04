"""Mails, and what is attached to them."""

from __future__ import annotations

import msgspec
import pytest

from tests.integration.index.archives.support import caught_up, consistent, embedded, post, standing
from tests.integration.index.support import BREAD, LEASE, end_of
from tests.unit.indexing.readers.test_archive import zipped

pytestmark = pytest.mark.model


def test_what_is_attached_to_a_mail_is_a_document_that_is_cited_by_itself(
    index, catalog, papers, data_dir
):
    then = post(papers / "then.eml", "The boiler was mended.", ("bill.txt", "It cost 71 euros."))
    old = zipped(("then.eml", then.read_bytes()))
    then.unlink()
    path = post(
        papers / "letter.eml",
        "Herring is served on Friday.",
        ("lease.md", LEASE),
        ("old.zip", old),
        ("tool.exe", b"MZ"),
    )
    _, report = end_of(index.add([str(papers)], "home"))
    assert {row.path.removeprefix(str(path)): row.status for row in report.documents} == {
        "": "ready",
        "/lease.md": "ready",
        "/old.zip/then.eml": "ready",
        "/old.zip/then.eml/bill.txt": "ready",
    }
    mail = catalog.document(str(path))
    assert (mail.kind, mail.title, mail.members, mail.attachments) == ("eml", "The flat", None, 3)
    assert mail.reason == "tool.exe: .exe: not a format that is read"
    assert "[Attachment: lease.md]" in catalog.text(mail.id)
    assert "940 euros" not in catalog.text(mail.id)
    for question, place in (
        ("How much is the monthly rent?", "lease.md"),
        ("What is served on Friday?", ""),
        ("Which bill was 71 euros?", "old.zip/then.eml/bill.txt"),
    ):
        # It stands for itself and for what is attached to it.
        [hit, *_] = index.search(question, k=4, documents=[mail.id]).hits
        assert hit.path == str(path / place)
        assert catalog.text(hit.document)[hit.start : hit.end] == hit.text
    lease = catalog.document(f"{path}/lease.md")
    _, file = end_of(index.archives.file_of(lease.id))
    assert (file.name, file.read_text()) == ("lease.md", LEASE)

    index.remove([mail.id])
    assert catalog.documents() == []
    consistent(index, catalog, data_dir)
    assert not list((data_dir / "unpacked").iterdir())


def test_of_a_mail_that_changed_only_what_changed_is_read(
    index, catalog, papers, data_dir, monkeypatch
):
    path = post(papers / "letter.eml", "Herring on Friday.", ("lease.md", LEASE), ("b.md", BREAD))
    post(papers / "short.eml", "Cod on Monday.")
    end_of(index.folders.watch(str(papers)))
    ids = {row.path: row.id for row in catalog.documents()}
    before = catalog.documents()
    with monkeypatch.context() as untouched:
        untouched.setattr(index.archives, "_unpack", lambda *_: pytest.fail("unpacked"))
        untouched.setattr(index, "_read", lambda *_: pytest.fail("read"))
        end_of(index.add([str(papers)]))
        end_of(index.add([str(path), str(papers / "short.eml")]))
    assert [msgspec.structs.replace(row, collection="papers") for row in before] == (
        catalog.documents()
    )

    texts = embedded(index, monkeypatch)
    post(path, "Perch on Friday.", ("lease.md", LEASE), ("new.txt", "The cat is called Ada."))
    caught_up(index, catalog)
    assert len(texts) == 2
    assert catalog.document(str(path)).id == ids[str(path)]
    assert catalog.document(f"{path}/lease.md").id == ids[f"{path}/lease.md"]
    assert set(standing(catalog)) == {
        "papers/letter.eml",
        "papers/short.eml",
        "letter.eml/lease.md",
        "letter.eml/new.txt",
    }
    assert "Perch" in index.search("What is eaten on Friday?").hits[0].text
    consistent(index, catalog, data_dir)

    texts.clear()
    path.rename(papers / "renamed.eml")
    caught_up(index, catalog)
    assert catalog.document(f"{papers}/renamed.eml/lease.md").id == ids[f"{path}/lease.md"]
    assert texts == []
    (papers / "renamed.eml").unlink()
    index.drop_gone([row.id for row in caught_up(index, catalog).gone])
    assert set(standing(catalog)) == {"papers/short.eml"}
    consistent(index, catalog, data_dir)
