"""What a question asks of everything: a list or a count, a summary, or a comparison."""

from __future__ import annotations

import re
from typing import Final

from assistant.reading_all.prompts import Kind

_COMPARES: Final = re.compile(
    r"\b(?:compar\w+|contrast|differences? (?:between|of|among)|how do(?:es)? .+ differ"
    r"|in common|vergleich\w*|unterschiede?)\b",
    re.IGNORECASE,
)
_POINTS: Final = re.compile(
    r"\b(?:summar\w+|sum up|overview|outline|gist|key points?|main (?:points?|ideas?|themes?)"
    r"|zusammenfass\w*|fasse?\b.+\bzusammen|r\u00e9sum\w+|resum\w+)\b",
    re.IGNORECASE,
)
_ITEMS: Final = re.compile(
    r"\b(?:how many|how often|count|number of|list|enumerate|name (?:all|every|each)"
    r"|(?:all|every|each) (?:of )?(?:the|my|these|those|our)?\s*\w+s\b|every\s+\w+|which\s+\w+s\s"
    r"|what are (?:all|the)\b.*\b(?:in (?:all|these|this)|across|throughout)"
    r"|wie ?viele|wie oft|liste|alle|z\u00e4hle|combien|tou(?:s|tes) les|cu\u00e1nt[oa]s|todos los"
    r"|todas las)\b",
    re.IGNORECASE,
)


def kind_of(question: str, documents: int) -> Kind:
    """Return what a question about so many documents is for.

    What compares things within one document is told by points of it.
    """
    if _COMPARES.search(question):
        return "comparison" if documents > 1 else "points"
    return "points" if _POINTS.search(question) else "items"


def wants_everything(question: str) -> bool:
    """Tell whether a question looks as if a search could not answer it.

    A search brings the best places; whoever counts, lists or compares needs all of them.
    """
    return any(one.search(question) for one in (_COMPARES, _POINTS, _ITEMS))
