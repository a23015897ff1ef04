"""What is about to be asked: the draft, the attached documents, and what it will cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from assistant.answering.types import AskRequest, Mode, Plan
from assistant.conversations.types import Draft, Scope
from assistant.reading_all.intent import wants_everything
from desktop.bridge import Bridge, Run
from desktop.presenters.attachments import Attachment, Attachments
from desktop.presenters.base import Presenter
from desktop.presenters.chat import ChatPresenter
from desktop.presenters.collections import CollectionsPresenter
from desktop.presenters.conversations import CONVERSATIONS, ConversationsPresenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.notices import Notices
from indexing.types import DocumentRow

if TYPE_CHECKING:
    from assistant.assistant import Assistant

PLAN_AFTER_MS = 400
KEEP_AFTER_MS = 1000


class ComposerPresenter(Presenter):
    """Keeps a draft, attachments and a mode for each conversation, and forecasts the cost.

    A question sent while an attached document is still being read waits for it.

    Signals:
        draft_changed: Another conversation's draft is to be shown (str).
        attachments_changed: See `attachments`.
        plan_changed: What asking would cost, or None while it is not known (Plan | None).
        mode_changed: See `mode` and `use_documents`.
        ready_changed: See `can_send`, `waiting_for` and `is_queued`.
    """

    draft_changed = Signal(str)
    attachments_changed = Signal()
    plan_changed = Signal(object)
    mode_changed = Signal()
    ready_changed = Signal()

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        conversations: ConversationsPresenter,
        chat: ChatPresenter,
        documents: DocumentsPresenter,
        collections: CollectionsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._conversations = conversations
        self._chat = chat
        self._collections = collections
        self._attachments = Attachments(documents, conversations, collections, self)
        self._assistant: Assistant | None = None
        self._drafts: dict[int | None, str] = {}
        self._unkept: set[int | None] = set()
        self._mode: Mode = "auto"
        self._use_documents = True
        self._current: int | None = None
        self._queued = False
        self._plan: Plan | None = None
        self._planning: Run | None = None
        self._plan_again = False
        self._plan_timer = QTimer(self, singleShot=True, interval=PLAN_AFTER_MS)
        self._plan_timer.timeout.connect(self._on_plan_due)
        self._keep_timer = QTimer(self, singleShot=True, interval=KEEP_AFTER_MS)
        self._keep_timer.timeout.connect(self._on_keep_due)
        conversations.current_changed.connect(self._on_current_changed)
        chat.live_changed.connect(self._on_live_changed)
        chat.messages_changed.connect(self._plan_soon)
        chat.respondent_changed.connect(self._on_respondent_changed)
        self._attachments.changed.connect(self._on_attachments_changed)
        self._attachments.chosen.connect(self._keep_scope)

    # --- State ----------------------------------------------------------------------------

    @property
    def draft(self) -> str:
        """What is typed."""
        return self._drafts.get(self._current, "")

    @property
    def attachments(self) -> list[Attachment]:
        """What is attached to the conversation; nothing means that all documents may be used."""
        return self._attachments.current

    @property
    def mode(self) -> Mode:
        """How documents are used."""
        return self._mode

    @property
    def use_documents(self) -> bool:
        """Whether documents are used at all: the person or the persona may not want them."""
        persona = self._chat.persona
        return self._use_documents and (persona is None or persona.documents != "none")

    @property
    def suggests_everything(self) -> bool:
        """Whether the question looks as if all had to be read for it, and a search is planned."""
        plan = self._plan
        searches = plan is not None and plan.mode == "retrieval" and self._mode != "everything"
        return searches and self.use_documents and wants_everything(self.draft)

    @property
    def waiting_for(self) -> str:
        """Title of an attached document that is not ready yet; "" when nothing is waited for."""
        return self._attachments.waiting_for

    @property
    def is_queued(self) -> bool:
        """Whether the draft is sent as soon as what is attached to it is read."""
        return self._queued

    @property
    def can_send(self) -> bool:
        """Whether the draft can be sent now, or as soon as what is attached is read."""
        return bool(self.draft.strip()) and self._chat.can_ask and not self._queued

    @property
    def scope(self) -> Scope:
        """What the next question is about."""
        return self._attachments.scope(use_documents=self._use_documents)

    @property
    def persona_name(self) -> str:
        """Who keeps documents from being used; "" where nobody does."""
        persona = self._chat.persona
        return persona.name if persona is not None and persona.documents == "none" else ""

    @property
    def collections(self) -> dict[str, int]:
        """How many documents belong to each collection, in alphabetical order of the names."""
        return self._collections.counts

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant, and bring back what was begun at the last close."""
        self._assistant = assistant
        self._call("read drafts", assistant.conversations.drafts, then=self._on_drafts)
        self._plan_soon()
        self.ready_changed.emit()

    def set_draft(self, text: str) -> None:
        """Keep what is typed."""
        if text == self.draft:
            return
        self._drafts[self._current] = text
        self._queued = False
        self._keep_soon()
        self._plan_soon()
        self.ready_changed.emit()

    def set_mode(self, mode: Mode, *, use_documents: bool = True) -> None:
        """Choose how documents are used for the next question."""
        self._mode, self._use_documents = mode, use_documents
        self.mode_changed.emit()
        self._keep_scope()
        self._plan_soon()

    def send(self) -> bool:
        """Ask what is drafted, or have it asked once what is attached is read; whether so."""
        if not self.can_send:
            return False
        if self.waiting_for:
            self._queued = True
            self.ready_changed.emit()
            return True
        if not self._chat.ask(self.draft.strip(), self.scope, self._mode):
            return False
        if self._mode == "everything":
            # It takes minutes: chosen for this question, not for all that follow.
            self._mode = "auto"
            self.mode_changed.emit()
        self._drafts[self._current] = ""
        self._keep_soon()
        self.draft_changed.emit("")
        self.ready_changed.emit()
        return True

    @Slot()
    def unqueue(self) -> None:
        """Do not send the draft by itself after all."""
        self._queued = False
        self.ready_changed.emit()

    def attach_files(self, paths: Sequence[str]) -> None:
        """Add files to the library and attach them to the conversation."""
        if paths:
            self._attachments.add_files(paths)

    def attach_document(self, row: DocumentRow) -> None:
        """Attach a document that is in the library already."""
        self._attachments.add_document(row)

    def attach_collection(self, name: str) -> None:
        """Attach a collection of the library."""
        self._attachments.add_collection(name)

    def detach_collection(self, name: str) -> None:
        """Take a collection off the conversation; it stays in the library."""
        for attachment in self.attachments:
            if attachment.collection == name:
                self._attachments.remove(attachment)

    def detach_all(self) -> None:
        """Ask about all documents again."""
        self._attachments.clear()

    def detach(self, attachment: Attachment) -> None:
        """Take an attached document off the conversation; it stays in the library."""
        self._attachments.remove(attachment)

    def close(self) -> None:
        """Keep the drafts, waiting for it: for the very end."""
        self._keep_timer.stop()
        if self._assistant is not None and self._unkept:
            self._assistant.conversations.keep_drafts(self._take_unkept())

    # --- Reactions ------------------------------------------------------------------------

    @Slot()
    def _on_attachments_changed(self) -> None:
        self.attachments_changed.emit()
        self._send_queued()
        self.ready_changed.emit()
        self._plan_soon()

    @Slot()
    def _on_live_changed(self) -> None:
        self._send_queued()
        self.ready_changed.emit()

    @Slot()
    def _on_respondent_changed(self) -> None:
        self.mode_changed.emit()
        self._plan_soon()

    def _send_queued(self) -> None:
        if self._queued and not self.waiting_for and self._chat.can_ask:
            self._queued = False
            failed = [a.title for a in self.attachments if a.state == "failed"]
            if failed and all(a.state == "failed" for a in self.attachments):
                # What it was to be asked about is not there: the person decides.
                self._notices.show(
                    self.tr("“{title}” could not be read, so the question was not asked.").format(
                        title=failed[0]
                    )
                )
            else:
                self.send()

    @Slot(object)
    def _on_current_changed(self, conversation: int | None) -> None:
        self._queued = False
        if None in self._unkept and self._current is None:
            # Its attachments are in sight only until another conversation is open.
            self._on_keep_due()
        if self._current is None and conversation is not None and self._chat.live is not None:
            # The new chat has become this conversation: what was typed since goes with it.
            self._drafts[conversation] = self._drafts.pop(None, "")
            self._unkept |= {None, conversation}
            self._current = conversation
            self._attachments.place(conversation)
            return
        self._current = conversation
        self.draft_changed.emit(self.draft)
        known = self._conversations.conversation(conversation)
        self._mode = "auto"
        self._use_documents = known.scope.use_documents if known is not None else True
        self.mode_changed.emit()
        self._attachments.open(conversation)

    # --- What outlasts the window ---------------------------------------------------------

    @Slot(object)
    def _on_drafts(self, drafts: dict[int | None, Draft]) -> None:
        for conversation, draft in drafts.items():
            # What was typed while the window came up is newer.
            self._drafts.setdefault(conversation, draft.text)
        new = drafts.get(None)
        if new is not None:
            self._attachments.remember(new.scope)
            if self._current is None and not new.scope.use_documents:
                self.set_mode(self._mode, use_documents=False)
        if self.draft:
            self.draft_changed.emit(self.draft)
            self.ready_changed.emit()

    def _keep_soon(self) -> None:
        self._unkept.add(self._current)
        if not self._keep_timer.isActive():
            self._keep_timer.start()

    @Slot()
    def _on_keep_due(self) -> None:
        if self._assistant is not None and self._unkept:
            keep = self._assistant.conversations.keep_drafts
            self._call_in_turn(CONVERSATIONS, "keep drafts", keep, self._take_unkept())

    def _take_unkept(self) -> dict[int | None, Draft]:
        unkept, self._unkept = self._unkept, set()
        return {
            conversation: Draft(
                self._drafts.get(conversation, ""),
                self.scope if conversation is None and self._current is None else Scope(),
            )
            for conversation in unkept
        }

    @Slot()
    def _keep_scope(self) -> None:
        if self._current is None:
            self._keep_soon()
        elif self._assistant is not None:
            keep = self._assistant.conversations.set_scope
            self._call_in_turn(CONVERSATIONS, "keep a scope", keep, self._current, self.scope)

    # --- The forecast ---------------------------------------------------------------------

    @Slot()
    def _plan_soon(self) -> None:
        self._plan_timer.start()

    @Slot()
    def _on_plan_due(self) -> None:
        assistant = self._assistant
        if assistant is None or self._chat.is_busy:
            return
        if self._planning is not None:
            self._plan_again = True
            return
        if not self.draft.strip() or self.waiting_for:
            self._on_planned(None)
            return
        request = self._chat.request(self.draft.strip(), self.scope, self._mode)
        self._planning = self._bridge.call("plan", assistant.plan, request)
        self._planning.finished.connect(lambda plan: self._on_plan_made(request, plan))
        self._planning.failed.connect(lambda _: self._on_plan_made(request, None))
        self._planning.ended.connect(self._on_plan_over)

    def _on_plan_made(self, asked: AskRequest, plan: Plan | None) -> None:
        # Another word changes little; another conversation, scope or mode changes everything.
        now = self._chat.request(asked.question, self.scope, self._mode)
        if asked == now and self.draft.strip():
            self._on_planned(plan)

    @Slot()
    def _on_plan_over(self) -> None:
        self._planning = None
        if self._plan_again:
            self._plan_again = False
            self._plan_soon()

    @Slot(object)
    def _on_planned(self, plan: Plan | None) -> None:
        self._plan = plan
        self.plan_changed.emit(plan)
