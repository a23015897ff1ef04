"""`studiolo index watch`, `unwatch` and `folders`: folders whose files the library follows."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import Literal

import msgspec

from assistant.assistant import Assistant
from assistant.cli.console import DONE, PARTLY_FAILED, Console, table
from assistant.cli.index_rows import Added, Listed, added, listed, show_progress
from assistant.wording import unavailable_folder
from indexing.folders.losses import large_losses
from indexing.folders.scan import availability
from indexing.types import AddReport, FolderPart, WatchedFolder


class _Unavailable(msgspec.Struct, frozen=True):
    path: str
    reason: str


class _CaughtUp(msgspec.Struct, frozen=True):
    documents: list[Added]
    removed: list[Added]
    unavailable: list[_Unavailable]
    seconds: float
    missing: list[Added]


class _Unwatched(msgspec.Struct, frozen=True):
    path: str
    kept: int
    removed: list[Listed]


class _Folder(msgspec.Struct, frozen=True):
    """A watched folder; the field names are a contract."""

    id: int
    path: str
    collection: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    documents: int
    status: Literal["ready", "unavailable"]
    reason: str | None


class _Folders(msgspec.Struct, frozen=True):
    folders: list[_Folder]


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Carry out the action that was asked for; return the exit status."""
    match arguments.action:
        case "watch":
            return _watch(assistant, console, arguments)
        case "unwatch":
            return _unwatch(assistant, console, arguments)
        case _:
            return _list(assistant, console)


def _watch(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Follow a folder and read what is in it; without one, catch up with all that are followed."""
    folders = assistant.folders
    if arguments.folder is not None:
        job = folders.watch(
            arguments.folder, arguments.collection, arguments.include, arguments.exclude
        )
    else:
        job = folders.catch_up([FolderPart(folder.id) for folder in folders.list()])
    try:
        for event in job:
            show_progress(console, event)
        report = job.result()
    except KeyboardInterrupt:
        job.cancel()
        console.note("Stopped. What is finished is kept; the same command goes on with the rest.")
        raise
    missing = set[int]() if arguments.remove_gone else _missing(assistant, report)
    going = [row.id for row in report.gone if row.id not in missing]
    asked = bool(arguments.remove_gone)
    gone = set(folders.drop_gone(going, asked=asked)) if going else set[int]()
    return _show_report(assistant, console, report, gone, missing)


def _missing(assistant: Assistant, report: AddReport) -> set[int]:
    """Return the documents that are kept as most files of their folder are gone.

    A file that is there and left out by a pattern is not gone.
    """
    gone = {row.id for row in report.gone if not os.path.lexists(row.path)}
    lost = large_losses(gone, assistant.folders.list())
    return {document for documents in lost.values() for document in documents}


def _show_report(
    assistant: Assistant, console: Console, report: AddReport, gone: set[int], missing: set[int]
) -> int:
    paths = {folder.id: folder.path for folder in assistant.folders.list()}
    unavailable = [
        _Unavailable(paths[folder], unavailable_folder(paths[folder], reason))
        for folder, reason in report.unavailable.items()
        if folder in paths
    ]
    failed = [row for row in report.documents if row.status == "failed"]
    removed = [row for row in report.gone if row.id in gone]
    for row in removed:
        console.note(f"{'removed':8}{row.path}: its file is gone")
    for folder in unavailable:
        console.note(folder.reason)
    if missing:
        console.note(
            f"{len(missing):,} files are gone, most of their folder's. Their documents are kept; "
            "'studiolo index watch --remove-gone' takes them out."
        )
    if console.json:
        documents = [added(row) for row in report.documents]
        dropped = [added(row) for row in removed]
        kept = [added(row) for row in report.gone if row.id in missing]
        console.document(_CaughtUp(documents, dropped, unavailable, report.seconds, kept))
    else:
        ready = sum(row.status == "ready" for row in report.documents)
        console.print(
            f"{ready} ready, {len(report.documents) - ready - len(failed)} skipped, "
            f"{len(failed)} failed, {len(removed)} removed in {report.seconds:.1f} s"
        )
    return PARTLY_FAILED if failed or unavailable or missing else DONE


def _unwatch(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Follow a folder no longer; keep its documents, or take them out with it."""
    folder = assistant.folders.find(arguments.folder)
    assistant.folders.unwatch(folder.id)
    documents = list(folder.documents)
    rows = [row for row in assistant.catalog.documents() if row.id in set(documents)]
    languages = assistant.catalog.languages()
    removed = set(assistant.remove_documents(documents)) if arguments.remove else set[int]()
    kept = len(documents) - len(removed)
    if console.json:
        gone = [listed(row, languages) for row in rows if row.id in removed]
        console.document(_Unwatched(folder.path, kept, gone))
    else:
        console.print(
            f"{folder.path} is no longer watched: {kept} documents kept, {len(removed)} removed."
        )
    return DONE


def _list(assistant: Assistant, console: Console) -> int:
    """List the watched folders, and say which of them are not there."""
    watched = [_folder(folder) for folder in assistant.folders.list()]
    if console.json:
        console.document(_Folders(watched))
        return DONE
    if not watched:
        console.note("No folder is watched. 'studiolo index watch FOLDER' follows one.")
        return DONE
    console.print(
        table(
            [
                (str(one.id), one.status, str(one.documents), one.collection or "", one.path)
                for one in watched
            ],
            ("ID", "STATUS", "DOCUMENTS", "COLLECTION", "PATH"),
        )
    )
    for one in watched:
        if one.reason:
            console.print(f"{one.id}: {one.reason}")
    return DONE


def _folder(folder: WatchedFolder) -> _Folder:
    reason = availability(folder)
    return _Folder(
        id=folder.id,
        path=folder.path,
        collection=folder.collection,
        include=folder.include,
        exclude=folder.exclude,
        documents=len(folder.documents),
        status="ready" if reason is None else "unavailable",
        reason=None if reason is None else unavailable_folder(folder.path, reason),
    )
