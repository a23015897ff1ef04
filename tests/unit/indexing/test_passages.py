from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.passages import split_passages
from indexing.types import Block, CanonicalDocument


def count_words(texts):
    """As word pieces are counted: words and signs, long words as several."""
    return [sum(-(-len(word) // 8) for word in re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def make(*parts, page_starts=()):
    """A document of (kind, text, headings) blocks parted by empty lines."""
    text, blocks = "", []
    for kind, content, headings in parts:
        if text:
            text += "\n\n"
        blocks.append(Block(len(text), len(text) + len(content), kind, None, headings))
        text += content
    return CanonicalDocument("made", "text", text, tuple(blocks), page_starts)


def cut(document, max_tokens):
    passages = split_passages(document, count_words, max_tokens)
    return passages, [document.text[p.start : p.end] for p in passages]


def test_whole_sentences_are_packed():
    sentence = "Here are six words for you. "
    document = make(("paragraph", (sentence * 10).strip(), ()))
    passages, texts = cut(document, 30)

    assert all(text.endswith("you.") for text in texts)
    assert [p.tokens for p in passages] == count_words(texts)
    assert all(p.tokens <= 30 for p in passages)
    assert len(passages) == 3


def test_the_pieces_of_a_section_are_about_equal():
    document = make(("paragraph", "One two three. " * 21, ()))
    passages, _ = cut(document, 80)
    assert [p.tokens for p in passages] == [44, 40]


def test_a_change_moves_only_the_cuts_near_it():
    def paragraphs(changed=None):
        for number in range(400):
            words = [
                f"Word{number}x{n} stands here, and so do {n} more." for n in range(number % 9)
            ]
            if number == changed:
                words.append("This sentence is new.")
            yield "paragraph", " ".join(["A paragraph begins.", *words]), ()

    before = set(cut(make(*paragraphs()), 60)[1])
    after = set(cut(make(*paragraphs(changed=200)), 60)[1])
    assert len(before) > 200
    assert 1 <= len(after - before) <= 8


def test_no_passage_crosses_a_top_section():
    document = make(
        ("heading", "Rent", ()),
        ("paragraph", "It is 900 euro.", ("Rent",)),
        ("heading", "Deposit", ()),
        ("paragraph", "It is twice the rent.", ("Deposit",)),
    )
    passages, texts = cut(document, 100)
    assert texts == ["Rent\n\nIt is 900 euro.", "Deposit\n\nIt is twice the rent."]
    assert [p.headings for p in passages] == [("Rent",), ("Deposit",)]


def test_a_heading_belongs_to_what_follows():
    body = "Seven words stand in this very sentence. "
    document = make(
        ("heading", "Lease", ()),
        ("paragraph", (body * 3).strip(), ("Lease",)),
        ("heading", "Rent", ("Lease",)),
        ("paragraph", (body * 3).strip(), ("Lease", "Rent")),
    )
    passages, texts = cut(document, 32)
    assert texts[0].startswith("Lease")
    assert texts[1].startswith("Rent")
    assert [p.headings for p in passages] == [("Lease",), ("Lease", "Rent")]


def test_small_subsections_share_a_passage_and_its_path_is_what_they_share():
    document = make(
        ("heading", "Lease", ()),
        ("heading", "Rent", ("Lease",)),
        ("paragraph", "It is 900 euro.", ("Lease", "Rent")),
        ("heading", "Deposit", ("Lease",)),
        ("paragraph", "None.", ("Lease", "Deposit")),
    )
    passages, _ = cut(document, 100)
    assert [p.headings for p in passages] == [("Lease",)]


def test_rows_of_a_table_stay_whole():
    rows = [f"Row {number} | cell one | cell two" for number in range(20)]
    _, texts = cut(make(("table", "\n".join(rows), ())), 40)
    assert [row for text in texts for row in text.split("\n")] == rows


def test_a_sentence_too_long_is_cut_at_its_clauses():
    clause = "the tenant pays the rent and all of the other costs"
    document = make(("paragraph", "; ".join([clause] * 8) + ".", ()))
    passages, texts = cut(document, 30)
    assert all(p.tokens <= 30 for p in passages)
    assert all(text.startswith("the tenant") for text in texts)


def test_a_word_too_long_is_cut_too():
    document = make(("paragraph", "x" * 5000 + " end", ()))
    passages, texts = cut(document, 50)
    assert "".join(texts).replace(" ", "") == "x" * 5000 + "end"
    assert all(p.tokens <= 50 for p in passages)


def test_the_page_is_that_of_its_start():
    document = make(("paragraph", "One two. " * 30, ()), page_starts=(0, 90, 180))
    passages, _ = cut(document, 30)
    assert [p.page for p in passages] == [1 + (p.start >= 90) + (p.start >= 180) for p in passages]
    assert cut(make(("paragraph", "One", ())), 30)[0][0].page is None


def test_texts_are_counted_many_at_a_time():
    calls = []

    def counting(texts):
        calls.append(len(texts))
        return count_words(texts)

    split_passages(make(("paragraph", "One two three. " * 3000, ())), counting, 100)
    assert len(calls) == 1


def test_a_maximum_below_one_is_a_mistake():
    with pytest.raises(ValueError, match="max_tokens"):
        split_passages(make(("paragraph", "One", ())), count_words, 0)


WORDS = st.sampled_from(
    ["word", "a", "Mr.", "end.", "so;", "and,", "x" * 90, "(b)", "\n", "5.2", "漢字" * 30, "| c"]
)
KINDS = st.sampled_from(["paragraph", "heading", "list_item", "table", "code", "quote"])
PATHS = st.sampled_from([(), ("A",), ("B",), ("A", "C"), ("A", "D", "E")])
PARTS = st.lists(
    st.tuples(KINDS, st.lists(WORDS, min_size=1, max_size=60).map(" ".join), PATHS).filter(
        lambda part: part[1].strip()
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300)
@given(parts=PARTS, max_tokens=st.integers(1, 60))
def test_passages_hold_every_character_once_and_fit(parts, max_tokens):
    document = make(*((kind, text.strip(), path) for kind, text, path in parts))
    passages, texts = cut(document, max_tokens)

    end = 0
    for passage in passages:
        assert end <= passage.start < passage.end
        assert document.text[end : passage.start].strip() == ""
        end = passage.end
    assert document.text[end:].strip() == ""
    tops = {block.headings[:1] for block in document.blocks}
    for passage, text in zip(passages, texts, strict=True):
        assert text == text.strip()
        assert passage.headings[:1] in tops | {()}
        assert passage.tokens <= max_tokens or len(text) == 1
