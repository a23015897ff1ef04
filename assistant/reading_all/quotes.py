"""Ties what the model wrote down to the text it was shown, character by character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from assistant.answering.words import Word, content_keys, read_words
from indexing.sentences import split_sentences

# Of the words of a quote that is not word for word in the text, so many must stand in one
# sentence for it to be that sentence.
_NEARLY: Final = 0.8
# Of what an item says beyond the request, so much must stand in its quote or around it.
_SHOWN: Final = 0.6
# A quote says little of itself: what it speaks of may stand so many characters before it.
_AROUND: Final = 400

_BREAK: Final = "\n\n"
# So much of a paragraph tells what a quote speaks of: more before it than after.
_BEFORE: Final = 500
_AFTER: Final = 300

# So many pieces of a line in a row are a text that was copied, not items of it.
_FRAGMENTS: Final = 3
# A word so short is another one in capitals: "Go" is not "go".
_SHORT: Final = 4

_ALIKE: Final = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
    "\u2011": "-", "\u2212": "-",
})  # fmt: skip
_WORD: Final = re.compile(r"\S+")


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """Find a quote in a text, however its white space, quotation marks and case are written.

    Returns:
        Offsets such that `text[start:end]` is the quote as it really stands there; that of the
        sentence which holds nearly all of its words where it was not copied word for word; None
        where it does not stand there.
    """
    return _word_for_word(quote, text) or _nearly(quote, text)


def sentence_around(span: tuple[int, int], text: str) -> tuple[int, int]:
    """Return the sentences (list items, table rows) that a span stands in, to quote it by."""
    start, end = span
    around = [
        (first, last) for first, last in split_sentences(text) if first < end and start < last
    ]
    return (min(start, around[0][0]), max(end, around[-1][1])) if around else span


def first_sentence(topic: str, text: str) -> tuple[int, int] | None:
    """Return the first sentence that has all words of a topic, in whatever form."""
    wanted = content_keys(read_words(topic))
    if not wanted:
        return None
    for start, end in split_sentences(text):
        if wanted <= {word.key for word in read_words(text[start:end])}:
            return start, end
    return None


def paragraph_around(span: tuple[int, int], text: str) -> str:
    """Return the paragraph that a span stands in, or as much of it as is near."""
    start, end = span
    begins = text.rfind(_BREAK, 0, start)
    begins = 0 if begins < 0 else begins + len(_BREAK)
    ends = text.find(_BREAK, end)
    ends = len(text) if ends < 0 else ends
    return text[max(begins, start - _BEFORE) : min(ends, end + _AFTER)].strip()


def without_fragments(
    notes: Sequence[tuple[str, tuple[int, int]]], text: str
) -> list[tuple[str, tuple[int, int]]]:
    """Return notes without those that are a running text in pieces, and say nothing.

    A small model that finds nothing in a text may copy it word for word: "we believe", "our
    program", "is essential".

    Args:
        notes: In the order in which they were written, each with where it stands.
        text: What they stand in.
    """
    runs: list[list[tuple[str, tuple[int, int]]]] = []
    for note in notes:
        if runs and _goes_on(runs[-1][-1][1], note[1], text):
            runs[-1].append(note)
        else:
            runs.append([note])
    kept = [note for run in runs if len(run) < _FRAGMENTS for note in run]
    return [note for note in kept if content_keys(read_words(note[0]))]


def _goes_on(span: tuple[int, int], following: tuple[int, int], text: str) -> bool:
    """Tell whether a span follows another on its line with nothing but space between."""
    gap = text[span[1] : following[0]]
    return span[1] <= following[0] and gap.isspace() and "\n" not in gap


def shown(item: str, quote: tuple[int, int], text: str, around: Sequence[str], asked: str) -> bool:
    """Tell whether what an item says stands at its quote.

    Args:
        item: What the model wrote down.
        quote: Where the words that show it stand in `text`.
        text: What the model was shown.
        around: Title and headings over it.
        asked: The request, whose words need no showing.
    """
    start, end = quote
    said = read_words(item)
    near = " \n".join((*around, text[max(0, start - _AROUND) : end]))
    there = {word.key for word in read_words(near)}
    news = content_keys(said) - content_keys(read_words(asked)) or content_keys(said)
    if not news:
        return False
    if any(word.kind == "number" and word.key in news - there for word in said):
        return False
    return len(news & there) >= _SHOWN * len(news)


def _word_for_word(quote: str, text: str) -> tuple[int, int] | None:
    wanted = " ".join(_plain(quote).split())
    if not wanted:
        return None
    # One space between words, and where each character of that stands in the text.
    pieces: list[str] = []
    places: list[int] = []
    for match in _WORD.finditer(text):
        if pieces:
            pieces.append(" ")
            places.append(match.start())
        for offset, character in enumerate(match.group()):
            plain = _plain(character)
            pieces.append(plain)
            places.extend([match.start() + offset] * len(plain))
    there = "".join(pieces)
    # A word never stands within another one: "Go" is not in "Goals".
    before = r"(?<!\w)" if wanted[0].isalnum() else ""
    after = r"(?!\w)" if wanted[-1].isalnum() else ""
    for found in re.finditer(f"{before}{re.escape(wanted)}{after}", there):
        start, end = places[found.start()], places[found.end() - 1] + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        if len(wanted) > _SHORT or text[start:end].split() == quote.split():
            return start, end
    return None


def _plain(text: str) -> str:
    """Return a text without what writers and fonts do differently, accents included."""
    apart = unicodedata.normalize("NFKD", text.translate(_ALIKE))
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


def _nearly(quote: str, text: str) -> tuple[int, int] | None:
    words = read_words(quote)
    wanted = _keys(words)
    # A single word would be found word for word; a number may be written in another way: "1,650".
    if len(wanted) < 2 and not any(word.kind == "number" for word in words):
        return None
    best: tuple[int, int] | None = None
    most = _NEARLY * len(wanted)
    for start, end in split_sentences(text):
        held = len(wanted & _keys(read_words(text[start:end])))
        if held >= most and (best is None or held > most):
            best, most = (start, end), held
    return best


def _keys(words: Sequence[Word]) -> set[str]:
    return content_keys(words) or {word.key for word in words}
