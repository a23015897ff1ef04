"""A sentence for each kind of error: what failed, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

SETUP_COMMAND: Final = "python packaging/studiolo.py run"
IMPORT_COMMAND: Final = "studiolo models import FILE"


@dataclass(frozen=True)
class Ways:
    """What a person can do about an error, in the words of the place where they read it."""

    see_documents: str
    see_collections: str
    see_states: str
    see_models: str
    see_model_folders: str
    see_hub_files: str
    see_data_folder: str
    leave_data_folder: str
    use_other_disk: str
    choose_model: str
    add_model: str
    ask_by_passages: str
    unlock_file: str


COMMANDS: Final = Ways(
    see_documents="'studiolo index list' shows those there are, and 'studiolo index add PATH' "
    "adds one.",
    see_collections="'studiolo index list' shows which collection each document belongs to.",
    see_states="'studiolo index list' shows how each one stands.",
    see_models=f"'studiolo models list' shows those there are, and '{IMPORT_COMMAND}' adds one.",
    see_model_folders="'studiolo models folders list' shows them.",
    see_hub_files="'studiolo models search' with the repository's name shows those it has.",
    see_data_folder="'studiolo doctor' names the data folder.",
    leave_data_folder="Close it, or name another data folder with --data-dir.",
    use_other_disk="Make room, or name a data folder on another disk with --data-dir.",
    choose_model="with 'studiolo models use NAME'",
    add_model=f"'{IMPORT_COMMAND}' adds a GGUF file that you have, and 'studiolo models catalogue' "
    "shows some to download.",
    ask_by_passages="with passages instead (mode 'retrieval')",
    unlock_file="'studiolo index add PATH --password PASSWORD' opens it.",
)
WINDOW: Final = Ways(
    see_documents="The library shows those there are; drop a file on the window to add it.",
    see_collections="The library shows which collection each document belongs to.",
    see_states="The library shows how each one stands.",
    see_models="The models page shows those there are, and adds one from a file.",
    see_model_folders="The models page shows them.",
    see_hub_files="Search for the repository to see those it has.",
    see_data_folder="The settings name the data folder.",
    leave_data_folder="Close it, then open this window again.",
    use_other_disk="Make room, or start Studiolo with --data-dir and a folder on another disk.",
    choose_model="at the top of the window",
    add_model="The models page adds a GGUF file that you have, and downloads others.",
    ask_by_passages="by passages instead, which is chosen under the question",
    unlock_file="“Enter password…” beside it opens it.",
)


class Facts:
    """The facts of an error, by name, and what the person can do where they read of it."""

    def __init__(self, values: Mapping[str, object], ways: Ways) -> None:
        self._values = values
        self.ways = ways

    def get(self, name: str) -> object:
        """Return a fact; None where it is not known."""
        return self._values.get(name)


def bytes_text(amount: float) -> str:
    """Return an amount of bytes with a unit that leaves few digits."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return (
                f"{amount:.0f} {unit}"
                if unit == "bytes" or amount >= 10
                else f"{amount:.1f} {unit}"
            )
        amount /= 1000
    return f"{amount:.1f} TB"


def _name(facts: Facts) -> str:
    return PurePath(str(facts.get("path") or "The file")).name


def _in(facts: Facts) -> str:
    path = facts.get("path")
    return f" from {path}" if path else ""


def _worker(facts: Facts) -> str:
    return {
        "model": "The model",
        "index": "The library's process",
        "reader": "The process that reads files",
    }.get(str(facts.get("worker")), "A part of Studiolo")


# --- Documents ----------------------------------------------------------------------------------


def _file_missing(facts: Facts) -> str:
    return (
        f"{facts.get('path')} cannot be opened: there is no such file, or you may not read it. "
        "Check the name and the permissions."
    )


def _unsupported(facts: Facts) -> str:
    suffix = facts.get("suffix")
    kind = f"{suffix} files" if suffix else "files without a suffix"
    return (
        f"{_name(facts)} was not read: Studiolo does not read {kind}. Save it as PDF, Word "
        "(.docx), HTML, Markdown or plain text and add that."
    )


