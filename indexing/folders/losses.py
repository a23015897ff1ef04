"""Files that are gone from a watched folder in great numbers: perhaps nobody meant that.

A disk that is emptied, a synchronisation that goes wrong or a slip of the hand takes most of a
folder away while the folder itself stays, so that nothing else tells it from a tidying up. It may
do so bit by bit: what went within a day is one loss.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable
from typing import Final

from indexing.database import transaction
from indexing.types import WatchedFolder

# More files than these within a day, and more than this share of the folder's, are asked about.
LEAST: Final = 20
SHARE: Final = 0.5
_DAY_S: Final = 24 * 3600

# How many files folders have lost since a time; of most none.
SELECT_LOST: Final = "SELECT folder_id, count(*) FROM lost_files WHERE lost_at >= ? GROUP BY 1"


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
        if lost[folder.id]
        and len(lost[folder.id]) + folder.lost
        > max(LEAST, SHARE * (len(folder.documents) + folder.lost))
    }


def lately() -> float:
    """The time from which on losses count as one, in seconds of Unix time."""
    return time.time() - _DAY_S


def note_losses(connection: sqlite3.Connection, folder: int, paths: Iterable[str]) -> None:
    """Notes files that are gone, and whose documents went with them unasked."""
    with transaction(connection):
        connection.execute("DELETE FROM lost_files WHERE lost_at < ?", (lately(),))
        connection.executemany(
            "INSERT OR REPLACE INTO lost_files (path, folder_id, lost_at) VALUES (?, ?, ?)",
            [(path, folder, time.time()) for path in paths],
        )


def forget_losses(connection: sqlite3.Connection, folders: Iterable[int]) -> None:
    """Begins to count anew: a person knows what is gone from these folders."""
    connection.execute(
        "DELETE FROM lost_files WHERE folder_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(folders)),),
    )
