"""Tells when what an answer rests on is about something else than what a question asks.

"When did the forests increase?" is not answered by "the forests decreased in the 19th
century", however alike the two are: a small model, a word count and an embedding all take the
one for the other. So plain opposites and negations are looked for, names and numbers that stand
only in the question, and answers that bring no time or number where one was asked for. English
only; where a language has other words nothing is found, and nothing is lost.

Measured on the 1,124 questions of three SQuAD 2.0 articles, opposites against the sentence that a
reader would take the answer from, names against its paragraph: together they turn down 28 % of the
questions that the text does not answer and 3 % of those that it does. The rules were made on the
same questions, and a model cites other sentences too, so expect less.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from assistant.answering.words import content_keys, read_words

_OPPOSITES = """
accept reject; allow forbid prohibit; always never; ancient modern; arrive depart; attack
defend; add remove; before after; begin end stop; best worst; better worse; big small; buy sell;
cause prevent; common rare; connect disconnect; create destroy; build destroy; directly
indirectly; early late; earlier later; earliest latest; easy difficult hard; enter leave; equal
unequal; expand shrink; fast slow; finite infinite; first last; full empty; gain lose; grow
shrink; high low; higher lower; highest lowest; hot cold; import export; include exclude;
increase decrease; inside outside; internal external; join leave; known unknown; large small;
larger smaller; largest smallest; legal illegal; long short; longest shortest; majority
minority; major minor; male female; maximum minimum; more less fewer; most least fewest; near
far; new old; north south; northern southern; east west; eastern western; oldest youngest
newest; popular unpopular; positive negative; possible impossible; public private; rich poor;
right left; rise fall; same different; similar different; simple complex; start end finish stop;
strong weak; succeed fail; success failure; support oppose; true false; up down; upper lower;
upstream downstream; victory defeat; warm cold; wet dry; win lose; strengthen weaken; accelerate
slow; agree disagree; mandatory optional; required optional; temporary permanent; inbound
outbound; domestic foreign; gross net; credit debit; employer employee; landlord tenant
"""
_DENIES = re.compile(
    r"n['’]t\b|\b(?:not|no|never|none|neither|nor|cannot|without|nothing|nobody|nowhere"
    r"|except\w*|unless|unable|fail\w*|lack\w*|refus\w+|reject\w*|den(?:y|ie[sd])|exclu\w+|prohibit\w*|forb[ia]d\w*"
    r"|prevent\w*|avoid\w*|limit\w*|ineligible|only|least|rather than|instead of|other than"
    r"|un\w{5,}|non\w{4,}|im(?:possible|proper)\w*|in(?:accurate|correct|valid|sufficient)\w*)\b",
    re.IGNORECASE,
)
_ASKS_DENIED = re.compile(
    r"n['’]t\b|\b(?:not|never|cannot|neither|nor|without|no longer|nobody)\b", re.IGNORECASE
)
# "Why not…?", "is it not…?": asked for rhetoric, or about nothing that a quote would deny.
_RHETORICAL = re.compile(r"\b(?:or not|not only|if not|why not)\b|^\s*\w+n['’]t\b", re.IGNORECASE)

_ENGLISH = re.compile(
    r"\b(?:the|of|what|when|which|who|whose|how|why|where|is|are|were|did|does|do|can|has|have)\b",
    re.IGNORECASE,
)
_ENGLISH_ENOUGH = 2
_INITIALS = 2  # a name this short is an initial or an abbreviation, written in many ways
_ALIKE = 0.75

_ASKS_TIME = re.compile(
    r"^\W*(?:and |so |until |since )?when\b"
    r"|\b(?:what|which) (?:year|century|decade|date|month|day)\b",
    re.IGNORECASE,
)
_ASKS_NUMBER = re.compile(r"\b(?:how many|what (?:percentage|percent|number))\b", re.IGNORECASE)
_NUMBER_WORDS = (
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?"
    r"|thousands?|millions?|billions?|half|third|quarter|twice|once|zero|no|none|both|single"
    r"|several|many|most|few|all|every|each|majority|minority|unlimited)\b"
)
_NUMBER = re.compile(_NUMBER_WORDS, re.IGNORECASE)
_TIME = re.compile(
    _NUMBER_WORDS + r"|\b(?:january|february|march|april|may|june|july|august|september|october"
    r"|november|december|\w+day|century|centuries|decades?|years?|months?|weeks?|days?|hours?"
    r"|spring|summer|autumn|fall|winter|morning|night|today|now|annually|daily|weekly|monthly"
    r"|during|after|before|while|when|once|until|since|upon|within|if|as soon as|at the|age|era"
    r"|period|time|end|beginning|start|immediately|always|never)\b",
    re.IGNORECASE,
)


def opposed(question: str, quotes: Sequence[str]) -> bool:
    """Tell whether the quotes turn round what the question says, rather than answer it."""
    if not quotes:
        return False
    asked = content_keys(read_words(question))
    said = frozenset[str]().union(*(content_keys(read_words(quote)) for quote in quotes))
    everything = frozenset(word.key for quote in quotes for word in read_words(quote)) | said
    for key in asked - everything:
        if any(other in said and other not in asked for other in _opposites().get(key, ())):
            return True
    plain = _RHETORICAL.sub(" ", question)
    if _ASKS_DENIED.search(plain) is None:
        return False
    return not any(_DENIES.search(quote) for quote in quotes)


def names_another(question: str, around: AbstractSet[str]) -> bool:
    """Tell whether the question names something that a passage and its headings do not have.

    Args:
        question: What was asked.
        around: Keys of all the words of the passage and its headings.
    """
    if len(_ENGLISH.findall(question)) < _ENGLISH_ENOUGH:
        return False  # elsewhere every noun may be capitalised
    for word in read_words(question):
        if word.key in around or (len(word.key) <= _INITIALS and word.kind == "name"):
            continue
        if word.kind == "number":
            return True
        if word.kind == "name":
            alike = [key for key in around if key[:1] == word.key[:1]]
            # "Americans" for "America", "Jumieges" for "Jumièges", a slip of the pen.
            if not difflib.get_close_matches(word.key, alike, 1, _ALIKE):
                return True
    return False


def misses_kind(question: str, answer: str) -> bool:
    """Tell whether a time or a number was asked for and the answer has none."""
    if _ASKS_TIME.search(question):
        return _TIME.search(answer) is None
    return _ASKS_NUMBER.search(question) is not None and _NUMBER.search(answer) is None


@functools.cache
def _opposites() -> dict[str, set[str]]:
    """Return what each word is turned round by; "a b c" makes b and c opposites of a."""
    found: dict[str, set[str]] = {}
    for entry in _OPPOSITES.split(";"):
        first, *others = (word.key for word in read_words(entry))
        for other in others:
            found.setdefault(first, set()).add(other)
            found.setdefault(other, set()).add(first)
    return found
