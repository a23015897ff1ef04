"""Files that change, move, go or are there twice: nothing is made a second time."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.readers.read import read
from tests.integration.index.support import LEASE, consistent, end_of

pytestmark = pytest.mark.model


def pages_of(count, changed=()):
    """A text of `count` pages' length, some of them changed."""
    sections = []
    for number in range(count):
        sentences = [
            f"On page {number} the {word} of the archive is item {number * 7 + place}, kept dry."
            for place, word in enumerate(("map", "seal", "deed", "ledger", "letter", "will"))
        ]
        if number in changed:
            sentences[2] = "This line was written anew, and nothing else on the page was."
        sections.append(" ".join(sentences * 2))
    return "\n\n".join(sections)


def test_only_what_has_changed_is_embedded_again(index, data_dir, tmp_path, monkeypatch):
    path = tmp_path / "archive.txt"
    path.write_text(pages_of(60))
    end_of(index.add([str(path)]))
    embedded = []
    encode = index.embedders.answering.embedder.encode
    monkeypatch.setattr(
        index.embedders.answering.embedder,
        "encode",
        lambda texts: embedded.extend(texts) or encode(texts),
    )
    path.write_text(pages_of(60, changed={30}))
    _, report = end_of(index.add([str(path)]))
    assert report.documents[0].status == "ready"
    assert any("written anew" in text for text in embedded)
    assert len(embedded) < report.documents[0].passages / 5
    assert "written anew" in index.search("the line that was written anew").hits[0].text
    assert consistent(data_dir, index)

    embedded.clear()
    # The same words in another file, and all of a file twice.
    (tmp_path / "copy.txt").write_text(pages_of(60, changed={30}))
    (tmp_path / "part.txt").write_text(pages_of(20))
    _, report = end_of(index.add([str(tmp_path)]))
    assert {row.status for row in report.documents} == {"ready", "skipped"}
    assert all("part" in text for text in embedded)


def test_moved_and_renamed_files_keep_their_ids_and_are_not_read(
    index, catalog, papers, data_dir, monkeypatch
):
    _, before = end_of(index.add([str(papers)], "home"))
    ids = {Path(row.path).name: row.id for row in before.documents}
    new = papers.parent / "elsewhere"
    papers.rename(new)
    (new / "bread.md").rename(new / "loaf.md")
    monkeypatch.setattr(
        index.embedders.answering.embedder, "encode", lambda texts: pytest.fail("embedded")
    )
    monkeypatch.setattr(index, "_read", lambda *_: pytest.fail("read"))
    _, after = end_of(index.add([str(new)]))
    assert {Path(row.path).name: row.id for row in after.documents} == {
        "loaf.md": ids["bread.md"],
        "lease.md": ids["lease.md"],
    }
    assert {(row.status, row.collection) for row in after.documents} == {("ready", "home")}
    assert {row.path for row in catalog.documents()} == {row.path for row in after.documents}
    assert consistent(data_dir, index)


def test_what_has_not_changed_is_left_alone(index, papers):
    _, first = end_of(index.add([str(papers)]))
    (papers / "lease.md").touch()
    read_again = []
    index._read = lambda path, *more: read_again.append(path) or read(path, *more)
    _, second = end_of(index.add([str(papers)]))
    assert second.documents == first.documents
    assert read_again == []


def test_a_changed_file_is_searchable_as_it_was_until_it_is_ready(index, catalog, papers, data_dir):
    end_of(index.add([str(papers / "lease.md")]))
    (papers / "lease.md").write_text(LEASE.replace("940 euros", "1,100 euros"))
    [row] = catalog.documents()
    for event in index.add([str(papers / "lease.md")]):
        [hit] = [h for h in index.search("monthly rent in euros").hits if "euros" in h.text]
        over = event.stage in ("finished", "comparing")
        new_is_ready = over and event.document.status == "ready"
        assert ("1,100" if new_is_ready else "940") in hit.text
    assert "1,100" in catalog.text(row.id)
    consistent(data_dir, index)


def test_the_same_content_twice_is_indexed_once(index, catalog, papers, data_dir):
    (papers / "copy of lease.md").write_text(LEASE)
    _, report = end_of(index.add([str(papers)]))
    by_name = {Path(row.path).name: row for row in report.documents}
    assert by_name["lease.md"].status == "skipped"
    assert by_name["lease.md"].reason == f"duplicate of {papers / 'copy of lease.md'}"
    # Who asks the copy hears what the other one says.
    original, copy = by_name["copy of lease.md"].id, by_name["lease.md"].id
    assert catalog.searched([copy]) == [original]
    assert {hit.document for hit in index.search("rent", 5, [copy]).hits} == {original}
    consistent(data_dir, index)
    removed = index.remove([by_name["copy of lease.md"].id])
    assert set(removed) == {by_name["copy of lease.md"].id, by_name["lease.md"].id}
    consistent(data_dir, index)


def test_removed_documents_leave_nothing(index, catalog, papers, data_dir):
    _, report = end_of(index.add([str(papers)]))
    numbers = [row.id for row in report.documents]
    assert index.remove([*numbers, 4711]) == numbers
    assert index.search("rent").hits == ()
    assert catalog.documents() == []
    assert consistent(data_dir, index) == set()
