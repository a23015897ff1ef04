from __future__ import annotations

import io
import re
import socket
import zlib
from collections import Counter
from itertools import pairwise
from typing import Any

import docx
import numpy as np
import pptx
import pytest
from PIL import Image, ImageDraw, ImageFont
from PIL.TiffImagePlugin import TiffImageFile
from pptx.util import Inches
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from indexing import ocr
from indexing.errors import EmptyDocument, FileUnreadable, TooLarge
from indexing.readers import image as image_reader
from indexing.readers.page_image import render_page
from indexing.readers.pdf_scan import is_garbled
from indexing.readers.read import read

LETTER = [
    "Harbour Office, 14 March 1987",
    "The northern breakwater lost forty metres of its",
    "crown stones in the storm of last Tuesday night.",
    "Repairs will cost 218,500 crowns and take nine",
    "weeks, weather allowing.",
]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("recognition reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def picture(lines, *, size=(900, 420), left=40, font_size=30):
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(font_size)
    for number, line in enumerate(lines):
        draw.text((left, 30 + number * int(font_size * 1.6)), line, fill=0, font=font)
    return image


def words(text):
    return Counter(re.findall(r"\w+", text.lower()))


def place_picture(canvas, image, *, turns=0):
    data = io.BytesIO()
    image.rotate(90 * turns, expand=True).save(data, "PNG")
    data.seek(0)
    drawn = ImageReader(data)
    width, height = drawn.getSize()
    scale = min((A4[0] - 60) / width, (A4[1] - 60) / height)
    canvas.drawImage(drawn, 30, A4[1] - 30 - height * scale, width * scale, height * scale)


def recall(found, expected):
    return sum((words(found) & words(expected)).values()) / sum(words(expected).values())


def test_a_scanned_page_among_others_is_recognised_with_the_place_of_each_line(make_pdf, finish):
    def typed(canvas):
        canvas.drawString(72, 700, "This page has its own text and needs no recognition at all.")

    document = finish(read(make_pdf(typed, lambda c: place_picture(c, picture(LETTER)))))

    assert "This page has its own text" in document.text[: document.page_starts[1]]
    scanned = document.text[document.page_starts[1] :]
    assert recall(scanned, " ".join(LETTER)) >= 0.9
    assert [page.page for page in document.scans] == [2]
    assert document.scans[0].confidence > 0.9
    assert document.warnings == ("page 2 read by OCR",)
    boxes = [line for line in document.lines if line.page == 2]
    assert len(boxes) == len(LETTER)
    assert all(above.top < below.top for above, below in pairwise(boxes))
    # The first line begins 40 of 900 pixels into a picture that begins 30 points into the page.
    assert boxes[0].left == pytest.approx((30 + 40 / 900 * (A4[0] - 60)) / A4[0], abs=0.02)


@pytest.mark.parametrize("turns", [2, 3])
def test_a_page_that_was_scanned_the_wrong_way_round_is_read_and_marked(make_pdf, finish, turns):
    document = finish(read(make_pdf(lambda c: place_picture(c, picture(LETTER), turns=turns))))

    assert recall(document.text, " ".join(LETTER)) >= 0.9
    first, last = document.lines[0], document.lines[-1]
    if turns == 2:
        assert first.top > last.top
    else:
        # Lines run up or down the page.
        assert first.bottom - first.top > first.right - first.left
        assert (first.left < last.left) is (turns == 1)


def test_columns_of_a_scan_are_read_one_after_the_other(tmp_path, finish):
    left = [f"left column line {word} goes on" for word in ("one", "two", "three", "four", "five")]
    right = [
        f"right column line {word} goes on" for word in ("six", "seven", "eight", "nine", "ten")
    ]
    page = picture(left, size=(1300, 420))
    page.paste(picture(right, size=(640, 420)), (650, 0))
    page.save(tmp_path / "columns.png")

    text = finish(read(tmp_path / "columns.png")).text

    assert text.index("five") < text.index("six")


def test_what_is_switched_off_is_said(make_pdf, finish, monkeypatch):
    monkeypatch.setattr(ocr, "_allowed", False)
    path = make_pdf(
        lambda canvas: canvas.drawString(
            72, 700, "The only words there are on this page, all typed"
        ),
        lambda canvas: place_picture(canvas, picture(LETTER)),
    )

    document = finish(read(path))

    assert document.warnings == ("page 2 not read: a picture, and OCR is off",)
    assert not document.scans

    picture(LETTER).save(path.with_name("letter.png"))
    for scan in (
        make_pdf(lambda canvas: place_picture(canvas, picture(LETTER)), name="scan.pdf"),
        path.with_name("letter.png"),
    ):
        with pytest.raises(EmptyDocument) as refused:
            list(read(scan))
        assert refused.value.ocr_off


def test_an_empty_page_is_no_scan(make_pdf):
    with pytest.raises(EmptyDocument) as refused:
        list(read(make_pdf(lambda canvas: None)))
    assert not refused.value.ocr_off


def test_a_stamp_does_not_hide_the_scan_under_it(make_pdf, finish):
    def page(canvas):
        image = picture(LETTER, size=(900, 1250))
        place_picture(canvas, image)
        canvas.drawString(400, 40, "EXHIBIT 00417")

    document = finish(read(make_pdf(page)))

    assert document.text.count("00417") == 1
    assert recall(document.text, " ".join(LETTER)) >= 0.9


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_pictures_are_read_whatever_their_format(tmp_path, finish, suffix):
    path = tmp_path / f"letter.{suffix}"
    picture(LETTER[:2], size=(900, 150)).save(path)

    document = finish(read(path))

    assert document.kind == "image"
    assert recall(document.text, " ".join(LETTER[:2])) >= 0.9
    assert Image.open(io.BytesIO(render_page(path, 1, 450))).size == (450, 75)


def test_each_page_of_a_tiff_is_read(tmp_path, finish):
    pages = [picture([line], size=(900, 120)) for line in LETTER[1:3]]
    pages[0].save(tmp_path / "fax.tif", save_all=True, append_images=pages[1:])

    document = finish(read(tmp_path / "fax.tif"))

    assert len(document.page_starts) == 2
    assert "crown stones" in document.text[document.page_starts[1] :]


def save_pages(path, count):
    pages = [picture([f"Harbour log, sheet {number}"], size=(600, 90)) for number in range(count)]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_deflate")
    return path


def test_a_long_tiff_is_read_in_parts_no_page_twice(tmp_path, finish, monkeypatch):
    path = save_pages(tmp_path / "log.tif", 3)
    monkeypatch.setattr(image_reader, "PART_WEIGHT", 2 * image_reader.SCAN_WEIGHT)
    seen = []
    frame_of = image_reader.frame_of
    monkeypatch.setattr(
        image_reader,
        "frame_of",
        lambda im, of, index: seen.append(index) or frame_of(im, of, index),
    )

    first = finish(read(path))
    rest = finish(read(path, None, first.rest))

    assert seen == [0, 1, 2]
    assert (first.rest.read, first.rest.pages, rest.rest) == (2, 3, None)
    found = re.findall(r"sheet \d", first.text + rest.text)
    assert found == ["sheet 0", "sheet 1", "sheet 2"]
    assert len(first.page_starts) + len(rest.page_starts) == 3
    assert len(first.scans) + len(rest.scans) == 3
    assert rest.warnings == ("3 pages (1-3) read by OCR",)


def test_a_damaged_page_of_a_tiff_costs_only_itself(tmp_path, finish):
    path = save_pages(tmp_path / "log.tif", 2)
    with TiffImageFile(path) as opened:
        opened.seek(1)
        (strip, *_), (length, *_) = opened.tag_v2[273], opened.tag_v2[279]
    data = bytearray(path.read_bytes())
    data[strip : strip + length] = bytes(length)
    path.write_bytes(data)

    document = finish(read(path))

    assert "sheet 0" in document.text
    assert document.warnings == ("page 1 read by OCR", "page 2 unreadable")


def test_a_picture_without_words_has_no_text(tmp_path):
    shades = np.random.default_rng(7).normal(128, 40, (300, 400)).clip(0, 255)
    Image.fromarray(shades.astype(np.uint8)).save(tmp_path / "noise.png")

    with pytest.raises(EmptyDocument):
        list(read(tmp_path / "noise.png"))


def test_a_picture_that_unpacks_to_too_much_is_refused_by_its_header(tmp_path):
    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return len(data).to_bytes(4, "big") + kind + data + checksum.to_bytes(4, "big")

    size = (60_000).to_bytes(4, "big")
    header = chunk(b"IHDR", size + size + bytes([8, 2, 0, 0, 0]))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b""))

    with pytest.raises(TooLarge) as caught:
        list(read(tmp_path / "bomb.png"))
    assert caught.value.what == "pixels"


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0", b"II*\x00\x08\x00\x00\x00"])
def test_a_damaged_picture_is_said_to_be_one(tmp_path, content):
    (tmp_path / "scan.jpg").write_bytes(content)

    with pytest.raises(FileUnreadable) as caught:
        list(read(tmp_path / "scan.jpg"))
    assert str(tmp_path) not in caught.value.problem


