"""The conversation that is open: its messages, and the answer being written."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from assistant.answering.types import AskRequest, Mode
from assistant.conversations.types import Found, Message, Scope
from assistant.personas import Persona
from desktop.bridge import Bridge
from desktop.presenters.base import Presenter
from desktop.presenters.conversations import CONVERSATIONS, ConversationsPresenter
from desktop.presenters.live import LiveAnswer
from desktop.presenters.notices import Notices
from desktop.presenters.respondent import Respondent

if TYPE_CHECKING:
    from assistant.assistant import Assistant


class _Placed(msgspec.Struct, frozen=True, tag=True):
    """The conversation that a question is asked in is there."""

    conversation: int


class ChatPresenter(Presenter):
    """Asks, stops, asks again, and keeps what is shown in step with what is kept.

    Signals:
        messages_changed: The messages to show are others now.
        live_changed: An answer begins or has ended being written; see `live`.
        respondent_changed: Another model or persona answers here; see `persona`.
        place_wanted: A message is to be shown, with words marked in it (int, list[str]).
    """

    messages_changed = Signal()
    live_changed = Signal()
    respondent_changed = Signal()
    place_wanted = Signal(int, list)

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        conversations: ConversationsPresenter,
        respondent: Respondent,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._conversations = conversations
        self._respondent = respondent
        respondent.changed.connect(self.respondent_changed)
        self._assistant: Assistant | None = None
        self._messages: list[Message] = []
        self._shown: int | None = None
        self._lives: list[LiveAnswer] = []
        self._wanted: Found | None = None
        self._reads = 0
        conversations.current_changed.connect(self._on_current_changed)
        conversations.place_wanted.connect(self._on_place_wanted)

    def attach(self, assistant: Assistant) -> None:
        """Begin to show the conversations of an assistant."""
        self._assistant = assistant
        self._reload(self._conversations.current)

    @property
    def conversation(self) -> int | None:
        """The conversation that is shown; None for a new one."""
        return self._conversations.current

    @property
    def messages(self) -> list[Message]:
        """The messages of the branch that is shown."""
        return self._messages

    @property
    def live(self) -> LiveAnswer | None:
        """The answer being written in the conversation that is shown."""
        here = (one for one in self._lives if one.request.conversation == self.conversation)
        return next(here, None)

    @property
    def persona(self) -> Persona | None:
        """Who answers in the open conversation; None for the usual one."""
        return self._respondent.persona

    @property
    def is_busy(self) -> bool:
        """Whether a question has to wait for an answer that is being written.

        That is the case for one in this conversation, and for one in any other that does not let
        questions go first, as the reading of everything does.
        """
        return any(
            not live.is_over and (live is self.live or not live.gives_way) for live in self._lives
        )

    @property
    def can_ask(self) -> bool:
        """Whether a question can be asked now."""
        return self._assistant is not None and not self.is_busy

    def ask(self, question: str, scope: Scope, mode: Mode) -> bool:
        """Ask at the end of the conversation; whether it could be asked."""
        return self._ask(self.request(question, scope, mode), self._messages)

    def request(
        self, question: str, scope: Scope, mode: Mode, replaces: int | None = None
    ) -> AskRequest:
        """Return a question of the open conversation, for whoever answers in it."""
        choice = self._respondent.choice
        return AskRequest(
            question=question,
            conversation=self.conversation,
            replaces=replaces,
            documents=scope.documents,
            collections=scope.collections,
            use_documents=scope.use_documents,
            mode=mode,
            model=choice.model,
            persona=choice.persona,
        )

    def regenerate(self, answer: Message, scope: Scope, mode: Mode) -> bool:
        """Ask an answer's question once more; the old answer stays beside the new one."""
        question = next((m for m in self._messages if m.id == answer.parent), None)
        return question is not None and self.ask_anew(question, question.text, scope, mode)

    def ask_anew(self, question: Message, text: str, scope: Scope, mode: Mode) -> bool:
        """Ask in place of a question, perhaps in other words; the old branch stays beside it."""
        if question not in self._messages:
            return False
        request = self.request(text, scope, mode, replaces=question.id)
        return self._ask(request, self._messages[: self._messages.index(question)])

    def show_sibling(self, message: Message, step: int) -> None:
        """Show the branch beside this message's."""
        if self._assistant is None or self.is_busy:
            return
        at = message.siblings.index(message.id) + step
        if 0 <= at < len(message.siblings):
            self._show(self._assistant, message.siblings[at])

    def _show(self, assistant: Assistant, message: int, found: Found | None = None) -> None:
        """Show the branch through a message, and in it the place that a search found."""
        read = self._next_read()
        show = assistant.conversations.show
        self._call_in_turn(
            CONVERSATIONS, "show a branch", lambda: (read, show(message), found),
            then=self._on_shown,
        )  # fmt: skip

    def _next_read(self) -> int:
        """Number what is to be shown: what is read for something before it comes too late."""
        self._reads += 1
        return self._reads

    @Slot()
    def stop(self) -> None:
        """Stop the answer that is being written; what has come stays."""
        waiting = (one for one in self._lives if not one.is_over and not one.gives_way)
        live = self.live or next(waiting, None)
        if live is not None:
            live.stop()

    # --- Asking ---------------------------------------------------------------------------

    def _ask(self, request: AskRequest, before: list[Message]) -> bool:
        assistant = self._assistant
        if assistant is None or self.is_busy:
            return False
        live = LiveAnswer(request, self)
        live.ended.connect(lambda: self._on_live_ended(live))
        earlier = self.live
        if earlier is not None:
            self._let_go(earlier)
        self._lives.append(live)
        self._next_read()
        self._messages = before
        run = self._bridge.start("ask", lambda: self._steps(assistant, request))
        run.events.connect(lambda events: self._on_events(live, events))
        live.follow(run)
        self.messages_changed.emit()
        self.live_changed.emit()
        if earlier is not None and request.replaces is None:
            # What is kept of it has not been read yet.
            self._reload(self.conversation)
        return True

    @staticmethod
    def _steps(assistant: Assistant, request: AskRequest) -> Generator[Any, None, Any]:
        if request.conversation is None:
            scope = Scope(request.documents, request.collections, request.use_documents)
            made = assistant.conversations.create(scope, request.model, request.persona)
            request = msgspec.structs.replace(request, conversation=made.id)
            yield _Placed(made.id)
        return (yield from assistant.ask(request))

    def _on_events(self, live: LiveAnswer, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, _Placed):
                here = self.live is live
                live.request = msgspec.structs.replace(
                    live.request, conversation=event.conversation
                )
                self._conversations.refresh()
                if here:
                    self._shown = event.conversation
                    self._conversations.open(event.conversation)

    def _on_live_ended(self, live: LiveAnswer) -> None:
        self._conversations.refresh()
        if live.gives_way and live.answer is not None and self.live is not live:
            text = self.tr("Everything is read for: {question}")
            self._notices.show(text.format(question=live.request.question))
        if live.request.conversation is not None and self._assistant is not None:
            read = self._next_read() if self.live is live else None
            self._call(
                "read messages",
                self._assistant.conversations.messages,
                live.request.conversation,
                then=lambda messages: self._on_settled(live, messages, read),
            )
        self.live_changed.emit()

    def _on_settled(self, live: LiveAnswer, messages: list[Message], read: int | None) -> None:
        if live not in self._lives:
            return
        kept = bool(messages) and messages[-1].role == "assistant"
        here = self.live is live
        if kept or live.error is None:
            # What is kept takes the place of what was shown while it was written.
            self._let_go(live)
        if here:
            if read == self._reads and (kept or live.error is None):
                self._messages = messages
            self.messages_changed.emit()
            self.live_changed.emit()

    def _let_go(self, live: LiveAnswer) -> None:
        self._lives.remove(live)
        live.deleteLater()

    # --- Showing --------------------------------------------------------------------------

    @Slot(object)
    def _on_current_changed(self, conversation: int | None) -> None:
        if conversation is not None and conversation == self._shown:
            return
        for live in [one for one in self._lives if one.is_over]:
            # A failed question that was not kept is let go with its conversation.
            self._let_go(live)
        self._shown = conversation
        self._messages = []
        self.messages_changed.emit()
        self.live_changed.emit()
        self._reload(conversation)

    def _reload(self, conversation: int | None) -> None:
        self._shown = conversation
        read = self._next_read()
        if self._assistant is None or conversation is None:
            return
        store = self._assistant.conversations
        self._call(
            "read messages", lambda: (read, store.messages(conversation)), then=self._on_read
        )

    @Slot(object)
    def _on_read(self, result: tuple[int, list[Message]]) -> None:
        read, messages = result
        if read != self._reads:
            return
        live = self.live
        if live is not None:
            # The question and the answer that is being written are shown as such.
            while messages and messages[-1].state == "streaming":
                messages = messages[:-2]
            if messages and messages[-1].role == "user":
                messages = messages[:-1]
        self._messages = messages
        self.messages_changed.emit()
        self._show_wanted()

    @Slot(object)
    def _on_shown(self, result: tuple[int, list[Message], Found | None]) -> None:
        read, messages, found = result
        if read == self._reads:
            self._messages = messages
            self.messages_changed.emit()
            if found is not None:
                self._tell_place(found)

    @Slot(object)
    def _on_place_wanted(self, found: Found) -> None:
        self._wanted = found
        if self._messages:
            self._show_wanted()

    def _show_wanted(self) -> None:
        """Show the place that a search found, in whichever branch it stands."""
        found = self._wanted
        if found is None or found.message is None or found.conversation.id != self.conversation:
            return
        self._wanted = None
        if all(message.id != found.message for message in self._messages):
            if self._assistant is not None and not self.is_busy:
                self._show(self._assistant, found.message, found)
            return
        self._tell_place(found)

    def _tell_place(self, found: Found) -> None:
        words = [found.snippet[begin:end] for begin, end in found.marks]
        self.place_wanted.emit(found.message, words)
