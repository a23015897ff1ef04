"""One ranking from meaning and words."""

from __future__ import annotations

import numpy as np
import pytest

from indexing.fusion import Vector, fuse
from indexing.wordmatch import WordMatch


def unit(*values: float) -> Vector:
    vector = np.array(values, dtype=np.float32)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


QUERY = unit(1, 0)


def test_both_sides_count_and_neither_is_needed():
    alike, foreign = unit(0.6, 0.8), unit(0.1, 1)
    ranked = fuse(
        [1, 2, 3, 4],
        QUERY,
        {1: alike, 2: alike, 3: foreign},
        {
            2: WordMatch(1.0, 0.0, 1.0, 1.0, 0.4),
            3: WordMatch(0.2, 0.0, 0.0, 0.0, 0.1),
            4: WordMatch(0.9, 0.0, 0.0, 0.0, 0.2),
        },
        {},
        {},
    )
    assert [item.passage for item in ranked] == [2, 1, 4, 3]
    by_passage = {item.passage: item for item in ranked}
    assert by_passage[4].cosine == 0.0
    assert by_passage[1].coverage == 0.0
    assert by_passage[1].score == by_passage[1].cosine == pytest.approx(0.6)


def test_what_the_best_have_in_common_decides_where_the_words_do_not():
    topic = [unit(1, 1, 0), unit(1, 1.1, 0), unit(1, 0.9, 0), unit(1, 1, 0.1), unit(1, 1.05, 0)]
    nearer, on_topic = unit(1, 0.6, 1.6), unit(1, 1.8, 0)
    query = unit(1, 0, 0)
    assert nearer @ query > on_topic @ query
    vectors = dict(enumerate([*topic, nearer, on_topic], start=1))

    def last_two(coverage):
        words = {1: WordMatch(coverage=coverage)}
        return [item.passage for item in fuse(list(vectors), query, vectors, words, {}, {})][-2:]

    assert last_two(0.0) == [7, 6]
    assert last_two(1.0) == [6, 7]


def test_of_like_passages_that_of_the_document_meant_comes_first():
    vectors = dict.fromkeys([1, 2], QUERY)
    ranked = fuse([1, 2], QUERY, vectors, {}, {2: 0.5}, {})
    assert [item.passage for item in ranked] == [2, 1]


def test_of_like_passages_that_in_a_section_about_the_question_comes_first():
    alike, near, far = unit(0.8, 0.6), unit(0.9, 0.4), unit(0.1, 1)
    vectors = {1: alike, 2: alike, 3: alike, 11: far, 21: near, 22: near}
    # The words leave nothing open that what the best have in common would have to tell.
    words = dict.fromkeys([1, 2, 3], WordMatch(coverage=1.0))
    ranked = fuse([1, 2, 3], QUERY, vectors, words, {}, {1: [11], 2: [21, 22]})
    assert [item.passage for item in ranked] == [2, 3, 1]
    # What stands alone neither gains nor loses.
    alone = fuse([1, 2, 3], QUERY, vectors, words, {}, {})
    assert {item.passage: item.score for item in alone}[3] == ranked[1].score


def test_equals_are_in_a_stable_order():
    found = [9, 3, 5]
    vectors = dict.fromkeys(found, QUERY)
    assert [item.passage for item in fuse(found, QUERY, vectors, {}, {}, {})] == [3, 5, 9]


def test_nothing_found_is_no_ranking():
    assert fuse([], QUERY, {}, {}, {}, {}) == []
