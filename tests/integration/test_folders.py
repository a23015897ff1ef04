"""Watched folders on a real index: what is followed, what is never done twice, what is kept."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from indexing.catalog import Catalog
from indexing.database import database_path
from indexing.embedder import Embedder
from indexing.errors import DocumentNotFound, FolderNotFound
from indexing.index import Index
from indexing.readers.read import read
from indexing.types import FolderPart

pytestmark = pytest.mark.model

# Far enough back that no file counts as still being written.
AGE_S = 60
SCANDIR = os.scandir


def end_of(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def write(path, words):
    """Write a file, as someone did a while ago; each time a second later."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {words.title()}\n\nThis paper is about {words} and nothing but {words}.\n")
    write.age -= 1
    when = time.time() - AGE_S - write.age
    os.utime(path, (when, when))
    return path


write.age = 10_000


@pytest.fixture
def papers(tmp_path):
    folder = tmp_path / "papers"
    for words in ("harbours", "lanterns", "orchards", "glaciers"):
        write(folder / f"{words}.md", words)
    return folder


@pytest.fixture(scope="module")
def loaded(embedder_path):
    """The embedder, loaded once for all."""
    made = Embedder(embedder_path)
    made.load()
    return made


@pytest.fixture
def index(data_dir, embedder_path, loaded):
    with closing(Index(data_dir, embedder_path, read)) as opened:
        embedder = opened.embedders.answering.embedder
        assert isinstance(embedder, Embedder)
        embedder._model, embedder.precision = loaded._model, loaded.precision
        yield opened


@pytest.fixture
def catalog(data_dir):
    with closing(Catalog(data_dir)) as view:
        yield view


@pytest.fixture
def work(index, monkeypatch):
    """What was read and embedded, by name and by text, since it was last cleared."""
    done = []
    encode, reader = index.embedders.answering.embedder.encode, index._read

    def reading(path, password, rest):
        done.append("read")
        return reader(path, password, rest)

    monkeypatch.setattr(
        index.embedders.answering.embedder,
        "encode",
        lambda texts: done.extend(texts) or encode(texts),
    )
    monkeypatch.setattr(index, "_read", reading)
    return done


def close(monkeypatch, folder):
    """Refuse to open a folder, as for a person without the right to, whoever runs this."""

    def refusing(path="."):
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "not yours", str(path))
        return SCANDIR(path)

    monkeypatch.setattr(os, "scandir", refusing)


def names(rows):
    return sorted(Path(row.path).name for row in rows)


def catch_up(index, *paths):
    return end_of(index.folders.catch_up([FolderPart(1, tuple(map(str, paths)))]))


def drop(index, report):
    return index.drop_gone([row.id for row in report.gone])


def found(index, words):
    """The files in which a search finds words."""
    hits = index.search(f"a paper about {words}", k=5).hits
    return {Path(hit.path).name for hit in hits if words in hit.text}


def test_changes_are_followed_and_the_rest_is_left_alone(index, catalog, papers, work):
    first = end_of(index.folders.watch(str(papers)))
    assert {row.status for row in first.documents} == {"ready"}
    assert {row.collection for row in first.documents} == {"papers"}
    folder = catalog.folders()[0]
    assert (folder.path, len(folder.documents)) == (str(papers), 4)

    work.clear()
    report = catch_up(index)
    assert (report.documents, report.gone, work) == ((), (), [])

    write(papers / "deep" / "volcanoes.md", "volcanoes")
    write(papers / "lanterns.md", "beacons")
    write(papers / "~$lanterns.md", "locks")
    write(papers / ".git" / "notes.md", "hidden things")
    (papers / "orchards.md").unlink()
    report = catch_up(index)
    assert names(report.documents) == ["lanterns.md", "volcanoes.md"]
    assert work.count("read") == 2
    assert not any("harbours" in text for text in work)
    # What is gone is told, and goes only when asked for.
    assert names(report.gone) == ["orchards.md"]
    assert drop(index, report) == [report.gone[0].id]
    assert found(index, "orchards") == set()
    assert found(index, "lanterns") == set()
    assert found(index, "beacons") == {"lanterns.md"}
    assert found(index, "volcanoes") == {"volcanoes.md"}
    assert catch_up(index).gone == ()


def test_files_stay_where_they_are(index, catalog, papers, data_dir):
    row = end_of(index.folders.watch(str(papers))).documents[0]
    assert not list((data_dir / "files").rglob("*"))
    assert catalog.stored_file(row.id) == Path(row.path)
    # What was cited stood in another file than the one that is there now.
    write(Path(row.path), "other things")
    with pytest.raises(DocumentNotFound):
        catalog.stored_file(row.id)
    catch_up(index)
    assert catalog.stored_file(row.id) == Path(row.path)


def test_a_look_at_one_place_does_not_judge_the_others(index, papers):
    end_of(index.folders.watch(str(papers)))
    (papers / "orchards.md").unlink()
    (papers / "glaciers.md").unlink()
    report = catch_up(index, papers / "orchards.md", papers / "harbours.md")
    assert names(report.gone) == ["orchards.md"]


