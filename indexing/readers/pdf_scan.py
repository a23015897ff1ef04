"""Which pages of a PDF have no text one could use, and their pictures."""

from __future__ import annotations

from typing import Any, Literal

from indexing.ocr import Picture
from indexing.readers.pdf_lines import Line, PageLines
from indexing.readers.pdfium import raw
from indexing.readers.scans import picture_of

# What a page's own text is worth: all there is, nothing, or something beside a picture.
Worth = Literal["whole", "none", "doubtful", "beside"]

# Letters of 6 points stand 17 dots high at this resolution, in dots to the inch.
_RESOLUTION = 200
# The longer side of a picture in pixels. Pages may be of any size: posters, and slides that
# count in pixels.
_LEAST_SIDE, _MOST_SIDE = 1200, 3000

# Pages with so many letters and digits are taken for text, whatever pictures stand behind them.
_PLENTY = 150
# A picture that covers so much of a page with little text makes it a scan with a stamp on it.
_COVERED = 0.5
# With this share of characters that stand for nothing, the others are not to be trusted.
_UNMAPPED = 0.1
# Letters and digits among the ink of a text; tables of contents have the fewest.
_LETTERS = 0.25
# Vowels among Latin letters; text in any European language has more than .3, and letters put for
# others (a font that says "a" and draws "h") have what chance gives them.
_VOWELS = (0.25, 0.6)
_ENOUGH_LETTERS = 60


def worth_of(page: Any, lines: PageLines) -> Worth:
    """What the text of a `pypdfium2.PdfPage` is worth."""
    text = "".join(line.text for line in lines.lines)
    letters = sum(character.isalnum() for character in text)
    if letters == 0:
        return "none"
    if lines.unmapped > _UNMAPPED or is_garbled(text):
        return "doubtful"
    if letters < _PLENTY and _covered(page, lines) > _COVERED:
        return "beside"
    return "whole"


def is_lost(lines: PageLines) -> bool:
    """Whether a doubtful text is of no use at all."""
    return lines.unmapped > 0.5 or is_garbled("".join(line.text for line in lines.lines))


def is_garbled(text: str) -> bool:
    """Whether a text is none that a person could have written."""
    ink = [character for character in text if not character.isspace()]
    letters = [character.lower() for character in ink if character.isalpha()]
    if sum(character.isalnum() for character in ink) < _LETTERS * len(ink):
        return True
    latin = [character for character in letters if character < "\u0250"]
    if len(latin) < max(_ENOUGH_LETTERS, 0.8 * len(letters)):
        return False
    vowels = sum(character in "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœ" for character in latin)
    return not _VOWELS[0] <= vowels / len(latin) <= _VOWELS[1]


def _covered(page: Any, lines: PageLines) -> float:
    """How much of the page its largest picture covers."""
    most = 0.0
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        most = max(most, (right - left) * (top - bottom))
    return most / (lines.width * lines.height)


def picture(page: Any) -> Picture:
    """The page as a person sees it, in dots enough to be read."""
    width, height = page.get_size()
    longer = max(width, height, 1.0)
    scale = min(max(_RESOLUTION / 72, _LEAST_SIDE / longer), _MOST_SIDE / longer)
    return picture_of(page.render(scale=scale).to_pil())


def agree(text: PageLines, scan: PageLines) -> bool:
    """Whether a page's own text says about what its picture says."""
    own, seen = _words(text.lines), _words(scan.lines)
    return len(own & seen) * 2 >= min(len(own), len(seen))


def _words(lines: list[Line]) -> set[str]:
    return {word.strip(".,;:()").lower() for line in lines for word in line.text.split()}


def beside(text: PageLines, scan: PageLines) -> PageLines:
    """What a picture says, with the page's own text where it stands."""
    assert scan.view is not None
    own = [(line, text.share(line)) for line in text.lines]
    lines = [
        line
        for line in scan.lines
        if not any(_lies_on(scan.share(line), place) for _, place in own)
    ]
    for line, (left, top, right, bottom) in own:
        corners = [scan.view.placed(x, y) for x in (left, right) for y in (top, bottom)]
        placed = line._replace(
            left=min(x for x, _ in corners),
            top=min(y for _, y in corners),
            right=max(x for x, _ in corners),
            bottom=max(y for _, y in corners),
        )
        below = (i for i, other in enumerate(lines) if other.top > placed.top)
        lines.insert(next(below, len(lines)), placed)
    return scan._replace(lines=lines)


_Box = tuple[float, float, float, float]


def _lies_on(box: _Box, other: _Box) -> bool:
    """Whether a good part of one box (left, top, right, bottom) lies on another one."""
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return across > 0 and down > 0 and across * down > 0.3 * area
