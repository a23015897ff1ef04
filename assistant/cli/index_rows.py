"""Documents as the `studiolo index` commands show them, and how an indexing run goes on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from assistant.cli.console import Console
from assistant.wording import explain_named, explain_row
from indexing.types import DocumentRow, IndexProgress
from indexing.unpacked import name_of


class Added(msgspec.Struct, frozen=True):
    """A document as `index add` shows it; the field names are a contract."""

    id: int
    path: str
    title: str
    kind: str
    pages: int | None
    passages: int
    status: str
    reason: str | None


class Listed(Added, frozen=True):
    """A document as `index list` shows it."""

    bytes: int
    indexed_at: str | None
    collections: tuple[str, ...]
    language: str | None


class Unknown(msgspec.Struct, frozen=True):
    """What was named and is not in the library."""

    document: str
    reason: str


def added(row: DocumentRow) -> Added:
    """Return a document's row as `index add` shows it."""
    return Added(
        row.id,
        row.path,
        row.title,
        row.kind,
        row.pages,
        row.passages,
        row.status,
        explain_row(row) or None,
    )


def listed(row: DocumentRow, languages: Mapping[int, str]) -> Listed:
    """Return a document's row as `index list` shows it.

    Args:
        row: The document.
        languages: Those of the documents, as `Catalog.languages` gives them.
    """
    return Listed(
        **msgspec.structs.asdict(added(row)),
        bytes=row.bytes,
        indexed_at=row.indexed_at,
        collections=row.collections,
        language=languages.get(row.id),
    )


def show_progress(console: Console, event: IndexProgress) -> None:
    """Show what an indexing run does now, on stderr."""
    row = event.document
    name = name_of(row.path)
    match event.stage:
        case "reading":
            of = f" of {event.total}" if event.total else ""
            console.progress(f"{name}: page {event.done}{of}, {event.files_left} files left")
        case "embedding":
            of = f" of {event.total}" if event.total else ""
            console.progress(
                f"{name}: passage {event.done}{of}; {event.files_left} files and "
                f"{event.passages_left} passages left"
            )
        case "finished":
            console.note(f"{row.status:8}{explain_named(row)}")
        case "looking":
            console.progress(f"Looking at {row.path}: {event.done} files found")
        case "comparing":
            console.progress(f"{name} is compared with the others")
        case _:
            console.progress(f"{name} waits, {event.files_left} files left")
