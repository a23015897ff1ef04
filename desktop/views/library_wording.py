"""How documents stand, in the library's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from PySide6.QtCore import QCoreApplication, QDate, QLocale

from assistant.wording import unavailable_folder
from desktop.presenters.folders import FolderState
from desktop.presenters.library import Overall
from desktop.views.wording import counted, number, parts_text
from desktop.wording import explain_row
from indexing.types import DocumentRow, IndexProgress, Like, WatchedFolder
from indexing.unpacked import name_of

Tone = Literal["text-muted", "warning", "danger", "accent"]


class Status(NamedTuple):
    """How a document stands.

    Attributes:
        text: In a few words.
        fraction: How far it is, 0 to 1; None where there is nothing to show.
        sentence: What went wrong and what can be done; "" where nothing did.
        tone: Colour of the sentence.
    """

    text: str
    fraction: float | None = None
    sentence: str = ""
    tone: Tone = "text-muted"


# What is read page by page, and may take long.
_PAGED: Final = (".pdf", ".tif", ".tiff")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Library", text)


def status_of(row: DocumentRow, progress: IndexProgress | None, *, missing: bool = False) -> Status:
    """Return how a document stands.

    Args:
        progress: How far it is, while something happens to it.
        missing: Whether it is kept although its file is gone.
    """
    if progress is not None and progress.stage != "finished":
        return _moving(row, progress)
    match row.status:
        case "failed":
            return Status(_tr("not read"), None, explain_row(row), "danger")
        case "skipped":
            return Status(_tr("skipped"), None, explain_row(row), "text-muted")
        case "queued":
            return Status(_tr("waiting"))
        case "ready":
            return Status(_tr("file gone") if missing else _tr("ready"))


def _moving(row: DocumentRow, progress: IndexProgress) -> Status:
    done, total = progress.done, progress.total
    fraction = min(1.0, done / total) if total else None
    if progress.stage == "queued":
        return Status(_tr("waiting"))
    if progress.stage == "reading":
        if not total:
            return Status(_tr("reading"), 0.0)
        if Path(row.path).suffix.lower() in _PAGED:
            text = _tr("reading, page {n} of {count}").format(n=number(done), count=number(total))
        else:
            text = _tr("reading, {n} %").format(n=round(100 * (fraction or 0)))
        return Status(text, fraction)
    text = (
        _tr("embedding, {n} of {count}").format(n=number(done), count=number(total))
        if total
        else _tr("embedding")
    )
    return Status(text, fraction or 0.0)


def facts_of(
    row: DocumentRow,
    like: tuple[Like, DocumentRow] | None = None,
    *,
    language: str = "",
    studied: bool = False,
    collections: Sequence[str] = (),
) -> str:
    """Return a document's title, where it says more than its name, its size, what it lacks.

    Args:
        like: The document that it is nearly the same as, and how much so.
        language: The code of its language; "" where that is not known.
        studied: Whether the model need not read it again.
        collections: Those it belongs to beside the one that it stands under.
    """
    parts: list[str] = []
    title, stem = " ".join(row.title.split()), Path(row.path).stem
    if title and _plain(title) not in (_plain(stem), "anonymous", "untitled"):
        parts.append(title)
    if row.pages:
        pages = parts_text(row.kind, row.pages)
        so_far = _tr("{pages} can be asked about already")
        parts.append(so_far.format(pages=pages) if row.is_partly_read else pages)
    if row.members is not None:
        parts.append(counted(row.members, _tr("1 document in it"), _tr("{n} documents in it")))
    if row.attachments:
        parts.append(counted(row.attachments, _tr("1 attachment"), _tr("{n} attachments")))
    if row.passages:
        parts.append(counted(row.passages, _tr("1 passage"), _tr("{n} passages")))
    if language:
        parts.append(language_text(language))
    if studied:
        parts.append(_tr("studied"))
    if collections:
        parts.append(_tr("in {names}").format(names=", ".join(collections)))
    if row.status == "ready" and row.reason:
        parts.append(explain_row(row))
    if like is not None:
        how = _tr("the same as {name}") if like[0].is_same else _tr("nearly the same as {name}")
        parts.append(how.format(name=name_of(like[1].path)))
    return " · ".join(parts)


def language_text(code: str) -> str:
    """Return what a language is called; its code where Qt has no name for it."""
    known = QLocale.codeToLanguage(code)
    return code if known == QLocale.Language.AnyLanguage else QLocale.languageToString(known)


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def when_of(row: DocumentRow, today: date) -> str:
    """Return the day on which a document was made ready."""
    if row.indexed_at is None:
        return ""
    day = datetime.fromisoformat(row.indexed_at).astimezone().date()
    days = (today - day).days
    if days <= 0:
        return _tr("today")
    if days == 1:
        return _tr("yesterday")
    form = "d MMM" if day.year == today.year else "d MMM yyyy"
    return QLocale().toString(QDate(day.year, day.month, day.day), form)


def holdings_text(documents: int, pages: int) -> str:
    """Return how much there is: "3 documents · 214 pages"."""
    text = counted(documents, _tr("1 document"), _tr("{n} documents"))
    if pages:
        text += " · " + counted(pages, _tr("1 page"), _tr("{n} pages"))
    return text


def folder_text(state: FolderState) -> str:
    """Return how a watched folder stands, in a few words."""
    match state.unavailable:
        case "missing":
            return _tr("not there, documents kept")
        case "not_mounted":
            return _tr("disk not connected, documents kept")
        case "unreadable":
            return _tr("cannot be opened, documents kept")
        case "empty":
            return _tr("empty, documents kept")
        case None if state.files:
            at = min(state.files, state.done + 1)
            return _tr("catching up, {n} of {count}").format(
                n=number(at), count=number(state.files)
            )
        case None if state.missing:
            return counted(
                state.missing,
                _tr("1 file gone, its document kept"),
                _tr("{n} files gone, documents kept"),
            )
        case None:
            return _tr("watched")


def folder_sentence(folder: WatchedFolder, state: FolderState) -> str:
    """Return where a watched folder is and what of it is taken, or why it is not there."""
    if state.unavailable is not None:
        return unavailable_folder(folder.path, state.unavailable)
    parts = [folder.path]
    if folder.include:
        parts.append(_tr("Only {patterns}").format(patterns=", ".join(folder.include)))
    if folder.exclude:
        parts.append(_tr("Without {patterns}").format(patterns=", ".join(folder.exclude)))
    return "\n".join(parts)


def overall_text(overall: Overall) -> str:
    """Return how far all is: "Reading 3 of 14 files · 1,240 passages left"."""
    at = max(1, min(overall.files, overall.files - overall.files_left + 1))
    text = (
        _tr("Adding 1 file")
        if overall.files == 1
        else _tr("Adding file {n} of {count}").format(n=number(at), count=number(overall.files))
    )
    if overall.passages_left:
        text += " · " + counted(
            overall.passages_left, _tr("1 passage left"), _tr("{n} passages left")
        )
    return text