def _converter_missing(facts: Facts) -> str:
    return (
        f"{_name(facts)} was not read: {facts.get('suffix')} is an old format that Studiolo reads "
        "through LibreOffice, which is not installed. Install LibreOffice and add the file again, "
        "or save it in today's format."
    )


def _unreadable(facts: Facts) -> str:
    why = {
        "reader_crashed": "reading it broke the reader, so it is probably damaged",
        "reader_overflowed": "it unpacks to more than any document holds",
    }.get(str(facts.get("problem")), "it is damaged, or not what its name says")
    return (
        f"{_name(facts)} could not be read: {why}. Open it in the program it comes from, save it "
        "again and add the new file."
    )


def _too_large(facts: Facts) -> str:
    what = str(facts.get("what") or "")
    amount, limit = int(str(facts.get("amount") or 0)), int(str(facts.get("limit") or 0))
    in_bytes = "bytes" in what
    size = bytes_text(amount) if in_bytes else f"{amount:,} {what}"
    most = ""
    if limit:
        most = f" where {bytes_text(limit) if in_bytes else f'{limit:,}'} is the most"
    return f"{_name(facts)} is too large: {size}{most}. Split it into parts and add those."


def _password(facts: Facts) -> str:
    name = _name(facts)
    if facts.get("wrong"):
        return f"The password for {name} is wrong. {facts.ways.unlock_file}"
    return f"{name} is locked with a password. {facts.ways.unlock_file}"


def _empty(facts: Facts) -> str:
    pages = facts.get("pages")
    if pages:
        return (
            f"No text could be read or recognised in {_name(facts)} (pages: {pages}). If text "
            "recognition (OCR) is switched off, switch it on and add the file again."
        )
    return f"{_name(facts)} holds no text, so there is nothing to ask it."


def _timed_out(facts: Facts) -> str:
    seconds = float(str(facts.get("seconds") or 0))
    after = f" after {seconds:.0f} seconds" if seconds else ""
    return (
        f"Reading {_name(facts)} was given up{after}: the file asks for too much work. Save it "
        "again in the program it comes from, or split it."
    )


def _document_not_found(facts: Facts) -> str:
    return f"There is no document {facts.get('ref')} in the library. {facts.ways.see_documents}"


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


def _store_busy(facts: Facts) -> str:
    pid = facts.get("pid")
    by = f" (process {pid})" if pid else ""
    return f"The library is in use by another Studiolo{by}. {facts.ways.leave_data_folder}"


def _store_damaged(facts: Facts) -> str:
    return (
        f"The library{_in(facts)} is damaged. Copies of the database lie in the "
        f"folder 'backups' beside it. {facts.ways.see_data_folder}"
    )


def _newer_database(_: Facts) -> str:
    return "This data folder was written by a newer Studiolo. Update Studiolo to open it."


def _embedder_missing(facts: Facts) -> str:
    return (
        f"The model that searches documents is missing{_in(facts)}. '{SETUP_COMMAND}' installs it."
    )


# --- Models -------------------------------------------------------------------------------------


def _model_not_found(facts: Facts) -> str:
    return f"There is no model {facts.get('name')} in the library. {facts.ways.see_models}"


_MODEL_FILE_PROBLEMS: Final[dict[str, str]] = {
    "missing": "there is no such file. Check its name",
    "unreadable": "it may not be read. Check its permissions",
    "empty": "it is empty. Download it again",
    "not_gguf": "it is not a GGUF file. Get the model in the GGUF format",
    "truncated": "its end is missing. Download it again",
    "absurd_header": "its beginning makes no sense. Download it again from a source you trust",
    "unsupported_version": "its version of the GGUF format is not known here. Get a newer file",
    "not_a_language_model": "it is no language model. Get one that can chat",
    "missing_part": "it is one part of several, and others are missing. Put all of them into one "
    "folder",
    "embedding": "it turns texts into numbers for searching and cannot chat. Get one that can",
    "reranker": "it judges search results and cannot chat. Get one that can",
    "projector": "it only lets another model see pictures. Get the model that it belongs to",
    "adapter": "it only changes another model. Get the model that it belongs to",
}


