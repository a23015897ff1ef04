"""What is no answer is known as none, and an answer is not taken for one."""

from __future__ import annotations

import pytest

from assistant.answering.decline import declines, nothing_found
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


def test_nothing_is_found_where_search_brings_only_something_else():
    evidence = [piece(LEASE, relevance=0.05)]
    assert nothing_found("What is the chemical symbol of gold?", evidence, Material(evidence))
    assert nothing_found("How much is the rent?", [], Material([]))


def test_something_is_found_by_its_meaning_or_by_its_words():
    alike = [piece(LEASE, relevance=0.55)]
    assert not nothing_found("What does housing cost me?", alike, Material(alike))
    named = [piece(LEASE, relevance=0.05)]
    assert not nothing_found("monthly rent deposit", named, Material(named))
