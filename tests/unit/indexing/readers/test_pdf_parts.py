"""Long PDF files, which are read part by part."""

from __future__ import annotations

import pytest

from indexing.errors import EmptyDocument
from indexing.readers import pdf
from indexing.readers.pdf import read_pdf, read_pdf_part
from tests.steps import end_of
from tests.unit.indexing.readers.conftest import write_lines

PAGES = 24
WEIGHT = 7


def chapter_page(number):
    """A page of a book of chapters of six pages; its last sentence mostly goes on overleaf."""

    def draw(canvas):
        write_lines(canvas, ["A Book of Weights and Measures"], top=810, size=9)
        write_lines(canvas, [f"Page {number} of {PAGES}"], left=280, top=30, size=9)
        top = 770
        if number % 6 == 1:
            canvas.bookmarkPage(str(number))
            canvas.addOutlineEntry(f"Chapter {number // 6 + 1}", str(number), level=0)
            top = write_lines(canvas, [f"Chapter {number // 6 + 1}"], top=top, size=20) - 10
        ends = "on all sides." if number % 3 == 0 else "and in the"
        begins = f"Bushel {number}" if number % 3 == 1 else f"village {number}"
        lines = [
            f"{begins} was kept by the miller, who would lend it to anybody who came by",
            f"with a sack of barley in the month of harvest number {number}, as was agreed {ends}",
        ]
        write_lines(canvas, lines, top=top)

    return draw


@pytest.fixture
def book(make_pdf):
    return make_pdf(*(chapter_page(number) for number in range(1, PAGES + 1)))


@pytest.fixture
def read_parts(finish, monkeypatch):
    """Reads a file's parts, each from what the one before it left."""
    monkeypatch.setattr(pdf, "PART_WEIGHT", WEIGHT)

    def read(path):
        parts = [finish(read_pdf_part(path))]
        while parts[-1].rest is not None:
            parts.append(finish(read_pdf_part(path, None, parts[-1].rest)))
        return parts

    return read


def test_the_parts_together_are_what_the_whole_is(book, finish, read_parts):
    whole = finish(read_pdf(book))
    parts = read_parts(book)
    assert len(parts) > 2
    assert [part.rest.pages for part in parts[:-1]] == [PAGES] * (len(parts) - 1)
    assert "\n\n".join(part.text for part in parts) == whole.text
    assert [block.headings for part in parts for block in part.blocks] == [
        block.headings for block in whole.blocks
    ]
    assert whole.text.count("A Book of Weights") == 1
    assert f"of {PAGES}" not in whole.text
    for part in parts:
        assert part.text.endswith(".")
        page = part.text[part.page_starts[1] : part.page_starts[2]]
        assert part.lines[-1].page == len(part.page_starts)
        assert page.strip()


def test_no_page_is_read_twice(book, read_parts, monkeypatch):
    loaded = []
    load = pdf._loaded
    monkeypatch.setattr(
        pdf, "_loaded", lambda document, index: loaded.append(index) or load(document, index)
    )
    parts = read_parts(book)
    assert loaded == list(range(PAGES))
    assert sum(len(part.page_starts) for part in parts) == PAGES


def test_pages_without_text_among_the_parts_are_counted(make_pdf, finish, monkeypatch):
    monkeypatch.setattr(pdf, "PART_WEIGHT", 4)
    blank = [lambda canvas: canvas.rect(100, 100, 50, 50)] * 5
    path = make_pdf(*map(chapter_page, range(1, 7)), *blank, chapter_page(7))
    parts = [end_of(read_pdf_part(path))]
    while parts[-1].rest is not None:
        parts.append(end_of(read_pdf_part(path, None, parts[-1].rest)))
    assert sum(len(part.page_starts) for part in parts) == 12
    assert "Bushel 7" in parts[-1].text
    assert any(not part.text for part in parts)
    assert parts[-1].warnings == ("5 pages (7-11) have no text",)


def test_a_long_file_without_any_text_is_refused_in_the_end(make_pdf, monkeypatch):
    monkeypatch.setattr(pdf, "PART_WEIGHT", 3)
    monkeypatch.setattr(pdf, "SCAN_WEIGHT", 1)
    path = make_pdf(*[lambda canvas: canvas.rect(100, 100, 50, 50)] * 7)
    rest = end_of(read_pdf_part(path)).rest
    rest = end_of(read_pdf_part(path, None, rest)).rest
    with pytest.raises(EmptyDocument):
        end_of(read_pdf_part(path, None, rest))
