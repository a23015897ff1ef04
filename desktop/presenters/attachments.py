"""The documents attached to each conversation, those that are still being read included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from assistant.conversations.types import Scope
from desktop.presenters.collections import CollectionsPresenter
from desktop.presenters.conversations import ConversationsPresenter
from desktop.presenters.documents import Adding, DocumentsPresenter
from desktop.wording import explain, explain_row
from indexing.types import AddReport, DocumentRow, IndexProgress
from indexing.unpacked import name_of


class Attachment(msgspec.Struct):
    """A document, or a collection of them, attached to a conversation.

    Attributes:
        path: The file or folder; "" for a collection of the library.
        document: The document; None for a collection, and before it is known.
        collection: The collection's name; "" for a document.
        fraction: How far it is read and embedded, 0 to 1; None while unknown.
        reason: Why it failed.
    """

    path: str
    title: str
    state: Literal["adding", "ready", "failed"]
    document: int | None = None
    collection: str = ""
    fraction: float | None = None
    reason: str = ""


class Attachments(QObject):
    """Follows attached files until they are read, and says what a question is about.

    Signals:
        changed: Those of the open conversation are others, or stand otherwise.
        chosen: The person attached or took away something that a question can be about.
    """

    changed = Signal()
    chosen = Signal()

    def __init__(
        self,
        documents: DocumentsPresenter,
        conversations: ConversationsPresenter,
        collections: CollectionsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._documents = documents
        self._conversations = conversations
        self._collections = collections
        self._attached: dict[int | None, list[Attachment]] = {}
        self._current: int | None = None
        # What a new chat was about at the last close, until its documents are listed.
        self._remembered: Scope | None = None
        documents.listed.connect(self._on_documents_listed)
        conversations.listed.connect(self._on_listed)
        collections.renamed.connect(self._on_renamed)

    @property
    def current(self) -> list[Attachment]:
        """Those of the open conversation; none means that all documents may be used."""
        return self._attached.setdefault(self._current, [])

    @property
    def waiting_for(self) -> str:
        """Title of one that is not read yet; "" when nothing is waited for."""
        return next((a.title for a in self.current if a.state == "adding"), "")

    def scope(self, *, use_documents: bool) -> Scope:
        """Return what a question in the open conversation is about.

        A collection that is gone stays in it: a question must not be about all documents instead.
        """
        documents = (a.document for a in self.current if a.state != "failed" and not a.collection)
        return Scope(
            documents=tuple(document for document in documents if document is not None),
            collections=tuple(a.collection for a in self.current if a.collection),
            use_documents=use_documents,
        )

    # --- Choosing -------------------------------------------------------------------------

    def open(self, conversation: int | None) -> None:
        """Show those of another conversation."""
        self._current = conversation
        self._restore()
        self.changed.emit()

    def place(self, conversation: int) -> None:
        """Take those of the new chat along into the conversation that it has become."""
        self._attached[conversation] = self._attached.pop(None, [])
        self._current = conversation
        self.changed.emit()

    def remember(self, scope: Scope) -> None:
        """Attach to the new chat what was attached to it at the last close."""
        self._remembered = scope
        self._restore()

    def add_files(self, paths: Sequence[str]) -> None:
        """Add files to the library and attach them; a folder is attached as its collection."""
        for adding in self._documents.add(paths):
            for path in adding.paths:
                self._attach(
                    Attachment(path, Path(path).name, "adding", collection=adding.collection)
                )
            self._follow(adding)
        self.changed.emit()

    def add_document(self, row: DocumentRow) -> None:
        """Attach a document that is in the library already."""
        if all(a.document != row.id for a in self.current):
            self.current.append(attachment_of(row))
            self._choose()

    def add_collection(self, name: str) -> None:
        """Attach a collection of the library."""
        if all(a.collection != name for a in self.current):
            self.current.append(self._of_collection(name))
            self._choose()

    def remove(self, attachment: Attachment) -> None:
        """Take one off the conversation; it stays in the library."""
        self._attached[self._current] = [a for a in self.current if a is not attachment]
        self._choose()

    def clear(self) -> None:
        """Take all off the conversation."""
        self._attached[self._current] = []
        self._choose()

    def _attach(self, attachment: Attachment) -> None:
        # One that failed is tried once more; one that is here stays here meanwhile.
        kept = [a for a in self.current if a.path != attachment.path or a.state != "failed"]
        if all(a.path != attachment.path for a in kept):
            kept.append(attachment)
        self._attached[self._current] = kept

    def _choose(self) -> None:
        self.changed.emit()
        self.chosen.emit()

    # --- Being read -----------------------------------------------------------------------

    def _follow(self, adding: Adding) -> None:
        conversation = self._current
        adding.progressed.connect(lambda events: self._on_progressed(conversation, adding, events))
        adding.finished.connect(lambda report: self._on_added(conversation, adding, report))
        adding.failed.connect(lambda error: self._on_failed(conversation, adding, explain(error)))
        adding.stopped.connect(lambda: self._on_failed(conversation, adding, self.tr("Stopped.")))

    def _on_progressed(
        self, conversation: int | None, adding: Adding, events: list[IndexProgress]
    ) -> None:
        if adding.collection:
            folder = self._with_path(conversation, adding.paths[0])
            if folder is not None and events:
                folder.fraction = _fraction_of_all(adding, events[-1])
        else:
            for event in events:
                self._take(conversation, event.document, _fraction(event))
                self._wait_for_members(conversation, adding, event)
        self.changed.emit()

    def _on_added(self, conversation: int | None, adding: Adding, report: AddReport) -> None:
        if adding.collection:
            folder = self._with_path(conversation, adding.paths[0])
            if folder is not None:
                ready = any(row.status == "ready" for row in report.documents)
                kept_under = next((row.collection for row in report.documents), None)
                folder.collection = kept_under or folder.collection
                folder.state = "ready" if ready else "failed"
                folder.reason = "" if ready else self.tr("No file of this folder could be read.")
        else:
            for row in report.documents:
                self._take(conversation, row, None)
        self._choose()

    def _on_failed(self, conversation: int | None, adding: Adding, reason: str) -> None:
        for attachment in self._list(conversation):
            if attachment.path in adding.paths and attachment.state == "adding":
                attachment.state, attachment.reason = "failed", reason
        self.changed.emit()

    def _take(self, conversation: int | None, row: DocumentRow, fraction: float | None) -> None:
        attachment = next(
            (a for a in self._list(conversation) if row.path == a.path or row.id == a.document),
            None,
        )
        # One that was taken away meanwhile stays away.
        if attachment is not None:
            made = attachment_of(row, fraction)
            for field in ("title", "state", "document", "fraction", "reason"):
                setattr(attachment, field, getattr(made, field))

    def _wait_for_members(
        self, conversation: int | None, adding: Adding, event: IndexProgress
    ) -> None:
        """Let an archive be added until all that is in it is."""
        row = event.document
        archive = row.id if row.members is not None else row.archive
        for attachment in self._list(conversation):
            if archive is not None and attachment.document == archive:
                attachment.state = "adding"
                attachment.fraction = _fraction_of_all(adding, event)

    def _with_path(self, conversation: int | None, path: str) -> Attachment | None:
        return next((a for a in self._list(conversation) if a.path == path), None)

    def _list(self, conversation: int | None) -> list[Attachment]:
        # A new chat gets its number with its first question; its files may still be read then.
        if conversation is None and None not in self._attached:
            conversation = self._current
        return self._attached.setdefault(conversation, [])

    # --- Coming back ----------------------------------------------------------------------

    @Slot(object)
    def _on_documents_listed(self, rows: list[DocumentRow]) -> None:
        by_id = {row.id: row for row in rows}
        unfinished = {row.archive for row in rows if row.status == "queued"}
        moved = False
        for conversation, attached in self._attached.items():
            for attachment in attached:
                row = by_id.get(attachment.document or 0)
                is_adding = attachment.state == "adding" and attachment.document not in unfinished
                if row is not None and is_adding and row.status == "ready":
                    self._take(conversation, row, None)
                elif attachment.collection and not attachment.path:
                    moved |= self._stand(attachment)
        self._restore()
        if moved:
            self.changed.emit()

    @Slot(object)
    def _on_listed(self, _: object) -> None:
        self._restore()

    @Slot(str, str)
    def _on_renamed(self, old: str, new: str) -> None:
        for attached in self._attached.values():
            for attachment in attached:
                if attachment.collection == old:
                    attachment.collection = attachment.title = new
        self.changed.emit()

    def _of_collection(self, name: str) -> Attachment:
        made = Attachment("", name, "ready", collection=name)
        self._stand(made)
        return made

    def _stand(self, attachment: Attachment) -> bool:
        """Let a collection be ready as long as a document belongs to it; whether that changed."""
        before = attachment.state
        there = attachment.collection in self._collections.counts
        attachment.state = "ready" if there else "failed"
        attachment.reason = "" if there else self.tr("No document belongs to it any more.")
        return attachment.state != before

    def _restore(self) -> None:
        """Attach what the open conversation was about when it was last open."""
        if self._attached.get(self._current) or not self._documents.is_known:
            return
        if self._current is None:
            scope, self._remembered = self._remembered, None
        else:
            known = self._conversations.conversation(self._current)
            scope = known.scope if known is not None else None
        if scope is None:
            return
        attached = list(self._of_scope(scope))
        if attached:
            self._attached[self._current] = attached
            self.changed.emit()

    def _of_scope(self, scope: Scope) -> Iterable[Attachment]:
        for name in scope.collections:
            yield self._of_collection(name)
        for document in scope.documents:
            row = self._documents.row(document)
            if row is not None:
                yield attachment_of(row)


def attachment_of(row: DocumentRow, fraction: float | None = None) -> Attachment:
    """Return a document of the library as an attachment, as it stands."""
    state: Literal["adding", "ready", "failed"] = "adding"
    if row.status == "ready":
        state = "ready"
    elif row.status in ("failed", "skipped"):
        state = "failed"
    name = name_of(row.path) or row.title
    return Attachment(
        row.path, name, state, document=row.id, fraction=fraction, reason=explain_row(row)
    )


def _fraction(event: IndexProgress) -> float | None:
    if not event.total:
        return None
    part = min(1.0, event.done / event.total)
    # Reading is quick beside embedding; a chip's one bar gives it the first tenth.
    return {"queued": None, "reading": 0.1 * part, "embedding": 0.1 + 0.9 * part}.get(
        event.stage, 1.0
    )


def _fraction_of_all(adding: Adding, event: IndexProgress) -> float | None:
    """Return how much of a folder's files is done, as far as they are known."""
    files = max(adding.files, event.files_left)
    return None if not files else (files - event.files_left) / files
