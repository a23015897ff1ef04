"""What judges the first hits of a search, in the settings."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from desktop.presenters.rerankers import RerankersPresenter
from desktop.theme.theme import Theme
from desktop.widgets.choice import Choice


class RerankerField(Choice):
    """A field to choose a reranker from, or none."""

    def __init__(
        self, theme: Theme, rerankers: RerankersPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self._rerankers = rerankers
        self.activated.connect(self._on_activated)
        rerankers.changed.connect(self._on_changed)
        self._on_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """List anew: models may have come or gone since."""
        super().showEvent(event)
        self._rerankers.refresh()

    @Slot()
    def _on_changed(self) -> None:
        rerankers = self._rerankers
        names = ["", *(one.name for one in rerankers.installed)]
        if names != [self.itemData(n) for n in range(self.count())]:
            self.clear()
            for name in names:
                self.addItem(name or self.tr("None"), name)
        trying = rerankers.trying
        self.setCurrentIndex(self.findData(rerankers.in_use if trying is None else trying))
        self.setEnabled(len(names) > 1 and trying is None)

    @Slot()
    def _on_activated(self) -> None:
        wanted: str = self.currentData()
        if wanted != self._rerankers.in_use:
            self._rerankers.choose(wanted)
