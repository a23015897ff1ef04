"""Tells when the documents do not answer a question, so that nothing is guessed.

Before the model is asked: nothing that was found is about the question. After it has written: it
says itself that they do not, nothing of what it wrote stands in them, or what stands there does
not answer the question (see verify.py). Then its words are withdrawn, and it is asked once more in
other words: a small model often overlooks what it has read. Where that does not stand either,
the answer is the honest sentence alone. What was withdrawn is kept beside it
(`Answer.withdrawn`), to be shown on demand and never as an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.material import Material
from assistant.answering.proof import Proof, asked_about
from assistant.answering.words import content_keys, read_words
from indexing.types import Evidence

# Best cosine, and part of the question's words held, below which what was found is about
# something else. Measured with all-MiniLM-L6-v2: questions that a set of manuals answers reach
# 0.45 and more, questions about something else entirely stay below 0.15.
_UNRELATED_COSINE = 0.18
_UNRELATED_HELD = 0.7

_ASKING = frozenset({"who", "whom", "whose", "what", "which", "when", "where", "why", "how"})

_DECLINES = re.compile(
    r"""
    \b(?:documents?|passages?|texts?|context|information|sources?|articles?|excerpts?|it)\b
      [^.]{0,60}? \b(?:do|does|did|is|are|was|were|has|have|can)(?:\s+not|n[o'’]t) \b [^.]{0,40}?
      \b(?:say|state|mention|specif\w+|provid\w+|contain|includ\w+|answer|giv\w+|tell|address
         |discuss|indicat\w+|available|cover|found|stated|said|explain|describ\w+|determine)
    | \b(?:is|are|was|were)(?:\s+not|n['’]t) \s (?:explicitly\s|directly\s|specifically\s)?
      (?:said|stated|mentioned|specified|provided|given|included|found|discussed|addressed
         |described|indicated|available)
      \s (?:in|by|from) \s (?:the|these|this|any|your) \s
      (?:given\s|provided\s)? (?:documents?|passages?|texts?|context|information)
    | \bno \s (?:information|mention|answer|details?|specific\s\w+) \b [^.]{0,60}
      \b(?:documents?|passages?|texts?|context|provided|given|about|on|available)\b
    | ^\W*(?:I\s(?:do\snot|don['’]t|cannot|can['’]t|could\snot|am\snot\sable|am\sunable)
      |I['’]m\s(?:sorry|unable)|unable\sto|unknown\b|not\s(?:stated|mentioned|specified|given|available)|sorry\b)
    | \bcannot \s be \s (?:determined|answered|found)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def nothing_found(question: str, evidence: Sequence[Evidence], material: Material) -> bool:
    """Tell whether what a search found is not about the question at all."""
    if not evidence:
        return True
    relevant = max(piece.relevance for piece in evidence)
    return relevant < _UNRELATED_COSINE and asked_about(question, material) < _UNRELATED_HELD


def declines(answer: str) -> bool:
    """Tell whether the model says, in its first sentence, that the documents do not say."""
    first = answer.strip().split("\n", 1)[0][:240]
    return not first or _DECLINES.search(first) is not None


def echoes(answer: str, question: str) -> bool:
    """Tell whether an answer to "who", "what", "when" only repeats what the question says.

    To a question for yes or no, that is an answer.
    """
    asked = read_words(question)
    if not any(word.key in _ASKING for word in asked):
        return False
    return content_keys(read_words(answer)) <= content_keys(asked)


def unproved(proof: Proof) -> bool:
    """Tell whether nothing of the answer stands in the documents."""
    return not proof.supported
