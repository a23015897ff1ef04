"""Collections: what is put into them, taken out of them, and what they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot

from desktop.bridge import Bridge
from desktop.presenters.base import Presenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.notices import Notices
from indexing.types import DocumentRow

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# What changes collections waits in one line.
_COLLECTIONS: Final = "collections"


class CollectionsPresenter(Presenter):
    """Says which collections there are, and changes them so that it can be undone.

    Signals:
        renamed: A collection is called something else now (str, str: the old name, the new).
    """

    renamed = Signal(str, str)

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        documents: DocumentsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._documents = documents
        self._assistant: Assistant | None = None
        self._counts: dict[str, int] = {}
        documents.listed.connect(self._on_listed)

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant

    @property
    def counts(self) -> dict[str, int]:
        """How many documents belong to each collection, in alphabetical order of the names."""
        return self._counts

    def put(self, name: str, documents: Sequence[int]) -> None:
        """Put documents into a collection, which may be new."""
        if self._assistant is not None and documents:
            self._call_in_turn(
                _COLLECTIONS, "put into a collection", self._assistant.collections.put, name,
                list(documents), then=lambda new: self._on_put(name, new),
            )  # fmt: skip

    def take_out(self, name: str, documents: Sequence[int]) -> None:
        """Take documents out of a collection; they stay in the library."""
        if self._assistant is not None and documents:
            self._call_in_turn(
                _COLLECTIONS, "take out of a collection", self._assistant.collections.take_out,
                name, list(documents), then=lambda gone: self._on_taken_out(name, gone),
            )  # fmt: skip

    def rename(self, old: str, new: str) -> None:
        """Call a collection something else; conversations about it stay with it."""
        if self._assistant is not None:
            self._call_in_turn(
                _COLLECTIONS, "rename a collection", self._assistant.collections.rename, old, new,
                then=lambda _: self._on_renamed(old, new),
            )  # fmt: skip

    def delete(self, name: str) -> None:
        """Let a collection go; its documents stay in the library."""
        if self._assistant is not None:
            self._call_in_turn(
                _COLLECTIONS, "delete a collection", self._assistant.collections.delete, name,
                then=lambda documents: self._on_deleted(name, documents),
            )  # fmt: skip

    # --- Reactions ------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, rows: list[DocumentRow]) -> None:
        counted = Counter(name for row in rows for name in row.collections)
        self._counts = dict(sorted(counted.items(), key=lambda item: item[0].casefold()))

    def _on_put(self, name: str, new: list[int]) -> None:
        self._documents.refresh()
        if new:
            text = (
                self.tr("Added to “{name}”.")
                if len(new) == 1
                else self.tr("Added {count} documents to “{name}”.")
            )
            self._notices.show(
                text.format(count=len(new), name=name), self.tr("Undo"),
                lambda: self._undo_put(name, new),
            )  # fmt: skip

    def _on_taken_out(self, name: str, gone: list[int]) -> None:
        self._documents.refresh()
        if gone:
            text = (
                self.tr("Taken out of “{name}”. It stays in the library.")
                if len(gone) == 1
                else self.tr("{count} documents taken out of “{name}”. They stay in the library.")
            )
            self._notices.show(
                text.format(count=len(gone), name=name), self.tr("Undo"),
                lambda: self._put_back(name, gone),
            )  # fmt: skip

    def _on_renamed(self, old: str, new: str) -> None:
        self.renamed.emit(old, new)
        self._documents.refresh()

    def _on_deleted(self, name: str, documents: list[int]) -> None:
        self._documents.refresh()
        self._notices.show(
            self.tr("The collection “{name}” is gone. Its documents stay.").format(name=name),
            self.tr("Undo"), lambda: self._put_back(name, documents),
        )  # fmt: skip

    def _undo_put(self, name: str, documents: Sequence[int]) -> None:
        if self._assistant is not None:
            take_out = self._assistant.collections.take_out
            self._call_in_turn(
                _COLLECTIONS, "undo", take_out, name, list(documents), then=self._on_undone
            )

    def _put_back(self, name: str, documents: Sequence[int]) -> None:
        if self._assistant is not None:
            put = self._assistant.collections.put
            self._call_in_turn(
                _COLLECTIONS, "undo", put, name, list(documents), then=self._on_undone
            )

    @Slot(object)
    def _on_undone(self, _: object) -> None:
        self._documents.refresh()
