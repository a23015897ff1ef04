from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reading_all.quotes import locate, paragraph_around, shown, without_fragments

TEXT = """Travel Manager

The manager’s team plans all journeys – by rail, where that is possible.
• Willingness to travel
• 3 years of experience

Copay of $20 for each visit."""


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ("Willingness to travel", "Willingness to travel"),
        ("the manager's team plans", "The manager’s team plans"),
        ("all journeys - by rail,   where that", "all journeys – by rail, where that"),
        ("Travel", "Travel"),
        ("ravel", None),
        ("Is", None),
        ("travel 3", None),
        ("possible.\n• Willingness", "possible.\n• Willingness"),
        ("Copay of $20 for each visit!", "Copay of $20 for each visit."),
        ("Copay of $30 for a stay", None),
        ("", None),
        ("a free lunch on Fridays", None),
    ],
)
def test_a_quote_is_found_as_it_really_stands_there(quote, stands):
    found = locate(quote, TEXT)
    assert (None if found is None else TEXT[slice(*found)]) == stands


def test_a_number_is_found_however_its_thousands_are_parted():
    text = "The rent is 1,650 euros. It was 1,600 before."
    assert locate("1650", text) == (0, text.index(" It"))
    assert locate("165", text) is None


WORDS = ["Straße", "ﬁve", "don’t", "é", "A-B", "1,500", "•", "x"]


@given(st.data())
def test_whatever_words_are_copied_are_found_with_their_own_characters(data):
    words = data.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
    gaps = st.sampled_from([" ", "\n", " \n\n", "\t"])
    text = "".join(word + data.draw(gaps) for word in words)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    copied = words[first : last + 1]
    found = locate(" ".join(copied), text)
    assert found is not None
    assert text[slice(*found)].split() == copied


@pytest.mark.parametrize(
    ("item", "quote", "asked", "is_shown"),
    [
        ("Travel Manager", "Willingness to travel", "Which jobs require travel?", True),
        ("copay of $20", "Copay of $20 for each visit.", "Which copays are there?", True),
        ("copay of $30", "Copay of $20 for each visit.", "Which copays are there?", False),
        ("Chief Executive Officer", "Willingness to travel", "Which jobs require travel?", False),
        ("3 years of experience", "3 years of experience", "How much experience?", True),
    ],
)
def test_an_item_counts_only_where_its_words_stand(item, quote, asked, is_shown):
    found = locate(quote, TEXT)
    assert found is not None
    assert shown(item, found, TEXT, ("Roles",), asked) is is_shown


def test_the_paragraph_of_a_quote_is_all_of_it_and_of_a_long_one_what_is_near():
    start = TEXT.index("journeys")
    span = (start, start + len("journeys"))
    assert paragraph_around(span, TEXT).startswith("The manager")
    assert paragraph_around(span, TEXT).endswith("3 years of experience")
    long = f"{'a ' * 5000}here{' b' * 5000}"
    near = paragraph_around((10_000, 10_004), long)
    assert "here" in near
    assert len(near) < 1000


def test_a_text_copied_in_pieces_is_no_list_and_a_list_is():
    text = "We believe our program is essential.\nYoga\nCycling\nRiding, rowing and golf"

    def kept(*notes):
        placed = [(note, found) for note in notes if (found := locate(note, text)) is not None]
        return [note for note, _ in without_fragments(placed, text)]

    assert kept("We believe", "our program", "is essential") == []
    assert kept("Yoga", "Cycling", "Riding") == ["Yoga", "Cycling", "Riding"]
    assert kept("Riding", "rowing", "golf") == ["Riding", "rowing", "golf"]
    assert kept("our program", "and", "Yoga") == ["our program", "Yoga"]
