"""Scopes of documents as ranges of passages."""

from __future__ import annotations

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from indexing.database import connect, migrate
from indexing.schema import COMPONENT, MIGRATIONS
from indexing.scope import Scope, scope_of
from indexing.store import DocumentStore
from indexing.types import Block, CanonicalDocument, Passage


def test_passages_of_neighbours_are_one_range(data_dir):
    text = "abc"
    canonical = CanonicalDocument("t", "text", text, (Block(0, 3, "paragraph"),))
    with closing(connect(data_dir)) as db:
        migrate(db, COMPONENT, MIGRATIONS)
        store = DocumentStore(db)
        for number, passages in enumerate((2, 3, 0, 1), start=1):
            document = store.register(f"/{number}", "t", 3, 0, None)
            cut = [Passage(0, 3, None, (), 1)] * passages
            store.contents.put(document, f"{number}", canonical, cut)
        assert scope_of(db, [1, 2]).ranges == ((1, 5),)
        assert scope_of(db, [4, 1]).ranges == ((1, 2), (6, 6))
        assert scope_of(db, [3, 99]).ranges == ()
        assert scope_of(db, [4, 1]).size == 3


@given(st.sets(st.integers(1, 60)))
def test_a_scope_knows_its_passages(wanted):
    ranges: list[tuple[int, int]] = []
    for number in sorted(wanted):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    scope = Scope((), tuple(ranges))
    assert scope.passages() == sorted(wanted)
    assert {n for n in range(70) if n in scope} == wanted
    assert scope.size == len(wanted)
