"""The models: those that are there, and the one that answers."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtWidgets import QLabel, QWidget

from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.page import Page
from desktop.widgets.labels import label


class ModelsPage(Page):
    """Lists the models."""

    def __init__(
        self, theme: Theme, models: ModelsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(QCoreApplication.translate("ModelsPage", "Models"), parent)
        self._theme = theme
        self._models = models
        self._rows: list[QLabel] = []
        models.changed.connect(self._on_changed)
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        for row in self._rows:
            row.deleteLater()
        self._rows = [label(self._models.title_of(facts)) for facts in self._models.installed]
        for row in self._rows:
            self.body.addWidget(row)
