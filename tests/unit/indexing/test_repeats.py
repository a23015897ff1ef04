"""What says the same word for word."""

from __future__ import annotations

import pytest

from indexing.repeats import Repeats

CLAUSE = "The tenant pays 940 euros on the third working day of each month, without being asked."


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        (CLAUSE, True),
        (
            "THE TENANT pays 940 euros on the\nthird working day of each month without being asked",
            True,
        ),
        ("the third working day of each month, without being asked", False),
        (f"{CLAUSE} In cash.", False),
        (CLAUSE.replace("940", "490"), False),
        (CLAUSE.replace("pays", "never pays"), False),
        ("", False),
    ],
)
def test_only_the_same_words_are_a_repeat(text, repeated):
    repeats = Repeats()
    repeats.take(1, f"Rent.\n\n{CLAUSE}")
    repeats.take(1, CLAUSE)
    assert repeats.has(2, text) is repeated


def test_a_text_within_a_longer_one_is_a_repeat_unless_it_is_short():
    repeats = Repeats()
    repeats.take(1, f"Rent\n\n{CLAUSE} It may be raised once a year by no more than two per cent.")
    assert repeats.has(2, CLAUSE)
    assert not repeats.has(2, "Rent")
    assert not repeats.has(2, CLAUSE.replace("third", "thir"))


def test_what_one_document_says_twice_is_said_twice():
    repeats = Repeats()
    repeats.take(1, CLAUSE)
    assert not repeats.has(1, CLAUSE)


def test_headings_do_not_make_a_difference():
    repeats = Repeats()
    repeats.take(1, CLAUSE)
    assert repeats.has(2, f"## Rent\n\n{CLAUSE}", ("Lease", "Rent"))
    assert not repeats.has(2, f"Rent\n\n{CLAUSE}", ("Lease",))
