"""The list of conversations: grouped, searched, renamed, pinned, deleted and brought back."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot

from assistant.conversations.types import Conversation, ConversationGroup, Found
from assistant.settings import ModelSettings
from desktop.bridge import Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.notices import Notices

if TYPE_CHECKING:
    from assistant.conversations.store import ConversationStore

_log = logging.getLogger(__name__)

# What changes conversations waits in one line, whoever asks for it.
CONVERSATIONS: Final = "conversations"


class ConversationsPresenter(Presenter):
    """What the sidebar lists.

    Signals:
        listed: The groups of conversations (list[ConversationGroup]).
        found: What a search found (list[Found]); None when there is no search.
        current_changed: The conversation that is open; None for a new one.
        place_wanted: A place in it that a search found is to be shown (Found).
        deleted_listed: Those that can be brought back (list[Conversation]).
    """

    listed = Signal(object)
    found = Signal(object)
    current_changed = Signal(object)
    place_wanted = Signal(object)
    deleted_listed = Signal(object)

    def __init__(self, bridge: Bridge, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(bridge, notices, parent)
        self._store: ConversationStore | None = None
        self._groups: list[ConversationGroup] = []
        self._known = False
        self._current: int | None = None
        self._query = ""
        self._deleted: int | None = None

    @property
    def groups(self) -> list[ConversationGroup]:
        """The groups as last listed."""
        return self._groups

    @property
    def is_known(self) -> bool:
        """Whether the conversations were listed yet."""
        return self._known

    @property
    def current(self) -> int | None:
        """The conversation that is open; None for a new one."""
        return self._current

    def conversation(self, identifier: int | None) -> Conversation | None:
        """Return a listed conversation."""
        for group in self._groups:
            for conversation in group.conversations:
                if conversation.id == identifier:
                    return conversation
        return None

    def attach(self, store: ConversationStore) -> None:
        """Begin to list a store."""
        self._store = store
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """List again what there is."""
        if self._store is not None:
            self._look("list conversations", self._store.grouped, then=self._on_listed)

    def open(self, conversation: int | None) -> None:
        """Open a conversation; None begins a new one."""
        if conversation != self._current:
            self._current = conversation
            self.current_changed.emit(conversation)

    def step(self, by: int) -> None:
        """Open the conversation so many places below the open one in the list."""
        listed = [c.id for group in self._groups for c in group.conversations]
        if not listed:
            return
        at = listed.index(self._current) + by if self._current in listed else 0
        self.open(listed[min(max(at, 0), len(listed) - 1)])

    def open_found(self, found: Found) -> None:
        """Open a conversation at the place that a search found."""
        self.open(found.conversation.id)
        if found.message is not None:
            self.place_wanted.emit(found)

    def search(self, query: str) -> None:
        """Find words in titles and messages; an empty query shows the list again."""
        self._query = query.strip()
        if not self._query:
            self.found.emit(None)
        elif self._store is not None:
            self._call("search conversations", self._search, self._query, then=self._on_found)

    def rename(self, conversation: int, title: str) -> None:
        """Give a conversation another title."""
        if self._store is not None:
            self._change("rename a conversation", self._store.rename, conversation, title)

    def pin(self, conversation: int, pinned: bool) -> None:
        """Keep a conversation at the top, or no longer."""
        if self._store is not None:
            self._change("pin a conversation", self._store.pin, conversation, pinned)

    def choose_settings(self, conversation: int, model: str, chosen: ModelSettings) -> None:
        """Choose how a model works in a conversation; it holds from the next question on."""
        if self._store is not None:
            self._change("keep settings", self._store.set_settings, conversation, model, chosen)

    def delete(self, conversation: int) -> None:
        """Put a conversation aside, and offer to bring it back."""
        if self._store is None:
            return
        known = self.conversation(conversation)
        title = textwrap.shorten(known.title if known else "", 60, placeholder="…")
        title = title or self.tr("New chat")
        self._deleted = conversation
        self._change("delete a conversation", self._store.delete, conversation)
        if conversation == self._current:
            self.open(None)
        self._notices.show(
            self.tr("Deleted “{title}”.").format(title=title), self.tr("Undo"), self.undo_delete
        )

    @Slot()
    def undo_delete(self) -> None:
        """Bring back the conversation that was deleted last."""
        if self._store is not None and self._deleted is not None:
            back, self._deleted = self._deleted, None
            self.bring_back(back)

    def bring_back(self, conversation: int) -> None:
        """Bring a deleted conversation back, and open it."""
        if self._store is not None:
            run = self._change("bring back a conversation", self._store.undo_delete, conversation)
            run.finished.connect(lambda _: self.open(conversation))
            run.finished.connect(self.list_deleted)

    @Slot()
    def list_deleted(self) -> None:
        """List what can be brought back."""
        if self._store is not None:
            self._look("list what was deleted", self._store.deleted, then=self.deleted_listed.emit)

    def export(self, conversation: int, path: str) -> None:
        """Write what is shown of a conversation to a Markdown file, with its quotes."""
        store = self._store
        if store is None:
            return

        def write() -> str:
            text = store.export_markdown(conversation)
            Path(path).write_text(text, encoding="utf-8")
            return path

        self._call("export a conversation", write, then=self._on_exported)

    @Slot(object)
    def _on_exported(self, path: str) -> None:
        self._notices.show(self.tr("Saved as {path}.").format(path=path))

    def _change(self, name: str, function: Callable[..., None], *arguments: object) -> Run:
        run = self._call_in_turn(CONVERSATIONS, name, function, *arguments)
        run.ended.connect(self.refresh)
        return run

    def _search(self, query: str) -> tuple[str, list[Found]]:
        assert self._store is not None
        return query, self._store.search(query)

    @Slot(object)
    def _on_listed(self, groups: list[ConversationGroup]) -> None:
        if groups != self._groups or not self._known:
            self._groups = groups
            self._known = True
            self.listed.emit(groups)

    @Slot(object)
    def _on_found(self, result: tuple[str, list[Found]]) -> None:
        query, found = result
        # An answer to an earlier query may come late.
        if query == self._query:
            self.found.emit(found)
