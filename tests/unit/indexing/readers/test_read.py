from __future__ import annotations

from contextlib import suppress
from typing import Any

import openpyxl
import pytest

from indexing.errors import FileMissing, FileUnreadable, ReadError, UnsupportedFormat
from indexing.readers import formats
from indexing.readers.read import read, supported_suffixes
from tests.unit.indexing.readers.conftest import write_lines


def test_the_suffix_chooses_the_reader(tmp_path, finish):
    for suffix, kind in ((".txt", "text"), (".MD", "markdown"), (".htm", "html")):
        path = tmp_path / f"file{suffix}"
        path.write_text("Some words")
        assert finish(read(path)).kind == kind
        assert suffix.lower() in supported_suffixes()


def test_a_pdf_is_a_pdf_whatever_its_name(make_pdf, finish):
    path = make_pdf(lambda canvas: write_lines(canvas, ["Some words"]), name="letter.txt")
    assert finish(read(path)).kind == "pdf"


def test_a_text_about_pdf_is_a_text(tmp_path, finish):
    path = tmp_path / "about.txt"
    path.write_text("A PDF begins with %PDF-1.7 and a line end.")
    assert finish(read(path)).kind == "text"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xyz", b"words"),
        ("noname", b"words"),
        ("a.txt", b"PK\x03\x04rest of a zip"),
        ("a.txt", b"\x1f\x8b\x08 packed"),
        ("a.html", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ],
)
def test_unknown_formats_are_named(tmp_path, finish, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnsupportedFormat) as caught:
        finish(read(path))
    assert caught.value.suffix == path.suffix
    assert caught.value.path == str(path)


def test_what_is_not_there_is_missing(tmp_path, finish):
    for path in (tmp_path / "nothing.txt", tmp_path):
        with pytest.raises(FileMissing):
            finish(read(path))


def test_a_reader_that_trips_is_a_fact_about_the_file(tmp_path, finish, monkeypatch):
    def trip(_path, _password=None):
        raise RecursionError("too deep")
        yield

    monkeypatch.setitem(formats.READERS, ".txt", trip)
    path = tmp_path / "a.txt"
    path.write_text("words")
    with pytest.raises(FileUnreadable) as caught:
        finish(read(path))
    assert "too deep" in caught.value.problem
    assert isinstance(caught.value, ReadError)


def test_an_office_file_is_known_by_its_parts(tmp_path, finish):
    path = tmp_path / "table.docx"
    book: Any = openpyxl.Workbook()
    book.active["A1"] = "Some words"
    book.save(path)
    assert finish(read(path)).kind == "xlsx"


def test_every_suffix_has_one_reader():
    suffixes = supported_suffixes()
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


@pytest.mark.parametrize(
    "suffix",
    [*{reader: suffix for suffix, reader in formats.READERS.items()}.values(), *formats.CONTAINERS],
)
def test_noise_is_refused_or_read_whatever_its_name(tmp_path, finish, suffix):
    path = tmp_path / f"noise{suffix}"
    for data in (
        bytes(range(256)) * 4,
        b"PK\x03\x04" + bytes(99),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ):
        path.write_bytes(data)
        with suppress(ReadError):
            finish(read(path))
