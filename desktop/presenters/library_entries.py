"""The lines of the library: documents under the heading of their folder or collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from desktop.presenters.folders import FoldersPresenter
from indexing.types import DocumentRow, WatchedFolder
from indexing.unpacked import name_of


class Entry(NamedTuple):
    """A line of the list: the heading of a folder or collection, or a document.

    Attributes:
        within: Whether the document stands under the archive that it is a member of.
        documents: Under a heading: how many documents; archives do not count beside what is in
            them.
        pages: Under a heading: how many pages they have together.
        folder: Under the heading of a watched folder: its id.
        collection: Under the heading of a collection that is no watched folder's: its name.
    """

    document: int | None
    heading: str = ""
    documents: int = 0
    pages: int = 0
    folder: int | None = None
    collection: str = ""
    within: bool = False


class Choice(NamedTuple):
    """Which documents are to be shown.

    Attributes:
        words: Those whose name, title, collections or status hold all of these words.
        collection: Those that belong to it; "" for all.
    """

    words: str = ""
    collection: str = ""


def in_order(
    rows: Iterable[DocumentRow], choice: Choice, folders: FoldersPresenter, others: str
) -> list[Entry]:
    """Group by watched folder, then by first collection, what came last first.

    With nothing but documents of no collection there is no heading, and the chosen collection
    is one group.

    Args:
        others: The heading of what belongs to no collection, where others do.
    """
    if choice.collection:
        rows = [row for row in rows if choice.collection in row.collections]
    if choice.words:
        words = choice.words.split()
        rows = [row for row in rows if all(word in _words_of(row) for word in words)]
    if choice.collection:
        held = list(rows)
        is_folders = any(folder.collection == choice.collection for folder in folders.folders)
        name = "" if is_folders else choice.collection
        return _group(choice.collection, held, collection=name) if held else []
    in_folders: dict[int, list[DocumentRow]] = {}
    groups: dict[str, list[DocumentRow]] = {}
    for row in rows:
        folder = folders.folder_of(row.path)
        if folder is not None:
            in_folders.setdefault(folder.id, []).append(row)
        else:
            groups.setdefault(row.collections[0] if row.collections else "", []).append(row)
    entries: list[Entry] = []
    for folder in sorted(folders.folders, key=lambda folder: heading_of(folder).casefold()):
        group = in_folders.get(folder.id, [])
        if group or not choice.words:
            entries += _group(heading_of(folder), group, folder.id)
    # Documents of no collection come last.
    for name in sorted(groups, key=lambda name: (not name, name.casefold())):
        if name or entries:
            entries += _group(name or others, groups[name], collection=name)
        else:
            entries += _lines(groups[name])
    return entries


def heading_of(folder: WatchedFolder) -> str:
    """Return what a watched folder is called: as its documents' collection is."""
    return folder.collection or Path(folder.path).name or folder.path


def _words_of(row: DocumentRow) -> str:
    return f"{name_of(row.path)} {row.title} {' '.join(row.collections)} {row.status}".casefold()


def _group(
    heading: str, rows: Sequence[DocumentRow], folder: int | None = None, collection: str = ""
) -> list[Entry]:
    pages = sum(row.pages or 0 for row in rows)
    documents = sum(row.members is None for row in rows)
    return [Entry(None, heading, documents, pages, folder, collection), *_lines(rows)]


def _lines(rows: Sequence[DocumentRow]) -> list[Entry]:
    """Put what came last first, and what is in an archive under it, as its folders lie."""
    there = {row.id for row in rows}
    in_order = sorted(rows, key=_place)
    return [Entry(row.id, within=row.archive in there) for row in in_order]


def _place(row: DocumentRow) -> tuple[int, bool, str]:
    if row.archive is None:
        return -row.id, False, ""
    return -row.archive, True, row.path.casefold()
