"""What the model says of its own answer: how sure it is counts, and what it was shown."""

from __future__ import annotations

import pytest

from assistant.answering.calibration import Calibrations, Scale, log_odds, scale
from assistant.answering.material import Material
from assistant.answering.proof import prove
from assistant.answering.verify import cited, presumes
from models.engine.types import Generation
from tests.unit.assistant.answering.conftest import LEASE, piece

QUESTION = "How much is the rent?"
ANSWER = "The monthly rent is 940 euros."


def reply(**first_tokens):
    tokens = tuple(first_tokens.items())
    return Generation("", "", "length", 90, 0, 1, 9.0, 0.0, first_tokens=tokens)


def test_a_yes_counts_by_how_sure_it_is():
    surest = log_odds(reply(Yes=0.7, yes=0.25, No=0.02))
    sure = log_odds(reply(**{" Yes": 0.8, " No": 0.1, "NO": 0.05}))
    unsure = log_odds(reply(Yes=0.5, No=0.4))
    denying = log_odds(reply(no=0.99))

    odds = [surest, sure, unsure, denying]
    assert None not in odds
    assert sorted(odds, key=lambda each: -(each or 0)) == odds
    assert (denying or 0) < 0


@pytest.mark.parametrize(
    "other", [reply(**{"<think>": 0.99, "No": 0.005}), reply(The=0.9, No=0.05), reply()]
)
def test_a_reply_in_other_words_says_nothing(other):
    assert log_odds(other) is None


def test_how_sure_a_reply_is_is_told_by_replies_to_what_is_known():
    agreeing = scale([2.0, 3.0, 2.5], [0.0, -0.5, 0.5])
    # A model that says no to everything, if less to what is right.
    denying = scale([-1.0, -1.2], [-3.0, -3.4])

    assert agreeing.sureness(2.5) == denying.sureness(-1.1) == 1.0
    assert agreeing.sureness(0.0) == denying.sureness(-3.2) == 0.0
    assert agreeing.sureness(-1.0) < 0.0 < agreeing.sureness(1.0) < agreeing.sureness(1.5)


@pytest.mark.parametrize(
    ("answered", "unanswered"),
    [([2.0, 2.1], [1.9, 2.0]), ([None, None], [0.0, 0.0]), ([0.0, 0.1], [2.0, 2.2])],
)
def test_a_model_that_cannot_tell_them_apart_is_not_listened_to(answered, unanswered):
    assert scale(answered, unanswered).sureness(-5.0) == 1.0


def test_what_was_measured_is_there_at_the_next_start(tmp_path):
    file = tmp_path / "calibrations.json"
    assert Calibrations(file).get("one.gguf") is None

    Calibrations(file).keep("one.gguf", Scale(0.5, 1.25))
    again = Calibrations(file)
    again.keep("two.gguf", Scale(0.0, 0.0))

    assert Calibrations(file).get("one.gguf") == Scale(0.5, 1.25)
    assert Calibrations(file).get("two.gguf") == Scale(0.0, 0.0)
    file.write_text("{broken")
    assert Calibrations(file).get("one.gguf") is None


def test_the_model_is_shown_the_cited_paragraph_and_nothing_else():
    before, after = "The house was built in 1908.", "Dogs live next door."
    material = Material([piece(f"{before}\n\n{LEASE}\n\n{after}")])
    proof = prove(ANSWER, QUESTION, material, lambda *_: 1)

    assert "940 euros" in cited(proof, material)
    assert before not in cited(proof, material)
    assert after not in cited(proof, material)


def test_a_long_paragraph_is_shown_as_far_as_it_is_near():
    material = Material([piece("Nothing here. " * 200 + LEASE + " Nor here." * 200)])
    proof = prove(ANSWER, QUESTION, material, lambda *_: 1)

    assert "940 euros" in cited(proof, material)
    assert len(cited(proof, material)) < len(LEASE) + 1000


def test_a_long_summary_is_not_judged_by_two_paragraphs():
    material = Material([piece(LEASE)])
    proof = prove(f"{ANSWER} " * 4, QUESTION, material, lambda *_: 1)

    assert cited(proof, material) == ""


@pytest.mark.parametrize(
    ("question", "answer", "presuming"),
    [
        (QUESTION, ANSWER, False),
        ("Which rent was doubled?", "The monthly rent of 940 euros was doubled.", True),
        # What the title or another sentence of the passage says is not presumed.
        ("How much is the rent under the lease?", "The rent under the lease is 940 euros.", False),
        # A question may use words of its own as long as the answer does not.
        ("How much does the apartment cost?", ANSWER, False),
    ],
)
def test_an_answer_that_repeats_what_only_the_question_says_presumes_it(
    question, answer, presuming
):
    material = Material([piece(LEASE)])
    proof = prove(answer, question, material, lambda *_: 1)

    assert proof.citations
    assert presumes(question, proof, material) is presuming
