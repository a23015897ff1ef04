from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexing import unpacked
from indexing.unpacked import drop_unpacked, find_unpacked, name_of, settle, trim, unpacked_path


def put(tmp_path, folder, sha256, name, text):
    file = tmp_path / "being unpacked"
    file.write_text(text)
    settle(file, folder, sha256, name)
    return unpacked_path(folder, sha256, name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/papers/lease.pdf", "lease.pdf"),
        ("/papers/all.zip", "all.zip"),
        ("/papers/all.zip/lease.pdf", "all.zip/lease.pdf"),
        ("/papers/All.ZIP/in/old.zip/prices.xlsx", "All.ZIP/in/old.zip/prices.xlsx"),
        ("/papers/letter.eml", "letter.eml"),
        ("/papers/Letter.EML/old.zip/prices.xlsx", "Letter.EML/old.zip/prices.xlsx"),
        ("/papers/all.zip/then.msg/plan.docx", "all.zip/then.msg/plan.docx"),
        ("", ""),
    ],
)
def test_a_member_is_called_by_its_archive_too(path, name):
    assert name_of(str(Path(path)) if path else "") == name


def test_a_member_lies_under_a_name_that_every_system_takes(tmp_path):
    path = unpacked_path(tmp_path, "aa", 'x/Angebot "Müller": 3*4?.PDF')
    assert path == tmp_path / "aa" / "Angebot _Müller__ 3_4_.pdf"
    assert unpacked_path(tmp_path, "aa", "x/" + "long " * 99 + ".txt").name.endswith(".txt")


def test_what_was_not_used_for_longest_goes_first(tmp_path, monkeypatch):
    folder = tmp_path / "unpacked"
    monkeypatch.setattr(unpacked, "MOST_BYTES", 25)
    files = [put(tmp_path, folder, f"{n}{n}", f"{n}.txt", "x" * 10) for n in range(4)]
    for age, file in enumerate(files):
        os.utime(file.parent, (1_000_000 - age, 1_000_000 - age))
    assert find_unpacked(folder, "33", "3.txt") == files[3]  # The oldest is used now.
    trim(folder)
    assert [file.is_file() for file in files] == [True, False, False, True]
    assert find_unpacked(folder, "11", "1.txt") is None
    drop_unpacked(folder, "33")
    drop_unpacked(folder, "33")
    assert [one.name for one in folder.iterdir()] == ["00"]
    trim(tmp_path / "not there")


def test_what_is_there_stays_as_it_is(tmp_path):
    folder = tmp_path / "unpacked"
    first = put(tmp_path, folder, "aa", "a.txt", "Words")
    put(tmp_path, folder, "aa", "a.txt", "Words")
    assert first.read_text() == "Words"
    put(tmp_path, folder, "aa", "of another name.txt", "Words")
    assert len(list(first.parent.iterdir())) == 2
