"""`studiolo index …`: documents into the library, out of it, and their text."""

from __future__ import annotations

import getpass
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import msgspec

from assistant.assistant import Assistant
from assistant.cli import collection_commands, embedder_command, folder_commands, reranker_command
from assistant.cli.console import DONE, PARTLY_FAILED, Console, table
from assistant.cli.index_rows import Added, Listed, Unknown, added, listed, show_progress
from assistant.wording import bytes_text, explain, explain_named
from indexing.errors import CollectionNotFound, DocumentNotFound
from indexing.types import DocumentRow
from indexing.unpacked import name_of

_HEADS = (
    "ID",
    "STATUS",
    "KIND",
    "LANGUAGE",
    "PAGES",
    "PASSAGES",
    "SIZE",
    "COLLECTIONS",
    "TITLE",
    "PATH",
)
# Given in place of a password, it asks for one, so that it stands in no history of commands.
_ASK = "-"


class _Report(msgspec.Struct, frozen=True):
    documents: list[Added]
    seconds: float


class _List(msgspec.Struct, frozen=True):
    documents: list[Listed]


class _Removal(msgspec.Struct, frozen=True):
    removed: list[Listed]
    failed: list[Unknown]


def run(assistant: Assistant, console: Console, arguments: Namespace) -> int:
    """Carry out the action that was asked for; return the exit status."""
    match arguments.action:
        case "add":
            password = arguments.password
            if password == _ASK:
                password = getpass.getpass("Password: ")
            return _add(assistant, console, arguments.paths, arguments.collection, password)
        case "list":
            return _list(assistant, console, arguments.collection)
        case "remove":
            return _remove(assistant, console, arguments.documents)
        case "tag" | "collections":
            return collection_commands.run(assistant, console, arguments)
        case "embedder":
            return embedder_command.run(assistant, console, arguments.name)
        case "reranker":
            return reranker_command.run(assistant, console, arguments.name, arguments.none)
        case "watch" | "unwatch" | "folders":
            return folder_commands.run(assistant, console, arguments)
        case _:
            return _text(assistant, console, arguments.document, arguments.page)


def _add(
    assistant: Assistant,
    console: Console,
    paths: Sequence[str],
    collection: str | None,
    password: str | None,
) -> int:
    absolute = [str(Path(path).absolute()) for path in paths]
    job = assistant.add_documents(absolute, collection, password)
    try:
        for event in job:
            show_progress(console, event)
        report = job.result()
    except KeyboardInterrupt:
        job.cancel()
        console.note("Stopped. What is finished is kept; the same command goes on with the rest.")
        raise
    failed = [row for row in report.documents if row.status == "failed"]
    for row in failed:
        if not row.id:  # it never became a document, so no event told of it
            console.note(f"{row.status:8}{explain_named(row)}")
    if console.json:
        console.document(_Report([added(row) for row in report.documents], report.seconds))
    else:
        ready = sum(row.status == "ready" for row in report.documents)
        skipped = sum(row.status == "skipped" for row in report.documents)
        passages = sum(row.passages for row in report.documents if row.status == "ready")
        console.print(
            f"{ready} ready ({passages:,} passages), {skipped} skipped, {len(failed)} failed "
            f"in {report.seconds:.1f} s"
        )
    if report.unsupported:
        console.note(f"{report.unsupported} files of kinds that are not read were left out.")
    return PARTLY_FAILED if failed else DONE


def _list(assistant: Assistant, console: Console, collection: str | None) -> int:
    rows = assistant.catalog.documents(collection)
    if collection is not None and not rows:
        raise CollectionNotFound(collection)
    languages = assistant.catalog.languages()
    if console.json:
        console.document(_List([listed(row, languages) for row in rows]))
        return DONE
    if not rows:
        console.note("The library is empty. 'studiolo index add PATH' adds files and folders.")
        return DONE
    console.print(
        table(
            [
                (
                    str(row.id),
                    row.status,
                    row.kind,
                    languages.get(row.id, ""),
                    str(row.pages or ""),
                    str(row.passages),
                    bytes_text(row.bytes),
                    ", ".join(row.collections),
                    row.title,
                    row.path,
                )
                for row in rows
            ],
            _HEADS,
        )
    )
    for row in rows:
        if row.reason:
            console.print(f"{row.id}: {explain_named(row)}")
    names = {row.id: name_of(row.path) for row in assistant.catalog.documents()}
    shown = {row.id for row in rows}
    for document, like in assistant.catalog.likes().items():
        if document in shown and like.document in names:
            how = "the same as" if like.is_same else "nearly the same as"
            console.print(f"{document}: {names[document]} is {how} {names[like.document]}")
    return DONE


def _remove(assistant: Assistant, console: Console, documents: Sequence[str]) -> int:
    found: dict[int, DocumentRow] = {}
    unknown: list[Unknown] = []
    for document in documents:
        try:
            row = assistant.catalog.document(document)
            found[row.id] = row
        except DocumentNotFound as error:
            unknown.append(Unknown(document, explain(error)))
    within = [row for row in assistant.catalog.documents() if row.archive in found]
    languages = assistant.catalog.languages()
    removed = set(assistant.remove_documents(list(found))) if found else set[int]()
    if console.json:
        rows = {row.id: row for row in (*found.values(), *within)}
        gone = [listed(rows[one], languages) for one in rows if one in removed]
        console.document(_Removal(gone, unknown))
    else:
        for row in found.values():
            if row.id in removed:
                count = sum(member.archive == row.id for member in within)
                what = f"the {count} documents" if count > 1 else "the document"
                more = f" and {what} in it" if count else ""
                console.print(f"removed {row.id}: {row.path}{more}")
        for one in unknown:
            console.note(one.reason)
    return PARTLY_FAILED if unknown else DONE


def _text(assistant: Assistant, console: Console, document: str, page: int | None) -> int:
    row = assistant.catalog.document(document)
    # As it is, to the character: offsets of quotes count in what is printed here.
    console.write(assistant.catalog.text(row.id, page))
    return DONE
