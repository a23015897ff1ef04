"""Archives whose members are documents."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from indexing.errors import DocumentNotFound
from tests.integration.index.archives.support import caught_up, consistent, embedded, pack, standing
from tests.integration.index.support import BREAD, LEASE, end_of
from tests.unit.indexing.readers.test_archive import zipped

pytestmark = pytest.mark.model


def test_each_member_is_a_document_that_is_cited_by_itself(index, catalog, papers, data_dir):
    old = zipped(("prices.csv", "Crop,Euro\nHerring,3\n"))
    path = pack(
        papers / "contracts.zip",
        ("lease.md", LEASE),
        ("food/bread.md", BREAD),
        ("lease again.md", LEASE),
        ("old.zip", old),
        ("torn.docx", b"no"),
        ("tool.exe", b"MZ"),
    )
    events, report = end_of(index.add([str(papers)], "home"))
    ends = {row.path.removeprefix(f"{path}"): row.status for row in report.documents}
    assert ends == {
        "": "ready",
        "/lease.md": "ready",
        "/food/bread.md": "ready",
        "/lease again.md": "skipped",
        "/old.zip/prices.csv": "ready",
        "/torn.docx": "failed",
    }
    archive = catalog.document(str(path))
    assert (archive.kind, archive.members, archive.passages) == ("zip", 5, 0)
    assert archive.reason == "not of a kind that is read: tool.exe"
    assert "food/bread.md" in catalog.text(archive.id)
    assert events[-1].files_left == 0
    assert {row.collection for row in catalog.documents()} == {"home"}

    [hit, *_] = index.search("How much is the monthly rent?", k=2).hits
    assert hit.path == f"{path}/lease.md"
    assert catalog.text(hit.document)[hit.start : hit.end] == hit.text
    inside = catalog.document(f"{path}/old.zip/prices.csv")
    found = {hit.document for hit in index.search("monthly rent", documents=[archive.id]).hits}
    assert inside.id in found
    assert archive.id not in found
    read = {row.id for row in catalog.documents() if row.status != "skipped"}
    assert catalog.searched([archive.id]) == sorted(read)

    # Its file can be opened, also when it is unpacked no longer.
    for _ in range(2):
        _, file = end_of(index.archives.file_of(inside.id))
        assert (file.name, file.read_text()) == ("prices.csv", "Crop,Euro\nHerring,3\n")
        assert catalog.stored_file(inside.id) == file
        shutil.rmtree(data_dir / "unpacked")
    with pytest.raises(DocumentNotFound):
        catalog.stored_file(inside.id)

    end_of(index.archives.file_of(inside.id))
    index.remove([archive.id])
    assert catalog.documents() == []
    assert index.search("rent").hits == ()
    consistent(index, catalog, data_dir)
    assert not [file for file in (data_dir / "files").rglob("*") if file.is_file()]
    assert not list((data_dir / "unpacked").iterdir())


def test_of_an_archive_that_changed_only_what_changed_is_read(
    index, catalog, papers, data_dir, monkeypatch
):
    path = pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD), ("x.txt", "Ebb tide"))
    end_of(index.add([str(path)]))
    ids = {Path(row.path).name: row.id for row in catalog.documents()}
    texts = embedded(index, monkeypatch)

    pack(
        path,
        ("lease.md", LEASE.replace("940 euros", "1,100 euros")),
        ("moved/loaf.md", BREAD),
        ("new.txt", "Herring is salted on board."),
    )
    end_of(index.add([str(path)]))
    assert {Path(row.path).name: row.id for row in catalog.documents()} == {
        "all.zip": ids["all.zip"],
        "lease.md": ids["lease.md"],
        "loaf.md": ids["bread.md"],
        "new.txt": max(row.id for row in catalog.documents()),
    }
    assert all("1,100" in text or "Herring" in text for text in texts)
    assert texts
    assert "1,100" in index.search("monthly rent").hits[0].text
    consistent(index, catalog, data_dir)

    # A moved archive takes its members along.
    texts.clear()
    monkeypatch.setattr(index, "_read", lambda *_: pytest.fail("read"))
    (papers / "moved").mkdir()
    path.rename(papers / "moved" / "renamed.zip")
    _, report = end_of(index.add([str(papers)]))
    assert {row.id for row in report.documents} == {row.id for row in catalog.documents()}
    assert (
        catalog.document(str(papers / "moved" / "renamed.zip" / "lease.md")).id == ids["lease.md"]
    )
    assert texts == []
    consistent(index, catalog, data_dir)


def test_members_in_a_watched_folder_are_followed_with_their_archive(
    index, catalog, papers, data_dir
):
    path = pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD))
    (papers / "loose.md").write_text(LEASE)
    end_of(index.folders.watch(str(papers)))
    [copy] = [name for name, (status, _) in standing(catalog).items() if status == "skipped"]
    assert copy in ("all.zip/lease.md", "papers/loose.md")
    assert {row.collection for row in catalog.documents()} == {"papers"}
    before = catalog.documents()

    report = caught_up(index, catalog)
    assert (report.gone, report.documents) == ((), ())
    assert catalog.documents() == before

    # What a person takes out of an archive stays out, until the archive is added again.
    index.remove([catalog.document(f"{path}/bread.md").id])
    pack(path, ("lease.md", LEASE), ("bread.md", BREAD), ("new.txt", "Herring is salted."))
    caught_up(index, catalog)
    assert "all.zip/bread.md" not in standing(catalog)
    assert standing(catalog)["all.zip/new.txt"] == ("ready", None)
    end_of(index.add([str(path)]))
    assert standing(catalog)["all.zip/bread.md"] == ("ready", None)

    path.rename(papers / "renamed.zip")
    assert caught_up(index, catalog).gone == ()
    assert "renamed.zip/new.txt" in standing(catalog)
    (papers / "loose.md").unlink()
    (papers / "renamed.zip").rename(papers.parent / "elsewhere.zip")
    gone = [row.id for row in caught_up(index, catalog).gone]
    index.drop_gone(gone)
    assert catalog.documents() == []
    consistent(index, catalog, data_dir)
