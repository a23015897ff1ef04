"""The reader process with real files, really killed."""

from __future__ import annotations

import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.services.reader import Reader
from indexing.errors import FileMissing, FileUnreadable, ReadTimeout, UnsupportedFormat
from indexing.types import CanonicalDocument, ReadProgress
from tests.integration.services.support import kill
from tests.waiting import PATIENCE_S


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader.log", tmp_path / "scratch")
    yield made
    made.close()


def read(reader: Reader, path: Path) -> CanonicalDocument:
    steps = reader.read(path)
    try:
        while True:
            assert isinstance(next(steps), ReadProgress)
    except StopIteration as end:
        return end.value


def test_it_reads_what_the_library_reads(reader, tmp_path):
    from indexing.readers.read import read as read_here

    path = tmp_path / "note.md"
    path.write_text("# Rent\n\nThe rent is 900 € from May on.\n" * 200, encoding="utf-8")
    steps = read_here(path)
    expected = None
    while expected is None:
        try:
            next(steps)
        except StopIteration as end:
            expected = end.value
    assert read(reader, path) == expected


def test_its_findings_arrive_as_what_they_are(reader, tmp_path):
    with pytest.raises(FileMissing):
        read(reader, tmp_path / "nothing.txt")
    (tmp_path / "program.exe").write_bytes(b"MZ\x90\x00")
    with pytest.raises(UnsupportedFormat) as caught:
        read(reader, tmp_path / "program.exe")
    assert caught.value.suffix == ".exe"
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\n" + bytes(range(256)) * 10)
    with pytest.raises(FileUnreadable):
        read(reader, tmp_path / "broken.pdf")


def big_text(folder: Path, paragraphs: int = 400_000) -> Path:
    path = folder / "big.txt"
    path.write_text("The quick brown fox jumps over the lazy dog.\n\n" * paragraphs)
    return path


def kill_while_reading(reader: Reader, path: Path, times: int) -> CanonicalDocument:
    """Reads a file whose reader is killed so many times, each in the midst of it."""
    killed: set[int | None] = set()
    assert reader.worker.wait_ready(PATIENCE_S)
    steps = reader.read(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            assert len(killed) == times
            return end.value
        pid = reader.worker.pid
        if reader.worker.status == "ready" and pid not in killed and len(killed) < times:
            kill(pid)
            killed.add(pid)


def test_a_file_whose_reader_dies_is_read_once_more(reader, tmp_path):
    path = big_text(tmp_path, 40_000)
    assert kill_while_reading(reader, path, 1) == read(reader, path)


def test_a_reader_that_dies_again_fails_its_file_and_reads_the_next(reader, tmp_path):
    path = big_text(tmp_path)
    (tmp_path / "small.txt").write_text("It is all right.")
    for _ in range(2):  # more often than a worker may die that is not a reader
        with pytest.raises(FileUnreadable) as caught:
            kill_while_reading(reader, path, 2)
        assert caught.value.problem == "reader_crashed"
    assert read(reader, tmp_path / "small.txt").text.strip() == "It is all right."


def test_a_file_that_takes_too_long_is_given_up(tmp_path):
    reader = Reader(tmp_path / "reader.log", tmp_path / "scratch", time_limit=0.01)
    try:
        path = big_text(tmp_path)
        reader.worker.wait_ready(PATIENCE_S)
        started = time.monotonic()
        with pytest.raises(ReadTimeout) as caught:
            read(reader, path)
        assert caught.value.seconds == 0.01
        assert time.monotonic() - started < 60
    finally:
        reader.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds to the limit")
def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path, monkeypatch):
    from assistant.services import reader as module

    monkeypatch.setattr(module, "_MEMORY_BYTES", 300 * 1024**2)
    reader = Reader(tmp_path / "reader.log", tmp_path / "scratch")
    try:
        with pytest.raises(FileUnreadable) as caught:
            read(reader, big_text(tmp_path))
        assert caught.value.problem == "reader_crashed"
        (tmp_path / "small.txt").write_text("It is all right.")
        assert read(reader, tmp_path / "small.txt").text.strip() == "It is all right."
    finally:
        reader.close()


def test_a_reader_that_is_killed_leaves_nothing_unpacked(reader, tmp_path):
    archive = tmp_path / "letters.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        package.write(big_text(tmp_path), "big.txt")
    assert reader.worker.wait_ready(PATIENCE_S)
    steps = reader.read(archive)
    scratch = tmp_path / "scratch"
    while not any(scratch.iterdir()):
        next(steps)
    kill(reader.worker.pid)
    steps.close()
    assert reader.worker.wait_ready(PATIENCE_S)
    assert not any(scratch.iterdir())
    reader.close()
    assert not scratch.exists()


def test_closing_a_read_stops_it(reader, tmp_path):
    steps = reader.read(big_text(tmp_path))
    next(steps)
    started = time.monotonic()
    steps.close()
    assert time.monotonic() - started < 30
    (tmp_path / "small.txt").write_text("It is all right.")
    assert read(reader, tmp_path / "small.txt").text.strip() == "It is all right."
