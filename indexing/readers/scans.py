"""From a picture of a page to its lines, as if the page had said itself where they stand."""

from __future__ import annotations

import math
from collections.abc import Generator
from statistics import median
from typing import NamedTuple

import msgspec
import numpy as np

from indexing.ocr import OcrLine, OcrPage, Picture, is_allowed, recognise
from indexing.readers.page_order import in_reading_order
from indexing.readers.pdf_lines import Line, PageLines, View
from indexing.types import ScannedPage

# The box of a line holds its ascenders, its descenders and some air: this share is its font size.
_SIZE = 0.75
_AIR = 0.08
# Lines whose heights differ less than this have one size: some have no ascenders.
_SAME_SIZE = 0.25
# Pages that lean by less, in degrees, are left as they are.
_LEAST_LEAN = 0.3
# Below this confidence, weighted by length, a page's letters are others than the models know
# (Korean read as Latin comes to .79), or cannot be made out: what was read is no text.
LEAST_CONFIDENCE = 0.85
# A picture this many times longer than wide is no page.
_LONGEST = 50
# Pictures of one document that are read, at some seconds each: most of a night.
MOST_SCANS = 3000


class Scan(NamedTuple):
    """What was read of a picture of a page.

    Attributes:
        page: The lines in reading order; none where nothing could be made out.
        confidence: How sure that is, 0 to 1; None where there was nothing to read.
    """

    page: PageLines
    confidence: float | None


class Account(msgspec.Struct, array_like=True):
    """What became of the pages of a document so far, for its warnings; pages count from 1.

    Attributes:
        seen: How many pictures of pages were read.
        scans: Pages whose text was recognised.
        unreadable: Pages that should have text, of which none can be read.
        silent: Pages with nothing on them that is text.
        passed_over: Pages whose picture was not read.
        cut: Pages with more text than is read.
    """

    seen: int = 0
    scans: list[ScannedPage] = msgspec.field(default_factory=list[ScannedPage])
    unreadable: list[int] = msgspec.field(default_factory=list[int])
    silent: list[int] = msgspec.field(default_factory=list[int])
    passed_over: list[int] = msgspec.field(default_factory=list[int])
    cut: list[int] = msgspec.field(default_factory=list[int])

    @property
    def may_scan(self) -> bool:
        """Whether the picture of one more page may be read."""
        return is_allowed() and self.seen < MOST_SCANS

    @property
    def lacks_ocr(self) -> bool:
        """Whether pictures of pages were not read as recognition is switched off."""
        return bool(self.passed_over) and not is_allowed()

    def note(self, page: int, scan: Scan) -> None:
        """Note what the picture of a page said."""
        if scan.page.lines and scan.confidence is not None:
            self.scans.append(ScannedPage(page, scan.confidence))
        elif scan.confidence is not None:
            self.unreadable.append(page)
        else:
            self.silent.append(page)

    def scans_of(self, first: int, pages: int) -> tuple[ScannedPage, ...]:
        """Those of so many pages from an index on, counted from the first of them."""
        return tuple(
            msgspec.structs.replace(scan, page=scan.page - first)
            for scan in self.scans
            if first < scan.page <= first + pages
        )

    def warnings(self) -> tuple[str, ...]:
        """What a person should know, as sentences."""
        found: list[str] = []
        if self.scans:
            numbers = page_numbers([scan.page for scan in self.scans])
            found.append(f"{numbers} read by OCR")
        if self.unreadable:
            found.append(f"{page_numbers(self.unreadable)} unreadable")
        if self.passed_over:
            why = "only so many are read" if is_allowed() else "OCR is off"
            found.append(f"{page_numbers(self.passed_over)} not read: a picture, and {why}")
        if self.silent:
            has = "has" if len(self.silent) == 1 else "have"
            found.append(f"{page_numbers(self.silent)} {has} no text")
        if self.cut:
            has = "has" if len(self.cut) == 1 else "have"
            found.append(f"{page_numbers(self.cut)} {has} more text than is read")
        return tuple(found)


