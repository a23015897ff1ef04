"""Files that are gone from a watched folder in great numbers: perhaps nobody meant that.

A disk that is emptied, a synchronisation that goes wrong or a slip of the hand takes most of a
folder away while the folder itself stays, so that nothing else tells it from a tidying up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from indexing.types import WatchedFolder

# More files than these at once, and more than this share of the folder's, are asked about.
LEAST: Final = 20
SHARE: Final = 0.5


def large_losses(
    gone: Collection[int], folders: Iterable[WatchedFolder]
) -> dict[int, tuple[int, ...]]:
    """The documents that folders have lost most of their files with, by folder.

    Args:
        gone: Documents whose files are gone; of most folders these are few.
        folders: The watched ones, whose documents hold those that are gone.
    """
    lost = {
        folder.id: tuple(document for document in folder.documents if document in gone)
        for folder in folders
    }
    return {
        folder.id: lost[folder.id]
        for folder in folders
        if len(lost[folder.id]) > max(LEAST, SHARE * len(folder.documents))
    }
