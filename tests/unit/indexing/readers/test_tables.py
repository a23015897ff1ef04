from __future__ import annotations

import pytest

from indexing.places import cell_range, place_at
from indexing.readers.tables import Cell, bars, expand, guess_header, table_lines
from indexing.types import Place


def test_each_row_has_the_names_of_its_columns():
    rows = [["", "2023", "2024"], ["Peas", "5", "7"], ["Kale", "", "2"], ["Trees", "", ""]]
    assert table_lines(rows, 1) == [
        "2023 | 2024",
        "Peas | 2023: 5 | 2024: 7",
        "Kale | 2024: 2",
        "Trees",
    ]


def test_names_of_several_rows_are_joined():
    rows = expand([[Cell("Sales", across=2), Cell("Costs")], [Cell("Q1"), Cell("Q2"), Cell("Q1")],
                   [Cell("1"), Cell("2"), Cell("3")]], header_rows=2)  # fmt: skip
    assert table_lines(rows, 2) == [
        "Sales |  | Costs",
        "Q1 | Q2 | Q1",
        "Sales Q1: 1 | Sales Q2: 2 | Costs Q1: 3",
    ]


def test_what_spans_rows_is_said_in_each_of_them():
    rows = expand(
        [[Cell("Peas", down=2), Cell("May")], [Cell("June")], [Cell("Kale"), Cell("July")]]
    )
    assert rows == [["Peas", "May"], ["Peas", "June"], ["Kale", "July"]]


def test_spans_without_end_are_bounded():
    rows = expand([[Cell("x", across=10**9, down=10**9)], [Cell("y")]])
    assert sum(map(len, rows)) < 1_000


@pytest.mark.parametrize(
    ("rows", "usual", "header"),
    [
        ([["Crop", "Euro"], ["Peas", "3.50"]], False, 1),
        ([["Crop", "Euro"], ["Peas", "3 €"], ["Kale", "n/a"]], False, 1),
        ([["", "2023"], ["Peas", "5"]], False, 1),
        ([["Name", "Anna"], ["Born", "Ulm"]], False, 0),
        ([["Name", "City"], ["Anna", "Ulm"]], True, 1),
        ([["Name", "City", "Job"], ["Anna", "Ulm", "Nurse"]], False, 1),
        ([["5", "6"], ["7", "8"]], True, 0),
        ([["Name", "Name"], ["Anna", "Bob"]], True, 0),
        ([["Only one row", "here"]], True, 0),
    ],
)
def test_a_header_is_guessed_where_it_looks_like_one(rows, usual, header):
    assert guess_header(rows, usual) == header


def test_bars_part_cells_and_leave_out_the_empty_ends():
    assert bars(["", "a", "", "b  c", ""]) == "a |  | b c"
    assert bars(["", " "]) == ""


def test_cells_are_named_as_a_spreadsheet_does():
    assert cell_range(1, 2, 28, 9) == "A2:AB9"
    assert cell_range(702, 1, 702, 1) == "ZZ1"


def test_a_span_of_several_rows_is_cited_by_all_their_cells():
    places = [
        (0, Place("sheet", 1, "S")),
        (5, Place("sheet", 1, "S", "B2:D2")),
        (10, Place("sheet", 1, "S", "A3:AA3")),
        (20, Place("sheet", 2, "T", "A1:A1")),
    ]
    assert place_at(places, 2, 4) == Place("sheet", 1, "S")
    assert place_at(places, 2, 30) == Place("sheet", 1, "S", "A2:AA3")
    assert place_at(places, 6, 12) == Place("sheet", 1, "S", "A2:AA3")
    assert place_at(places, 12, 30) == Place("sheet", 1, "S", "A3:AA3")
    assert place_at([], 0, 1) is None
