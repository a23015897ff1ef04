"""Follow-up questions: "and the rent?" is understood from what was asked before it.

By rules, which cost nothing: a question that leans on the conversation (it opens with
"and", points with "it" or "they", or names nothing of its own) is searched for together
with the question it follows, and with the names in the last answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from assistant.answering.words import content_keys, read_words
from models.engine.types import ChatMessage

# How far back the question that a chain of follow-ups began with is looked for.
_REACH = 4
_OPENERS = re.compile(
    r"\s*(?:and|or|but|so|then|also|what about|how about|what of|what else|who else|where else"
    r"|anything else|why not|why so|since when|how so|which ones?|the other|another|tell me more"
    r"|more about|go on|for how long)\b",
    re.IGNORECASE,
)
_POINTERS = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|he|him|his|she|her|hers|this|these|those"
    r"|the same|the former|the latter|the (?:first|second|third|last|other) ones?|such|so|then"
    r"|there|one|ones)\b"
    # "That" points only where it is not what joins two clauses.
    r"|(?:^|\b(?:is|was|does|did|of|for|about|like|in|to|after|before|do)\s)that\b",
    re.IGNORECASE,
)
# "What is it that…", "is there a…": these point at nothing.
_EMPTY_POINTERS = re.compile(
    r"\b(?:is|are|was|were|will|would|can|could|has|have) there\b"
    r"|\bthere (?:is|are|was|were|has|have)\b"
    r"|\b(?:is|was) it (?:that|who|which|true|possible|necessary|allowed)\b"
    r"|\bso (?:that|many|much|far|called)\b|\bone of\b|\bsuch as\b"
    r"|\b(?:those|one|ones) (?:who|that|which)\b",
    re.IGNORECASE,
)


class Understood(NamedTuple):
    """A question as the conversation makes it clear.

    Attributes:
        queries: What to search for, the most telling first.
        full: The question with those it leans on ahead of it, for telling what is asked.
    """

    queries: tuple[str, ...]
    full: str


def understand(question: str, history: Sequence[ChatMessage]) -> Understood:
    """Return what to search for, given the conversation so far (its newest message last)."""
    question = question.strip()
    asked = [message.content for message in history if message.role == "user"]
    if not asked or not leans(question):
        return Understood((question,), question)
    chain = [question]
    for earlier in reversed(asked[-_REACH:]):
        chain.insert(0, earlier.strip())
        if not leans(earlier):
            break
    full = " ".join(chain)
    queries = [full, question]
    names = _names(history, full)
    if names:
        queries.append(f"{question} {' '.join(names)}")
    return Understood(tuple(queries), full)


def leans(question: str) -> bool:
    """Tell whether a question cannot be understood without the one before it."""
    if _OPENERS.match(question):
        return True
    words = read_words(question)
    content = content_keys(words)
    names = [word for word in words if word.kind in {"name", "number"}]
    if len(content) <= 1 and not names:
        return True
    plain = _EMPTY_POINTERS.sub(" ", question)
    pointer = _POINTERS.search(plain)
    if pointer is None:
        return False
    # A name ahead of the pronoun is what it stands for: "Did Tesla pay for his own work?"
    return not any(word.kind == "name" and word.start < pointer.start() for word in words)


def _names(history: Sequence[ChatMessage], known: str) -> list[str]:
    """Return the names in the last answer that the questions do not have."""
    last = next((message for message in reversed(history) if message.role == "assistant"), None)
    if last is None:
        return []
    already = {word.key for word in read_words(known)}
    names = {
        word.key: last.content[word.start : word.end]
        for word in read_words(last.content)
        if word.kind == "name" and word.key not in already
    }
    return list(names.values())[:6]
