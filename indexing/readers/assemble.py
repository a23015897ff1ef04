"""Build a canonical text out of the pieces a reader finds, in reading order.

The readers of formats whose files are not themselves text share this: it keeps the offsets,
the heading path, the places and the separators, so that every block is exactly
`text[start:end]` and only white space lies between blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from indexing.errors import EmptyDocument
from indexing.types import Block, BlockKind, CanonicalDocument, LineBox, Place

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
        self._page_starts: list[int] = []
        self._pages = 0
        self._places: list[tuple[int, Place]] = []
        self._place: Place | None = None
        self.length = 0

    def begin_page(self) -> int:
        """What follows stands on the next page (slide, sheet, chapter); returns its number."""
        self._pages += 1
        return self._pages

    def at(self, place: Place | None) -> None:
        """What follows stands here; with None no place is noted any more."""
        self._place = place

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

    @property
    def sections(self) -> tuple[tuple[int, str], ...]:
        """The sections, with their level, that what follows stands in; outermost first."""
        return tuple(self._stack)

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
        # Pages without any text begin where the next one does.
        self._page_starts += [start] * (self._pages - len(self._page_starts))
        self._note(start, self._place)
        self._push(text)
        if page is None and self._pages:
            page = self._pages
        self._blocks.append(
            Block(start, self.length, kind, page, tuple(title for _, title in self._stack))
        )
        return start, self.length

    def table(self, lines: Sequence[str], places: Sequence[Place] = ()) -> tuple[int, int] | None:
        """Add a table, each row a line; the arguments are those of `lines`."""
        return self.lines(lines, "table", places)

    def lines(
        self, lines: Sequence[str], kind: BlockKind, places: Sequence[Place] = ()
    ) -> tuple[int, int] | None:
        """Add a block of lines.

        Args:
            lines: None of them empty, nor with white space around it.
            kind: What it is.
            places: Where each line stands; empty where the place of the whole is enough.
        """
        if places:
            self._place = places[0]
        span = self.block("\n".join(lines), kind)
        if span is not None and places:
            start = span[0]
            for line, place in zip(lines, places, strict=True):
                self._note(start, place)
                start += len(line) + 1
        return span

    def include(self, document: CanonicalDocument, file: str) -> None:
        """Add a whole document that was found inside this one, under the section of now.

        Args:
            file: Its name, for the places in it.
        """
        if self._parts:
            self._push("\n\n")
        self._tight = False
        base = self.length
        self._note(base, Place("file", file=file))
        pages = (
            []
            if document.places
            else [
                (start, Place("page", number))
                for number, start in enumerate(document.page_starts, 1)
            ]
        )
        for start, place in (*document.places, *pages):
            inner = f"{file}/{place.file}" if place.file else file
            self._note(base + start, msgspec.structs.replace(place, file=inner))
        self._push(document.text.rstrip())
        outer = tuple(title for _, title in self._stack)
        self._blocks += [
            Block(base + b.start, base + b.end, b.kind, self._pages or None, outer + b.headings)
            for b in document.blocks
        ]

    def _note(self, start: int, place: Place | None) -> None:
        if place is None or (self._places and self._places[-1][1] == place):
            return
        if self._places and self._places[-1][0] == start:
            self._places.pop()
        self._places.append((start, place))

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
            raise EmptyDocument(str(path), len(page_starts) or self._pages or None)
        self._page_starts += [self.length] * (self._pages - len(self._page_starts))
        return CanonicalDocument(
            title=title_or_name(title, path),
            kind=kind,
            text="".join(self._parts),
            blocks=tuple(self._blocks),
            page_starts=page_starts or tuple(self._page_starts),
            lines=lines,
            warnings=warnings,
            places=tuple(self._places),
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
