from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.sentences import split_sentences


def sentences(text):
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["Mr. Smith went to Washington.", "He paid $3.50 for No. 5, e.g. a U.S. product."],
        ['"Really?" she asked.', '"Yes."', "It was J. R. R. Tolkien who wrote it."],
        ["See https://a.b/c.html.", "Then go on."],
        ["He lives in the U.S.", "They live in the U.K.", "In the U.S. Army he was a cook."],
        ["It grew by 5.2% vs. last year.", "At 5 p.m. he left.", "At 5 p.m.", "He slept."],
        ["See Fig. 3 and p. 55.", "The Acme Co. was sold to Acme Inc. in 2019.", "It grew."],
        ["Wait... what?", "No!", "Really?!", "Yes."],
        ["1. First item.", "It has two sentences."],
        ["Item 1A. Risk Factors", "2. Second"],
        ["This was shown before.[3]", "Then came more. [ 4 ]", "The end."],
        ["On Jan. 5, 2020 it rained.", "(It was cold.)", "We left."],
        ["Vgl. Abs. 3 und z.B. Nr. 4.", "Das gilt auch hier."],
        ["It is vitamin C.", "The other is B."],
        ["你好。", "我是人。", "好吗？"],
        ["Is it so?", "Ja, d.h. manchmal."],
        ["Dr. A. B. Carter, Ph.D., spoke.", "Nobody listened."],
        ["The version is 3.11.7 now.", "Upgrade."],
    ],
)
def test_sentences_of_running_text(parts):
    text = " ".join(parts) if parts[0][-1] != "。" else "".join(parts)
    if parts[0] == "Item 1A. Risk Factors":
        text = "\n".join(parts)
    assert sentences(text) == parts


def test_a_wrapped_line_goes_on_and_a_broken_one_does_not():
    text = """\
The first paragraph is wrapped at about sixty characters
Because somebody's editor did so in the old days.
Short line
The next begins here and goes on for some time, as it
must."""
    first, rest = text.split("\nShort line\n")
    assert sentences(text) == [first, "Short line", rest]


def test_list_items_rows_and_headings_stand_alone():
    text = "# Rent\n- warm water\n- heating\nMonth | Euro\nMay | 900\n\nno full stop\n\nnext"
    assert sentences(text) == [
        "# Rent",
        "- warm water",
        "- heating",
        "Month | Euro",
        "May | 900",
        "no full stop",
        "next",
    ]


def test_nothing_gives_nothing():
    assert split_sentences("") == []
    assert split_sentences(" \n\t ") == []


PIECES = st.sampled_from(
    ["a", "B", "Mr.", ".", "!", "?", "...", " ", "  ", "\n", "\n\n", "1.", "(", ")", '"', "“", "”",
     "•", "- ", " | ", "U.S.", "e.g.", "。", "[3]", "\u2029", "\f", "\u00a0", "é", "😀", "word",
     "5"]
)  # fmt: skip


@settings(max_examples=600)
@given(text=st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=200)))
def test_spans_are_in_order_trimmed_and_leave_only_blanks(text):
    end = 0
    for start, stop in split_sentences(text):
        assert end <= start < stop <= len(text)
        assert text[end:start].strip() == ""
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert text[end:].strip() == ""


def test_no_text_takes_long():
    prose = "The committee met on Jan. 5, 2020, e.g. to vote. It adjourned at 5 p.m. today. "
    for text in (prose * 4000, "a" * 300_000, ". " * 150_000, "(" * 300_000, "\n" * 300_000,
                 "1.\n" * 100_000, " \n" * 150_000, "." * 300_000, "[1] " * 75_000):  # fmt: skip
        begun = time.process_time()
        split_sentences(text)
        assert time.process_time() - begun < 3
