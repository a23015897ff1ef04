"""Blocks over a text that is its own canonical text: files that people write as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from indexing.readers.assemble import title_or_name
from indexing.types import Block, BlockKind, CanonicalDocument, Place

GAP = re.compile(r"\n[^\S\n]*\n\s*|\f\s*")


class OwnText:
    """Collects blocks that point into a text.

    Args:
        text: The whole of it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._blocks: list[Block] = []
        self._stack: list[tuple[int, str]] = []

    def add(self, start: int, end: int, kind: BlockKind) -> None:
        """Add `text[start:end]` without the white space around it; nothing else adds nothing."""
        piece = self.text[start:end]
        stripped = piece.strip()
        if stripped:
            begin = start + len(piece) - len(piece.lstrip())
            headings = tuple(title for _, title in self._stack)
            self._blocks.append(Block(begin, begin + len(stripped), kind, None, headings))

    def heading(self, start: int, end: int, title: str, level: int) -> None:
        """Add a heading, in whose section what follows stands."""
        while self._stack and self._stack[-1][0] >= level:
            self._stack.pop()
        self.add(start, end, "heading")
        self._stack.append((level, " ".join(title.split())[:300]))

    def paragraphs(self, start: int, end: int, kind: BlockKind = "paragraph") -> None:
        """Add what empty lines part."""
        position = start
        for gap in GAP.finditer(self.text, start, end):
            self.add(position, gap.start(), kind)
            position = gap.end()
        self.add(position, end, kind)

    def finish(
        self,
        path: Path,
        kind: str,
        title: str | None = None,
        places: Sequence[tuple[int, Place]] = (),
    ) -> CanonicalDocument:
        """The document."""
        return CanonicalDocument(
            title=title_or_name(title, path),
            kind=kind,
            text=self.text,
            blocks=tuple(self._blocks),
            places=tuple(places),
        )