def _invalid_model(facts: Facts) -> str:
    problem = _MODEL_FILE_PROBLEMS.get(str(facts.get("problem")), "it is not sound. Get it again")
    return f"{_name(facts)} cannot be used as a model: {problem}."


def _import_failed(facts: Facts) -> str:
    name = _name(facts)
    problem = facts.get("problem")
    if problem == "disk_full":
        needed = bytes_text(float(str(facts.get("needed_bytes") or 0)))
        free = bytes_text(float(str(facts.get("free_bytes") or 0)))
        return (
            f"{name} was not imported: it needs {needed} and the disk has {free} free. "
            f"{facts.ways.use_other_disk}"
        )
    if problem == "not_writable":
        return (
            f"{name} was not imported: the models folder may not be written to. Check its "
            f"permissions. {facts.ways.see_data_folder}"
        )
    return f"{name} was not imported: it could not be read to its end. Check the file and its disk."


_FOLDER_PROBLEMS: Final[dict[str, str]] = {
    "missing": "There is no folder {path}. Check its name.",
    "unreadable": "The folder {path} may not be read. Check its permissions.",
    "library": "{path} is Studiolo's own models folder, which is looked into anyway.",
    "not_added": "{path} is none of the folders that were added. {see}",
}


def _folder_not_usable(facts: Facts) -> str:
    sentence = _FOLDER_PROBLEMS.get(str(facts.get("problem")), "{path} cannot be used.")
    return sentence.format(path=facts.get("path"), see=facts.ways.see_model_folders)


def _load_failed(facts: Facts) -> str:
    return (
        f"The model {_name(facts)} could not be loaded: it is of a kind that llama.cpp does not "
        "know, or there is too little memory for it. Try a smaller model, or import the file again."
    )


def _no_model_loaded(facts: Facts) -> str:
    return f"No model is loaded. Choose one {facts.ways.choose_model}."


def _no_model_installed(facts: Facts) -> str:
    return (
        f"No model is installed. '{SETUP_COMMAND}' installs the starter model. "
        f"{facts.ways.add_model}"
    )


def _context_overflow(facts: Facts) -> str:
    return (
        f"This is too long for the model: {facts.get('prompt_tokens')} tokens where "
        f"{facts.get('context_tokens')} fit. Ask about fewer documents, ask "
        f"{facts.ways.ask_by_passages}, or begin a new conversation."
    )


def _template_failed(facts: Facts) -> str:
    return (
        "The model's own chat template cannot lay out this conversation. Choose another model "
        f"{facts.ways.choose_model}."
    )


def _grammar_failed(facts: Facts) -> str:
    detail = facts.get("detail")
    return "The form asked for cannot be used" + (f": {detail}." if detail else ".")


def _decode_failed(_: Facts) -> str:
    return "The model could not work on this text. Ask again; if it stays, choose another model."


# --- Questions ----------------------------------------------------------------------------------


def _whole_does_not_fit(facts: Facts) -> str:
    return (
        f"The documents are too long to be read whole: {facts.get('prompt_tokens')} tokens where "
        f"the model holds {facts.get('context_tokens')}. Ask {facts.ways.ask_by_passages}, or "
        "about fewer documents."
    )


def _no_room_for_state(facts: Facts) -> str:
    values = (facts.get(name) for name in ("needed_bytes", "quota_bytes", "free_bytes"))
    needed, quota, free = (value if isinstance(value, int) else 0 for value in values)
    if needed > quota:
        return (
            f"What the model reads of this takes {bytes_text(needed)} on disk, and "
            f"{bytes_text(quota)} are set aside for that. Set more aside in the settings."
        )
    return (
        f"What the model reads of this takes {bytes_text(needed)} on disk, and only "
        f"{bytes_text(free)} are free. Free some disk space."
    )


def _question_does_not_fit(facts: Facts) -> str:
    return (
        f"The question is too long: {facts.get('prompt_tokens')} tokens where the model holds "
        f"{facts.get('context_tokens')}. Shorten it, or add the text as a document."
    )


def _empty_question(_: Facts) -> str:
    return "Nothing was asked. Type a question."


