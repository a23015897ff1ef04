"""Digits that a PDF page shows raised: the numbers of notes, and powers.

4,500 with the number 3 of a note is not 45,003, and a sentence goes on behind it.
"""

from __future__ import annotations

import re
from array import array

# A digit right behind something else: it may be raised.
_DIGIT = re.compile(r"(?<=\S)[0-9]")
_RAISED = str.maketrans(
    "0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)
# A word, not the sign of a unit: three letters, or one of those of East Asia.
_WORD_END = re.compile("(?:[^\\W\\d_]{3}|[\u2e80-\uffff])$")
_BREAK = re.compile("\r\n")
_BLANK = " \t\u00a0\x00"
# How a raised digit is told, in shares of the height of what is beside it: it is smaller, but no
# less than so much, begins above the foot, and stands close.
_LEAST_SIZE, _MOST_SIZE = 0.4, 0.8
_LEAST_RISE, _MOST_RISE = 0.12, 1.0
_LEAST_GAP, _MOST_GAP = -0.3, 0.6
# A gap as wide as a blank.
_BLANK_WIDTH = 0.15


def raised_digits(text: str, boxes: array[float], start: int, end: int) -> list[int]:
    """Where digits stand raised behind what comes before them.

    Args:
        boxes: Left, top, right, bottom of each character in a row, of its font's whole height.
        start, end: Of a line in the text.
    """
    found: list[int] = []
    for match in _DIGIT.finditer(text, start, end):
        at = match.start()
        before = at - 1
        while before in found or text[before] == "\x00":
            before -= 1
        # Along a line that runs up or down all of this looks otherwise.
        if _gap(boxes, at - 1, at) > _LEAST_GAP and _is_raised(boxes, at, before):
            found.append(at)
    return found


def with_raised(text: str, raised: list[int]) -> str:
    """Text with raised digits as such.

    Behind a word they are parted from it, so that it is found; not so behind a unit ("km²").

    Args:
        raised: Where they are.
    """
    if not raised:
        return text
    letters = list(text)
    for at in raised:
        letters[at] = letters[at].translate(_RAISED)
        if at - 1 not in raised and _WORD_END.search(text, max(0, at - 3), at):
            letters[at] = " " + letters[at]
    return "".join(letters)


def without_breaks(text: str, boxes: array[float]) -> str:
    """Text without the line breaks that pdfium sees beside raised digits; it stays as long.

    Args:
        boxes: As `raised_digits` takes them.
    """
    letters = list(text)
    for match in _BREAK.finditer(text):
        before, after = match.start() - 1, match.end()
        while after < len(text) and text[after] in _BLANK:
            after += 1
        if before < 0 or after >= len(text):
            continue
        gap = _gap(boxes, before, after)
        is_digit = text[before].isdigit() and _is_raised(boxes, before, after)
        is_digit = is_digit or (text[after].isdigit() and _is_raised(boxes, after, before))
        if is_digit and _LEAST_GAP < gap < _MOST_GAP:
            is_apart = gap > _BLANK_WIDTH and after == match.end()
            letters[match.start() : match.end()] = " \x00" if is_apart else "\x00\x00"
    return "".join(letters)


def _is_raised(boxes: array[float], digit: int, beside: int) -> bool:
    height = _height(boxes, beside)
    if height <= 0:
        return False
    size = _height(boxes, digit) / height
    rise = (boxes[4 * digit + 3] - boxes[4 * beside + 3]) / height
    return _LEAST_SIZE < size < _MOST_SIZE and _LEAST_RISE < rise < _MOST_RISE


def _height(boxes: array[float], at: int) -> float:
    return boxes[4 * at + 1] - boxes[4 * at + 3]


def _gap(boxes: array[float], before: int, after: int) -> float:
    """How far one character is from the next, in heights of the larger one."""
    height = max(_height(boxes, before), _height(boxes, after))
    return (boxes[4 * after] - boxes[4 * before + 2]) / height if height > 0 else 0.0
