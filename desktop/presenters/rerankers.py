"""What judges the first hits of a search: chosen, and tried before it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from assistant.rerankers import InstalledReranker
from desktop.bridge import Bridge
from desktop.presenters.base import Presenter
from desktop.presenters.notices import Notices

if TYPE_CHECKING:
    from assistant.assistant import Assistant


class RerankersPresenter(Presenter):
    """Lists the rerankers and changes to one.

    Signals:
        changed: See `installed`, `in_use` and `trying`.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(bridge, notices, parent)
        self._assistant: Assistant | None = None
        self._installed: list[InstalledReranker] = []
        self._trying: str | None = None

    @property
    def installed(self) -> list[InstalledReranker]:
        """Those that can be chosen, by name."""
        return self._installed

    @property
    def in_use(self) -> str:
        """Name of the one that judges; "" for none."""
        return next((one.name for one in self._installed if one.in_use), "")

    @property
    def trying(self) -> str | None:
        """What is to judge once it is loaded: a name, or "" for none; None where nothing is."""
        return self._trying

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """List anew what there is."""
        if self._assistant is not None:
            self._look("list rerankers", self._assistant.rerankers.list, then=self._on_listed)

    def choose(self, name: str) -> None:
        """Let one judge, or none with ""; loading it takes seconds, and a failure is said."""
        if self._assistant is None or self._trying is not None:
            return
        rerankers = self._assistant.rerankers

        def change() -> list[InstalledReranker]:
            rerankers.choose(name or None)
            return rerankers.list()

        self._trying = name
        self.changed.emit()
        run = self._call("change the reranker", change, then=self._on_taken)
        run.ended.connect(self._on_tried)

    @Slot(object)
    def _on_taken(self, installed: list[InstalledReranker]) -> None:
        self._trying = None
        self._on_listed(installed)
        # A list that was begun before this change may come after it.
        self.refresh()

    @Slot()
    def _on_tried(self) -> None:
        if self._trying is not None:  # it failed
            self._trying = None
            self.changed.emit()

    @Slot(object)
    def _on_listed(self, installed: list[InstalledReranker]) -> None:
        self._installed = installed
        self.changed.emit()
