"""Which files of a folder are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.folders.selection import Selection


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "~$letter.docx", "book.pdf.part", "movie.crdownload", "notes.txt~", "Thumbs.db"],
)
def test_what_programs_keep_for_themselves_is_left_out(name):
    assert not Selection().takes(name)
    assert not Selection().takes(str(Path("letters", name)))
    assert Selection().takes("letter.docx")


def test_patterns_are_about_names_or_about_paths():
    chosen = Selection(include=["*.PDF", "letters/*.docx"], exclude=["draft*", "old/"])
    for path, taken in [
        ("a.pdf", True),
        ("deep/down/b.Pdf", True),
        ("letters/to-anna.docx", True),
        ("letters/2024/to-ben.docx", True),
        ("c.docx", False),
        ("draft 3.pdf", False),
    ]:
        assert chosen.takes(str(Path(path))) is taken, path
    assert not chosen.enters("/x/old", "old")
    assert not chosen.enters("/x/a/old", str(Path("a", "old")))
    assert chosen.enters("/x/older", "older")


def test_a_change_within_what_is_left_out_is_not_looked_at():
    root = str(Path("/home/me/.papers").absolute())
    chosen = Selection(apart=[str(Path(root, "data"))])
    for below, reached in [
        ("", True),
        ("a.pdf", True),
        ("letters/a.pdf", True),
        (".git/index", False),
        ("site/node_modules/a.md", False),
        ("data", False),
        ("data/files/a.pdf", False),
        ("book.pdf.part", False),
    ]:
        assert chosen.reaches(root, str(Path(root, below))) is reached, below
