"""What is no answer is known as none, and an answer is not taken for one."""

from __future__ import annotations

import pytest

from assistant.answering.contrast import misses_kind, names_another, opposed
from assistant.answering.decline import declines, nothing_found
from assistant.answering.material import Material
from assistant.answering.words import read_words
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


WAR = "During the Hundred Years' War the Norman aristocracy often called themselves English."


@pytest.mark.parametrize(
    ("question", "another"),
    [
        ("Who called themselves French during the Hundred Years' War?", True),
        ("Who called themselves English in the 15th century?", True),
        ("Who called themselves English during the Hundred Years' War?", False),
        ("How did the Normans call themselves?", False),  # "Norman" stands there
        ("What did the aristocracy call itself?", False),
        # Elsewhere every noun is capitalised, and a name cannot be told from a word.
        ("Wie nannte sich der Adel im Krieg?", False),
    ],
)
def test_a_name_or_number_that_the_passage_does_not_have_is_noticed(question, another):
    around = {word.key for word in read_words(WAR)}

    assert names_another(question, around) is another


@pytest.mark.parametrize(
    ("question", "answer", "misses"),
    [
        ("What century did the spelling come from?", "It came from the Greeks.", True),
        ("What century did the spelling come from?", "It came from the 3rd century.", False),
        ("When is the rent due?", "On the fifth of each month.", False),
        ("When may I keep a dog?", "If the landlord agrees.", False),
        ("How many rooms are there?", "The flat has a kitchen.", True),
        ("How many rooms are there?", "There are two rooms.", False),
        ("What happens when I move out?", "The deposit is returned.", False),
    ],
)
def test_an_answer_brings_the_time_or_number_that_was_asked_for(question, answer, misses):
    assert misses_kind(question, answer) is misses
