"""When so many files are gone from a folder that a person is asked first."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from indexing.catalog import Catalog
from indexing.database import connect, migrate
from indexing.folders.following import Folders
from indexing.folders.losses import large_losses
from indexing.schema import COMPONENT, MIGRATIONS
from indexing.store import DocumentStore
from indexing.types import FolderPart, WatchedFolder
from tests.steps import end_of


def folder(number, documents, lost=0):
    return WatchedFolder(number, f"/papers/{number}", None, documents=tuple(documents), lost=lost)


@pytest.mark.parametrize(
    ("gone", "of", "is_large"),
    [(21, 30, True), (30, 30, True), (20, 20, False), (21, 42, False), (22, 42, True)],
)
def test_more_than_twenty_and_more_than_half(gone, of, is_large):
    lost = large_losses(set(range(gone)), [folder(1, range(of))])
    assert lost == ({1: tuple(range(gone))} if is_large else {})


@pytest.mark.parametrize(
    ("gone", "of", "lost", "is_large"),
    [(1, 20, 20, True), (1, 22, 20, False), (5, 25, 15, False), (0, 5, 40, False)],
)
def test_what_went_lately_counts_with_what_is_gone_now(gone, of, lost, is_large):
    found = large_losses(set(range(gone)), [folder(1, range(of), lost)])
    assert found == ({1: tuple(range(gone))} if is_large else {})


def test_each_folder_is_judged_by_itself():
    folders = [folder(1, range(100)), folder(2, range(100, 130))]
    gone = {*range(40), *range(100, 125)}
    assert large_losses(gone, folders) == {2: tuple(range(100, 125))}


def test_a_great_loss_bit_by_bit_is_told_until_a_person_has_decided(tmp_path, data_dir):
    sheets = [tmp_path / "log" / f"{number:02}.txt" for number in range(30)]
    sheets[0].parent.mkdir()
    # Written long ago: a fresh file may be one that has only moved.
    for path in sheets:
        path.write_text(path.stem)
        os.utime(path, (1_000_000, 1_000_000))
    with closing(connect(data_dir)) as db, closing(Catalog(data_dir)) as catalog:
        migrate(db, COMPONENT, MIGRATIONS)
        store = DocumentStore(db)
        folders = Folders(
            db, store, lambda _: (_ for _ in ()), lambda: frozenset({".txt"}), data_dir
        )
        end_of(folders.watch(str(sheets[0].parent)))

        def lose(first, last):
            for path in sheets[first:last]:
                path.unlink()
            gone = [row.id for row in end_of(folders.catch_up([FolderPart(1)])).gone]
            assert folders.still_gone(gone) == gone
            return gone, large_losses(gone, catalog.folders())

        def drop(gone, *, asked=False):
            _, _, rows = store.remove(gone)
            folders.note_gone([row["path"] for row in rows], asked)

        gone, large = lose(0, 14)
        assert (len(gone), large) == (14, {})
        drop(gone)
        assert [folder.lost for folder in catalog.folders()] == [14]
        # By themselves these are few.
        gone, large = lose(14, 24)
        assert large == {1: tuple(gone)}
        # Once a person has said that they may go, no more is asked about each further one.
        drop(gone, asked=True)
        gone, large = lose(24, 25)
        assert (len(gone), large) == (1, {})
        drop(gone)
        assert [folder.lost for folder in catalog.folders()] == [1]
        # A file that is back was not lost.
        sheets[24].write_text("back")
        end_of(folders.watch(str(sheets[0].parent)))
        assert [folder.lost for folder in catalog.folders()] == [0]
        # Of what they keep they know as well.
        drop(lose(25, 26)[0])
        gone, _ = lose(26, 27)
        folders.keep(gone)
        assert [folder.lost for folder in catalog.folders()] == [0]
        # What went more than a day ago is another matter.
        drop(lose(27, 28)[0])
        db.execute("UPDATE lost_files SET lost_at = lost_at - 100000")
        assert [folder.lost for folder in catalog.folders()] == [0]
