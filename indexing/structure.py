"""A canonical text's structure as it lies in the database, and how that of a part is added.

A blob for what is wanted at once (pages, blocks, places), one for each page for the boxes of
its lines.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from indexing.types import Block, CanonicalDocument, LineBox, Place, ScannedPage


class Structure(msgspec.Struct, frozen=True, array_like=True):
    """What a canonical text has beside its characters, as it lies in the database."""

    page_starts: tuple[int, ...]
    blocks: tuple[tuple[int, int, str, int | None, int], ...]
    headings: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...]
    places: tuple[tuple[int, str, int, str, str, str], ...] = ()
    scans: tuple[ScannedPage, ...] = ()


def pack_structure(document: CanonicalDocument) -> bytes:
    """A text's structure as a blob, the converse of `unpack_structure`."""
    nothing = Structure(page_starts=(), blocks=(), headings=(), warnings=())
    return _extended(nothing, document)


def extend_structure(packed: bytes, part: CanonicalDocument) -> bytes:
    """The structure of a text to which a part was added, as a blob.

    Args:
        packed: The structure of the text before.
        part: The part, with the pages and offsets of the whole (see `moved`).
    """
    return _extended(unpack_structure(packed), part)


def _extended(before: Structure, part: CanonicalDocument) -> bytes:
    # Equal heading paths are kept once.
    paths = {path: number for number, path in enumerate(before.headings)}
    blocks = [
        (b.start, b.end, b.kind, b.page, paths.setdefault(b.headings, len(paths)))
        for b in part.blocks
    ]
    places = [
        (start, place.kind, place.number, place.name, place.cells, place.file)
        for start, place in part.places
    ]
    return msgspec.msgpack.encode(
        Structure(
            page_starts=before.page_starts + part.page_starts,
            blocks=(*before.blocks, *blocks),
            headings=tuple(paths),
            warnings=part.warnings,
            places=(*before.places, *places),
            scans=before.scans + part.scans,
        )
    )


def unpack_structure(packed: bytes) -> Structure:
    """A structure out of its blob."""
    return _STRUCTURE.decode(packed)


def moved(part: CanonicalDocument, characters: int, pages: int) -> CanonicalDocument:
    """A part of a text as it stands behind so many characters and pages of the whole."""
    replace = msgspec.structs.replace
    return replace(
        part,
        blocks=tuple(
            replace(
                b,
                start=b.start + characters,
                end=b.end + characters,
                page=None if b.page is None else b.page + pages,
            )
            for b in part.blocks
        ),
        page_starts=tuple(start + characters for start in part.page_starts),
        lines=tuple(
            replace(
                line,
                start=line.start + characters,
                end=line.end + characters,
                page=line.page + pages,
            )
            for line in part.lines
        ),
        places=tuple((start + characters, place) for start, place in part.places),
        scans=tuple(replace(scan, page=scan.page + pages) for scan in part.scans),
    )


def unpack_places(
    rows: Sequence[tuple[int, str, int, str, str, str]],
) -> list[tuple[int, Place]]:
    """Places with their offsets, as they lie in a structure."""
    return msgspec.convert(
        [
            (start, {"kind": kind, "number": number, "name": name, "cells": cells, "file": file})
            for start, kind, number, name, cells, file in rows
        ],
        list[tuple[int, Place]],
    )


def unpack_blocks(structure: Structure) -> list[Block]:
    """The blocks of a structure, the converse of `pack_structure`."""
    rows = [
        (start, end, kind, page, structure.headings[path])
        for start, end, kind, page, path in structure.blocks
    ]
    return [
        msgspec.convert(
            {"start": start, "end": end, "kind": kind, "page": page, "headings": headings}, Block
        )
        for start, end, kind, page, headings in rows
    ]


def pack_lines(lines: Sequence[LineBox]) -> bytes:
    """One page's line boxes as a blob of flat numbers, ten-thousandths of the page."""
    return msgspec.msgpack.encode(
        [
            (x.start, x.end, *(round(v * _BOX_UNITS) for v in (x.left, x.top, x.right, x.bottom)))
            for x in lines
        ]
    )


def unpack_lines(row: sqlite3.Row) -> list[LineBox]:
    """The line boxes of a row with `page` and `boxes`."""
    return [
        LineBox(
            start,
            end,
            row["page"],
            left / _BOX_UNITS,
            top / _BOX_UNITS,
            right / _BOX_UNITS,
            bottom / _BOX_UNITS,
        )
        for start, end, left, top, right, bottom in _LINES.decode(row["boxes"])
    ]


# A tenth of a pixel on a page image of 1,000 pixels.
_BOX_UNITS = 10_000
# msgspec is not safe where several threads use a type for the first time: so at import.
msgspec.json.Decoder(tuple[Block, Place])
_LINES = msgspec.msgpack.Decoder(list[tuple[int, int, int, int, int, int]])
_STRUCTURE = msgspec.msgpack.Decoder(Structure)