def test_moved_files_are_neither_read_nor_embedded(index, tmp_path, work):
    folder = tmp_path / "archive"
    for number in range(12):
        write(folder / f"{number}.md", f"item number {number}")
    ids = {row.id for row in end_of(index.folders.watch(str(folder))).documents}
    work.clear()
    (folder / "old").mkdir()
    for number in range(12):
        (folder / f"{number}.md").rename(folder / "old" / f"item-{number}.md")
    report = catch_up(index)
    assert {row.id for row in report.documents} == ids
    assert {row.status for row in report.documents} == {"ready"}
    assert all("old" in Path(row.path).parts for row in report.documents)
    assert (report.gone, work) == ((), [])


def test_files_move_from_one_watched_folder_to_another(index, papers, tmp_path, work):
    other = tmp_path / "desk"
    write(other / "teapots.md", "teapots")
    end_of(index.folders.watch(str(papers)))
    end_of(index.folders.watch(str(other)))
    work.clear()
    (papers / "harbours.md").rename(other / "harbours.md")
    report = end_of(index.folders.catch_up([FolderPart(1), FolderPart(2)]))
    assert [(Path(row.path).parent.name, row.collection) for row in report.documents] == [
        ("desk", "desk")
    ]
    assert (report.gone, work) == ((), [])


@pytest.mark.parametrize("loss", ["missing", "empty", "unreadable"])
def test_a_folder_that_is_not_there_keeps_its_documents(index, papers, work, loss, monkeypatch):
    end_of(index.folders.watch(str(papers)))
    work.clear()
    away = papers.with_name("away")
    if loss == "unreadable":
        close(monkeypatch, papers)
    else:
        papers.rename(away)
    if loss == "empty":
        papers.mkdir()
    report = catch_up(index)
    assert report.unavailable == {1: loss}
    assert (report.gone, report.documents) == ((), ())
    assert found(index, "harbours") == {"harbours.md"}
    # What was believed gone before the folder went is not taken out any more, either.
    assert index.drop_gone([1, 2, 3, 4]) == []

    if loss == "unreadable":
        monkeypatch.setattr(os, "scandir", SCANDIR)
    else:
        shutil.rmtree(papers, ignore_errors=True)
        away.rename(papers)
    work.clear()
    (papers / "orchards.md").unlink()
    report = catch_up(index)
    assert (report.unavailable, names(report.gone), work) == ({}, ["orchards.md"], [])


def test_a_closed_folder_within_keeps_its_documents(index, papers, monkeypatch):
    write(papers / "letters" / "volcanoes.md", "volcanoes")
    end_of(index.folders.watch(str(papers)))
    (papers / "orchards.md").unlink()
    close(monkeypatch, papers / "letters")
    assert names(catch_up(index).gone) == ["orchards.md"]


def test_a_file_that_came_back_is_not_taken_out(index, papers):
    end_of(index.folders.watch(str(papers)))
    text = (papers / "orchards.md").read_text()
    (papers / "orchards.md").unlink()
    report = catch_up(index)
    (papers / "orchards.md").write_text(text)
    assert drop(index, report) == []
    assert found(index, "orchards") == {"orchards.md"}


def test_a_document_may_be_kept_although_its_file_is_gone(index, catalog, papers):
    end_of(index.folders.watch(str(papers)))
    (papers / "orchards.md").unlink()
    report = catch_up(index)
    index.folders.keep([row.id for row in report.gone])
    assert catch_up(index).gone == ()
    assert found(index, "orchards") == {"orchards.md"}
    assert len(catalog.folders()[0].documents) == 3


def test_a_file_still_being_written_is_left_for_later(index, papers, work):
    end_of(index.folders.watch(str(papers)))
    work.clear()
    fresh = papers / "growing.md"
    fresh.write_text("The first half of a paper about growing things.")
    report = catch_up(index)
    assert report.unsettled == (FolderPart(1, (str(fresh),)),)
    assert (report.documents, work) == ((), [])
    write(fresh, "growing things")
    report = end_of(index.folders.catch_up(list(report.unsettled)))
    assert names(report.documents) == ["growing.md"]
    assert work.count("read") == 1


def test_what_a_person_takes_out_does_not_come_back_by_itself(index, papers):
    rows = end_of(index.folders.watch(str(papers))).documents
    orchards = next(row for row in rows if row.path.endswith("orchards.md"))
    index.remove([orchards.id])
    assert catch_up(index).documents == ()
    end_of(index.add([orchards.path]))
    assert found(index, "orchards") == {"orchards.md"}
    # And it is followed again.
    write(papers / "orchards.md", "vineyards")
    assert names(catch_up(index).documents) == ["orchards.md"]


