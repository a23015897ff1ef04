"""Tells when a quote says the opposite of what a question takes for granted.

"When did the forests increase?" is not answered by "the forests decreased in the 19th
century", however alike the two are: a small model, a word count and an embedding all take the
one for the other. So plain opposites and negations are looked for. English only; where a
language has other words nothing is found, and nothing is lost.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

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
