"""One ranking from meaning and words."""

from __future__ import annotations

from indexing.fusion import fuse
from indexing.wordmatch import WordMatch


def test_both_sides_count_and_neither_is_needed():
    ranked = fuse(
        {1: 0.6, 2: 0.6, 3: 0.1},
        {2: WordMatch(1.0, 1.0, 0.4), 3: WordMatch(0.2, 0.0, 0.1), 4: WordMatch(0.9, 0.0, 0.2)},
    )
    assert [item.passage for item in ranked] == [2, 1, 4, 3]
    by_passage = {item.passage: item for item in ranked}
    assert by_passage[4].cosine == 0.0
    assert by_passage[1].coverage == 0.0
    assert by_passage[1].score == 0.6


def test_equals_are_in_a_stable_order():
    assert [item.passage for item in fuse({9: 0.5, 3: 0.5, 5: 0.5}, {})] == [3, 5, 9]


def test_nothing_found_is_no_ranking():
    assert fuse({}, {}) == []
