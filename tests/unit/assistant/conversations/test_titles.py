"""Titles made of first questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversations.titles import LONGEST_TITLE, clean_title, title_of


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is the rent?", "What is the rent?"),
        ("hi there, could you please tell me when the lease ends?", "When the lease ends?"),
        ("Hello", "Hello"),
        ("## **What** does `foo_bar` do", "What does foo_bar do"),
        ("Who signed it? And on which day was that?", "Who signed it?"),
        ("What does No. 5 say? More please.", "What does No. 5 say?"),
        ("line one\nline two", "Line one line two"),
        ("see https://www.example.org/a/b?c=1 for more", "See example.org for more"),
        ("租金是多少？押金呢？", "租金是多少？"),
        ("  ", ""),
    ],
)
def test_is_the_first_sentence_without_greeting_and_markup(question, title):
    assert title_of(question) == title


def test_is_cut_at_a_word():
    title = title_of("the deposit that was agreed upon by both of the parties in the lease of 2019")
    assert title == "The deposit that was agreed upon by both of the parties in…"


@given(st.text())
def test_is_always_one_short_printable_line(question):
    title = title_of(question)
    # One letter may become two when it is made a capital (ß), and the ellipsis comes on top.
    assert len(title) <= LONGEST_TITLE + 3
    assert title.isprintable()


@given(st.text())
def test_a_typed_title_keeps_its_words_on_one_line(title):
    cleaned = clean_title(title)
    assert cleaned.isprintable()
    assert len(cleaned) <= 200
    assert cleaned == clean_title(cleaned)
