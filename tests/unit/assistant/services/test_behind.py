from __future__ import annotations

import pytest

from assistant.services.behind import Behind


def steps(closed):
    try:
        yield 1
        yield 2
    finally:
        closed.append(True)
    return "done"


def test_undisturbed_it_passes_everything_on():
    closed = []
    run = Behind().run(steps(closed))
    assert [next(run), next(run)] == [1, 2]
    with pytest.raises(StopIteration) as end:
        next(run)
    assert end.value.value == "done"
    assert closed == [True]


def test_it_ends_at_once_where_it_has_to_give_way_and_says_so_when_gone_on_with():
    behind, closed = Behind(), []
    run = behind.run(steps(closed))
    next(run)
    behind.give_way()
    assert closed == [True]
    with pytest.raises(StopIteration) as end:
        next(run)
    assert end.value.value is None


def test_what_it_does_itself_is_nothing_to_give_way_to():
    behind = Behind()

    def loads_first():
        behind.give_way()
        yield 1
        return "done"

    run = behind.run(loads_first())
    assert next(run) == 1
    with pytest.raises(StopIteration) as end:
        next(run)
    assert end.value.value == "done"


def test_closing_it_closes_what_it_runs():
    closed = []
    run = Behind().run(steps(closed))
    next(run)
    run.close()
    assert closed == [True]
