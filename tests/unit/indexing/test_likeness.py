"""Sketches of texts, and how much two have in common."""

from __future__ import annotations

import random

import pytest

from indexing.likeness import LEAST_SHARE, SIZE, shared, sketch
from tests.steps import end_of


def words_of(count, seed):
    chance = random.Random(seed)
    return [f"word{chance.randrange(3000)}" for _ in range(count)]


def true_share(one, other):
    """What a sketch estimates, counted."""
    sets = [{tuple(words[n : n + 5]) for n in range(len(words) - 4)} for words in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@pytest.mark.parametrize("changed", [0, 2, 6, 20, 60])
def test_the_share_is_estimated_well(changed):
    estimates = []
    for seed in range(8):
        one = words_of(600, seed)
        other = [*one]
        for place in random.Random(seed).sample(range(600), changed):
            other[place] = "new"
        found = shared(end_of(sketch(" ".join(one))), end_of(sketch(" ".join(other))))
        estimates.append(found - true_share(one, other))
    assert abs(sum(estimates) / len(estimates)) < 0.05
    assert max(map(abs, estimates)) < 0.15


def test_a_long_text_is_sketched_in_pieces_as_if_in_one(monkeypatch):
    text = " ".join(words_of(5000, 1))
    whole = end_of(sketch(text))
    assert len(whole) == SIZE
    for piece in (3, 4, 7, 1000):
        monkeypatch.setattr("indexing.likeness._PIECE", piece)
        assert list(end_of(sketch(text))) == list(whole), piece


def test_only_words_count():
    one = "The rent is 940 euros, and due on the third working day of each month. " * 3
    other = one.upper().replace(" ", "\n ").replace(",", " —")
    assert shared(end_of(sketch(one)), end_of(sketch(other))) == 1.0
    assert shared(end_of(sketch(one)), end_of(sketch(" ".join(words_of(200, 2))))) < LEAST_SHARE
    assert len(end_of(sketch("four words are few"))) == 0
    assert shared(end_of(sketch("")), end_of(sketch(""))) == 0.0
