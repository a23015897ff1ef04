"""Titles for conversations, made of their first question."""

from __future__ import annotations

import re

LONGEST_TITLE = 60

_MARKUP = re.compile(r"```.*?(```|$)|[`*#>|~]+|(?<!\w)_+|_+(?!\w)", re.DOTALL)
_ADDRESS = re.compile(r"\bhttps?://(?:www\.)?([^\s/]+)\S*")
_OPENERS = re.compile(
    r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening))\b[\s,.!]*(?:there\b[\s,.!]*)?)?"
    r"(?:please\b[\s,]*)?"
    r"(?:(?:can|could|would|will) you\b[\s,]*)?"
    r"(?:please\b[\s,]*)?"
    r"(?:(?:tell me|i want to know|i would like to know|i'd like to know|explain to me)\b[\s,:]*)?",
    re.IGNORECASE,
)


def title_of(question: str) -> str:
    """Return a short, clean title for a conversation that begins with this question.

    It is the first sentence without greeting, mark-up and line ends, cut at a word.
    An empty string comes back only for a question that has nothing readable in it.
    """
    text = _ADDRESS.sub(r"\1", question)
    text = _MARKUP.sub(" ", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    text = text or " ".join(re.sub(r"[^\w\s]", " ", question).split())
    stripped = _OPENERS.sub("", text, count=1).lstrip(" ,.:;!?-")
    # A question that is only a greeting keeps its greeting.
    text = stripped or text
    text = _first_sentence(text)
    text = _cut(text).rstrip(" .,:;!-")
    return text[:1].upper() + text[1:]


def clean_title(title: str) -> str:
    """Return a title that the person typed on one line, without control characters."""
    text = "".join(c if c.isprintable() else " " for c in title)
    return " ".join(text.split())[:200].rstrip()


def _first_sentence(text: str) -> str:
    for end in re.finditer(r"(?<=[.?!。？！])(?:\s+|(?<=[。？！]))", text):
        head = text[: end.start()]
        if head[-1] in "。？！":
            enough = len(head) >= 4
        else:
            # "No. 5" and "e.g. this" go on: a full stop counts after a whole word only.
            last = head.rpartition(" ")[2].strip(".")
            enough = len(head) >= 12 and (head[-1] != "." or (len(last) > 3 and "." not in last))
        if enough:
            return head
    return text


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TITLE:
        return text
    head = text[:LONGEST_TITLE]
    space = head.rfind(" ")
    if space >= LONGEST_TITLE // 2:
        head = head[:space]
    return head.rstrip(" .,:;!-") + "…"
