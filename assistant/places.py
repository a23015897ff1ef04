"""Places as a person cites them: "page 3", "slide 3", "sheet Prices, A2:D9"."""

from __future__ import annotations

from pathlib import PurePath

from indexing.types import Place
from indexing.unpacked import name_of


def place_text(page: int | None, place: Place | None) -> str:
    """Return where something stands, "" where nothing says it.

    Args:
        page: The page, from 1.
        place: What says more than the page, if there is anything.
    """
    if place is None:
        return f"page {page}" if page is not None else ""
    within = f"{place.file}, " if place.file else ""
    match place.kind:
        case "sheet" if place.name:
            words = f"sheet {place.name}"
            words += f", {place.cells}" if place.cells else ""
        case "sheet":
            words = f"cells {place.cells}" if place.cells else ""
        case "chapter" | "section" if place.name:
            words = f"{place.kind} “{place.name}”"
        case "message" if place.name:
            words = f"message {place.number}, “{place.name}”"
        case "time":
            words = f"at {clock(place.number)}"
        case "file":
            words = ""
        case kind:
            words = f"{kind} {place.number}"
    return f"{within}{words}" if words else place.file


def cited_name(path: str, title: str) -> str:
    """Return what a document is cited as: its title, or what it is called in its archive."""
    name = name_of(path)
    return name if name != PurePath(path).name else title


def clock(seconds: int) -> str:
    """Return a time from the beginning: "12:03", "1:02:03"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
