"""Follow-up questions are understood from the conversation, and others are left alone."""

from __future__ import annotations

import pytest

from assistant.answering.followups import leans, understand
from models.engine.types import ChatMessage

LEANING = [
    "and the rent?",
    "And how much is the deposit?",
    "What about dental care?",
    "how about on weekends",
    "Why?",
    "Who founded it?",
    "When was he born?",
    "Where do they meet?",
    "Is that also true for part-time staff?",
    "How long does this take?",
    "Who is responsible for these?",
    "And in 2019?",
    "Which ones?",
    "What else?",
    "What is its capital?",
    "How many of them survived?",
    "Since when?",
    "But who pays for it?",
    "Tell me more.",
    "Which of those is cheaper?",
]
STANDING = [
    "How many career sacks did Jared Allen have?",
    "What is the notice period of the tenancy agreement?",
    "Is there a pool in the building?",
    "Who won Super Bowl 50?",
    "How much is the monthly rent of the flat?",
    "What are the deductible amounts for out-of-network services?",
    "What is it that paleoclimatologists study?",
    "Did Tesla pay for his own experiments?",
    "What fraction of New England settlers died of smallpox?",
    "When did the Rhine flood the city of Cologne?",
    "Who decides that the contract ends?",
    "What were the three sources of European rivalry in Africa?",
    "Does Northwind Standard cover its members abroad?",
    "How many people were killed?",
]


@pytest.mark.parametrize("question", LEANING)
def test_knows_a_question_that_leans_on_the_conversation(question):
    assert leans(question)


@pytest.mark.parametrize("question", STANDING)
def test_leaves_a_question_alone_that_stands_by_itself(question):
    assert not leans(question)


def test_the_first_question_is_searched_for_as_it_is():
    assert understand("Who founded it?", []).queries == ("Who founded it?",)


def test_a_follow_up_is_searched_for_with_the_question_it_follows():
    history = [
        ChatMessage("user", "How much is the deposit for the flat in Elm Street?"),
        ChatMessage("assistant", "The deposit is 1,800 euros."),
    ]
    understood = understand("and the rent?", history)
    assert understood.full == "How much is the deposit for the flat in Elm Street? and the rent?"
    assert understood.queries[0] == understood.full
    assert "and the rent?" in understood.queries


def test_a_chain_of_follow_ups_goes_back_to_the_question_that_stands_by_itself():
    history = [
        ChatMessage("user", "What does the parking permit cost?"),
        ChatMessage("assistant", "It costs 40 euros."),
        ChatMessage("user", "Who leads the planning office in Ostby?"),
        ChatMessage("assistant", "It is led by Ingrid Falk."),
        ChatMessage("user", "Since when?"),
        ChatMessage("assistant", "Since 2014."),
    ]
    understood = understand("And who was it before?", history)
    assert "planning office in Ostby" in understood.full
    assert "parking" not in understood.full


def test_a_pronoun_may_stand_for_a_name_in_the_answer():
    history = [
        ChatMessage("user", "Who leads the planning office?"),
        ChatMessage("assistant", "The office is led by Ingrid Falk."),
    ]
    assert any("Ingrid" in query for query in understand("When was she born?", history).queries)
