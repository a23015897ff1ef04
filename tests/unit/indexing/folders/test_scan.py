"""What is in a folder now, and whether it is surely there."""

from __future__ import annotations

import os
import shutil

import pytest

from indexing.folders.scan import availability, inode_of, mount_of, scan
from indexing.folders.selection import Selection
from indexing.types import WatchedFolder
from tests.steps import end_of

SUFFIXES = frozenset({".txt", ".pdf"})


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "papers"
    (root / "b" / "deep").mkdir(parents=True)
    (root / "node_modules").mkdir()
    for name in ("a.txt", "b/c.txt", "b/deep/d.PDF", "b/x.raw", "node_modules/e.txt", ".f.txt"):
        (root / name).write_text(name)
    return root


def names(root, snapshot):
    return [os.path.relpath(path, root).replace("\\", "/") for path in snapshot.files]


def test_all_files_that_are_taken_are_found(folder):
    found = end_of(scan(str(folder), Selection(), SUFFIXES))
    assert names(folder, found) == ["a.txt", "b/c.txt", "b/deep/d.PDF"]
    assert found.unsupported == 1
    info = (folder / "a.txt").stat()
    facts = found.files[str(folder / "a.txt")]
    assert (facts.bytes, facts.mtime_ns) == (info.st_size, info.st_mtime_ns)


def test_a_look_at_parts_sees_only_those(folder):
    parts = [folder / "b" / "deep", folder / "a.txt", folder / "gone", folder / "node_modules"]
    found = end_of(scan(str(folder), Selection(), SUFFIXES, parts=[str(part) for part in parts]))
    assert sorted(names(folder, found)) == ["a.txt", "b/deep/d.PDF"]


def test_a_disk_within_that_is_not_mounted_is_unreachable(folder):
    # No disk was ever mounted there, which is what an empty place of a mount looks like.
    found = end_of(scan(str(folder), Selection(), SUFFIXES, mounts=[str(folder / "b")]))
    assert found.unreachable == {str(folder / "b")}


def test_a_folder_is_there_or_says_why_not(folder):
    path = str(folder)
    watched = WatchedFolder(1, path, None, mount=mount_of(path), inode=inode_of(path))
    assert availability(watched) is None
    for file in folder.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    # The same folder, emptied by someone.
    assert availability(watched) is None
    away = folder.rename(folder.with_name("away"))
    assert availability(watched) == "missing"
    # What is left where a disk was mounted.
    folder.mkdir()
    assert availability(watched) == "empty"
    folder.rmdir()
    away.rename(folder)
    assert availability(watched) is None
    elsewhere = WatchedFolder(1, path, None, mount=str(folder.parent), inode=inode_of(path))
    assert availability(elsewhere) == "not_mounted"
