"""What a question asks of everything: a list or a count, or a summary."""

from __future__ import annotations

import re
from typing import Final

from assistant.reading_all.prompts import Kind

_POINTS: Final = re.compile(
    r"\b(?:summar\w+|sum up|overview|outline|gist|key points?|main (?:points?|ideas?|themes?)"
    r"|compar\w+|contrast|differences? between|how do(?:es)? .+ differ"
    r"|zusammenfass\w*|fasse?\b.+\bzusammen|vergleich\w*|unterschiede?"
    r"|r\u00e9sum\w+|compare[rz]|resum\w+|compara\w*)\b",
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


def kind_of(question: str) -> Kind:
    """Return whether a question is for points that sum up, or for items."""
    return "points" if _POINTS.search(question) else "items"


def wants_everything(question: str) -> bool:
    """Tell whether a question looks as if a search could not answer it.

    A search brings the best places; whoever counts, lists or compares needs all of them.
    """
    return bool(_POINTS.search(question) or _ITEMS.search(question))
