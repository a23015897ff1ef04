"""The answer splitter gives the same however the text arrives."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine.streaming import AnswerSplitter, Piece, opened_thinking

# Letters that make up tags and stop strings, so that near misses are common.
FRAGMENTS = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<thi",
        "nk>",
        "<",
        "think",
        ">",
        "\n",
        "\n\n",
        " ",
        "User",
        "User:",
        "é",
    ]
)
TEXTS = st.lists(FRAGMENTS, max_size=12).map("".join)
STOPS = st.lists(
    st.sampled_from(["\n\n", "User:", "ser:", "<t", "nk>", "< ", "\nUser:", "é"]), max_size=3
)
OPENED = st.sampled_from([None, "</think>"])


def joined(pieces: list[Piece]) -> list[Piece]:
    result: list[Piece] = []
    for kind, text in pieces:
        if result and result[-1][0] == kind:
            result[-1] = (kind, result[-1][1] + text)
        else:
            result.append((kind, text))
    return result


def split(
    chunks: list[str], stop: list[str], opened: str | None = None
) -> tuple[list[Piece], bool]:
    splitter = AnswerSplitter(stop, opened)
    pieces = [piece for chunk in chunks for piece in splitter.feed(chunk)]
    pieces += splitter.finish()
    return joined(pieces), splitter.stopped


@given(text=TEXTS, stop=STOPS, opened=OPENED, data=st.data())
def test_cutting_the_text_elsewhere_changes_nothing(text, stop, opened, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    edges = [0, *cuts, len(text)]
    chunks = [text[a:b] for a, b in pairwise(edges)]
    whole = split([text], stop, opened)
    assert split(chunks, stop, opened) == whole
    assert split(list(text), stop, opened) == whole


@given(text=TEXTS.filter(lambda text: "<" not in text), stop=STOPS)
def test_an_answer_without_tags_ends_where_a_stop_string_is_first_complete(text, stop):
    text = text.lstrip()
    ends = [text.find(s) + len(s) for s in stop if s in text]
    expected = text
    if ends:
        end = min(ends)
        longest = max((s for s in stop if text[:end].endswith(s)), key=len)
        expected = text[: end - len(longest)]
    pieces, stopped = split([text], stop)
    assert "".join(part for _, part in pieces) == expected
    assert stopped == bool(ends)


@given(text=TEXTS, stop=STOPS, opened=OPENED)
def test_nothing_is_held_back_that_cannot_become_a_pattern(text, stop, opened):
    splitter = AnswerSplitter(stop, opened)
    sent = sum(len(part) for _, part in splitter.feed(text))
    rest = sum(len(part) for _, part in splitter.finish())
    assert sent + rest <= len(text)
    assert rest < len("</think>") + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>so\n</think>\n\nYes", [("thinking", "so\n"), ("text", "Yes")]),
        ("  <think></think>Yes", [("text", "Yes")]),
        ("Use <think> tags", [("text", "Use <think> tags")]),
        ("<think>never closed", [("thinking", "never closed")]),
        ("<thin", [("text", "<thin")]),
        ("[THINK]so[/THINK]Yes", [("thinking", "so"), ("text", "Yes")]),
    ],
)
def test_thinking_is_kept_apart(text, expected):
    assert split([text], [])[0] == expected


def test_a_prompt_that_opens_the_thinking_is_continued_as_thinking():
    closing = opened_thinking("<|assistant|><think>\n")
    assert closing == "</think>"
    assert split(["so</think>\nYes"], [], closing)[0] == [("thinking", "so"), ("text", "Yes")]


def test_a_stop_string_in_the_thinking_does_not_count():
    pieces, stopped = split(["<think>a END b</think>c END d"], [" END"])
    assert pieces == [("thinking", "a END b"), ("text", "c")]
    assert stopped


@pytest.mark.parametrize(
    ("text", "begun", "closing"),
    [
        (" \n", False, ""),
        ("\n<thi", False, ""),
        ("\n<think>", False, "</think>"),
        ("<think>\nHm", True, "</think>"),
        ("<think>Hm</think>\n\n", False, ""),
        ("<think>Hm</think>\n\nY", True, ""),
        ("<b", True, ""),
    ],
)
def test_it_is_known_whether_a_part_has_begun_and_what_ends_it(text, begun, closing):
    splitter = AnswerSplitter(stop=["<br>"])
    for char in text:
        splitter.feed(char)
    assert (splitter.begun, splitter.closing) == (begun, closing)
