"""Searching through conversations."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def converse(store, question: str, answer: str = "") -> int:
    conversation = store.create().id
    asked = store.ask(conversation, question)
    if answer:
        writer = store.begin_answer(asked.id)
        writer.append(answer)
        writer.stop()
    return conversation


def test_titles_come_first_and_the_words_found_are_marked(store):
    by_text = converse(store, "What is due each month?", "The rent of the flat is 900 euros.")
    by_title = converse(store, "Rent")
    found = store.search("rent")
    assert [(one.conversation.id, one.message is None) for one in found] == [
        (by_title, True),
        (by_title, False),
        (by_text, False),
    ]
    for one in found:
        assert [one.snippet[start:end].lower() for start, end in one.marks] == ["rent"]


@pytest.mark.parametrize("query", ["Käut", "kaution zurück", "KAUTION", "kaut"])
def test_accents_capitals_and_beginnings_do_not_matter(store, query):
    conversation = converse(store, "Wann kommt die Kaution zurück?")
    assert {one.conversation.id for one in store.search(query)} == {conversation}


def test_all_words_must_occur(store):
    converse(store, "The garden of the house")
    assert store.search("garden boat") == []


@pytest.mark.parametrize("query", ["押金", "金是", "押金是多少"])
def test_words_are_found_in_scripts_without_spaces(store, query):
    conversation = converse(store, "请问，押金是多少？", "押金是九百欧元。")
    found = store.search(query)
    assert {one.conversation.id for one in found} == {conversation}
    for one in found:
        assert [one.snippet[start:end] for start, end in one.marks] == [query]


def test_an_answer_is_found_once_it_has_ended_and_a_renamed_title_at_once(store):
    conversation = store.create().id
    writer = store.begin_answer(store.ask(conversation, "How much?").id)
    writer.append("A walrus")
    writer.stop()
    assert [one.message for one in store.search("walrus")] == [writer.message]
    store.rename(conversation, "Sea animals")
    assert [one.message for one in store.search("animals")] == [None]


@given(query=st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_any_query_is_a_query(store, query):
    for one in store.search(query):
        for start, end in one.marks:
            assert 0 <= start < end <= len(one.snippet)


@pytest.mark.parametrize(
    "query", ['"', "AND", "NEAR(a b)", "a*", "-x", "col:x", "100%", "_", "\x00"]
)
def test_what_the_index_takes_for_syntax_is_text(store, query):
    converse(store, f"so {query} it is")
    store.search(query)
