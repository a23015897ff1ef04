from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl.comments import Comment

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, TooLarge
from indexing.places import place_at
from indexing.readers import sheets
from indexing.readers.xls import read_xls
from indexing.readers.xlsx import read_xlsx
from tests.unit.indexing.readers.conftest import shown


@pytest.fixture
def book(tmp_path):
    made: Any = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Prices"
    sheet["B2"] = "Prices of the year"
    for row in (["Crop", "Since", "Share"], ["Peas", dt.date(2024, 5, 1), 0.25], ["Kale", None, 1]):
        sheet.append([None, *row])
    sheet["D4"].number_format = "0%"
    sheet["B4"].comment = Comment("Are they sweet?", "Anna")
    other = made.create_sheet("Notes")
    other.sheet_state = "hidden"
    other["A1"] = "Kept for later"
    path = tmp_path / "book.xlsx"
    made.save(path)
    return path


def test_rows_are_readable_with_their_header(book, finish):
    document = finish(read_xlsx(book))

    assert shown(document) == [
        ("heading", "Prices"),
        ("paragraph", "Prices of the year"),
        (
            "table",
            (
                "Crop | Since | Share\n"
                "Crop: Peas | Since: 2024-05-01 | Share: 25%\n"
                "Crop: Kale | Share: 1"
            ),
        ),
        ("paragraph", "[Comment on B4 by Anna] Are they sweet?"),
        ("heading", "Notes"),
        ("paragraph", "[Hidden sheet]"),
        ("table", "Kept for later"),
    ]
    assert document.blocks[2].headings == ("Prices",)


def test_a_quote_is_cited_by_its_sheet_and_cells(book, finish):
    document = finish(read_xlsx(book))

    def cells(first, last):
        start = document.text.index(first)
        place = place_at(document.places, start, document.text.index(last) + len(last))
        assert place is not None
        return place.name, place.cells

    assert cells("Crop: Peas", "25%") == ("Prices", "B4:D4")
    assert cells("Since: 2024", "Crop: Kale") == ("Prices", "B4:D5")
    assert cells("Are they", "sweet") == ("Prices", "B4")
    assert cells("Kept", "later") == ("Notes", "A1")
    assert document.page_starts == (0, document.text.index("Notes"))


def test_a_long_table_keeps_its_header_to_the_end(tmp_path, finish):
    made: Any = openpyxl.Workbook()
    made.active.append(["Name", "Age"])
    for number in range(2_500):
        made.active.append([f"Person {number}", number])
    path = tmp_path / "long.xlsx"
    made.save(path)

    document = finish(read_xlsx(path))

    assert document.text.endswith("Name: Person 2499 | Age: 2499")
    assert document.places[-1][1].cells == "A2501:B2501"


def test_a_formula_that_was_never_computed_is_shown_and_told(tmp_path, finish):
    made: Any = openpyxl.Workbook()
    made.active.append(["Sum", "=SUM(A2:A9)"])
    path = tmp_path / "fresh.xlsx"
    made.save(path)

    document = finish(read_xlsx(path))

    assert "=SUM(A2:A9)" in document.text
    assert document.warnings == ("sheet Sheet: 1 formulas were never computed",)


def test_tables_side_by_side_are_read_one_after_the_other(tmp_path, finish):
    made: Any = openpyxl.Workbook()
    for row in (["Crop", "Euro", None, "Tool", "Age"], ["Peas", 3, None, "Rake", 9]):
        made.active.append(row)
    path = tmp_path / "two.xlsx"
    made.save(path)

    text = finish(read_xlsx(path)).text

    assert "Crop | Euro\nCrop: Peas | Euro: 3\n\nTool | Age\nTool: Rake | Age: 9" in text


def test_cells_far_out_cost_nothing(tmp_path, finish):
    made: Any = openpyxl.Workbook()
    made.active["A1"] = "near"
    made.active["XFD1048576"] = "far"
    path = tmp_path / "wide.xlsx"
    made.save(path)
    assert "near\n\nfar" in finish(read_xlsx(path)).text


def test_more_cells_than_a_file_may_have_are_refused(book, finish, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_CELLS", 5)
    with pytest.raises(TooLarge) as caught:
        finish(read_xlsx(book))
    assert caught.value.what == "cells"


def test_a_password_opens_an_encrypted_book(book, finish):
    encrypted = io.BytesIO()
    with book.open("rb") as plain:
        OOXMLFile(plain).encrypt("open sesame", encrypted)
    book.write_bytes(encrypted.getvalue())

    with pytest.raises(PasswordNeeded) as needed:
        finish(read_xlsx(book))
    assert not needed.value.wrong
    with pytest.raises(PasswordNeeded) as refused:
        finish(read_xlsx(book, "guess"))
    assert refused.value.wrong
    assert "Crop: Peas" in finish(read_xlsx(book, "open sesame")).text


def test_a_password_opens_a_book_of_which_the_name_says_that_it_is_binary(book, tmp_path, finish):
    path = tmp_path / "book.xlsb"
    with book.open("rb") as plain, path.open("wb") as encrypted:
        OOXMLFile(plain).encrypt("open sesame", encrypted)
    for password in (None, "guess"):
        with pytest.raises(PasswordNeeded) as refused:
            finish(read_xls(path, password))
        assert refused.value.wrong == (password is not None)
    assert "Crop: Peas" in finish(read_xls(path, "open sesame")).text


def test_entities_are_refused(book, finish):
    with zipfile.ZipFile(book) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    name = "xl/worksheets/sheet1.xml"
    parts[name] = bomb + parts[name]
    with zipfile.ZipFile(book, "w") as package:
        for part, content in parts.items():
            package.writestr(part, content)
    with pytest.raises(FileUnreadable) as caught:
        finish(read_xlsx(book))
    assert "entity" in caught.value.problem


def test_an_empty_book_is_empty(tmp_path, finish):
    made: Any = openpyxl.Workbook()
    made.active.title = " "
    path = tmp_path / "empty.xlsx"
    made.save(path)
    with pytest.raises(EmptyDocument):
        finish(read_xlsx(path))
