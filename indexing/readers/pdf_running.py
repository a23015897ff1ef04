"""Find what a PDF prints on every page and nobody reads as text: heads, feet, page numbers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import NamedTuple

import msgspec

from indexing.readers.pdf_lines import Line, PageLines

# Share of the page's height at its head and foot where repeated lines are looked for.
_ZONE = 0.12
# What is more of a page than this is what the page says, on however many it stands.
_MOST_OF_PAGE = 1 / 3
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"^\W*(?:page|seite|pagina|p\.)?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*(?:(?:of|/|von|de)\s*\d{1,4})?\W*$",
    re.IGNORECASE,
)


class Running(msgspec.Struct, frozen=True, array_like=True):
    """What is known to be printed on page after page.

    Attributes:
        counted: Pattern, whether at the head, and by how much its number leads the page's index.
        repeated: Pattern, whether at the head, and the height of what repeats word by word, or
            nearly; it was shown once.
    """

    counted: frozenset[tuple[str, bool, int]] = frozenset()
    repeated: frozenset[tuple[str, bool, int]] = frozenset()


NOTHING_RUNNING = Running()


class _Candidate(NamedTuple):
    """A line that may repeat.

    Attributes:
        pattern: Its text without its digits.
        head: At the page's head rather than its foot.
        slot: Its height on the page in fiftieths; None outside of head and foot.
        number: The last number in it.
    """

    line: Line
    text: str
    pattern: str
    head: bool
    slot: int | None
    number: int | None


def without_running_lines(
    pages: list[PageLines], first: int = 0, known: Running = NOTHING_RUNNING
) -> tuple[list[list[Line]], Running]:
    """The lines of each page, less page numbers and what repeats at its head or foot.

    The first of the lines that repeat word by word stays, for it may name the document.

    Args:
        pages: Pages that follow one another.
        first: Index of the first of them.
        known: What runs through the pages before them.

    Returns:
        The lines that stay, and what runs through all these pages.
    """
    candidates = [_candidates(page) for page in pages]
    counted = known.counted | _counted(candidates, first)
    repeated = set(known.repeated)
    places: Counter[tuple[str, bool, int]] = Counter()
    wordings: defaultdict[tuple[str, bool], set[str]] = defaultdict(set)
    for here in candidates:
        for one in here:
            if one.slot is not None:
                places[one.pattern, one.head, one.slot] += 1
                wordings[one.pattern, one.head].add(one.text)
    shown: set[tuple[str, bool]] = set()
    kept: list[list[Line]] = []
    for index, (page, here) in enumerate(zip(pages, candidates, strict=True), first):
        dropped: set[int] = set()
        letters = sum(len(line.text) for line in page.lines)
        for one in here:
            if len(one.text) > _MOST_OF_PAGE * letters:
                continue
            key = (one.pattern, one.head)
            lead = None if one.number is None else one.number - index
            if lead is not None and (*key, lead) in counted:
                dropped.add(id(one.line))
                continue
            if one.slot is None:
                continue
            if any((*key, one.slot + shift) in known.repeated for shift in (-1, 0, 1)):
                dropped.add(id(one.line))
                continue
            times = sum(places[one.pattern, one.head, one.slot + shift] for shift in (-1, 0, 1))
            if _PAGE_NUMBER.match(one.text) and (times > 1 or len(pages) == 1):
                if len(page.lines) > 1:
                    dropped.add(id(one.line))
            elif len(wordings[key]) == 1 and times >= max(3, 0.1 * len(pages)):
                if key in shown:
                    dropped.add(id(one.line))
                shown.add(key)
                repeated.add((*key, one.slot))
            elif times >= max(3, 0.6 * len(pages)):
                dropped.add(id(one.line))
                repeated.add((*key, one.slot))
        kept.append([line for line in page.lines if id(line) not in dropped])
    return kept, Running(counted, frozenset(repeated))


def _candidates(page: PageLines) -> list[_Candidate]:
    """Lines at the head and foot of a page, and its first and last ones wherever they are.

    Pages made from web pages end anywhere.
    """
    by_height = sorted(page.lines, key=lambda line: line.top)
    first = {id(line) for line in by_height[:2]}
    last = {id(line) for line in by_height[-2:]}
    found: list[_Candidate] = []
    for line in by_height:
        above = line.bottom < _ZONE * page.height
        below = line.top > (1 - _ZONE) * page.height
        if not (above or below or id(line) in first or id(line) in last):
            continue
        text = line.text
        numbers = _DIGITS.findall(text)
        found.append(
            _Candidate(
                line=line,
                text=text,
                pattern=_DIGITS.sub("#", text.lower()),
                head=above or (id(line) in first and not below),
                slot=round(line.top / page.height * 50) if above or below else None,
                number=int(numbers[-1]) if numbers and len(numbers[-1]) <= 5 else None,
            )
        )
    return found


def _counted(candidates: list[list[_Candidate]], first: int) -> frozenset[tuple[str, bool, int]]:
    """Patterns whose number goes up with the pages, and by how much it leads their index."""
    leads: Counter[tuple[str, bool, int]] = Counter()
    for index, here in enumerate(candidates, first):
        for one in here:
            if one.number is not None:
                leads[one.pattern, one.head, one.number - index] += 1
    return frozenset(lead for lead, times in leads.items() if times >= 3)
