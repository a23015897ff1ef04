"""Which passages a search is restricted to.

The passages of a text are stored in one go, so their ids follow each other: a scope of
documents is a few ranges of ids, which the stores can jump to instead of trying each.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Sequence

import msgspec

# What is searched in documents: an archive stands for what is in it, and what was skipped as
# a copy for what it is a copy of. Its one value is their ids, as JSON.
SELECT_SEARCHED = """
    SELECT DISTINCT coalesce(duplicate_of, id) FROM documents
    WHERE id IN (SELECT value FROM json_each(?1)) OR archive_id IN (SELECT value FROM json_each(?1))
"""


class Scope(msgspec.Struct, frozen=True):
    """Documents, and where their searched texts' passages are.

    Attributes:
        documents: Their ids.
        ranges: First and last passage of each run of ids, in ascending order.
    """

    documents: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """How many passages it has."""
        return sum(last - first + 1 for first, last in self.ranges)

    def passages(self) -> list[int]:
        """All of its passages."""
        return [number for first, last in self.ranges for number in range(first, last + 1)]

    def __contains__(self, passage: int) -> bool:
        at = bisect_right(self.ranges, passage, key=lambda item: item[0]) - 1
        return at >= 0 and passage <= self.ranges[at][1]


def searched(connection: sqlite3.Connection, documents: Sequence[int]) -> list[int]:
    """The documents that a search in these is restricted to."""
    rows = connection.execute(SELECT_SEARCHED, (json.dumps(list(documents)),))
    return [row[0] for row in rows]


def scope_of(connection: sqlite3.Connection, documents: Sequence[int]) -> Scope:
    """The scope of these documents; those that are gone or not read yet have no passages."""
    rows = connection.execute(
        "SELECT min(p.id), max(p.id) FROM documents AS d "
        "JOIN passages AS p ON p.content_id = d.content_id "
        "WHERE d.id IN (SELECT value FROM json_each(?)) GROUP BY d.id ORDER BY 1",
        (json.dumps(list(documents)),),
    )
    ranges: list[tuple[int, int]] = []
    for first, last in rows:
        if ranges and ranges[-1][1] + 1 == first:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return Scope(tuple(documents), tuple(ranges))
