"""Mend the letters of a PDF's text: what a font says they are is not always what they are."""

from __future__ import annotations

import re
import unicodedata
from array import array

# Ligatures and shapes of Arabic letters that have characters of their own, for old programs.
_SHAPES = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb50-\ufdfb\ufe70-\ufefc]")
# Lam and alef are drawn as one sign, which is read from right to left and put down reversed.
# A word in Latin letters ahead of one in Hebrew or Arabic: their blank stands at the wrong end.
_TURN = re.compile("(?<=[A-Za-z])(?=[\u05d0-\u05ea\u0620-\u064a\u0671-\u06d3])")
# A sign above an Arabic letter, which is taken for a word's first where it stands to the right.
_LOOSE_SIGN = re.compile("[ \u00a0]([\u064b-\u0652])([\u0620-\u064a])")
_LAM_ALEF = re.compile("[\u0622\u0623\u0625\u0627]\u0644")


def unswapped(text: str) -> str:
    """Text of a font that gives each character's two bytes in the wrong order, put right."""
    wide = [character for character in text if character > "\xff"]
    if not wide or sum(ord(character) & 0xFF == 0 for character in wide) < 0.9 * len(wide):
        return text
    return "".join(chr(ord(c) >> 8) if c > "\xff" and not ord(c) & 0xFF else c for c in text)


def with_lam_before_alef(text: str, boxes: array[float]) -> str:
    """Text whose signs of lam and alef, of which both letters have the same box, are in order.

    Args:
        boxes: Left, top, right, bottom of each character in a row.
    """
    found = [m.start() for m in _LAM_ALEF.finditer(text)]
    if not found:
        return text
    letters = list(text)
    for at in found:
        if boxes[4 * at : 4 * at + 4] == boxes[4 * at + 4 : 4 * at + 8]:
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def plain_letters(text: str) -> str:
    """Text with letters that a person would type, in their order: ligatures are taken apart."""
    if text.isascii():
        return text
    text = _LOOSE_SIGN.sub(r"\2\1", _TURN.sub(" ", text))
    return _SHAPES.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)


def stands_for_nothing(character: str) -> bool:
    """Whether a character is a control, a replacement or one of private use, bullets aside."""
    return character < " " or character == "\ufffd" or "\ue000" <= character < "\uf000"
