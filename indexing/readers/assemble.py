"""Build a canonical text out of the pieces a reader finds, in reading order.

The readers of formats whose files are not themselves text (PDF, HTML, DOCX) share this:
it keeps the offsets, the heading path and the separators, so that every block is exactly
`text[start:end]` and only white space lies between blocks.
"""

from __future__ import annotations

import re
from pathlib import Path

from indexing.errors import EmptyDocument
from indexing.types import Block, BlockKind, CanonicalDocument, LineBox

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff\u00ad\u200b\u2060]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" *\n[ \n]*")
# Titles that a program wrote and nobody meant.
_TITLE_NOISE = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel) - |untitled|document\d*$|unknown|title$|[\W\d_]*$)",
    re.IGNORECASE,
)
_TITLE_SUFFIX = re.compile(
    r"\.(?:docx?|pdf|rtf|odt|html?|tex|dvi|indd|pptx?|xlsx?|txt|md)$", re.IGNORECASE
)


class Assembler:
    """Collects blocks into one text.

    Attributes:
        length: Characters so far; where the next block cannot start before.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._stack: list[tuple[int, str]] = []
        self._tight = False
        self.length = 0

    def heading(self, text: str, level: int, page: int | None = None) -> tuple[int, int] | None:
        """Add a heading and make it the section that what follows stands in.

        Args:
            text: Its title, cleaned already.
            level: 1 for the outermost.
            page: Page it stands on, from 1.
        """
        if not text.strip():
            return None
        self.leave(level)
        span = self.block(text, "heading", page)
        self.enter(text, level)
        return span

    def enter(self, title: str, level: int) -> None:
        """Go into a section without adding its title to the text."""
        self.leave(level)
        self._stack.append((level, " ".join(title.split())[:300]))

    def leave(self, level: int) -> None:
        """Go out of every section of this level and of deeper ones."""
        while self._stack and self._stack[-1][0] >= level:
            self._stack.pop()

    def block(self, text: str, kind: BlockKind, page: int | None = None) -> tuple[int, int] | None:
        """Add a block; returns its span, or None when there is nothing but white space."""
        text = text.strip()
        if not text:
            return None
        # List items follow one another closely; everything else has an empty line between.
        tight = kind == "list_item"
        if self._parts:
            self._push("\n" if tight and self._tight else "\n\n")
        self._tight = tight
        start = self.length
        self._push(text)
        self._blocks.append(
            Block(start, self.length, kind, page, tuple(title for _, title in self._stack))
        )
        return start, self.length

    def _push(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)

    def finish(
        self,
        path: Path,
        kind: str,
        title: str | None,
        page_starts: tuple[int, ...] = (),
        lines: tuple[LineBox, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> CanonicalDocument:
        """The document.

        Raises:
            EmptyDocument: No block was added.
        """
        if not self._blocks:
            raise EmptyDocument(str(path), len(page_starts) or None)
        return CanonicalDocument(
            title=title_or_name(title, path),
            kind=kind,
            text="".join(self._parts),
            blocks=tuple(self._blocks),
            page_starts=page_starts,
            lines=lines,
            warnings=warnings,
        )


def clean(text: str) -> str:
    """Text fit for the canonical text: no control characters, blanks as single spaces."""
    text = sound(text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _BLANKS.sub(" ", _UNWANTED.sub("", text))
    return _BREAKS.sub("\n", text).strip()


def clean_verbatim(text: str) -> str:
    """Like `clean`, but keeps line ends and blanks: for code."""
    text = sound(text.replace("\r\n", "\n").replace("\r", "\n"))
    return _UNWANTED.sub("", text).strip("\n").rstrip()


def sound(text: str) -> str:
    """Replace lone surrogates, which can be neither stored nor sent."""
    return _SURROGATES.sub("\ufffd", text)


def title_or_name(title: str | None, path: Path) -> str:
    """The document's own title where it means something, else the file's name."""
    cleaned = " ".join(clean(title or "").split())
    cleaned = re.sub(r"^microsoft word - ", "", cleaned, flags=re.IGNORECASE)
    cleaned = _TITLE_SUFFIX.sub("", cleaned).strip()
    if len(cleaned) < 3 or _TITLE_NOISE.match(cleaned) or "\ufffd" in cleaned:
        return sound(path.stem) or sound(path.name)
    return cleaned[:200]


def row(cells: list[str]) -> str:
    """A table row as one line, its cells parted by bars; "" when all of them are empty."""
    flat = [" ".join(cell.split()) for cell in cells]
    while flat and not flat[-1]:
        flat.pop()
    return " | ".join(flat) if any(flat) else ""
