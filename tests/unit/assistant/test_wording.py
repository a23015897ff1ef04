"""Every kind of error has its sentence."""

from __future__ import annotations

import inspect

import msgspec
import pytest

import assistant.answering.errors
import assistant.errors
import indexing.errors
import models.errors
from assistant.conversations.types import Failure
from assistant.failures import failure_of
from assistant.sentences.downloads import PROBLEMS
from assistant.sentences.models import _FOLDER_PROBLEMS
from assistant.wording import (
    _REASON_KINDS,
    COMMANDS,
    WINDOW,
    bytes_text,
    details,
    explain,
    explain_failure,
    explain_named,
    explain_row,
)
from indexing.errors import DocumentNotFound
from indexing.reasons import _REASONS
from indexing.types import DocumentRow
from models.facts import _KIND_PROBLEMS

SAMPLES: dict[str, object] = {
    "path": "/home/ann/lease.pdf", "suffix": ".xyz", "problem": "truncated", "what": "pages",
    "amount": 70_000, "limit": 50_000, "wrong": True, "pages": 12, "ref": "77", "document": 7,
    "page": 13, "name": "small.gguf", "pid": 4711, "component": "documents", "found": 3,
    "known": 2, "needed_bytes": 2_000_000, "free_bytes": 1_000_000, "detail": "bad magic",
    "prompt_tokens": 9000, "context_tokens": 8192, "code": 1, "worker": "model", "exit_code": -9,
    "deaths": 3, "log_file": "/tmp/model.log", "method": "ask", "kind": "builtins.ValueError",
    "seconds": 130.0, "documents": (1, 2), "expected": 2, "size": 10, "host": "example.org",
    "architecture": "qwen2", "wanted": "llama",
    "id": 5, "folder": "/models", "repository": "ann/small", "file": "Small.gguf",
    "retry_after_s": 30.0, "ocr_off": True, "quota_bytes": 9_000_000,
    "member": "/home/ann/all.zip/lease.pdf", "purpose": "reranker", "on_card": True,
    "candidates": "3 /home/ann/lease.pdf\n7 /home/bob/lease.pdf", "catalogue": False,
    "without_text": False,
}  # fmt: skip


def errors() -> list[type[Exception]]:
    return [
        kind
        for module in (assistant.errors, assistant.answering.errors, models.errors, indexing.errors)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == module.__name__
    ]


def leaves() -> list[type[Exception]]:
    return [kind for kind in errors() if not kind.__subclasses__()]


def make(kind: type[Exception]) -> Exception:
    if kind.__init__ is Exception.__init__:
        return kind()
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return kind(*(SAMPLES[one.name] for one in parameters if one.kind is not one.VAR_POSITIONAL))


def test_reasons_are_the_words_that_the_pipeline_uses():
    assert set(_REASONS.values()) <= set(_REASON_KINDS)


@pytest.mark.parametrize("kind", leaves())
def test_each_kind_is_explained_with_what_to_do(kind):
    sentence = explain(make(kind))
    assert "did not foresee" not in sentence or kind.__name__ == "WorkerJobFailed"
    assert sentence[0].isupper() or sentence.startswith(("lease.pdf", "/home"))
    assert sentence.endswith(".")
    for word in ("None", "{", "Traceback", "_"):
        assert word not in sentence


@pytest.mark.parametrize("kind", leaves())
def test_the_window_names_no_command_for_what_it_can_do_itself(kind):
    sentence = explain(make(kind), WINDOW)

    assert "'studiolo index" not in sentence
    assert "'studiolo models" not in sentence


@pytest.mark.parametrize("kind", leaves())
def test_an_error_that_was_kept_reads_as_it_did(kind):
    error = make(kind)
    kept = msgspec.json.decode(msgspec.json.encode(failure_of(error)), type=Failure)
    assert explain_failure(kept) == explain(error)


@pytest.mark.parametrize("ways", [COMMANDS, WINDOW])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_each_end_of_a_download_says_what_becomes_of_it(problem, ways):
    error = models.errors.DownloadFailed(
        "ann/small", "sub/Small.gguf", problem, 2_000_000, 1_000_000, 30.0
    )
    sentence = explain(error, ways)
    assert sentence.startswith("Small.gguf was not downloaded: ")
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert ways is COMMANDS or "'studiolo" not in sentence
    searched = explain(models.errors.DownloadFailed("", "", problem), ways)
    assert searched.startswith("The model hub could not be looked up: ")
    assert "kept" not in searched


@pytest.mark.parametrize("problem", _FOLDER_PROBLEMS)
def test_each_folder_that_cannot_be_used_is_named(problem):
    sentence = explain(models.errors.FolderNotUsable("/a/models", problem))
    assert "/a/models" in sentence
    assert "{" not in sentence


@pytest.mark.parametrize("kind", [kind for kind, word in _KIND_PROBLEMS.items() if word])
def test_each_kind_of_model_that_cannot_chat_says_so(kind):
    error = models.errors.InvalidModelFile("/a/m.gguf", _KIND_PROBLEMS[kind] or "")
    assert "not sound" not in explain(error)


