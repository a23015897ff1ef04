"""Taking documents out of the library so that it can be undone."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop.bridge import Bridge
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.notices import Notices
from desktop.presenters.settings import SettingsPresenter
from desktop.wording import explain
from indexing.types import DocumentRow

if TYPE_CHECKING:
    from assistant.assistant import Assistant

_log = logging.getLogger(__name__)

# Documents that are hidden and wait to be removed, as the window remembers them.
_REMOVING: Final = "removing"


class Removals(QObject):
    """Hides documents at once, and takes them out once it cannot be undone any more.

    Signals:
        changed: Documents were hidden.
        decided: Documents whose files are gone went, or were kept.
    """

    changed = Signal()
    decided = Signal()

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        settings: SettingsPresenter,
        documents: DocumentsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._notices = notices
        self._settings = settings
        self._documents = documents
        self._assistant: Assistant | None = None
        self._removing: set[int] = set()
        self._gone: set[int] = set()
        # Of those, what a person has said is to go.
        self._asked: set[int] = set()

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant; what was to be removed before it closed goes now."""
        self._assistant = assistant
        left = self._left_to_remove()
        if left:
            self._documents.hide(left)
            self._remove_now(left)

    def remove(
        self, rows: Sequence[DocumentRow], text: str, undone: Callable[[], None] | None = None
    ) -> None:
        """Take documents out of the lists, and out of the library once it cannot be undone.

        Args:
            text: Says what is removed.
            undone: Called when the person takes it back.
        """
        ids = {row.id for row in rows}
        self._removing |= ids
        self._keep_removing()
        self._documents.hide(ids)
        self.changed.emit()

        def undo() -> None:
            self._undo(ids)
            if undone is not None:
                undone()

        self._notices.show(text, self.tr("Undo"), undo, lambda: self._remove_now(ids))

    @property
    def going(self) -> frozenset[int]:
        """Documents whose files are gone, and that go once nobody has kept them."""
        return frozenset(self._gone)

    def hold(self, documents: Iterable[int]) -> None:
        """Let documents stay for now whose files are gone."""
        held = self._gone.intersection(documents)
        if held:
            self._gone -= held
            self._asked -= held
            self._documents.unhide(held)

    def leave_out(self, rows: Sequence[DocumentRow], undone: Callable[[], None]) -> None:
        """Take documents out that their folder's patterns leave out now.

        Args:
            undone: Called when the person takes that back.
        """
        rows = [row for row in rows if row.id not in self._gone | self._removing]
        if not rows:
            return
        ids = {row.id for row in rows}
        self._gone |= ids
        self._documents.hide(ids)
        self.changed.emit()
        text = (
            self.tr("“{name}” is left out now.").format(name=Path(rows[0].path).name)
            if len(rows) == 1
            else self.tr("{count} documents are left out now.").format(count=f"{len(rows):,}")
        )

        def undo() -> None:
            self.hold(ids)
            undone()

        self._notices.show(text, self.tr("Undo"), undo, lambda: self._drop_now(ids))

    def let_go(self, rows: Sequence[DocumentRow], *, asked: bool = False) -> None:
        """Take documents out whose files are gone from their folders; they may be kept.

        Args:
            asked: Whether the person has said that they are to go.
        """
        rows = [row for row in rows if row.id not in self._gone | self._removing]
        if not rows:
            return
        ids = {row.id for row in rows}
        self._gone |= ids
        if asked:
            self._asked |= ids
        self._documents.hide(ids)
        self.changed.emit()
        folder = Path(rows[0].path).parent.name
        text = (
            self.tr("“{name}” is gone from “{folder}”, and from the library.").format(
                name=Path(rows[0].path).name, folder=folder
            )
            if len(rows) == 1
            else self.tr("{count} files are gone from their folders, and from the library.").format(
                count=f"{len(rows):,}"
            )
        )
        self._notices.show(
            text, self.tr("Keep their text") if len(rows) > 1 else self.tr("Keep its text"),
            lambda: self._keep(ids), lambda: self._drop_now(ids),
        )  # fmt: skip

    def flush(self) -> None:
        """Remove at once what waits for it: before a question, and before the end."""
        if self._removing:
            self._remove_now(set(self._removing))
        if self._gone:
            self._drop_now(set(self._gone))

    def close(self) -> None:
        """Remove what waits for it if that is quick; else the next start does."""
        if self._assistant is not None and self._assistant.index.worker.status == "ready":
            self.flush()

    # --- What a person removed ------------------------------------------------------------

    def _undo(self, documents: set[int]) -> None:
        self._removing -= documents
        self._keep_removing()
        self._documents.unhide(documents)

    def _remove_now(self, documents: set[int]) -> None:
        if self._assistant is None:
            return
        run = self._bridge.call(
            "remove documents", self._assistant.remove_documents, sorted(documents)
        )
        run.finished.connect(lambda _: self._on_removed(documents))
        run.failed.connect(lambda error: self._on_remove_failed(documents, error))

    def _on_removed(self, documents: set[int]) -> None:
        self._removing -= documents
        self._keep_removing()
        self._documents.refresh()

    def _on_remove_failed(self, documents: set[int], error: Exception) -> None:
        self._undo(documents)
        self._notices.show(explain(error))

    def _keep_removing(self) -> None:
        self._settings.remember(_REMOVING, json.dumps(sorted(self._removing)))

    def _left_to_remove(self) -> set[int]:
        try:
            return {
                int(document) for document in json.loads(self._settings.remembered(_REMOVING, "[]"))
            }
        except (ValueError, TypeError):
            _log.warning("what was to be removed cannot be read")
            return set()

    # --- What went with its file ----------------------------------------------------------

    def _keep(self, documents: set[int]) -> None:
        if self._assistant is None:
            return
        run = self._bridge.call("keep documents", self._assistant.folders.keep, sorted(documents))
        run.ended.connect(lambda: self._on_decided(documents))

    def _drop_now(self, documents: set[int]) -> None:
        documents &= self._gone
        if self._assistant is None or not documents:
            return
        folders = self._assistant.folders
        for asked in (False, True):
            part = documents & self._asked if asked else documents - self._asked
            if part:
                run = self._bridge.call(
                    "drop files",
                    lambda part=part, asked=asked: folders.drop_gone(sorted(part), asked=asked),
                )
                run.ended.connect(lambda part=part: self._on_decided(part))

    def _on_decided(self, documents: set[int]) -> None:
        self._gone -= documents
        self._asked -= documents
        # One whose file is back was not dropped.
        self._documents.unhide(documents)
        self.decided.emit()
