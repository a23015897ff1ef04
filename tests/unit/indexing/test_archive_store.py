"""Archives and their members in the database, without reading anything."""

from __future__ import annotations

import msgspec
import pytest

from indexing import collections
from indexing.archive_store import MIGRATIONS as ARCHIVES
from indexing.database import migrate
from indexing.types import Block, CanonicalDocument, Member, Passage

TEXT = CanonicalDocument("Papers", "zip", "The rent.", (Block(0, 9, "paragraph"),))
PASSAGES = [Passage(0, 9, None, (), 3)]


def members(*names, content=""):
    return [Member(name, 9, f"sha of {content or name}") for name in names]


def read(store, document, text=TEXT):
    """Let a document be read and ready."""
    sha256 = store.raw(document)["sha256"]
    content = store.contents.put(document, sha256, text, PASSAGES)
    passages = [one.id for one in store.passages.pending([content], 10)]
    store.passages.mark_embedded(passages)
    store.finish(document, content)
    return passages


@pytest.fixture
def archive(store):
    number = store.register("/p/all.zip", "all", 900, 1, "home")
    collections.put(store._db, "Taxes", [number])
    store.archives.put(number, members("a.txt", "in/b.txt"), ())
    for row in store.archives.members(number):
        read(store, row["id"])
    return number


def standing(catalog):
    return {row.path: row.status for row in catalog.documents() if row.archive is not None}


def test_members_go_where_their_archive_goes(store, archive, catalog):
    assert standing(catalog) == {"/p/all.zip/a.txt": "ready", "/p/all.zip/in/b.txt": "ready"}
    assert {row.collections for row in catalog.documents()} == {("home", "Taxes")}
    store.move(archive, "/q/old.zip", 2)
    store.register("/q/old.zip", "old", 900, 2, "archive")
    collections.take_out(store._db, "Taxes", [archive])
    assert set(standing(catalog)) == {"/q/old.zip/a.txt", "/q/old.zip/in/b.txt"}
    assert {row.collections for row in catalog.documents()} == {("archive",)}


def test_what_is_new_changed_moved_and_gone(store, archive, catalog):
    ids = {row["path"]: row["id"] for row in store.archives.members(archive)}
    change = store.archives.put(
        archive,
        [
            Member("a.txt", 10, "sha of another"),
            *members("moved/c.txt", content="in/b.txt"),
            *members("new.txt"),
            Member("torn.pdf", 5, "", "unreadable: damaged"),
        ],
        {"/p/all.zip/new.txt"},
    )
    assert (change.passages, change.queued) == ([], [])
    assert standing(catalog) == {
        "/p/all.zip/a.txt": "queued",
        "/p/all.zip/moved/c.txt": "ready",
        "/p/all.zip/torn.pdf": "failed",
    }
    assert catalog.document("/p/all.zip/moved/c.txt").id == ids["/p/all.zip/in/b.txt"]
    assert catalog.text(ids["/p/all.zip/a.txt"]) == TEXT.text  # As it was, until it is ready.
    assert not store.archives.is_whole(archive)
    gone = store.archives.put(archive, members("a.txt"), ())
    assert len(gone.passages) == 1
    assert list(standing(catalog)) == ["/p/all.zip/a.txt"]
    assert store.archives.is_whole(archive)


def test_the_same_once_more_changes_nothing(store, archive, catalog):
    before = catalog.documents()
    change = store.archives.put(archive, members("a.txt", "in/b.txt"), ())
    assert (change.passages, change.hashes, change.queued) == ([], [], [])
    assert catalog.documents() == before


def test_a_copy_of_a_member_that_changed_is_a_document_of_its_own(store, archive):
    [first, _] = store.archives.members(archive)
    copy = store.register("/p/copy.txt", "copy", 9, 1, "home")
    store.set_duplicate(copy, first)
    change = store.archives.put(archive, [Member("a.txt", 1, "x"), *members("in/b.txt")], ())
    assert change.queued == [copy]
    assert store.row(copy).status == "queued"


def test_a_given_up_change_is_seen_again(store, archive, catalog):
    store.set_file(archive, "sha of the archive", 900, 1)
    store.archives.put(archive, [Member("a.txt", 1, "new"), *members("in/b.txt", "c.txt")], ())
    store.forget_queued(frozenset({archive}))
    assert standing(catalog) == {"/p/all.zip/a.txt": "ready", "/p/all.zip/in/b.txt": "ready"}
    assert store.raw(archive)["sha256"] is None  # So that it is unpacked once more.
    removed, passages = store.forget_queued()
    assert len(removed) == 3
    assert len(passages) == 2
    assert catalog.documents() == []


def test_a_file_may_take_the_path_of_a_member(store, archive, catalog):
    number = store.register("/p/all.zip/a.txt", "a", 9, 1, None)
    assert catalog.document(number).archive is None
    store.archives.put(archive, members("a.txt", "in/b.txt"), ())
    assert catalog.document(number).archive == archive


def test_archives_of_an_earlier_version_are_read_anew(db, store, catalog):
    store.register("/p/old.zip", "old", 9, 1, None)
    store.set_file(1, "sha", 9, 1)
    read(store, 1)
    for name in ("members_move", "members_are_kept", "members_are_put", "members_are_taken_out"):
        db.execute(f"DROP TRIGGER {name}")
    db.execute("DROP INDEX documents_by_archive")
    for column in ("archive_id", "members"):
        db.execute(f"ALTER TABLE documents DROP COLUMN {column}")
    db.execute("DELETE FROM schema_versions WHERE component = 'archives'")
    [row] = catalog.documents()
    assert (row.status, row.archive, row.members) == ("ready", None, None)
    assert catalog.searched([1]) == [1]
    migrate(db, "archives", ARCHIVES)
    [row] = catalog.documents()
    assert (row.status, row.passages) == ("queued", 1)
    assert catalog.text(1) == TEXT.text


def test_mails_of_an_earlier_version_are_read_anew_and_found_meanwhile(db, store, catalog):
    mail = msgspec.structs.replace(TEXT, kind="eml")
    zipped = store.register("/p/all.zip", "all", 9, 1, None)
    store.set_file(zipped, "sha", 9, 1)
    read(store, zipped)
    store.archives.put(zipped, members("then.eml"), ())
    alone = store.register("/p/letter.eml", "letter", 9, 1, None)
    store.set_file(alone, "sha of a letter", 9, 1)
    within = store.archives.members(zipped)[0]["id"]
    other = store.register("/p/other.txt", "other", 9, 1, None)
    store.set_file(other, "sha of another", 9, 1)
    for document, text in ((alone, mail), (within, mail), (other, TEXT)):
        read(store, document, text)
    db.execute("UPDATE schema_versions SET version = 1 WHERE component = 'archives'")
    migrate(db, "archives", ARCHIVES)
    assert {row.path: row.status for row in catalog.documents()} == {
        "/p/all.zip": "queued",
        "/p/all.zip/then.eml": "queued",
        "/p/letter.eml": "queued",
        "/p/other.txt": "ready",
    }
    assert catalog.text(alone) == TEXT.text
    assert store.contents.find(alone, "sha of a letter") is None
    assert store.contents.find(within, "sha of then.eml") is None
    assert store.contents.find(other, "sha of another") is not None
