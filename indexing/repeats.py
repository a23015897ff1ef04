"""The same words in several files: a copy, another edition, one text in two formats.

A person and a model need to read them once. Only what says the same word for word is a repeat:
in contracts and reports that are nearly alike, what differs (a name, a date, a "not") is what
matters. What one file says in two places is said in two places.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# A text as short as this is a repeat of one like it, but not of a longer one that has it too: a
# heading or the row of a table means something else in each.
_SHORT = 12
_WORD = re.compile(r"\w+")


class Repeats:
    """Passages that were taken, to tell whether another one repeats what they say."""

    def __init__(self) -> None:
        self._taken: list[tuple[int, str]] = []

    def has(self, document: int, text: str, headings: Sequence[str] = ()) -> bool:
        """Whether all of a document's text was said in another one, under whatever heading.

        How it is set and punctuated does not count.
        """
        words = _words(text, headings)
        short = words.count(" ") - 1 <= _SHORT
        return any(
            document != other and (words == taken if short else words in taken)
            for other, taken in self._taken
        )

    def take(self, document: int, text: str, headings: Sequence[str] = ()) -> None:
        """Notes that a text of a document is taken."""
        self._taken.append((document, _words(text, headings)))


def _words(text: str, headings: Sequence[str]) -> str:
    """The words of a text without the headings at its beginning, between spaces."""
    named = {_plain(heading) for heading in headings}
    lines = [line for line in map(_plain, text.split("\n")) if line]
    while len(lines) > 1 and lines[0] in named:
        del lines[0]
    return f" {' '.join(lines)} "


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
