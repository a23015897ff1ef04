from __future__ import annotations

import io
import random
from contextlib import suppress
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pdfencrypt import StandardEncryption

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded
from indexing.readers.page_image import render_page
from indexing.readers.pdf import read_pdf
from tests.unit.indexing.readers.conftest import write_lines

LOREM = [
    "The quick committee met on the third of May and agreed to",
    "postpone the election of a new chair until the autumn, since",
    "two of its seven members were away on a long journey.",
]


def block_texts(document, kind=None):
    return [document.text[b.start : b.end] for b in document.blocks if kind in (None, b.kind)]


def test_lines_join_into_paragraphs_and_gaps_part_them(make_pdf, finish):
    def page(canvas):
        low = write_lines(canvas, LOREM)
        write_lines(canvas, ["A second paragraph begins here and is short."], top=low - 20)

    document = finish(read_pdf(make_pdf(page)))

    assert block_texts(document) == [
        " ".join(LOREM),
        "A second paragraph begins here and is short.",
    ]
    assert document.kind == "pdf"
    assert document.title == "made"


def test_each_line_has_its_box_and_its_offsets(make_pdf, finish):
    document = finish(read_pdf(make_pdf(lambda canvas: write_lines(canvas, LOREM))))

    assert [document.text[line.start : line.end] for line in document.lines] == LOREM
    first, second, third = document.lines
    assert first.top < first.bottom <= second.top + 0.01 < third.top + 0.01
    # 72 points from the left of a page of 595; 760 of 842 points from its foot.
    assert first.left == pytest.approx(72 / 595.3, abs=0.01)
    assert first.top < 1 - 760 / 841.9 < first.bottom


def test_boxes_follow_the_crop_box_and_the_rotation(make_pdf, finish, tmp_path):
    plain = make_pdf(lambda canvas: write_lines(canvas, ["Turned"], left=300, top=600))
    writer = PdfWriter(clone_from=plain)
    page = writer.pages[0]
    page.cropbox.lower_left = (100, 200)
    page.cropbox.upper_right = (500, 700)
    page.rotate(90)
    turned = tmp_path / "turned.pdf"
    writer.write(turned)

    (line,) = finish(read_pdf(turned)).lines

    # A quarter turn clockwise: what was 400 of 500 up is now 400 of 500 to the right.
    assert line.left < (600 - 200) / 500 < line.right
    assert line.top == pytest.approx((300 - 100) / 400, abs=0.02)
    picture = pytest.importorskip("PIL.Image").open(io.BytesIO(render_page(turned, 1, 500)))
    assert picture.size == (500, 400)
    box = [line.left * 500, line.top * 400, line.right * 500, line.bottom * 400]
    ink = picture.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box[0] - 2 <= ink[0]
    assert box[1] - 2 <= ink[1]
    assert ink[2] <= box[2] + 2
    assert ink[3] <= box[3] + 2


def test_a_sentence_goes_on_over_the_page_break(make_pdf, finish):
    document = finish(
        read_pdf(
            make_pdf(
                lambda canvas: write_lines(canvas, LOREM[:2]),
                lambda canvas: write_lines(canvas, LOREM[2:]),
            )
        )
    )

    assert block_texts(document) == [" ".join(LOREM)]
    assert document.page_starts == (0, document.text.index("two of its"))
    assert [line.page for line in document.lines] == [1, 1, 2]


def test_running_heads_and_page_numbers_cut_no_sentence(make_pdf, finish):
    def page(number):
        def draw(canvas):
            write_lines(canvas, ["Annual Report of the Society"], top=810, size=9)
            write_lines(canvas, [f"Matter {number} runs through the whole of this page and then"])
            write_lines(canvas, [f"Page {number} of 5"], left=280, top=30, size=9)

        return draw

    document = finish(read_pdf(make_pdf(*(page(number) for number in range(1, 6)))))

    assert document.text.count("Annual Report of the Society") == 1
    assert "of 5" not in document.text


def test_words_parted_at_the_line_end_are_whole_again(make_pdf, finish):
    lines = [
        "He was a self-employed man of great under-",
        "standing, which everybody who knew him and his self-",
        "employed sister would tell you without any hesitation.",
    ]
    document = finish(read_pdf(make_pdf(lambda canvas: write_lines(canvas, lines))))

    assert "great understanding, which" in document.text
    assert "his self-employed sister" in document.text
    for line in document.lines:
        assert line.end > line.start


def test_larger_lines_are_headings_and_carry_their_path(make_pdf, finish):
    def page(canvas):
        write_lines(canvas, ["The Lease"], top=780, size=22)
        write_lines(canvas, ["Rent"], top=740, size=15)
        write_lines(canvas, LOREM, top=715)
        write_lines(canvas, ["Deposit"], top=640, size=15)
        write_lines(canvas, LOREM, top=615)

    document = finish(read_pdf(make_pdf(page)))

    assert block_texts(document, "heading") == ["The Lease", "Rent", "Deposit"]
    assert [b.headings for b in document.blocks if b.kind == "paragraph"] == [
        ("The Lease", "Rent"),
        ("The Lease", "Deposit"),
    ]


