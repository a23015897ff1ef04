"""The lines of a PDF page, as pdfium sees them: text, place, size, weight, cells.

Offsets into pdfium's characters are turned into lines here and go no further. All
coordinates are points from the top left corner of the page as it is displayed, that is
with the crop box and the rotation applied.
"""

from __future__ import annotations

import ctypes
import math
from array import array
from itertools import pairwise
from typing import Any, NamedTuple

from indexing.readers.pdf_letters import (
    plain_letters,
    stands_for_nothing,
    unswapped,
    with_lam_before_alef,
)
from indexing.readers.pdf_raised import raised_digits, with_raised, without_breaks
from indexing.readers.pdfium import raw as pdfium

# Characters of one page beyond this are left out: no page that a person reads has them.
MAX_PAGE_CHARACTERS = 400_000
# White space this wide, in font sizes, parts two cells of a row.
_CELL_GAP = 1.4
_HYPHENS = "\x02\ufffe"
_BLANK = frozenset(" \t\u00a0\u2002\u2003\u2009\u200b\u3000\x00")
# Characters of a page that are asked whether its fonts say what they are.
_SAMPLE = 400
_BOLD_NAMES = (b"bold", b"black", b"heavy", b"semibold", b"demi")


class Line(NamedTuple):
    """One line of a page.

    Attributes:
        page: Index of the page, from 0.
        cells: Its text, cut where wide gaps are; one cell for prose.
        left, top, right, bottom: Its box in points.
        size: Font size in points as displayed.
        bold: Whether it is bold from its first character to its last.
        hyphen: Whether it ends in a hyphen that pdfium takes for a line break's.
    """

    page: int
    cells: tuple[str, ...]
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool
    hyphen: bool

    @property
    def text(self) -> str:
        """Its text as one string."""
        return " ".join(self.cells)


