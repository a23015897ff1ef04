"""Reads the bytes of a GGUF header, forward, and believes none of the lengths in it."""

from __future__ import annotations

import struct
from typing import BinaryIO

# Real headers take up to about 20 MB.
MAX_HEADER_BYTES = 256 * 1024 * 1024
MAX_NAME_BYTES = 65535

_READ_BYTES = 1024 * 1024


class Problem(Exception):
    """What is wrong with a file, as a word of `InvalidModelFile.problem`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Cursor:
    """Reads a file forward, a block at a time, never past its end or a header's bound."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._block = b""
        self._at = 0  # in the block
        self._start = 0  # of the block in the file

    @property
    def position(self) -> int:
        """How many bytes were read or passed over."""
        return self._start + self._at

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        self._need(count)
        taken = self._block[self._at : self._at + count]
        self._at += count
        return taken

    def skip(self, count: int) -> None:
        """Passes over bytes without keeping them."""
        if self._at + count <= len(self._block):
            self._at += count
            return
        target = self.position + count
        self._check(target)
        self._file.seek(target)
        self._block, self._at, self._start = b"", 0, target

    def scalar(self, layout: str) -> int | float | bool:
        """A number, laid out as `struct` says."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def count(self, limit: int) -> int:
        """An unsigned 64 bit number that must not exceed a limit."""
        number = int.from_bytes(self.take(8), "little")
        if number > limit:
            raise Problem("absurd_header")
        return number

    def u32(self) -> int:
        """An unsigned 32 bit number."""
        return int.from_bytes(self.take(4), "little")

    def text(self, limit: int = MAX_NAME_BYTES) -> str:
        """A text of at most `limit` bytes."""
        return self.take(self.count(limit)).decode("utf-8", "replace")

    def skip_texts(self, items: int) -> None:
        """Passes over that many strings: a vocabulary, so this is worth being quick."""
        for _ in range(items):
            at = self._at
            end = at + 8
            if end > len(self._block):
                self._need(8)
                at = self._at
                end = at + 8
            length = int.from_bytes(self._block[at:end], "little")
            self._at = end
            if length > MAX_HEADER_BYTES:
                raise Problem("absurd_header")
            self.skip(length)

    def _need(self, count: int) -> None:
        if self._at + count <= len(self._block):
            return
        self._check(self.position + count)
        rest = self._block[self._at :]
        self._start += self._at
        self._block = rest + self._file.read(max(_READ_BYTES, count - len(rest)))
        self._at = 0
        if len(self._block) < count:  # it shrank while we read
            raise Problem("truncated")

    def _check(self, position: int) -> None:
        if position > MAX_HEADER_BYTES:
            raise Problem("absurd_header")
        if position > self._size:
            raise Problem("truncated")