def test_patterns_choose_and_what_no_longer_fits_is_gone(index, papers):
    write(papers / "drafts" / "comets.md", "comets")
    write(papers / "plain.txt", "tables")
    report = end_of(index.folders.watch(str(papers), include=["*.md"], exclude=["drafts"]))
    assert "comets.md" not in names(report.documents)
    assert "plain.txt" not in names(report.documents)
    report = end_of(index.folders.watch(str(papers), exclude=["h*"]))
    assert names(report.gone) == ["harbours.md"]
    assert len(drop(index, report)) == 1


def test_of_two_files_with_the_same_content_either_may_go(index, catalog, papers, work):
    text = (papers / "harbours.md").read_text()
    write(papers / "copy" / "harbours-2.md", "harbours").write_text(text)
    rows = end_of(index.folders.watch(str(papers))).documents
    assert work.count("read") == 4
    copy = next(row for row in rows if row.status == "skipped")
    original = next(row for row in rows if row.status == "ready" and "harbours" in row.path)
    assert copy.reason == f"duplicate of {original.path}"
    work.clear()
    Path(original.path).unlink()
    report = catch_up(index)
    assert (report.gone, work) == ((), [])
    assert catalog.document(copy.path).id == original.id
    assert found(index, "harbours") == {Path(copy.path).name}
    assert catch_up(index).documents == ()


def test_a_copy_of_a_file_that_changes_is_read_by_itself(index, catalog, papers):
    text = (papers / "harbours.md").read_text()
    write(papers / "zcopy.md", "harbours").write_text(text)
    end_of(index.folders.watch(str(papers)))
    assert catalog.document(str(papers / "zcopy.md")).status == "skipped"
    write(papers / "harbours.md", "dockyards")
    report = catch_up(index)
    assert {row.status for row in report.documents} == {"ready"}
    assert found(index, "harbours") == {"zcopy.md"}
    assert found(index, "dockyards") == {"harbours.md"}


def test_a_folder_is_no_longer_followed(index, catalog, papers):
    end_of(index.folders.watch(str(papers)))
    assert index.folders.unwatch(1).path == str(papers)
    write(papers / "volcanoes.md", "volcanoes")
    assert catch_up(index).documents == ()
    assert catalog.folders() == []
    assert len(catalog.documents()) == 4
    with pytest.raises(FolderNotFound):
        end_of(index.folders.watch(str(papers / "nowhere")))


def test_an_index_from_before_there_were_watched_folders_opens(index, data_dir, embedder_path):
    end_of(index.add_texts([]))
    index.close()
    with closing(sqlite3.connect(database_path(data_dir))) as db:
        for table in ("lost_files", "left_out_files", "folder_documents", "watched_folders"):
            db.execute(f"DROP TABLE {table}")
        db.execute("DELETE FROM schema_versions WHERE component = 'folders'")
        db.commit()
    with closing(Catalog(data_dir)) as catalog:
        assert catalog.folders() == []
    with closing(Index(data_dir, embedder_path, read)) as again:
        assert end_of(again.folders.catch_up([])).documents == ()


def letter(changes):
    """A letter of a page, with some of its lines as they are in another version."""
    line = "Clause {n} says that the {parties} parties share {keys} keys."
    lines = [line.format(n=n, parties=n * 37 % 101, keys=n * 7) for n in range(40)]
    return "\n".join(changes.get(n, line) for n, line in enumerate(lines))


def test_documents_that_are_nearly_the_same_are_told(index, catalog, papers):
    first = write(papers / "contract.txt", "x")
    first.write_text(letter({}))
    end_of(index.folders.watch(str(papers)))
    assert catalog.likes() == {}
    second = write(papers / "contract-final.txt", "x")
    second.write_text(letter({3: "Clause 3 was struck out.", 30: "Clause 30 holds from May on."}))
    end_of(index.folders.watch(str(papers)))
    ids = {Path(row.path).name: row.id for row in catalog.documents()}
    ((newer, like),) = catalog.likes().items()
    assert (newer, like.document) == (ids["contract-final.txt"], ids["contract.txt"])
    assert not like.is_same
    assert 0.7 < like.share < 1
    index.remove([ids["contract.txt"]])
    assert catalog.likes() == {}


def test_a_search_gives_the_same_words_once(index, papers, tmp_path, work):
    end_of(index.folders.watch(str(papers)))
    other = tmp_path / "desk"
    write(other / "again.md", "x").write_text((papers / "harbours.md").read_text())
    write(other / "more.md", "dunes")
    work.clear()
    end_of(index.folders.watch(str(other)))
    # Under another collection it is a document of its own, and is read no more for it.
    assert work.count("read") == 1
    assert not any("harbours" in text for text in work)
    hits = index.search("a paper about harbours", k=5).hits
    assert sum("harbours" in hit.text for hit in hits) == 1
    # Each copy is found where only it is asked for.
    assert len(index.search("harbours", k=1, collection="desk").hits) == 1
    spans = index.evidence(["a paper about harbours"], 4000)
    assert sum("harbours" in span.text for span in spans) == 1