class View(NamedTuple):
    """How a page whose lines were set straight looks in truth.

    Attributes:
        lean: By how much its lines lean, clockwise, in radians.
        turns: Quarter turns, counter-clockwise, that set it upright.
        width, height: Its size upright, in points.
    """

    lean: float
    turns: int
    width: float
    height: float

    def straight(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the upright page is when its lines are level."""
        return self._rotated(x, y, -self.lean)

    def share(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the straight page is on the page as displayed, as shares of it."""
        x, y = self._rotated(x, y, self.lean)
        across, down = x / self.width, y / self.height
        for _ in range(self.turns):
            across, down = 1 - down, across
        return across, down

    def placed(self, across: float, down: float) -> tuple[float, float]:
        """The converse of `share`."""
        for _ in range(self.turns):
            across, down = down, 1 - across
        return self.straight(across * self.width, down * self.height)

    def _rotated(self, x: float, y: float, angle: float) -> tuple[float, float]:
        cos, sin = math.cos(angle), math.sin(angle)
        across, down = x - self.width / 2, y - self.height / 2
        return (
            across * cos - down * sin + self.width / 2,
            across * sin + down * cos + self.height / 2,
        )


class PageLines(NamedTuple):
    """The lines of a page in the order of its content.

    Attributes:
        width, height: The page's size in points.
        cut: Whether it has more text than is read.
        view: How it looks in truth, where it was turned to be read.
        unmapped: Share of its characters of which the font does not say what they are.
        asides: What is told beside its text: comments.
    """

    lines: list[Line]
    width: float
    height: float
    cut: bool = False
    view: View | None = None
    unmapped: float = 0.0
    asides: tuple[Line, ...] = ()

    def share(self, line: Line) -> tuple[float, float, float, float]:
        """The box of a line as shares (0 to 1) of the page as displayed."""
        view = self.view or View(0.0, 0, self.width, self.height)
        corners = [
            view.share(x, y) for x in (line.left, line.right) for y in (line.top, line.bottom)
        ]
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        top, bottom = min(y for _, y in corners), max(y for _, y in corners)
        return _bounded(left), _bounded(top), _bounded(right), _bounded(bottom)


def _bounded(share: float) -> float:
    return round(min(1.0, max(0.0, share)), 5)


def page_lines(page: Any, index: int) -> PageLines:
    """Read the lines of a pdfium page.

    Args:
        page: A `pypdfium2.PdfPage`.
        index: Its index, from 0.
    """
    place = Placement.of(page)
    textpage = page.get_textpage()
    try:
        raw = textpage.raw
        count: int = pdfium.FPDFText_CountChars(raw)
        cut = count > MAX_PAGE_CHARACTERS
        count = min(count, MAX_PAGE_CHARACTERS)
        if count <= 0:
            return PageLines([], place.width, place.height)
        characters = _characters(raw, count)
        boxes = _boxes(raw, count)
        characters = without_breaks(with_lam_before_alef(characters, boxes), boxes)
        lines = _Lines(raw, characters, boxes, place, index).read()
        unmapped = _unmapped(raw, characters)
    finally:
        textpage.close()
    return PageLines(lines, place.width, place.height, cut, unmapped=unmapped)


def _unmapped(raw: Any, characters: str) -> float:
    """The share of a sample of the characters that stand for nothing one could read."""
    sample = [
        index
        for index in range(0, len(characters), max(1, len(characters) // _SAMPLE))
        if characters[index] not in _BLANK and characters[index] not in "\r\n" + _HYPHENS
    ]
    failed = sum(
        pdfium.FPDFText_HasUnicodeMapError(raw, index) > 0 or stands_for_nothing(characters[index])
        for index in sample
    )
    return failed / len(sample) if sample else 0.0


class Placement:
    """Maps a point of the page's own space to the page as displayed."""

    @classmethod
    def of(cls, page: Any) -> Placement:
        """That of a `pypdfium2.PdfPage`."""
        left, bottom, right, top = page.get_bbox()
        return cls(left, bottom, right, top, page.get_rotation())

    def __init__(self, left: float, bottom: float, right: float, top: float, rotation: int) -> None:
        self._left, self._bottom, self._right, self._top = left, bottom, right, top
        self._rotation = rotation
        width, height = max(right - left, 1.0), max(top - bottom, 1.0)
        self.width, self.height = (height, width) if rotation in (90, 270) else (width, height)

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, ...]:
        """left, top, right, bottom as displayed."""
        if self._rotation == 90:
            return bottom - self._bottom, left - self._left, top - self._bottom, right - self._left
        if self._rotation == 180:
            return (
                self._right - right,
                bottom - self._bottom,
                self._right - left,
                top - self._bottom,
            )
        if self._rotation == 270:
            return self._top - top, self._right - right, self._top - bottom, self._right - left
        return left - self._left, self._top - top, right - self._left, self._top - bottom


def _characters(raw: Any, count: int) -> str:
    """Exactly one character for each of pdfium's."""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(raw, 0, count, buffer) - 1
    if written == count:
        text = bytes(memoryview(buffer).cast("B")[: 2 * count]).decode("utf-16-le", "surrogatepass")
        if len(text) == count:
            return unswapped(text)
    # pdfium left some out or put some in: ask for each.
    get = pdfium.FPDFText_GetUnicode
    codes = (get(raw, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 else "\x00" for code in codes)


def _boxes(raw: Any, count: int) -> array[float]:
    """left, top, right, bottom of each character in a row, the font's whole height."""
    rects = (pdfium.FS_RECTF * count)()
    handle, address = ctypes.cast(raw, ctypes.c_void_p).value, ctypes.addressof(rects)
    step = ctypes.sizeof(pdfium.FS_RECTF)
    for index in range(count):
        _loose_box(handle, index, address + index * step)
    flat = array("f")
    flat.frombytes(bytes(memoryview(rects).cast("B")))
    return flat


# The same function taking plain addresses: called for each character, it is worth saving
# the making and checking of pointer objects, which takes longer than the call.
_loose_box = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(pdfium.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)


class _Lines:
    """Cuts a page's characters into lines."""

    def __init__(
        self, raw: Any, characters: str, boxes: array[float], place: Placement, index: int
    ) -> None:
        self._raw = raw
        self._characters = characters
        self._boxes = boxes
        self._lefts = boxes[0::4]
        self._tops = boxes[1::4]
        self._rights = boxes[2::4]
        self._bottoms = boxes[3::4]
        self._place = place
        self._index = index
        self._lines: list[Line] = []

    def read(self) -> list[Line]:
        characters = self._characters
        start = 0
        for position, character in enumerate(characters):
            if character in "\r\n":
                self._add(start, position, hyphen=False)
                start = position + 1
            elif character in _HYPHENS:
                self._add(start, position, hyphen=self._breaks(position))
                start = position + 1
        self._add(start, len(characters), hyphen=False)
        return self._lines

    def _breaks(self, position: int) -> bool:
        """Whether the text goes on below after the hyphen at `position`."""
        return position + 1 < len(self._characters)

    def _add(self, start: int, end: int, hyphen: bool) -> None:
        characters = self._characters
        inked = [i for i in range(start, end) if characters[i] not in _BLANK]
        if not inked:
            return
        size = self._size(inked[len(inked) // 2])
        gap = _CELL_GAP * size
        lefts, rights = self._lefts, self._rights
        cuts = [start]
        before = inked[0]
        farthest = rights[before]
        for i in inked[1:]:
            is_far = lefts[i] - farthest > gap
            if (is_far or rights[i] < lefts[before]) and self._are_apart(before, i):
                # What is typed into fields comes without line ends.
                self._add(start, i, hyphen=False)
                self._add(i, end, hyphen)
                return
            if is_far and i - before > 1:
                cuts.append(i)
            before = i
            farthest = max(farthest, rights[i])
        cuts.append(end)
        pieces: list[str] = []
        raised = raised_digits(characters, self._boxes, start, end)
        for a, b in pairwise(cuts):
            text = with_raised(characters[a:b], [i - a for i in raised if a <= i < b])
            piece = " ".join(plain_letters(text.replace("\x00", "")).split())
            if piece:
                pieces.append(piece)
        if not pieces:
            return
        # The places of blanks are pdfium's guesses: only what has ink counts.
        left = min(map(lefts.__getitem__, inked))
        top = max(map(self._tops.__getitem__, inked))
        right = max(map(rights.__getitem__, inked))
        bottom = min(map(self._bottoms.__getitem__, inked))
        box = self._place.box(left, bottom, right, top)
        bold = all(self._bold(i) for i in {inked[0], inked[len(inked) // 2], inked[-1]})
        self._lines.append(
            Line(
                page=self._index,
                cells=tuple(pieces),
                left=box[0],
                top=box[1],
                right=box[2],
                bottom=box[3],
                size=size,
                bold=bold,
                hyphen=hyphen,
            )
        )

    def _are_apart(self, one: int, other: int) -> bool:
        """Whether one character stands wholly above the other."""
        tops, bottoms = self._tops, self._bottoms
        return tops[one] < bottoms[other] or tops[other] < bottoms[one]

    def _size(self, index: int) -> float:
        size = float(pdfium.FPDFText_GetFontSize(self._raw, index))
        matrix = pdfium.FS_MATRIX()
        if pdfium.FPDFText_GetMatrix(self._raw, index, matrix):
            scale = (matrix.c**2 + matrix.d**2) ** 0.5
            if scale > 0:
                size *= scale
        if not 0.5 < size < 2000:
            size = abs(self._boxes[4 * index + 1] - self._boxes[4 * index + 3]) or 10.0
        return size

    def _bold(self, index: int) -> bool:
        if pdfium.FPDFText_GetFontWeight(self._raw, index) >= 600:
            return True
        buffer = ctypes.create_string_buffer(96)
        flags = ctypes.c_int()
        pdfium.FPDFText_GetFontInfo(self._raw, index, buffer, 96, flags)
        name = buffer.value.lower()
        return any(word in name for word in _BOLD_NAMES)
