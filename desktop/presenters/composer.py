"""What is about to be asked: the draft, the attached documents, and what it will cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from assistant.answering.types import AskRequest, Mode, Plan
from assistant.conversations.types import Scope
from desktop.bridge import Bridge, Run
from desktop.presenters.chat import ChatPresenter
from desktop.presenters.conversations import ConversationsPresenter
from desktop.presenters.documents import Adding, DocumentsPresenter
from desktop.wording import explain, explain_row
from indexing.types import AddReport, DocumentRow, IndexProgress

if TYPE_CHECKING:
    from assistant.assistant import Assistant

PLAN_AFTER_MS = 400


class Attachment(msgspec.Struct):
    """A document attached to the conversation.

    Attributes:
        fraction: How far it is read and embedded, 0 to 1; None while unknown.
        reason: Why it failed.
    """

    path: str
    title: str
    state: Literal["adding", "ready", "failed"]
    document: int | None = None
    fraction: float | None = None
    reason: str = ""


class ComposerPresenter(QObject):
    """Keeps a draft, attachments and a mode for each conversation, and forecasts the cost.

    Signals:
        draft_changed: Another conversation's draft is to be shown (str).
        attachments_changed: See `attachments`.
        plan_changed: What asking would cost, or None while it is not known (Plan | None).
        mode_changed: See `mode` and `use_documents`.
        ready_changed: See `can_send` and `waiting_for`.
    """

    draft_changed = Signal(str)
    attachments_changed = Signal()
    plan_changed = Signal(object)
    mode_changed = Signal()
    ready_changed = Signal()

    def __init__(
        self,
        bridge: Bridge,
        conversations: ConversationsPresenter,
        chat: ChatPresenter,
        documents: DocumentsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._conversations = conversations
        self._chat = chat
        self._documents = documents
        self._assistant: Assistant | None = None
        self._drafts: dict[int | None, str] = {}
        self._draft = ""
        self._attached: dict[int | None, list[Attachment]] = {}
        self._mode: Mode = "auto"
        self._use_documents = True
        self._current: int | None = None
        self._planning: Run | None = None
        self._plan_timer = QTimer(self, singleShot=True, interval=PLAN_AFTER_MS)
        self._plan_timer.timeout.connect(self._on_plan_due)
        conversations.current_changed.connect(self._on_current_changed)
        conversations.listed.connect(self._on_listed)
        chat.live_changed.connect(self.ready_changed)
        chat.messages_changed.connect(self._plan_soon)
        documents.listed.connect(self._on_documents_listed)

    # --- State ----------------------------------------------------------------------------

    @property
    def attachments(self) -> list[Attachment]:
        """The documents attached to the conversation; none means that all may be used."""
        return self._attached.setdefault(self._current, [])

    @property
    def mode(self) -> Mode:
        """How documents are used."""
        return self._mode

    @property
    def use_documents(self) -> bool:
        """Whether documents are used at all."""
        return self._use_documents

    @property
    def waiting_for(self) -> str:
        """Title of an attached document that is not ready yet; "" when nothing is waited for."""
        return next((a.title for a in self.attachments if a.state == "adding"), "")

    @property
    def can_send(self) -> bool:
        """Whether the draft can be sent now."""
        return bool(self._draft.strip()) and self._chat.can_ask and not self.waiting_for

    @property
    def scope(self) -> Scope:
        """What the next question is about."""
        ids = tuple(
            a.document for a in self.attachments if a.document is not None and a.state != "failed"
        )
        return Scope(documents=ids, use_documents=self._use_documents)

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant
        self._plan_soon()
        self.ready_changed.emit()

    def set_draft(self, text: str) -> None:
        """Keep what is typed."""
        self._draft = text
        self._drafts[self._current] = text
        self._plan_soon()
        self.ready_changed.emit()

    def set_mode(self, mode: Mode, *, use_documents: bool = True) -> None:
        """Choose how documents are used for the next question."""
        self._mode, self._use_documents = mode, use_documents
        self.mode_changed.emit()
        self._plan_soon()

    def send(self) -> bool:
        """Ask what is drafted; whether it could be asked."""
        text = self._draft.strip()
        if not self.can_send or not self._chat.ask(text, self.scope, self._mode):
            return False
        self._draft = ""
        self._drafts[self._current] = ""
        self.draft_changed.emit("")
        self.ready_changed.emit()
        return True

    def attach_files(self, paths: Sequence[str]) -> None:
        """Add files to the library and attach them to the conversation."""
        if not paths:
            return
        known = {a.path for a in self.attachments}
        for path in paths:
            absolute = str(Path(path).absolute())
            # A folder becomes as many chips as it has files, once they are known.
            if absolute not in known and not Path(path).is_dir():
                self.attachments.append(Attachment(absolute, Path(path).name, "adding"))
        adding = self._documents.add(paths)
        conversation = self._current
        adding.progressed.connect(lambda events: self._progressed(conversation, events))
        adding.finished.connect(lambda report: self._added(conversation, report))
        adding.failed.connect(lambda error: self._add_failed(conversation, adding, explain(error)))
        adding.stopped.connect(lambda: self._add_failed(conversation, adding, self.tr("Stopped.")))
        self._attachments_changed()

    def attach_document(self, row: DocumentRow) -> None:
        """Attach a document that is in the library already."""
        if all(a.document != row.id for a in self.attachments):
            self.attachments.append(_attachment(row))
            self._attachments_changed()
            self._keep_scope()

    def detach(self, attachment: Attachment) -> None:
        """Take an attached document off the conversation; it stays in the library."""
        self._attached[self._current] = [a for a in self.attachments if a is not attachment]
        self._attachments_changed()
        self._keep_scope()

    # --- Attachments ----------------------------------------------------------------------

    def _progressed(self, conversation: int | None, events: list[IndexProgress]) -> None:
        for event in events:
            self._take(conversation, event.document, _fraction(event))
        self._attachments_changed()

    def _added(self, conversation: int | None, report: AddReport) -> None:
        for row in report.documents:
            self._take(conversation, row, None)
        self._attachments_changed()
        self._keep_scope()

    def _add_failed(self, conversation: int | None, adding: Adding, reason: str) -> None:
        for attachment in self._list(conversation):
            if attachment.path in adding.paths and attachment.state == "adding":
                attachment.state, attachment.reason = "failed", reason
        self._attachments_changed()

    def _take(self, conversation: int | None, row: DocumentRow, fraction: float | None) -> None:
        attached = self._list(conversation)
        attachment = next(
            (a for a in attached if a.path == row.path or (a.document == row.id)), None
        )
        made = _attachment(row, fraction)
        if attachment is None:
            attached.append(made)
            return
        for field in ("title", "state", "document", "fraction", "reason"):
            setattr(attachment, field, getattr(made, field))

    def _list(self, conversation: int | None) -> list[Attachment]:
        # A new chat gets its number with its first question; its files may still be read then.
        if conversation is None and None not in self._attached:
            conversation = self._current
        return self._attached.setdefault(conversation, [])

    def _attachments_changed(self) -> None:
        self.attachments_changed.emit()
        self.ready_changed.emit()
        self._plan_soon()

    def _keep_scope(self) -> None:
        if self._assistant is not None and self._current is not None:
            self._bridge.call(
                "keep a scope",
                self._assistant.conversations.set_scope,
                self._current,
                self.scope,
            )

    @Slot(object)
    def _on_documents_listed(self, rows: list[DocumentRow]) -> None:
        by_id = {row.id: row for row in rows}
        for attached in self._attached.values():
            for attachment in attached:
                row = by_id.get(attachment.document or 0)
                if row is not None and attachment.state == "adding" and row.status == "ready":
                    self._take(self._current, row, None)
        self._restore_scope()

    @Slot(object)
    def _on_listed(self, _: object) -> None:
        self._restore_scope()

    def _restore_scope(self) -> None:
        """Attach what the conversation was about when it was last open."""
        conversation = self._conversations.conversation(self._current)
        if conversation is None or self._attached.get(self._current):
            return
        rows = (self._documents.row(document) for document in conversation.scope.documents)
        attached = [_attachment(row) for row in rows if row is not None]
        if attached:
            self._attached[self._current] = attached
            self._attachments_changed()

    # --- Conversations --------------------------------------------------------------------

    @Slot(object)
    def _on_current_changed(self, conversation: int | None) -> None:
        placed = self._current is None and self._chat.live is not None
        if placed:
            # The new chat has become this conversation: its attachments go with it.
            self._attached[conversation] = self._attached.pop(None, [])
            self._drafts[conversation] = self._draft
        self._current = conversation
        self._draft = self._drafts.get(conversation, "")
        if not placed:
            self.draft_changed.emit(self._draft)
            self._use_documents, self._mode = True, "auto"
            known = self._conversations.conversation(conversation)
            if known is not None:
                self._use_documents = known.scope.use_documents
            self.mode_changed.emit()
            self._restore_scope()
        self._attachments_changed()

    # --- The forecast ---------------------------------------------------------------------

    @Slot()
    def _plan_soon(self) -> None:
        self._plan_timer.start()

    @Slot()
    def _on_plan_due(self) -> None:
        assistant = self._assistant
        if assistant is None or self._chat.is_busy or self._planning is not None:
            return
        if not self._draft.strip() or self.waiting_for:
            self.plan_changed.emit(None)
            return
        scope = self.scope
        request = AskRequest(
            question=self._draft.strip(),
            conversation=self._current,
            documents=scope.documents,
            use_documents=scope.use_documents,
            mode=self._mode,
        )
        asked = self._draft
        self._planning = self._bridge.call("plan", assistant.plan, request)
        self._planning.finished.connect(self._on_planned)
        self._planning.failed.connect(lambda _: self.plan_changed.emit(None))
        self._planning.ended.connect(lambda: self._plan_over(asked))

    def _plan_over(self, asked: str) -> None:
        self._planning = None
        if asked != self._draft:
            self._plan_soon()

    @Slot(object)
    def _on_planned(self, plan: Plan) -> None:
        self.plan_changed.emit(plan)


def _attachment(row: DocumentRow, fraction: float | None = None) -> Attachment:
    state: Literal["adding", "ready", "failed"] = "adding"
    if row.status == "ready":
        state = "ready"
    elif row.status in ("failed", "skipped"):
        state = "failed"
    name = Path(row.path).name or row.title
    return Attachment(row.path, name, state, row.id, fraction, explain_row(row))


def _fraction(event: IndexProgress) -> float | None:
    if not event.total:
        return None
    part = min(1.0, event.done / event.total)
    # Reading is quick beside embedding; a chip's one bar gives it the first tenth.
    return {"queued": None, "reading": 0.1 * part, "embedding": 0.1 + 0.9 * part}.get(
        event.stage, 1.0
    )
