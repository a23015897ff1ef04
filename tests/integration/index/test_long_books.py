"""Books that are read part by part."""

from __future__ import annotations

import pytest
from reportlab.pdfgen.canvas import Canvas

from indexing.errors import FileUnreadable
from indexing.readers import pdf
from indexing.readers.read import read
from tests.integration.index.support import consistent, end_of

pytestmark = pytest.mark.model

BOOK_PAGES = 20


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A PDF of so many pages that it is read in several parts."""
    monkeypatch.setattr(pdf, "PART_WEIGHT", 6)
    path = tmp_path / "book.pdf"
    canvas = Canvas(str(path))
    for number in range(1, BOOK_PAGES + 1):
        canvas.drawString(72, 760, f"Letter {number} was sent from harbour {number * 7}.")
        canvas.drawString(72, 700, f"It told of ship {number * 13}, and of the weather at sea.")
        canvas.showPage()
    canvas.save()
    return path


def test_a_long_book_is_found_from_its_first_pages_on(index, catalog, book, data_dir):
    rests = []

    def reading(path, password, rest):
        rests.append(rest)
        return read(path, password, rest)

    index._read = reading
    adding = index.add([str(book)])
    while len(rests) < 2:
        next(adding)
    row = catalog.documents()[0]
    assert row.is_partly_read
    assert 0 < row.pages < BOOK_PAGES
    assert "harbour 14." in index.search("letter from harbour 14", k=1).hits[0].text
    before = catalog.text(row.id)
    adding.close()  # As after a kill: what is stored is all that is known.

    events, report = end_of(index.resume())
    assert [(row.status, row.pages, row.reason) for row in report.documents] == [
        ("ready", BOOK_PAGES, None)
    ]
    assert catalog.text(row.id).startswith(before)
    assert [rest.read for rest in rests[1:]] == sorted(rest.read for rest in rests[1:])
    assert rests.count(None) == 1
    read_of = [event.done for event in events if event.stage == "reading" and event.total]
    assert read_of == sorted(read_of)
    for number in (1, 9, BOOK_PAGES):
        assert f"ship {number * 13}," in catalog.text(row.id, page=number)
        [hit] = index.search(f"What was told of ship {number * 13}?", k=1).hits
        assert f"ship {number * 13}," in hit.text
        assert catalog.text(row.id)[hit.start : hit.end] == hit.text
    consistent(data_dir, index)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (
            FileUnreadable("book.pdf", "reader_crashed"),
            "ready",
            "not read from page 6 on (unreadable: reader_crashed)",
        ),
        (FileNotFoundError(2, "gone"), "failed", "missing"),
    ],
)
def test_a_book_that_cannot_be_read_to_its_end(
    index, catalog, book, data_dir, error, status, reason
):
    def reading(path, password, rest):
        if rest is not None:
            raise error
        return (yield from read(path, password, rest))

    index._read = reading
    _, report = end_of(index.add([str(book)]))
    [row] = report.documents
    assert (row.status, row.reason) == (status, reason)
    assert bool(index.search("harbour", k=1).hits) == (status == "ready")
    index._read = read
    _, report = end_of(index.add([str(book)]))
    assert [(row.status, row.reason, row.pages) for row in report.documents] == [
        ("ready", None, BOOK_PAGES)
    ]
    assert "ship 260," in catalog.text(row.id, page=BOOK_PAGES)
    consistent(data_dir, index)


def test_a_book_may_be_removed_while_it_is_read(index, book, data_dir):
    for event in index.add([str(book)]):
        if event.document.is_partly_read:
            index.remove([event.document.id])
    assert consistent(data_dir, index) == set()
