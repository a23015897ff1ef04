"""Forms that are filled in, typed words and comments in PDF files."""

from __future__ import annotations

import pytest
from pypdf import PdfWriter
from pypdf.annotations import FreeText, Highlight, Text
from pypdf.generic import ArrayObject, FloatObject, NameObject, TextStringObject

from indexing.readers import pdf
from indexing.readers.pdf import read_pdf, read_pdf_part
from tests.unit.indexing.readers.conftest import shown, write_lines


@pytest.fixture
def annotate(make_pdf):
    """Puts annotations onto the pages of a PDF: for each its page's index and who made it."""

    def put(*annotations, pages=2):
        words = [f"Words of page {number}, and more of them." for number in range(1, pages + 1)]
        drawn = [lambda canvas, line=line: write_lines(canvas, [line]) for line in words]
        path = make_pdf(*drawn)
        writer = PdfWriter(clone_from=path)
        for page, annotation, author in annotations:
            if author:
                annotation[NameObject("/T")] = TextStringObject(author)
            writer.add_annotation(page, annotation)
        writer.write(path)
        return path

    return put


def test_comments_are_told_behind_the_text_of_their_page(annotate, finish):
    quads = ArrayObject([FloatObject(n) for n in (72, 770, 200, 770, 72, 758, 200, 758)])
    marked = Highlight(rect=(72, 758, 200, 770), quad_points=quads)
    marked[NameObject("/Contents")] = TextStringObject("Who says\rso?")
    document = finish(
        read_pdf(
            annotate(
                (0, Text(text="Ask Bo – größer?", rect=(300, 700, 320, 720)), "Ada"),
                (0, marked, ""),
                (1, Text(text="Agreed.", rect=(10, 10, 30, 30)), "Bo"),
            )
        )
    )
    assert [text for _, text in shown(document)] == [
        "Words of page 1, and more of them.",
        "[Comment by Ada] Ask Bo – größer?",
        "[Comment] Who says so?",
        "Words of page 2, and more of them.",
        "[Comment by Bo] Agreed.",
    ]
    start = document.text.index("[Comment by Ada]")
    [box] = [line for line in document.lines if line.start == start]
    assert (box.page, round(box.left, 2), round(box.top, 2)) == (1, 0.5, 0.14)


def test_comments_of_pages_in_the_parts_of_a_long_file_stay_with_them(annotate, monkeypatch):
    monkeypatch.setattr(pdf, "PART_WEIGHT", 2)
    notes = [(page, Text(text=f"Note {page + 1}.", rect=(10, 10, 30, 30)), "") for page in range(7)]
    path = annotate(*notes, pages=7)
    rest, found = None, []
    while True:
        reading = read_pdf_part(path, None, rest)
        while True:
            try:
                next(reading)
            except StopIteration as end:
                part = end.value
                break
        found += [text for _, text in shown(part)]
        if part.rest is None:
            break
        rest = part.rest
    assert found == [
        text
        for page in range(1, 8)
        for text in (f"Words of page {page}, and more of them.", f"[Comment] Note {page}.")
    ]


def test_what_is_attached_is_told(annotate, finish):
    path = annotate(pages=1)
    writer = PdfWriter(clone_from=path)
    for number in range(1, 6):
        writer.add_attachment(f"bill {number}.csv", b"Crop,Euro\n")
    writer.write(path)
    assert finish(read_pdf(path)).warnings == (
        "attached to it, and not read: bill 1.csv, bill 2.csv, bill 3.csv and 2 more",
    )


def test_a_sentence_goes_on_over_the_page_though_one_has_a_comment(annotate, make_pdf, finish):
    lines = ["The tide tables were printed a week late, and so the pilots relied on the"]
    path = make_pdf(
        lambda canvas: write_lines(canvas, lines, top=100),
        lambda canvas: write_lines(canvas, ["copy of the year before."], top=780),
    )
    writer = PdfWriter(clone_from=path)
    writer.add_annotation(0, Text(text="Why?", rect=(10, 10, 30, 30)))
    writer.write(path)
    text = finish(read_pdf(path)).text
    assert "relied on the copy of the year before." in text
    assert text.endswith("[Comment] Why?")


def test_what_nobody_sees_and_what_says_nothing_is_no_comment(annotate, finish):
    hidden = Text(text="Unseen", rect=(10, 10, 30, 30))
    hidden[NameObject("/F")] = FloatObject(2)
    state = Text(text="Accepted set by Bo", rect=(10, 10, 30, 30))
    state[NameObject("/StateModel")] = TextStringObject("Review")
    empty = Text(text=" ", rect=(10, 10, 30, 30))
    path = annotate((0, hidden, ""), (0, state, "Bo"), (0, empty, "Bo"), pages=1)
    assert finish(read_pdf(path)).text == "Words of page 1, and more of them."


def test_words_that_are_typed_onto_a_page_are_read(annotate, finish):
    path = annotate((0, FreeText(text="Approved on 3 May", rect=(72, 600, 300, 630)), ""), pages=1)
    assert finish(read_pdf(path)).text.count("Approved on 3 May") == 1


def test_what_is_filled_in_stands_beside_its_label(make_pdf, finish):
    def page(canvas):
        form = canvas.acroForm
        canvas.drawString(72, 760, "Application")
        canvas.drawString(72, 705, "Name:")
        canvas.drawString(72, 655, "Smoker")
        canvas.drawString(72, 605, "Pets")
        canvas.drawString(72, 500, "What is not filled in stays empty.")
        form.textfield(name="name", value="Ottilie Brandt", x=150, y=697, width=200, height=22)
        form.checkbox(name="smoker", checked=True, x=150, y=650)
        form.checkbox(name="pets", checked=False, x=150, y=600)
        form.textfield(name="empty", value="", x=72, y=450, width=200, height=22)

    text = finish(read_pdf(make_pdf(page))).text
    assert [line for line in text.split("\n") if line] == [
        "Application",
        "Name: | Ottilie Brandt",
        "Smoker \u2612",
        "Pets \u2610",
        "What is not filled in stays empty.",
    ]
