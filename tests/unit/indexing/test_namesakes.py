"""Where a question names one of several documents that are called alike, it means that one."""

from __future__ import annotations

import pytest

from indexing.fusion import Scored
from indexing.namesakes import not_meant

PLANS = ("baltic standard plan", "baltic health plus plan", "canteen menu")
REPORTS = ("acme 2023 q2", "acme 2023 q3", "acme 2022 q3", "globex 2023 q2")
PARTS = ("manual part 2", "manual part 38")
LETTERS = ("lease", "lease amendment")


@pytest.mark.parametrize(
    ("names", "question", "left_out"),
    [
        (PLANS, "What of a transplant does Baltic Standard pay?", {2}),
        (PLANS, "Does Baltic Health Plus pay for a transplant?", {1}),
        # The insurer's own name is no plan's, and one who compares means both.
        (PLANS, "Who does Baltic Health say pays for a transplant?", set()),
        (PLANS, "What has the Plus plan that the Standard plan has not?", set()),
        (PLANS, "Who pays for a transplant?", set()),
        (REPORTS, "What did Acme earn in Q3 of 2023?", {1, 3, 4}),
        (REPORTS, "How did Q2 of 2023 compare with Q3 at Acme?", {3, 4}),
        (PARTS, "Who was the champion at 38 years old?", set()),
        (LETTERS, "What does the amendment change in the lease?", set()),
    ],
)
def test_the_others_are_left_out_where_there_is_no_doubt(names, question, left_out):
    words = {n: frozenset(name.split()) for n, name in enumerate(names, start=1)}
    ranked = [Scored(n, 1.0, 0.5, 0.5) for n in words]
    assert not_meant(question, ranked, words) == left_out


def test_what_is_named_must_be_about_the_question_too():
    names = {1: frozenset({"plan", "standard"}), 2: frozenset({"plan", "plus"})}
    ranked = [Scored(2, 1.0, 0.5, 0.5), Scored(1, 0.8, 0.5, 0.5)]
    assert not_meant("What is standard in dentistry?", ranked, names) == set()
    assert not_meant("What is standard in dentistry?", [], {}) == set()
