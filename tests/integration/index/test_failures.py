"""Files that cannot be read: each says why, and the rest goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.errors import PasswordNeeded
from indexing.readers.read import read
from tests.integration.index.support import BREAD, consistent, end_of

pytestmark = pytest.mark.model


def test_a_file_that_fails_says_why_and_the_rest_goes_on(index, catalog, papers, data_dir):
    (papers / "empty.txt").write_text("  \n")
    (papers / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")

    def guarded(path, password, rest):
        if path.read_bytes() == BREAD.encode():
            raise PasswordNeeded(str(path))
        return (yield from read(path, password, rest))

    index._read = guarded
    _, report = end_of(index.add([str(papers), str(papers / "gone.md")]))
    ends = {
        Path(row.path).name: (row.status, (row.reason or "").split(":")[0])
        for row in report.documents
    }
    assert ends == {
        "bread.md": ("failed", "password_needed"),
        "broken.pdf": ("failed", "unreadable"),
        "empty.txt": ("failed", "no_text"),
        "lease.md": ("ready", ""),
        "gone.md": ("failed", "missing"),
    }
    consistent(data_dir, index)
    index._read = read
    _, again = end_of(index.add([str(papers / "bread.md")]))
    assert again.documents[0].status == "ready"


def test_a_reader_that_trips_fails_one_file_only(index, papers):
    def tripping(path, password, rest):
        if path.read_bytes() == BREAD.encode():
            raise RuntimeError("a parser's own trouble")
        return (yield from read(path, password, rest))

    index._read = tripping
    _, report = end_of(index.add([str(papers)]))
    assert [(row.status, row.reason) for row in report.documents] == [
        ("failed", "unreadable: RuntimeError"),
        ("ready", None),
    ]


def test_what_failed_is_tried_again_only_where_that_may_help(index, papers):
    (papers / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")
    tried = []

    def reading(path, password, rest):
        tried.append(path.suffix)
        if path.read_bytes() == BREAD.encode() and password is None:
            raise PasswordNeeded(str(path))
        return (yield from read(path, password, rest))

    def add(*paths, password=None):
        tried.clear()
        _, report = end_of(index.add([str(path) for path in paths], password=password))
        rows = {Path(row.path).name: (row.status, row.reason) for row in report.documents}
        return sorted(tried), rows

    index._read = reading
    conditions = ["as ever"]
    index._intake.conditions = lambda: conditions[0]
    assert add(papers)[0] == [".md", ".md", ".pdf"]
    found, rows = add(papers)
    assert found == []
    assert rows["bread.md"] == ("failed", "password_needed")
    assert rows["broken.pdf"][0] == "failed"
    assert add(papers / "broken.pdf")[0] == [".pdf"]
    conditions[0] = "LibreOffice is there"
    assert add(papers)[0] == [".md", ".pdf"]
    assert add(papers, password="sesame")[0] == [".md"]
    (papers / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else either")
    assert add(papers)[0] == [".pdf"]