def _documents_not_ready(facts: Facts) -> str:
    return (
        f"These documents cannot be searched yet. Wait until they are read. {facts.ways.see_states}"
    )


# --- Processes ----------------------------------------------------------------------------------


def _worker_died(facts: Facts) -> str:
    code = facts.get("exit_code")
    why = ""
    if code == -9:
        why = ", most likely because the memory ran out"
    elif isinstance(code, int) and code < 0:
        why = f" (signal {-code})"
    elif code is not None:
        why = f" (exit status {code})"
    return (
        f"{_worker(facts)} stopped unexpectedly{why}. It starts again by itself and what had come "
        "is kept: ask again, or choose a smaller model if it keeps happening."
        if facts.get("worker") == "model"
        else f"{_worker(facts)} stopped unexpectedly{why}. It starts again by itself, and what was "
        "finished is kept: try again."
    )


def _worker_gave_up(facts: Facts) -> str:
    # What a start failed with is known by its class: "indexing.errors.StoreBusy: …".
    kind = str(facts.get("detail") or "").partition(":")[0].rpartition(".")[2]
    if kind in SENTENCES:
        return SENTENCES[kind](facts)
    return (
        f"{_worker(facts)} failed {facts.get('deaths')} times in a row, so Studiolo stopped "
        f"trying. The log {facts.get('log_file')} says why; 'studiolo doctor' checks this machine."
    )


def _worker_job_failed(facts: Facts) -> str:
    kind = str(facts.get("kind") or "").rpartition(".")[2]
    return (
        f"{_worker(facts)} failed in a way that Studiolo did not foresee ({kind}). Try again; "
        "'studiolo doctor' names the logs."
    )


def _worker_closed(_: Facts) -> str:
    return "Studiolo was closing, so this was not finished."


def _protocol(_: Facts) -> str:
    return "Studiolo was updated while it ran. Close it and start it again."


def _frame_too_large(_: Facts) -> str:
    return "This is too much at once for Studiolo. Ask about fewer documents."


def _cancelled(_: Facts) -> str:
    return "Stopped."


def _conversation_not_found(_: Facts) -> str:
    return "There is no such conversation any more."


def _message_not_found(_: Facts) -> str:
    return "There is no such message any more."


def _persona_not_found(_: Facts) -> str:
    return "There is no such persona any more. Choose another one for this conversation."


def _network_denied(facts: Facts) -> str:
    return (
        f"Something tried to reach {facts.get('host')} and was refused: Studiolo stays off the "
        "network unless you ask for a download."
    )


def _memory(_: Facts) -> str:
    return "There was not enough memory. Close other programs, or choose a smaller model."


SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {
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
    "StoreBusy": _store_busy,
    "StoreDamaged": _store_damaged,
    "NewerDatabase": _newer_database,
    "EmbedderMissing": _embedder_missing,
    "ModelNotFound": _model_not_found,
    "InvalidModelFile": _invalid_model,
    "ImportFailed": _import_failed,
    "FolderNotUsable": _folder_not_usable,
    "LoadFailed": _load_failed,
    "NoModelLoaded": _no_model_loaded,
    "NoModelInstalled": _no_model_installed,
    "ContextOverflow": _context_overflow,
    "TemplateFailed": _template_failed,
    "GrammarFailed": _grammar_failed,
    "DecodeFailed": _decode_failed,
    "WholeDoesNotFit": _whole_does_not_fit,
    "QuestionDoesNotFit": _question_does_not_fit,
    "NoRoomForState": _no_room_for_state,
    "EmptyQuestion": _empty_question,
    "DocumentsNotReady": _documents_not_ready,
    "WorkerDied": _worker_died,
    "WorkerGaveUp": _worker_gave_up,
    "WorkerJobFailed": _worker_job_failed,
    "WorkerClosed": _worker_closed,
    "ProtocolError": _protocol,
    "ProtocolMismatch": _protocol,
    "FrameTooLarge": _frame_too_large,
    "JobCancelled": _cancelled,
    "ConversationNotFound": _conversation_not_found,
    "MessageNotFound": _message_not_found,
    "PersonaNotFound": _persona_not_found,
    "NetworkDenied": _network_denied,
    "MemoryError": _memory,
}
