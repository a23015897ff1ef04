"""Words as the proof compares them: stems, numbers and names, each with what it must match.

Rules for text in any language, tuned for English: where a rule does not apply (another
script, another grammar), words fall back to being compared as they are written.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol


def _split(words: str) -> list[str]:
    return words.split()


WordKind = Literal["number", "name", "word", "function"]

_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"  # scripts without spaces: one by one
    r"|\d+(?:[.,]\d+)*(?:st|nd|rd|th|s)?(?![^\W\d_])"
    r"|[^\W_]+(?:['\u2019][^\W\d_]+)*"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)(?:st|nd|rd|th|s)?")
_SENTENCE_MARK = re.compile(r"[.!?:;\u2022\n\"\u201c(]\s*$")

_FUNCTION_WORDS = frozenset(
    _split(
        "a an the this that these those and or but nor so if then than as at by for from in into "
        "of off on onto out over to up with within without about above after again against all "
        "also am any are because been before being below between both can could did do does doing "
        "down during each few further had has have having he her here hers herself him himself "
        "his how i is it its itself just me more most my myself no not now only other our ours "
        "ourselves own same she should some such their theirs them themselves there they through "
        "too under until upon very was we were what when where which while who whom whose why "
        "will would you your yours yourself may might must shall be us s t d ll m re ve don didn "
        "doesn isn wasn aren weren one many much"
    )
)
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        _split(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen twenty"
        )
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70"}
_ORDINAL_WORDS = {
    word: str(value + 1)
    for value, word in enumerate(
        _split("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
    )
}
_IRREGULAR = {
    "won": "win", "began": "begin", "begun": "begin", "wrote": "write",
    "written": "write", "made": "make", "led": "lead", "held": "hold", "gave": "give",
    "given": "give", "took": "take", "taken": "take", "became": "become", "found": "find",
    "built": "build", "lost": "lose", "left": "leave", "met": "meet", "paid": "pay",
    "said": "say", "sent": "send", "sold": "sell", "bought": "buy", "taught": "teach",
    "thought": "think", "brought": "bring", "known": "know", "knew": "know", "grew": "grow",
    "grown": "grow", "children": "child", "people": "person", "persons": "person",
    "men": "man", "women": "woman",
}  # fmt: skip
_NEGATORS = frozenset(
    _split(
        "not no never none neither nor cannot without nothing nobody nowhere hardly unless except"
    )
)


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802


class Word(NamedTuple):
    """One word of a text.

    Attributes:
        key: What is compared: the stem, or the number in its plain form.
        kind: "function" words carry no content; a "name" is capitalised in mid-sentence.
        negated: A negation stands before it, close by.
        start: Offset in the text it was read from.
        end: The offset after it.
    """

    key: str
    kind: WordKind
    negated: bool
    start: int
    end: int


def read_words(text: str) -> list[Word]:
    """Return the words of a text in order."""
    words: list[Word] = []
    negated_until = -1
    titled = _is_titled(text)
    for position, match in enumerate(_TOKEN.finditer(text)):
        raw = match.group()
        lower = raw.casefold().replace("\u2019", "'")
        if lower in _NEGATORS or lower.endswith("n't"):
            negated_until = position + 3
        key, kind = _classify(raw, lower, text, match.start(), titled)
        words.append(Word(key, kind, position <= negated_until, match.start(), match.end()))
        if text[match.end() : match.end() + 1] in {".", ",", ";"}:
            negated_until = -1  # a negation does not reach past the clause it stands in
    return words


def content_keys(words: Iterable[Word]) -> set[str]:
    """Return what the words are compared by, those that carry no content left out."""
    return {word.key for word in words if word.kind != "function"}


def number_key(text: str) -> str | None:
    """Return the plain form of a number ("1,500.00" is "1500"), or None for another word."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits = match.group(1)
    if _THOUSANDS.fullmatch(digits):
        digits = digits.replace(",", "")
    if digits.count(".") == 1 and "," not in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits


@functools.lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a word without its endings; only good for comparing.

    Words of other languages than English mostly stay what they are, or lose an ending that
    all their forms lose.
    """
    word = word.casefold().replace("\u2019", "'").removesuffix("'s")
    word = _IRREGULAR.get(word, word)
    return _stemmer().stemWord(word) if word.isascii() else word


@functools.cache
def _stemmer() -> _Stemmer:
    stemmers = importlib.import_module("snowballstemmer")  # it has no types of its own
    return stemmers.stemmer("english")


def _classify(raw: str, lower: str, text: str, start: int, titled: bool) -> tuple[str, WordKind]:
    number = number_key(lower)
    if number is not None:
        return number, "number"
    if lower in _NUMBER_WORDS and lower not in {"zero", "one"}:
        return _NUMBER_WORDS[lower], "word"
    if lower in _ORDINAL_WORDS:
        return _ORDINAL_WORDS[lower], "word"
    if lower in _FUNCTION_WORDS or (lower in _NEGATORS) or lower.endswith("n't"):
        return lower, "function"
    starts = start == 0 or _SENTENCE_MARK.search(text, max(0, start - 3), start) is not None
    if raw[0].isupper() and (raw[:2].isupper() or any(map(str.isdigit, raw))):
        return stem(raw), "name"  # an acronym or a code, wherever it stands
    if raw[0].isupper() and not starts and not titled:
        return stem(raw), "name"
    return stem(raw), "word"


def _is_titled(text: str) -> bool:
    """Tell whether nearly every long word is capitalised, as in a title: no names then."""
    long = [word for word in re.findall(r"[^\W\d_]{4,}", text) if word.isalpha()]
    capitals = sum(word[0].isupper() for word in long)
    return len(long) >= 4 and capitals > 0.8 * len(long)
