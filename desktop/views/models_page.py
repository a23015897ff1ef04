"""The models: those that are here, those on their way, and those worth having."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QVBoxLayout, QWidget

from assistant.wording import SETUP_COMMAND
from desktop.presenters.checksums import Checksums
from desktop.presenters.downloads import DownloadsPresenter
from desktop.presenters.model_folders import ModelFolders
from desktop.presenters.model_imports import ModelImports
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.file_dialog import file_dialog
from desktop.views.model_folders import FoldersView
from desktop.views.models_card import ModelCard
from desktop.views.models_coming import DownloadCard, ImportCard, OfferCard
from desktop.views.page import Page
from desktop.widgets.buttons import push_button
from desktop.widgets.keyed_column import KeyedColumn
from desktop.widgets.labels import label
from models.catalogue import CatalogueEntry
from models.facts import ModelFacts
from models.files import FileProgress

if TYPE_CHECKING:
    from assistant.services.downloads import Download


class ModelsPage(Page):
    """Lists the models as cards.

    Signals:
        hub_wanted: The hub is to be searched.
        settings_wanted: How a model is loaded is to be chosen (ModelFacts).
    """

    hub_wanted = Signal()
    settings_wanted = Signal(object)

    def __init__(
        self,
        theme: Theme,
        models: ModelsPresenter,
        imports: ModelImports,
        folders: ModelFolders,
        checksums: Checksums,
        downloads: DownloadsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(QCoreApplication.translate("ModelsPage", "Models"), parent)
        self._theme = theme
        self._models = models
        self._imports = imports
        self._checksums = checksums
        self._downloads = downloads
        self._open: set[str] = set()
        find = push_button(self.tr("Find on the hub"))
        find.setToolTip(self.tr("Search the Hugging Face hub for models"))
        find.clicked.connect(self.hub_wanted)
        add = push_button(self.tr("Add a file"), "primary")
        add.setToolTip(self.tr("Copy a GGUF file into the library"))
        add.clicked.connect(self.choose_file)
        self.buttons.addWidget(find)
        self.buttons.addWidget(add)
        self._import = ImportCard()
        self._import.stop_wanted.connect(imports.stop)
        self._import.hide()
        self._empty = self._make_empty()
        self._installed = KeyedColumn()
        self._coming = KeyedColumn()
        self._offered = KeyedColumn()
        self._offered_title = label(self.tr("Worth having"), "section")
        self._offered_title.setContentsMargins(0, 24, 0, 0)
        self.body.addWidget(self._import)
        self.body.addWidget(self._empty)
        self.body.addWidget(self._coming)
        self.body.addWidget(self._installed)
        self.body.addWidget(self._offered_title)
        self.body.addWidget(self._offered)
        self.body.addWidget(FoldersView(theme, folders))
        self.body.addStretch(1)
        models.changed.connect(self._on_changed)
        imports.progressed.connect(self._on_importing)
        downloads.changed.connect(self._on_changed)
        downloads.progressed.connect(self._on_progressed)
        self._on_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Look again: other programs fetch models too, and speeds are learned meanwhile."""
        super().showEvent(event)
        self._models.refresh()

    # --- Adding a file --------------------------------------------------------------------

    @Slot()
    def choose_file(self) -> None:
        """Ask for model files to add."""
        files = QFileDialog.FileMode.ExistingFiles
        dialog = file_dialog(self.window(), self.tr("Add model files"), files)
        dialog.setNameFilters([self.tr("Models (*.gguf)"), self.tr("All files (*)")])
        dialog.filesSelected.connect(self._imports.add)
        dialog.open()

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
                    "“{command}” fetches the starter model (about 1.1 GB). You can also download "
                    "one of those below, or add a GGUF file that you have."
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

    # --- Cards ----------------------------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        models, downloads = self._models, self._downloads
        # The one that answers comes first; what cannot chat comes last.
        order = sorted(
            models.installed, key=lambda f: (f.name != models.current, f.problem is not None)
        )
        self._installed.show_items(
            [(facts.name, self._shown_of(facts), facts) for facts in order], self._model_card
        )
        self._coming.show_items(
            [(row.id, None, row) for row in downloads.downloads], self._download_card
        )
        for row in downloads.downloads:
            self._on_progressed(row)
        offered = downloads.offered
        self._offered.show_items([(e.name, None, e) for e in offered], self._offer_card)
        self._offered_title.setVisible(bool(offered))
        self._update_empty()

    def _shown_of(self, facts: ModelFacts) -> Hashable:
        """Return all that a card shows of a model: it is made anew only where that changed."""
        models = self._models
        in_use = facts.name == models.current
        return (
            repr(facts), in_use, models.state_text if in_use else "", models.is_loaded(facts),
            models.problem if in_use else "", models.forecasts.speed(facts),
            self._downloads.entry_of(facts) is not None, models.forecasts.fit(facts),
        )  # fmt: skip

    def _model_card(self, facts: ModelFacts) -> QWidget:
        name = facts.name
        card = ModelCard(
            self._theme, facts, self._downloads.entry_of(facts), self._models, self._checksums,
            is_open=name in self._open,
        )  # fmt: skip
        card.use_wanted.connect(lambda: self._models.choose(name))
        card.remove_wanted.connect(lambda: self._models.remove(name))
        card.settings_wanted.connect(lambda: self.settings_wanted.emit(facts))
        card.opened.connect(lambda on: self._open.add(name) if on else self._open.discard(name))
        return card

    def _download_card(self, row: Download) -> QWidget:
        downloads = self._downloads
        card = DownloadCard(self._theme, downloads.title_of(row), row)
        card.pause_wanted.connect(lambda: downloads.pause(row))
        card.resume_wanted.connect(lambda: downloads.start(row.repository, row.file))
        card.discard_wanted.connect(lambda: self._on_discard(row))
        return card

    def _offer_card(self, entry: CatalogueEntry) -> QWidget:
        card = OfferCard(self._theme, entry, self._models, self._downloads)
        card.download_wanted.connect(lambda: self._downloads.start(entry.repository, entry.file))
        return card

    @Slot(object)
    def _on_progressed(self, row: Download) -> None:
        card = self._coming.widget_of(row.id)
        if isinstance(card, DownloadCard):
            card.show_download(row)

    def _on_discard(self, row: Download) -> None:
        if not row.progress.done:
            self._downloads.discard(row)
            return
        box = QMessageBox(self.window())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Give the download up"))
        box.setText(
            self.tr("Delete what has come of {name}?").format(name=self._downloads.title_of(row))
        )
        box.addButton(self.tr("Keep it"), QMessageBox.ButtonRole.RejectRole)
        delete = box.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        delete.clicked.connect(lambda: self._downloads.discard(row))
        box.open()

    @Slot(object)
    def _on_importing(self, progress: FileProgress | None) -> None:
        self._import.setVisible(progress is not None)
        if progress is not None:
            self._import.show_progress(self._imports.name, progress, self._imports.waiting)
        self._update_empty()

    def _update_empty(self) -> None:
        models = self._models
        nothing = models.is_listed and not models.installed and not self._imports.name
        self._empty.setVisible(nothing and not self._downloads.downloads)
