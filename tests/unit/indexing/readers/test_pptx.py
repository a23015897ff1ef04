from __future__ import annotations

from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from indexing.errors import EmptyDocument, FileUnreadable, UnsupportedFormat
from indexing.places import place_at
from indexing.readers.pptx import read_pptx
from indexing.types import Place
from tests.unit.indexing.readers.conftest import shown

BOX = (Inches(1), Inches(1), Inches(4), Inches(2))


@pytest.fixture
def deck(tmp_path):
    """A presentation of three slides: an empty one between two with everything."""
    made: Any = pptx.Presentation()
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "Our plan"
    first.placeholders[1].text = "Sow\nWater"
    first.notes_slide.notes_text_frame.text = "Speak slowly"
    made.slides.add_slide(made.slide_layouts[6])
    last = made.slides.add_slide(made.slide_layouts[5])
    last.shapes.title.text = "Prices"
    table = last.shapes.add_table(2, 2, *BOX).table
    for row, cells in enumerate((("Crop", "Euro"), ("Peas", "3"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = last.shapes.add_group_shape()
    group.shapes.add_textbox(*BOX).text_frame.text = "In a group"
    data: Any = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Peas", (5, 7))
    last.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *BOX, data)
    last._element.set("show", "0")
    path = tmp_path / "plan.pptx"
    made.save(path)
    return path


def test_slides_with_lists_tables_charts_and_marked_notes(deck, finish):
    document = finish(read_pptx(deck))

    assert document.kind == "pptx"
    assert document.title == "Our plan"
    assert shown(document) == [
        ("heading", "Our plan"),
        ("list_item", "• Sow"),
        ("list_item", "• Water"),
        ("paragraph", "[Speaker notes] Speak slowly"),
        ("heading", "Prices"),
        ("paragraph", "[Hidden slide]"),
        ("table", "Crop | Euro\nCrop: Peas | Euro: 3"),
        ("paragraph", "In a group"),
        ("table", "Peas\n2023 | Peas: 5\n2024 | Peas: 7"),
    ]
    assert document.blocks[-1].headings == ("Prices",)


def test_a_slide_is_cited_by_its_number(deck, finish):
    document = finish(read_pptx(deck))

    assert len(document.page_starts) == 3
    begin = document.text.index("In a group")
    assert place_at(document.places, begin, begin + 5) == Place("slide", 3)
    assert document.blocks[-1].page == 3


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"not a package", FileUnreadable),
        (b"PK\x03\x04 cut short", FileUnreadable),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", UnsupportedFormat),
    ],
)
def test_what_is_no_presentation_says_so(tmp_path, finish, data, error):
    path = tmp_path / "odd.pptx"
    path.write_bytes(data)
    with pytest.raises(error):
        finish(read_pptx(path))


def test_slides_without_text_are_empty(tmp_path, finish):
    made: Any = pptx.Presentation()
    made.slides.add_slide(made.slide_layouts[6])
    path = tmp_path / "blank.pptx"
    made.save(path)
    with pytest.raises(EmptyDocument) as caught:
        finish(read_pptx(path))
    assert caught.value.pages == 1
