"""What the reading of one part of a long file leaves to that of the next one."""

from __future__ import annotations

import msgspec

from indexing.readers.paged import THE_BEGINNING, Before, Part
from indexing.readers.pdf_lines import PageLines
from indexing.readers.scans import Account
from indexing.types import CanonicalDocument, Rest

# A part of a long file: so many pages, among which what runs through all of them is plain, and
# which take about a second. Those that have to be recognised take some seconds each.
PART_WEIGHT = 200
SCAN_WEIGHT = 8


class Carried(msgspec.Struct, frozen=True, array_like=True):
    """What is carried from part to part.

    Attributes:
        held: Pages that are read and not in a part yet; the last of them stands in front of
            the first that is not read.
        characters: How many the pages that are read have.
    """

    before: Before = THE_BEGINNING
    held: tuple[PageLines, ...] = ()
    characters: int = 0
    account: Account = msgspec.field(default_factory=Account)

    def pages(self) -> list[PageLines]:
        """The pages held, counted from the first page of the part that begins with them."""
        return [
            page._replace(
                lines=[line._replace(page=number) for line in page.lines],
                asides=tuple(line._replace(page=number) for line in page.asides),
            )
            for number, page in enumerate(self.held)
        ]


_CARRIED = msgspec.msgpack.Decoder(Carried)


def carried(rest: Rest | None) -> Carried:
    """What the part before left; nothing where there is none."""
    return Carried() if rest is None else _CARRIED.decode(rest.state)


def with_rest(
    part: Part, pages: list[PageLines], read: int, total: int, characters: int, account: Account
) -> CanonicalDocument:
    """A part's document with what became of its pages, and what is left for the next part.

    Args:
        pages: Those that were given to the part.
        read: How many pages of the file are read by now.
        total: How many it has.
    """
    left = Carried(part.after, tuple(pages[part.pages :]), characters, account)
    return msgspec.structs.replace(
        part.document,
        warnings=account.warnings(),
        scans=account.scans_of(read - len(pages), part.pages),
        rest=None if read >= total else Rest(read, total, msgspec.msgpack.encode(left)),
    )
