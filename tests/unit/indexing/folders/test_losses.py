"""When so many files are gone from a folder that a person is asked first."""

from __future__ import annotations

import pytest

from indexing.folders.losses import large_losses
from indexing.types import WatchedFolder


def folder(number, documents):
    return WatchedFolder(number, f"/papers/{number}", None, documents=tuple(documents))


@pytest.mark.parametrize(
    ("gone", "of", "is_large"),
    [(21, 30, True), (30, 30, True), (20, 20, False), (21, 42, False), (22, 42, True)],
)
def test_more_than_twenty_and_more_than_half(gone, of, is_large):
    lost = large_losses(set(range(gone)), [folder(1, range(of))])
    assert lost == ({1: tuple(range(gone))} if is_large else {})


def test_each_folder_is_judged_by_itself():
    folders = [folder(1, range(100)), folder(2, range(100, 130))]
    gone = {*range(40), *range(100, 125)}
    assert large_losses(gone, folders) == {2: tuple(range(100, 125))}
