"""Writes messages as Outlook keeps them: a compound file, its streams all smaller than 4 KB."""

from __future__ import annotations

import struct
from itertools import pairwise

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _SMALL = 512, 64
_ROOT, _STORAGE, _STREAM = 5, 1, 2


def outlook_file(tree: dict) -> bytes:
    """A compound file of streams (bytes) and storages (such a tree)."""
    entries: list[list] = []
    content = bytearray()
    chains: list[int] = []

    def add(name, what):
        number = len(entries)
        entries.append([name, _STREAM, _FREE, _FREE, 0, 0])
        if isinstance(what, dict):
            names = sorted(what, key=lambda one: (len(one), one.upper()))
            inner = [add(one, what[one]) for one in names]
            for one, following in pairwise(inner):
                entries[one][2] = following
            entries[number][1] = _STORAGE if number else _ROOT
            entries[number][3] = inner[0] if inner else _FREE
            return number
        assert len(what) < 4096
        entries[number][4:] = [len(content) // _SMALL if what else _END, len(what)]
        content.extend(what + bytes(-len(what) % _SMALL))
        parts = -(-len(what) // _SMALL)
        chains.extend([*range(len(chains) + 1, len(chains) + parts), _END] if parts else [])
        return number

    add("Root Entry", tree)
    table = struct.pack(f"<{len(chains)}I", *chains)
    fat, starts = [_FAT], []
    for size in (128 * len(entries), len(table), len(content)):
        starts.append(len(fat))
        count = -(-size // _SECTOR)
        fat += [*range(len(fat) + 1, len(fat) + count), _END] if count else []
    assert len(fat) <= _SECTOR // 4
    entries[0][4:] = [starts[2], len(content)]
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, starts[0], 0, 4096, starts[1], -(-len(table) // _SECTOR), _END, 0, 0,
    )  # fmt: skip
    header += struct.pack("<108I", *[_FREE] * 108)
    fat += [_FREE] * (_SECTOR // 4 - len(fat))
    directory = b"".join(map(_entry, entries))
    sectors = struct.pack("<128I", *fat) + _filled(directory, b"\0") + _filled(table, b"\xff")
    return header + sectors + _filled(bytes(content), b"\0")


def message(
    subject: str, body: str = "", html: bytes = b"", attached: tuple = (), head: int = 32
) -> dict:
    """A message's tree.

    Args:
        attached: Names and bytes of files; subjects and trees of messages.
        head: How long what is in front of its properties is: 32, in another message 24.
    """
    texts = {0x0037: subject, 0x1000: body, 0x0C1A: "Anna Müller", 0x0C1F: "anna@example.org"}
    tree = _properties(head, texts, {0x1013: html} if html else {})
    for number, (name, data) in enumerate(attached):
        texts = {0x3001: name} if isinstance(data, dict) else {0x3707: name}
        inner = _properties(8, texts, {} if isinstance(data, dict) else {0x3701: data})
        if isinstance(data, dict):
            inner["__substg1.0_3701000D"] = data
        tree[f"__attach_version1.0_#{number:08X}"] = inner
    return tree


def _properties(head: int, texts: dict[int, str], blobs: dict[int, bytes]) -> dict:
    tree: dict = {}
    listed = bytes(head)
    for kind, values in ((0x001F, texts), (0x0102, blobs)):
        for number, value in values.items():
            data = value.encode("utf-16-le") if isinstance(value, str) else value
            tree[f"__substg1.0_{number:04X}{kind:04X}"] = data
            listed += struct.pack("<HHIII", kind, number, 6, len(data), 0)
    return {"__properties_version1.0": listed, **tree}


def _entry(entry: list) -> bytes:
    name, kind, right, child, start, length = entry
    encoded = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16xI8x8xIQ",
        encoded, len(encoded), kind, 1, _FREE, right, child, 0, start, length,
    )  # fmt: skip


def _filled(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _SECTOR)