def test_the_outline_names_the_sections(make_pdf, finish):
    def first(canvas):
        canvas.bookmarkPage("one")
        canvas.addOutlineEntry("First part", "one", level=0)
        write_lines(canvas, ["First part"], top=780)
        write_lines(canvas, LOREM, top=750)

    def second(canvas):
        canvas.bookmarkPage("two")
        canvas.addOutlineEntry("A part without a title on its page", "two", level=0)
        write_lines(canvas, ["Whatever stands here stands in the second of the parts."])

    document = finish(read_pdf(make_pdf(first, second)))

    assert block_texts(document, "heading") == ["First part"]
    assert document.blocks[1].headings == ("First part",)
    assert document.blocks[-1].headings == ("A part without a title on its page",)


def test_rows_of_a_table_are_lines_with_their_cells_parted(make_pdf, finish):
    rows = [("Region", "2021", "2022"), ("North", "1,200", "1,310"), ("South", "900", "870")]

    def page(canvas):
        low = write_lines(canvas, LOREM) - 10
        canvas.setFont("Helvetica", 11)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                canvas.drawString(72 + 130 * column, low - 14 * number, cell)

    document = finish(read_pdf(make_pdf(page)))

    assert block_texts(document, "table") == [
        "Region | 2021 | 2022\nNorth | 1,200 | 1,310\nSouth | 900 | 870"
    ]


def test_list_items_stand_alone(make_pdf, finish):
    lines = ["• The first item of the list", "• The second item of the list, which is longer"]
    document = finish(read_pdf(make_pdf(lambda canvas: write_lines(canvas, lines))))

    assert block_texts(document, "list_item") == lines


def test_what_is_typed_into_a_form_is_read(make_pdf, finish):
    def page(canvas):
        write_lines(canvas, ["Name of the tenant"])
        canvas.acroForm.textfield(name="tenant", value="Ottilie Brandt", x=72, y=700, width=200)

    assert "Ottilie Brandt" in finish(read_pdf(make_pdf(page))).text


def test_the_title_is_the_documents_own(make_pdf, finish):
    def page(canvas):
        canvas.setTitle("Microsoft Word - House rules.docx")
        write_lines(canvas, LOREM)

    assert finish(read_pdf(make_pdf(page))).title == "House rules"


def test_pages_without_text_are_told(make_pdf, finish):
    def picture(canvas):
        canvas.rect(100, 100, 50, 50)

    path = make_pdf(picture, lambda canvas: write_lines(canvas, LOREM), picture, picture)
    document = finish(read_pdf(path))

    assert document.warnings == ("3 pages (1, 3-4) have no text",)
    assert len(document.page_starts) == 4


def test_a_scan_is_empty_and_says_how_many_pages(make_pdf, finish):
    path = make_pdf(*[lambda canvas: canvas.rect(10, 10, 300, 300)] * 3)

    with pytest.raises(EmptyDocument) as caught:
        finish(read_pdf(path))
    assert caught.value.pages == 3


def test_a_locked_file_asks_for_its_password(make_pdf, finish):
    lock = StandardEncryption("sesame", ownerPassword="owner")
    path = make_pdf(lambda canvas: write_lines(canvas, LOREM), encrypt=lock)

    with pytest.raises(PasswordNeeded) as caught:
        finish(read_pdf(path))
    assert not caught.value.wrong
    with pytest.raises(PasswordNeeded) as caught:
        finish(read_pdf(path, "open"))
    assert caught.value.wrong
    assert LOREM[0] in finish(read_pdf(path, "sesame")).text
    assert render_page(path, 1, 200, "sesame").startswith(b"\x89PNG")


def test_a_file_cut_short_is_mended_or_refused(make_pdf, finish):
    path = make_pdf(lambda canvas: write_lines(canvas, LOREM))
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.8, 0.95, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            document = finish(read_pdf(path))
        except (FileUnreadable, EmptyDocument):
            continue
        assert LOREM[0] in document.text


def test_no_damage_does_anything_but_fail_or_read(make_pdf, finish):
    path = make_pdf(*[lambda canvas: write_lines(canvas, LOREM)] * 3)
    whole = path.read_bytes()
    chance = random.Random(7)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 40)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged))
        with suppress(FileUnreadable, EmptyDocument, PasswordNeeded):
            finish(read_pdf(path))


def test_what_pdfium_will_not_open_pypdf_mends(make_pdf, finish):
    path = make_pdf(lambda canvas: write_lines(canvas, LOREM))
    # Without the header pdfium refuses; pypdf, not strict, does not mind.
    path.write_bytes(path.read_bytes().replace(b"%PDF-1.", b"%%%%%%%", 1))
    assert len(PdfReader(path, strict=False).pages) == 1

    assert LOREM[0] in finish(read_pdf(path)).text


def test_closing_the_reader_frees_the_file(make_pdf):
    path = make_pdf(*[lambda canvas: write_lines(canvas, LOREM)] * 3)
    reader = read_pdf(path)
    next(reader)
    next(reader)
    reader.close()
    path.unlink()


def test_the_page_image_knows_its_pages(make_pdf):
    path = make_pdf(lambda canvas: write_lines(canvas, LOREM))
    for page in (0, 2):
        with pytest.raises(ValueError, match="page"):
            render_page(path, page, 100)
    with pytest.raises(FileUnreadable):
        render_page(Path(__file__), 1, 100)
