from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reading_all.merging import MOST_PLACES, Item, Place, merge, sameness

NAMES = ["Ada", "Bo", "Cy", "Dee", "Eve", "Flo", "Gus"]
items = st.lists(
    st.builds(
        lambda name, group, start: Item(group, f"the {name}", (Place(1, start, start + 3),)),
        st.sampled_from(NAMES),
        st.sampled_from([None, 1, 2]),
        st.integers(0, 50),
    )
)


@given(items)
def test_what_is_counted_is_every_item_once_in_each_group(found: list[Item]):
    merged = merge(found)
    assert len(merged) == len({(item.group, item.text) for item in found})
    assert sum(item.times for item in merged) == len(found)
    # In the order in which they were found.
    order = [(item.group, item.text) for item in found]
    assert [(m.group, m.text) for m in merged] == list(dict.fromkeys(order))


@given(items)
def test_merging_again_changes_nothing_and_every_place_was_there_before(found: list[Item]):
    merged = merge(found)
    assert merge(merged) == merged
    places = {place for item in found for place in item.places}
    for item in merged:
        assert set(item.places) <= places
        assert 0 < len(set(item.places)) == len(item.places) <= MOST_PLACES


@given(items, items)
def test_it_makes_no_difference_whether_parts_are_merged_first(first, second):
    def counts(of):
        return {(item.group, item.text): item.times for item in of}

    assert counts(merge([*merge(first), *merge(second)])) == counts(merge([*first, *second]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sales Manager", "the sales managers"),
        ("Sales Manager", "Manager (Sales)"),
        ("1,500 euros", "1500 euros"),
    ],
)
def test_the_same_in_other_words_is_one(one, other):
    assert sameness(one) == sameness(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Chief Financial Officer", "Chief Operating Officer"),
        ("Chief Officer", "Chief Financial Officer"),
        ("2 years", "3 years"),
        ("dental care is covered", "dental care is not covered"),
        ("?", "!"),
    ],
)
def test_what_differs_by_a_word_is_two(one, other):
    assert sameness(one) != sameness(other)
