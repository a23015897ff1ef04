"""The models: those that are there, the one that answers, and how others are added."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from assistant.wording import SETUP_COMMAND
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.models_card import ImportCard, ModelCard
from desktop.views.page import Page
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import label
from models.library import ImportProgress


class ModelsPage(Page):
    """Lists the models as cards."""

    def __init__(
        self, theme: Theme, models: ModelsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(QCoreApplication.translate("ModelsPage", "Models"), parent)
        self._theme = theme
        self._models = models
        self._cards: list[ModelCard] = []
        self._shown: object = None
        self._adding = ""
        add = push_button(self.tr("Add a file"), "primary")
        add.setToolTip(self.tr("Copy a GGUF file into the library"))
        add.clicked.connect(self.choose_file)
        self.buttons.addWidget(add)
        self._import = ImportCard()
        self._import.stop_wanted.connect(models.stop_import)
        self._import.hide()
        self._empty = self._make_empty()
        self.body.addWidget(self._import)
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self.body.addLayout(self._list)
        self.body.addWidget(self._empty)
        self.body.addStretch(1)
        models.changed.connect(self._on_changed)
        models.importing.connect(self._on_importing)
        self._on_changed()

    @Slot()
    def choose_file(self) -> None:
        """Ask for a model file to add."""
        dialog = QFileDialog(self.window(), self.tr("Add a model file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Models (*.gguf)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(self.add_file)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(str)
    def add_file(self, path: str) -> None:
        """Copy a model file into the library."""
        if not self._models.is_importing:
            self._adding = Path(path).name
        self._models.import_file(path)

    def _make_empty(self) -> QWidget:
        made = QWidget()
        made.setMaximumWidth(560)
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 48, 0, 0)
        column.setSpacing(8)
        column.addWidget(label(self.tr("No model yet"), "title", wrap=True))
        column.addWidget(
            label(
                self.tr(
                    "A model reads your documents and writes the answers, here on this computer. "
                    "“{command}” fetches the starter model (about 1.1 GB), or add a GGUF file "
                    "that you have."
                ).format(command=SETUP_COMMAND),
                "muted",
                wrap=True,
            )
        )
        column.addSpacing(16)
        column.addWidget(self._suggestion("file", self.tr("Choose a GGUF file"), self.choose_file))
        column.addWidget(
            self._suggestion("copy", self.tr("Copy the command"), self._on_copy_command)
        )
        return made

    def _suggestion(self, icon: str, text: str, act: object) -> QPushButton:
        button = push_button(text, "suggestion")
        button.setIconSize(QSize(20, 20))
        button.clicked.connect(act)

        def paint() -> None:
            button.setIcon(self._theme.icon(icon))

        self._theme.changed.connect(paint)
        paint()
        return button

    @Slot()
    def _on_copy_command(self) -> None:
        QGuiApplication.clipboard().setText(SETUP_COMMAND)

    @Slot()
    def _on_changed(self) -> None:
        models = self._models
        # Loading reports some times a second; cards are made anew only for what they show.
        shown = (
            models.is_listed,
            tuple(models.installed),
            models.current,
            models.state,
            models.state_text,
            models.loaded,
            tuple(models.speeds(facts.name) for facts in models.installed),
        )
        if shown == self._shown:
            return
        self._shown = shown
        for card in self._cards:
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []
        # The one that answers comes first.
        for facts in sorted(models.installed, key=lambda facts: facts.name != models.current):
            card = ModelCard(self._theme, facts, models)
            card.use_wanted.connect(lambda name=facts.name: models.use(name))
            card.remove_wanted.connect(lambda name=facts.name: models.remove(name))
            self._list.addWidget(card)
            self._cards.append(card)
        self._update_empty()

    @Slot(object)
    def _on_importing(self, progress: ImportProgress | None) -> None:
        self._import.setVisible(progress is not None)
        if progress is not None:
            self._import.show_progress(self._adding, progress)
        self._update_empty()

    def _update_empty(self) -> None:
        models = self._models
        nothing = models.is_listed and not models.installed and not models.is_importing
        self._empty.setVisible(nothing)
