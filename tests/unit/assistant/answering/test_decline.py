"""What is no answer is known as none, and an answer is not taken for one."""

from __future__ import annotations

import pytest

from assistant.answering.contrast import opposed
from assistant.answering.decline import declines, nothing_found, says_no
from assistant.answering.material import Material
from tests.unit.assistant.answering.conftest import LEASE, piece


@pytest.mark.parametrize(
    "answer",
    [
        "The documents do not say.",
        "The passages do not state the answer.",
        "The provided documents don't mention the colour of the door.",
        "There is no information about the rent in the documents.",
        "I'm sorry, but I cannot find that.",
        "I do not know.",
        "The deposit is not mentioned in the given passages.",
        "The document does not provide information on postnatal yoga.",
        "Based on the passages, the text does not specify who founded it.",
        "It cannot be determined from the text.",
        "",
    ],
)
def test_a_model_that_declines_is_understood(answer):
    assert declines(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "The rent is 940 euros.",
        "No, dogs are not allowed in the house.",
        "Northwind Standard does not cover emergency services abroad.",
        "The plan is not available to part-time staff.",
        "136.",
        "Employees do not need to give notice; the document is signed by the landlord.",
        "He was not found until 1921.",
        "It is not known as the Danube but as the Rhine.",
    ],
)
def test_an_answer_that_denies_something_is_still_an_answer(answer):
    assert not declines(answer)


@pytest.mark.parametrize("reply", ["No", "no.", " No, they", "**no**"])
def test_no_is_no(reply):
    assert says_no(reply)


@pytest.mark.parametrize("reply", ["Yes", "yes", "Not sure", "Nowhere", ""])
def test_everything_else_is_not(reply):
    assert not says_no(reply)


def test_nothing_is_found_where_search_brings_only_something_else():
    evidence = [piece(LEASE, relevance=0.05)]
    assert nothing_found("What is the chemical symbol of gold?", evidence, Material(evidence))
    assert nothing_found("How much is the rent?", [], Material([]))


def test_something_is_found_by_its_meaning_or_by_its_words():
    alike = [piece(LEASE, relevance=0.55)]
    assert not nothing_found("What does housing cost me?", alike, Material(alike))
    named = [piece(LEASE, relevance=0.05)]
    assert not nothing_found("monthly rent deposit", named, Material(named))


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("When did the forests increase?", "The forests decreased in the 19th century."),
        ("Which town lies north of the lake?", "Hamn lies south of the lake."),
        ("What was the first bridge?", "The last bridge was built in Ostby."),
        ("Who did not sign the lease?", "The lease was signed by Ingrid Falk."),
        ("What is the name of the shortest bridge?", "The longest bridge is that of Emmerich."),
    ],
)
def test_a_quote_that_says_the_opposite_is_noticed(question, quote):
    assert opposed(question, [quote])


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("When did the forests increase?", "The forests increased, and the fields decreased."),
        ("Which services are not covered?", "Cosmetic surgery is excluded."),
        ("Which services are not covered?", "Massages are not covered."),
        ("Why don't dogs live here?", "The landlord asks for a house without dogs."),
        ("Who signed the lease?", "The lease was signed by Ingrid Falk."),
        ("Is the first or the last month free?", "The last month is free."),
        ("What else is there?", "Cellar and garage."),
    ],
)
def test_a_quote_that_answers_is_left_alone(question, quote):
    assert not opposed(question, [quote])
