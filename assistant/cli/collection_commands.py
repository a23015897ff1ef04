"""`studiolo index tag` and `index collections`: documents that belong together under a name."""

from __future__ import annotations

from argparse import Namespace

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, PARTLY_FAILED, Console, table
from assistant.cli.errors import UsageError
from assistant.cli.index_rows import Listed, Unknown, listed
from assistant.wording import explain
from indexing.catalog import absolute_path
from indexing.errors import DocumentNotFound
from indexing.folders.scan import within
from indexing.types import DocumentRow


class _Tagged(msgspec.Struct, frozen=True):
    collection: str
    documents: list[Listed]
    failed: list[Unknown]


class _Collection(msgspec.Struct, frozen=True):
    """A collection; the field names are a contract."""

    name: str
    documents: int
    watched: bool


class _Collections(msgspec.Struct, frozen=True):
    collections: list[_Collection]


class _Renamed(msgspec.Struct, frozen=True):
    renamed: str
    name: str


class _Removed(msgspec.Struct, frozen=True):
    removed: str
    documents: list[Listed]


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Carry out the action that was asked for; return the exit status."""
    if arguments.action == "tag":
        try:
            return _tag(assistant, console, arguments)
        except ValueError as error:
            raise UsageError(str(error)) from None
    match arguments.collection_action:
        case "list":
            return _list(assistant, console)
        case "rename":
            return _rename(assistant, console, arguments.old, arguments.new)
        case _:
            return _remove(assistant, console, arguments.name)


def _tag(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    name = arguments.collection
    found: dict[int, DocumentRow] = {}
    unknown: list[Unknown] = []
    for reference in arguments.documents:
        try:
            found |= {row.id: row for row in _documents(assistant, reference)}
        except DocumentNotFound as error:
            unknown.append(Unknown(reference, explain(error)))
    change = assistant.collections.take_out if arguments.remove else assistant.collections.put
    changed = change(name, list(found)) if found else []
    rows = [row for row in assistant.catalog.documents() if row.id in set(changed)]
    if console.json:
        languages = assistant.catalog.languages()
        console.document(_Tagged(name, [listed(row, languages) for row in rows], unknown))
    else:
        how = "left" if arguments.remove else "added"
        for row in rows:
            console.print(f"{how} {row.id}: {row.path}")
        for row in found.values():
            if row.id not in set(changed):
                console.note(_unchanged(row, name, arguments.remove))
        for one in unknown:
            console.note(one.reason)
    return PARTLY_FAILED if unknown else DONE


def _unchanged(row: DocumentRow, name: str, remove: bool) -> str:
    if not remove:
        return f"{row.id} belongs to {name} already."
    if row.collection == name:
        return f"{row.id} stays in {name}: that is its watched folder's."
    return f"{row.id} does not belong to {name}."


def _documents(assistant: Assistant, reference: str) -> list[DocumentRow]:
    """Return the document of an id, path or name, or all that lie in a folder."""
    try:
        return [assistant.catalog.document(reference)]
    except DocumentNotFound:
        folder = absolute_path(reference)
        inside = [row for row in assistant.catalog.documents() if within(row.path, [folder])]
        if not inside:
            raise
        return inside


def _list(assistant: Assistant, console: Console) -> int:
    found = [
        _Collection(one.name, len(one.documents), one.of_folder)
        for one in assistant.collections.list()
    ]
    if console.json:
        console.document(_Collections(found))
        return DONE
    if not found:
        console.note(
            "No document belongs to a collection. 'studiolo index tag NAME PATH' makes one."
        )
        return DONE
    rows = [(str(one.documents), "folder" if one.watched else "", one.name) for one in found]
    console.print(table(rows, ("DOCUMENTS", "WATCHED", "NAME")))
    return DONE


def _rename(assistant: Assistant, console: Console, old: str, new: str) -> int:
    try:
        assistant.collections.rename(old, new)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if console.json:
        console.document(_Renamed(old, new))
    else:
        console.print(f"{old} is called {new} now.")
    return DONE


def _remove(assistant: Assistant, console: Console, name: str) -> int:
    removed = set(assistant.collections.delete(name))
    rows = [row for row in assistant.catalog.documents() if row.id in removed]
    if console.json:
        languages = assistant.catalog.languages()
        console.document(_Removed(name, [listed(row, languages) for row in rows]))
    else:
        console.print(f"{name} is removed; its {len(rows)} documents stay in the library.")
    return DONE
