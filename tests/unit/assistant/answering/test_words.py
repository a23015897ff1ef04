"""Words are compared by what they are, not by how they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.words import content_keys, number_key, read_words, stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("covers", "covered"),
        ("finance", "financed"),
        ("paid", "pay"),
        ("authorization", "authorizing"),
        ("tenancy", "tenancies"),
        ("Normans", "Norman"),
        ("organized", "organize"),
    ],
)
def test_forms_of_a_word_are_equal(one, other):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("plan", "plane"), ("cat", "car"), ("host", "house")])
def test_other_words_are_not(one, other):
    assert stem(one) != stem(other)


@pytest.mark.parametrize(
    ("written", "plain"),
    [("1,500", "1500"), ("1,500.00", "1500"), ("3.50", "3.5"), ("19th", "19"), ("1990s", "1990")],
)
def test_numbers_are_compared_in_their_plain_form(written, plain):
    assert number_key(written) == plain


def test_a_number_in_words_equals_its_figures():
    assert content_keys(read_words("twelve months")) == content_keys(read_words("12 months"))


def test_names_are_capitalised_words_in_mid_sentence_and_acronyms():
    kinds = {
        word.key: word.kind for word in read_words("Yesterday the Rhine reached NASA offices.")
    }
    assert kinds[stem("Rhine")] == "name"
    assert kinds[stem("NASA")] == "name"
    assert kinds[stem("Yesterday")] == "word"
    assert kinds[stem("offices")] == "word"


def test_a_negation_reaches_the_next_words_of_its_clause():
    words = {word.key: word.negated for word in read_words("It is not covered, but it is allowed.")}
    assert words[stem("covered")]
    assert not words[stem("allowed")]


@given(st.text(max_size=200))
def test_words_of_any_text_are_where_they_say(text):
    for word in read_words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert text[word.start : word.end].strip()