def test_what_nobody_foresaw_says_what_to_do_and_keeps_its_kind():
    sentence = explain(ZeroDivisionError("secret text"))
    assert "ZeroDivisionError" in sentence
    assert "studiolo doctor" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (indexing.errors.EmptyDocument("/a/scan.pdf", 12, ocr_off=True), "OCR"),
        (indexing.errors.EmptyDocument("/a/empty.txt"), "nothing to ask"),
        (indexing.errors.PasswordNeeded("/a/b.pdf"), "--password PASSWORD"),
        (indexing.errors.TooLarge("/a/b.pdf", "bytes", 3 * 10**9, 10**9), "3.0 GB"),
        (indexing.errors.UnsupportedFormat("/a/b", ""), "without a suffix"),
        (indexing.errors.PageNotFound(3, 2, 0), "no pages"),
        (indexing.errors.StoreBusy("/a", 4711), "4711"),
        (models.errors.InvalidModelFile("/a/m.gguf", "truncated"), "Download it again"),
        (models.errors.AdapterUnfit("/a/m.gguf", "no_adapter"), "no LoRA adapter"),
        (models.errors.AdapterUnfit("/a/m.gguf", "other_family", "qwen2", "llama"), "qwen2"),
        (models.errors.AdapterUnfit("/a/m.gguf", "refused"), "another size"),
        (models.errors.AdapterUnfit("/a/m.gguf", "truncated"), "take it out of the settings"),
        (assistant.errors.WorkerDied("model", -9), "memory"),
        (assistant.errors.WorkerDied("index", 3), "exit status 3"),
        (assistant.errors.WorkerGaveUp("index", 3, "/l", "indexing.errors.StoreBusy: x"), "in use"),
        (assistant.errors.NoModelInstalled("/m"), "python packaging/studiolo.py run"),
    ],
)
def test_the_facts_are_in_the_sentence(error, word):
    assert word in explain(error)


def test_details_hold_every_fact():
    text = details(failure_of(assistant.errors.WorkerGaveUp("model", 3, "/tmp/m.log", "no room")))
    for fact in ("WorkerGaveUp", "model", "3", "/tmp/m.log", "no room"):
        assert fact in text


def row(reason: str | None) -> DocumentRow:
    return DocumentRow(1, "/a/scan.pdf", "Scan", "pdf", 2, 0, "failed", reason, 10, None, None)


def test_documents_that_share_a_files_name_are_told_apart():
    few = explain(DocumentNotFound("lease.pdf", "3 /a/the lease.pdf\n7 /b/lease.pdf"))
    assert "3 is /a/the lease.pdf, 7 is /b/lease.pdf. Give the number" in few
    many = explain(DocumentNotFound("a.md", "\n".join(f"{n} /{n}/a.md" for n in range(1, 1_031))))
    assert "5 is /5/a.md, there are 1,025 more. Give the number" in many
    assert "'studiolo index add PATH'" in explain(DocumentNotFound("lease.pdf"))
    assert "drop a file" in explain(DocumentNotFound("lease.pdf"), WINDOW)
    unread = explain(DocumentNotFound("3", without_text=True))
    assert unread.startswith("The document 3 has no text to be read. 'studiolo index list' shows")


def test_a_documents_reason_is_explained():
    assert explain_row(row(None)) == ""
    assert explain_row(row("no_text")) == explain(indexing.errors.EmptyDocument("/a/scan.pdf", 2))
    assert ".xyz" in explain_row(row("unsupported_format: .xyz"))
    assert "70,000 pages" in explain_row(row("too_large: 70000 pages"))
    assert "add it by itself" in explain_row(row("too_large: 5 files within one another"))
    assert "copy-protected" in explain_row(row("unreadable: copy_protected"))
    assert "as lease.pdf, which" in explain_row(row("duplicate of /b/lease.pdf"))
    assert "as the scan.pdf in /b, which" in explain_row(row("duplicate of /b/scan.pdf"))
    assert explain_row(row("as it is")) == "as it is"
    assert "switched off" in explain_row(row("no_text: ocr_off"))
    assert "switched off" not in explain_row(row("no_text: 2 pages"))
    unread = msgspec.structs.replace(row("no_text: 2 pages"), pages=None)
    assert "No text could be read or recognised" in explain_row(unread)
    assert "holds no text" in explain_row(msgspec.structs.replace(unread, reason="no_text"))


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        ("ready", None, "scan.pdf"),
        ("ready", "page 2 unreadable", "scan.pdf: page 2 unreadable"),
        ("queued", "partly_read: 2 of 9 pages", "scan.pdf: 2 of 9 pages are read so far"),
        ("failed", "missing", "/a/scan.pdf cannot be opened"),
        ("skipped", "duplicate of /b/scan.pdf", "scan.pdf has the same content"),
    ],
)
def test_a_line_about_a_document_names_it_once(status, reason, line):
    document = msgspec.structs.replace(row(reason), status=status)
    assert explain_named(document).startswith(line)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (98_400_000, "98 MB"),
     (1_117_320_768, "1.1 GB"), (5 * 10**12, "5.0 TB")],
)  # fmt: skip
def test_amounts_have_few_digits(amount, text):
    assert bytes_text(amount) == text
