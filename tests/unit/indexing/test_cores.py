from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from indexing import cores
from indexing.cores import physical_cores, shared


@given(st.lists(st.integers()))
def test_what_is_made_comes_back_in_the_order_of_the_items(items: list[int]):
    def work(share: Sequence[int]) -> list[int]:
        return [item + 1 for item in share]

    assert shared(work, items) == [item + 1 for item in items]


def test_every_core_has_a_share_and_torch_keeps_to_it():
    count = physical_cores()
    together = threading.Barrier(count, timeout=30)

    def work(share: Sequence[int]) -> list[tuple[int, int, Sequence[int]]]:
        together.wait()
        return [(threading.get_ident(), torch.get_num_threads(), share) for _ in share]

    made = shared(work, range(10 * count))
    assert len({thread for thread, _, _ in made}) == count
    assert {threads for _, threads, _ in made} == {1}
    # Neighbours lie in different shares, so that longer items do not all meet on one core.
    assert {tuple(share) for _, _, share in made} == {
        tuple(range(10 * count)[n::count]) for n in range(count)
    }


def test_an_error_in_one_share_is_raised(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cores, "physical_cores", lambda: 2)

    def work(share: Sequence[int]) -> list[int]:
        if 3 in share:
            raise ValueError("three")
        return list(share)

    with pytest.raises(ValueError, match="three"):
        shared(work, range(6))
