"""What the model says of its own answer: how sure it is counts, and what it was shown."""

from __future__ import annotations

import pytest

from assistant.answering.material import Material
from assistant.answering.proof import prove
from assistant.answering.verify import doubts, messages
from models.engine.types import Generation
from tests.unit.assistant.answering.conftest import LEASE, piece

QUESTION = "How much is the rent?"
ANSWER = "The monthly rent is 940 euros."


def reply(**first_tokens):
    tokens = tuple(first_tokens.items())
    return Generation("", "", "length", 90, 0, 1, 9.0, 0.0, first_tokens=tokens)


@pytest.mark.parametrize(
    ("replied", "doubted"),
    [
        (reply(Yes=0.7, yes=0.2, No=0.02), False),
        (reply(**{" Yes": 0.8, " No": 0.1}), False),
        (reply(Yes=0.6, No=0.35), True),  # a yes, but hardly likelier than a no
        (reply(No=0.8, Yes=0.1), True),
        (reply(no=0.99), True),
        (reply(**{"<think>": 0.99, "No": 0.005}), False),  # has said neither
        (reply(The=0.9, No=0.05), False),
        (reply(), False),
    ],
)
def test_a_yes_counts_by_how_sure_it_is(replied, doubted):
    assert doubts(replied) is doubted


def test_the_model_is_shown_the_cited_paragraph_and_nothing_else():
    before, after = "The house was built in 1908.", "Dogs live next door."
    material = Material([piece(f"{before}\n\n{LEASE}\n\n{after}")])
    proof = prove(ANSWER, QUESTION, material, lambda *_: 1)

    asked = messages(QUESTION, proof, material)[-1].content

    assert "940 euros" in asked
    assert QUESTION in asked
    assert before not in asked
    assert after not in asked


def test_a_long_paragraph_is_shown_as_far_as_it_is_near():
    material = Material([piece("Nothing here. " * 200 + LEASE + " Nor here." * 200)])
    proof = prove(ANSWER, QUESTION, material, lambda *_: 1)

    asked = messages(QUESTION, proof, material)[-1].content

    assert "940 euros" in asked
    assert len(asked) < len(LEASE) + 1200


def test_a_long_summary_is_not_judged_by_two_paragraphs():
    material = Material([piece(LEASE)])
    proof = prove(f"{ANSWER} " * 4, QUESTION, material, lambda *_: 1)

    assert messages(QUESTION, proof, material) == []