def test_a_page_a_million_times_wider_than_high_harms_nothing(tmp_path):
    canvas = Canvas(str(tmp_path / "giant.pdf"), pagesize=(100_000_000, 3))
    canvas.rect(0, 0, 5, 5, fill=1)
    canvas.save()

    with pytest.raises(EmptyDocument):
        list(read(tmp_path / "giant.pdf"))


def test_letters_put_for_others_are_no_text():
    prose = "The harbour office has moved to the second floor of the old customs house. " * 2
    shifted = "".join(chr((ord(c) - 97 + 3) % 26 + 97) if c.islower() else c for c in prose)

    assert not is_garbled(prose)
    assert is_garbled(shifted)
    assert is_garbled("\u2022 |~ }{ ^^ <> ## $$ %% a")


def png(lines):
    data = io.BytesIO()
    picture(lines).save(data, "PNG")
    data.seek(0)
    return data


@pytest.fixture
def deck(tmp_path):
    """Slides: a picture of a letter, the same once more, and a text beside a picture."""
    made: Any = pptx.Presentation()
    for title, text in (("A letter", ""), ("", ""), ("Our plans", "We sow, and we water. " * 20)):
        slide = made.slides.add_slide(made.slide_layouts[6])
        box = slide.shapes.add_textbox(*[Inches(1)] * 4).text_frame
        box.text = text or title
        slide.shapes.add_picture(png(["Not to be looked at"] if text else LETTER), 0, 0)
        slide.notes_slide.notes_text_frame.text = "Speak slowly"
    path = tmp_path / "letters.pptx"
    made.save(path)
    return path


