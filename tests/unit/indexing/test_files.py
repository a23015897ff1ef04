"""Finding files, and keeping copies of them by content."""

from __future__ import annotations

import hashlib
import sys

import pytest

from indexing.files import drop_copies, find_files, hash_file, keep_copy, sweep_unfinished
from tests.steps import end_of


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "papers"
    (root / "b").mkdir(parents=True)
    (root / ".git").mkdir()
    for name in ("z.txt", "a.MD", "b/c.txt", "b/photo.raw", ".hidden.txt", ".git/d.txt"):
        (root / name).write_text(name)
    return root


def test_folders_are_walked_in_order_without_hidden_and_foreign_files(folder):
    found = end_of(find_files([str(folder)], frozenset({".txt", ".md"})))
    names = [path.removeprefix(str(folder))[1:].replace("\\", "/") for path in found.files]
    assert names == ["a.MD", "z.txt", "b/c.txt"]
    assert found.unsupported == 1
    assert found.missing == ()


def test_files_by_name_are_taken_whatever_they_are_and_once(folder):
    given = [
        str(folder / "b" / "photo.raw"),
        str(folder / "z.txt"),
        str(folder / "b" / ".." / "z.txt"),
    ]
    found = end_of(find_files([*given, str(folder / "gone.txt")], frozenset({".txt"})))
    assert found.files == (str(folder / "b" / "photo.raw"), str(folder / "z.txt"))
    assert found.missing == (str(folder / "gone.txt"),)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_loop_of_links_ends(folder):
    (folder / "b" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "b" / "nowhere.txt").symlink_to(folder / "nothing")
    found = end_of(find_files([str(folder)], frozenset({".txt"})))
    assert len(found.files) == 2


def test_a_copy_lies_under_its_content(folder, data_dir):
    source = folder / "z.txt"
    source.write_bytes(b"x" * 9_000_000)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    sha256, stored = end_of(keep_copy(data_dir, source))
    assert sha256 == digest == end_of(hash_file(source))
    assert stored == data_dir / "files" / digest[:2] / f"{digest}.txt"
    assert stored.read_bytes() == source.read_bytes()
    drop_copies(data_dir, sha256)
    assert not stored.parent.exists()


def test_a_copy_that_is_stopped_leaves_nothing(folder, data_dir):
    source = folder / "z.txt"
    source.write_bytes(b"x" * 9_000_000)
    copying = keep_copy(data_dir, source)
    next(copying)
    copying.close()
    assert not [path for path in data_dir.rglob("*") if path.is_file()]


def test_what_a_kill_left_is_swept(data_dir):
    (data_dir / "files").mkdir()
    (data_dir / "files" / "1-2.part").write_bytes(b"half")
    sweep_unfinished(data_dir)
    assert not list((data_dir / "files").iterdir())