def page_numbers(pages: list[int]) -> str:
    """Page numbers in words: "page 3", or "4 pages (3, 5-7)"."""
    if len(pages) == 1:
        return f"page {pages[0]}"
    runs: list[str] = []
    first = last = pages[0]
    for number in [*pages[1:], -1]:
        if number == last + 1:
            last = number
            continue
        runs.append(str(first) if first == last else f"{first}-{last}")
        first = last = number
    return f"{len(pages)} pages ({', '.join(runs)})"


def read_scan(
    picture: Picture, index: int, width: float, height: float
) -> Generator[None, None, Scan]:
    """Read the picture of a page; yields after each line.

    Args:
        picture: As `indexing.ocr.recognise` takes it.
        index: The page's index, from 0.
        width, height: Size of the page as displayed, in points.
    """
    if _is_blank(picture):
        return Scan(PageLines([], width, height), None)
    read = yield from recognise(picture)
    if read.turns % 2:
        width, height = height, width
    letters = sum(len(line.text) for line in read.lines)
    if not letters:
        return Scan(PageLines([], width, height), None)
    confidence = sum(line.confidence * len(line.text) for line in read.lines) / letters
    view = View(math.radians(_lean(read.lines)), read.turns, width, height)
    lines = _lines(read, index, view) if confidence >= LEAST_CONFIDENCE else []
    page = PageLines(in_reading_order(lines, width), width, height, view=view)
    return Scan(page, round(confidence, 4))


def _is_blank(picture: Picture) -> bool:
    """Whether a picture is a mere line, or of one colour, give or take the grain of paper."""
    height, width = picture.shape[:2]
    if max(height, width) > _LONGEST * min(height, width):
        return True
    sample = picture[::4, ::4].mean(axis=2)
    return float(sample.std()) < 2.0


def _lean(lines: list[OcrLine]) -> float:
    """By how many degrees, clockwise, the lines lean."""
    angles: list[float] = []
    for line in lines:
        across, down = line.corners[1] - line.corners[0]
        if across > 8 * abs(float(line.corners[3][1] - line.corners[0][1])):
            angles.append(math.degrees(math.atan2(float(down), float(across))))
    lean = median(angles) if angles else 0.0
    return lean if abs(lean) >= _LEAST_LEAN else 0.0


def _lines(read: OcrPage, index: int, view: View) -> list[Line]:
    """The lines in points of the page set straight."""
    scale = view.width / read.width
    found: list[Line] = []
    for line in read.lines:
        corners = [view.straight(x * scale, y * scale) for x, y in line.corners.tolist()]
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        top = (corners[0][1] + corners[1][1]) / 2
        bottom = (corners[2][1] + corners[3][1]) / 2
        if bottom - top > right - left and len(line.text) > 2:
            top, bottom = min(y for _, y in corners), max(y for _, y in corners)
            size = (right - left) * _SIZE
        else:
            size = (bottom - top) * _SIZE
            air = (bottom - top) * _AIR
            top, bottom = top + air, bottom - air
        found.append(
            Line(
                page=index,
                cells=(" ".join(line.text.split()),),
                left=left,
                top=top,
                right=right,
                bottom=bottom,
                size=max(size, 1.0),
                bold=False,
                hyphen=line.text.endswith("-"),
            )
        )
    return _with_even_sizes(found)


def _with_even_sizes(lines: list[Line]) -> list[Line]:
    """Give lines of about the usual size just that size."""
    usual = median(
        [line.size for line in lines for _ in range(len(line.text))] or [1.0],
    )
    return [
        line._replace(size=usual) if abs(line.size - usual) < _SAME_SIZE * usual else line
        for line in lines
    ]


def picture_of(image: object) -> Picture:
    """A PIL image as `recognise` takes it: blue, green, red."""
    from PIL import Image

    assert isinstance(image, Image.Image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