def test_the_pictures_of_slides_that_say_little_are_recognised(deck, finish):
    document = finish(read(deck))
    first = document.text[: document.page_starts[1]]
    assert recall(first, " ".join(LETTER)) >= 0.9
    assert first.index("A letter") < first.index("[Picture]") < first.index("[Speaker notes]")
    assert document.text.count("Harbour Office") == 1
    assert "looked at" not in document.text
    assert [scan.page for scan in document.scans] == [1]
    assert document.warnings == ("text of 1 picture read by OCR",)


def test_pictures_of_slides_are_left_alone_when_recognition_is_off(deck, finish, monkeypatch):
    monkeypatch.setattr(ocr, "_allowed", False)
    document = finish(read(deck))
    assert "Harbour" not in document.text
    assert document.warnings == ("1 picture not read: OCR is off",)


def test_a_document_of_pictures_is_recognised(tmp_path, finish):
    made = docx.Document()
    made.add_paragraph("Received by fax")
    made.add_picture(png(LETTER))
    made.add_paragraph("Filed under harbours")
    made.save(str(tmp_path / "fax.docx"))
    text = finish(read(tmp_path / "fax.docx")).text
    assert recall(text, " ".join(LETTER)) >= 0.9
    assert text.index("by fax") < text.index("[Picture]") < text.index("Filed under")


def test_a_document_with_plenty_of_text_keeps_its_pictures_to_itself(tmp_path, finish):
    made = docx.Document()
    made.add_paragraph("The minutes say all that there is to be said about it. " * 6)
    made.add_picture(png(LETTER))
    made.save(str(tmp_path / "minutes.docx"))
    document = finish(read(tmp_path / "minutes.docx"))
    assert "Harbour" not in document.text
    assert document.warnings == ()
