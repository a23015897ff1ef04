"""Sentences for what can go wrong with documents and with where they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from assistant.sentences.facts import SETUP_COMMAND, Facts, bytes_text, file_name, from_file
from assistant.sentences.models import file_problem
from indexing.types import Unavailable

# Beyond that, a sentence tells nobody more.
_MOST_NAMED: Final = 5


def _file_missing(facts: Facts) -> str:
    return (
        f"{facts.get('path')} cannot be opened: there is no such file, or you may not read it. "
        "Check the name and the permissions."
    )


def _unsupported(facts: Facts) -> str:
    suffix = facts.get("suffix")
    kind = f"{suffix} files" if suffix else "files without a suffix"
    return (
        f"{file_name(facts)} was not read: Studiolo does not read {kind}. Save it as PDF, Word "
        "(.docx), HTML, Markdown or plain text and add that."
    )


def _converter_missing(facts: Facts) -> str:
    return (
        f"{file_name(facts)} was not read: {facts.get('suffix')} is an old format that Studiolo "
        "reads through LibreOffice, which is not installed. Install LibreOffice and add the "
        "file again, or save it in today's format."
    )


def _unreadable(facts: Facts) -> str:
    if facts.get("problem") == "copy_protected":
        return (
            f"{file_name(facts)} was not read: it is copy-protected, so that only the program or "
            "device it was bought for opens it."
        )
    why = {
        "reader_crashed": "reading it broke the reader, so it is probably damaged",
        "reader_overflowed": "it unpacks to more than any document holds",
    }.get(str(facts.get("problem")), "it is damaged, or not what its name says")
    return (
        f"{file_name(facts)} could not be read: {why}. Open it in the program it comes from, save "
        "it again and add the new file."
    )


def _too_large(facts: Facts) -> str:
    what = str(facts.get("what") or "")
    amount, limit = int(str(facts.get("amount") or 0)), int(str(facts.get("limit") or 0))
    if what == "files within one another":
        return (
            f"{file_name(facts)} was not read: it lies too deep, in a file within a file within "
            "others. Take it out of them and add it by itself."
        )
    in_bytes = "bytes" in what
    size = bytes_text(amount) if in_bytes else f"{amount:,} {what}"
    most = ""
    if limit:
        most = f" where {bytes_text(limit) if in_bytes else f'{limit:,}'} is the most"
    return f"{file_name(facts)} is too large: {size}{most}. Split it into parts and add those."


def _password(facts: Facts) -> str:
    name = file_name(facts)
    if facts.get("wrong"):
        return f"The password for {name} is wrong. {facts.ways.unlock_file}"
    return f"{name} is locked with a password. {facts.ways.unlock_file}"


def _empty(facts: Facts) -> str:
    if facts.get("ocr_off"):
        return (
            f"{file_name(facts)} consists of pictures, and text recognition (OCR) is switched "
            "off. Switch it on in the settings and add the file again."
        )
    if facts.get("pages"):
        return (
            f"No text could be read or recognised in {file_name(facts)}, so there is nothing to "
            "ask it."
        )
    return f"{file_name(facts)} holds no text, so there is nothing to ask it."


def _timed_out(facts: Facts) -> str:
    seconds = float(str(facts.get("seconds") or 0))
    after = f" after {seconds:.0f} seconds" if seconds else ""
    return (
        f"Reading {file_name(facts)} was given up{after}: the file asks for too much work. Save it "
        "again in the program it comes from, or split it."
    )


def _document_not_found(facts: Facts) -> str:
    if facts.get("without_text"):
        return f"The document {facts.get('ref')} has no text to be read. {facts.ways.see_states}"
    candidates = str(facts.get("candidates") or "").splitlines()
    if not candidates:
        return f"There is no document {facts.get('ref')} in the library. {facts.ways.see_documents}"
    parted = (line.partition(" ") for line in candidates[:_MOST_NAMED])
    named = [f"{number} is {path}" for number, _, path in parted]
    if more := len(candidates) - len(named):
        named.append(f"there are {more:,} more")
    return (
        f"Several documents have a file of the name {facts.get('ref')}: {', '.join(named)}. Give "
        "the number or the whole path of the one you mean."
    )


def _page_not_found(facts: Facts) -> str:
    pages = facts.get("pages")
    if not pages:
        return f"Document {facts.get('document')} has no pages. Leave the page out."
    return (
        f"Document {facts.get('document')} has no page {facts.get('page')}: "
        f"its pages go from 1 to {pages}."
    )


def _collection_not_found(facts: Facts) -> str:
    return f"There is no collection {facts.get('name')}. {facts.ways.see_collections}"


def _collection_exists(facts: Facts) -> str:
    return f"There is a collection {facts.get('name')} already. Choose another name."


def _collection_of_folder(facts: Facts) -> str:
    return (
        f"The collection {facts.get('name')} holds the documents of a watched folder. It can be "
        "deleted once that is watched no longer."
    )


def _folder_not_found(facts: Facts) -> str:
    return f"{facts.get('path')} is not a folder that can be opened. Check the name."


def _folder_not_watched(facts: Facts) -> str:
    return f"No watched folder is called {facts.get('ref')}. {facts.ways.see_folders}"


def unavailable_folder(path: str, reason: Unavailable) -> str:
    """Return why a watched folder is not there, and what becomes of its documents."""
    why = {
        "missing": f"{path} is not there",
        "not_mounted": f"The disk of {path} is not connected",
        "unreadable": f"{path} cannot be opened",
        "empty": f"{path} is empty and not the folder it was",
    }[reason]
    return f"{why}. Its documents are kept, and it is followed again once it is back."


def _store_busy(facts: Facts) -> str:
    pid = facts.get("pid")
    by = f" (process {pid})" if pid else ""
    return f"The library is in use by another Studiolo{by}. {facts.ways.leave_data_folder}"


def _store_damaged(facts: Facts) -> str:
    return (
        f"The library{from_file(facts)} is damaged. Copies of the database lie in the "
        f"folder 'backups' beside it. {facts.ways.see_data_folder}"
    )


def _newer_database(_: Facts) -> str:
    return "This data folder was written by a newer Studiolo. Update Studiolo to open it."


def _embedder_missing(facts: Facts) -> str:
    return (
        f"The model that searches documents is missing{from_file(facts)}. "
        f"'{SETUP_COMMAND}' installs it."
    )


def _embedder_not_found(facts: Facts) -> str:
    return (
        f"There is no model {facts.get('name')} to search documents with. Embedding models of the "
        "library are used, and those in the form of sentence-transformers whose folder lies in "
        f"{facts.get('folder')}."
    )


def _reranker_not_found(facts: Facts) -> str:
    return (
        f"There is no model {facts.get('name')} to judge search results with. Rerankers of the "
        "library are used, and those in the form of sentence-transformers whose folder lies in "
        f"{facts.get('folder')}."
    )


def _embedder_unsound(facts: Facts) -> str:
    return f"{file_name(facts)} cannot search documents: {file_problem(facts)}."


DOCUMENT_SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {
    "FileMissing": _file_missing,
    "UnsupportedFormat": _unsupported,
    "ConverterMissing": _converter_missing,
    "FileUnreadable": _unreadable,
    "ReadError": _unreadable,
    "TooLarge": _too_large,
    "PasswordNeeded": _password,
    "ReadTimeout": _timed_out,
    "EmptyDocument": _empty,
    "DocumentNotFound": _document_not_found,
    "PageNotFound": _page_not_found,
    "CollectionNotFound": _collection_not_found,
    "CollectionExists": _collection_exists,
    "CollectionOfFolder": _collection_of_folder,
    "FolderNotFound": _folder_not_found,
    "FolderNotWatched": _folder_not_watched,
    "StoreBusy": _store_busy,
    "StoreDamaged": _store_damaged,
    "NewerDatabase": _newer_database,
    "EmbedderMissing": _embedder_missing,
    "EmbedderNotFound": _embedder_not_found,
    "EmbedderUnsound": _embedder_unsound,
    "RerankerNotFound": _reranker_not_found,
}
