"""Words and their order in PDF pages that do not give them as a person reads them."""

from __future__ import annotations

from array import array

from indexing.readers.pdf import read_pdf
from indexing.readers.pdf_letters import plain_letters, unswapped, with_lam_before_alef
from tests.unit.indexing.readers.conftest import write_lines

BODY = [
    "The tide tables were printed a week late, and so the pilots",
    "relied on last year's copy until the second of the month.",
]


def test_a_title_that_is_drawn_last_is_read_first(make_pdf, finish):
    def page(canvas):
        canvas.drawString(72, 40, "Set at the harbour press")
        write_lines(canvas, BODY, top=700)
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(72, 760, "Notice to pilots")

    text = finish(read_pdf(make_pdf(page))).text

    assert text.index("Notice") < text.index("The tide") < text.index("Set at")


def test_columns_stay_whole_when_the_title_across_them_is_drawn_last(make_pdf, finish):
    left = [f"the left column goes on with its line {n}" for n in range(1, 6)]
    right = [f"the right column goes on with its line {n}" for n in range(1, 6)]

    def page(canvas):
        write_lines(canvas, left, left=50, top=700)
        write_lines(canvas, right, left=320, top=700)
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(50, 760, "A title that lies across both of the columns")

    text = finish(read_pdf(make_pdf(page))).text

    assert text.startswith("A title")
    assert text.index("left column goes on with its line 5") < text.index("right column")


def test_pages_that_say_the_same_thing_each_say_it(make_pdf, finish):
    label = ["Handle this crate with care, for what", "it holds is made of glass."]
    pages = [lambda canvas: write_lines(canvas, label, top=800)] * 4

    text = finish(read_pdf(make_pdf(*pages))).text

    assert text.count("Handle this crate") == text.count("made of glass") == 4


def test_ligatures_are_taken_apart():
    assert plain_letters("e\ufb03cient \ufb02ow, o\ufb00set") == "efficient flow, offset"
    assert plain_letters("\ufefb") == "\u0644\u0627"


def test_raised_digits_are_no_part_of_the_number_before_them(make_pdf, finish):
    def page(canvas):
        text = canvas.beginText(72, 700)
        for words, note in (
            ("Sales came to 4,500", "3"),
            (" euros, says the institute", "12"),
            (", and the field has 7 km", "2"),
            (". Peas grow there.", "5"),
            (" No 45003 is in 2024.", ""),
        ):
            text.setFont("Helvetica", 11)
            text.setRise(0)
            text.textOut(words)
            text.setFont("Helvetica", 7)
            text.setRise(4)
            text.textOut(note)
        canvas.drawText(text)

    assert finish(read_pdf(make_pdf(page))).text == (
        "Sales came to 4,500³ euros, says the institute ¹², and the field has 7 km². "
        "Peas grow there.⁵ No 45003 is in 2024."
    )


def test_digits_of_a_line_that_runs_upwards_are_not_raised(make_pdf, finish):
    def page(canvas):
        canvas.rotate(90)
        canvas.drawString(100, -300, "Form W2 of team M45, in room m3")

    assert finish(read_pdf(make_pdf(page))).text == "Form W2 of team M45, in room m3"


def test_words_that_are_read_from_right_to_left_are_parted_from_latin_ones():
    assert plain_letters("Python\u0645\u0646") == "Python \u0645\u0646"
    assert plain_letters("\u0648Python") == "\u0648Python"
    loose, joined = "\u0623\u064a \u064b\u0636\u0627", "\u0623\u064a\u0636\u064b\u0627"
    assert plain_letters(loose) == joined


def test_a_sign_of_lam_and_alef_is_put_in_order_and_the_article_is_left_alone():
    article = "\u0627\u0644"
    sign = "\u0625\u0644"  # as pdfium gives the sign of lam and hamza under alef
    boxes = array("f", [9, 0, 10, 1, 8, 0, 9, 1, 6, 0, 8, 1, 6, 0, 8, 1])

    assert with_lam_before_alef(article + sign, boxes) == article + "\u0644\u0625"


def test_letters_whose_bytes_are_swapped_are_put_right():
    swapped = "".join(chr(ord(c) << 8) for c in "Multicolor Black 100%")

    assert unswapped(swapped) == "Multicolor Black 100%"
    assert unswapped("\u4e2d\u6587 and Latin") == "\u4e2d\u6587 and Latin"
