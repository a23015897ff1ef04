"""Search the model hub, see what a repository has, and fetch it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from assistant.wording import bytes_text
from desktop.presenters.downloads import DownloadsPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.models_forecast import ForecastRow
from desktop.views.models_wording import fit_text, licence_text, size_text
from desktop.views.wording import counted, number
from desktop.widgets.buttons import push_button
from desktop.widgets.keyed_column import KeyedColumn
from desktop.widgets.labels import ElidedLabel, label, set_role
from models.downloads.types import HubModel, HubRepository, HubResult

_REPOSITORY = int(Qt.ItemDataRole.UserRole)


class HubSheet(QDialog):
    """Nothing is asked of the hub before the person searches."""

    def __init__(
        self,
        theme: Theme,
        models: ModelsPresenter,
        downloads: DownloadsPresenter,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._models = models
        self._downloads = downloads
        self._repository: HubRepository | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Find a model"))
        self.resize(760, 560)
        self._field = QLineEdit()
        self._field.setPlaceholderText(self.tr("Such as “qwen 3” or “mistral small”"))
        self._field.setAccessibleName(self.tr("Search the hub"))
        self._search = push_button(self.tr("Search"), "primary")
        self._search.setDefault(True)
        self._search.clicked.connect(self._on_search)
        self._state = label(
            self.tr("Your words go to the Hugging Face hub. Nothing else does."),
            "small",
            wrap=True,
        )
        self._results = QListWidget()
        self._results.setObjectName("personaList")
        self._results.setAccessibleName(self.tr("Repositories"))
        self._results.setWordWrap(True)
        self._results.currentItemChanged.connect(self._on_result)
        self._facts = label("", "small", wrap=True)
        self._files = KeyedColumn(4)
        self._build()
        downloads.found.connect(self._on_found)
        downloads.read.connect(self._on_read)
        downloads.asking_failed.connect(self._on_failed)
        downloads.changed.connect(self._on_changed)

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._field, 1)
        row.addWidget(self._search)
        files = QWidget()
        files.setObjectName("column")
        column = QVBoxLayout(files)
        column.setContentsMargins(0, 0, 8, 0)
        column.addWidget(self._facts)
        column.addWidget(self._files)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(files)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.viewport().setAutoFillBackground(False)
        self._found = QWidget()
        columns = QHBoxLayout(self._found)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(16)
        columns.addWidget(self._results, 1)
        columns.addWidget(scroll, 1)
        close = push_button(self.tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        # Nothing is framed before there is something to show.
        self._found.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 16)
        outer.setSpacing(12)
        outer.addWidget(label(self.tr("Find a model"), "title"))
        outer.addLayout(row)
        outer.addWidget(self._state)
        outer.addWidget(self._found, 1)
        outer.addStretch(0)
        outer.addLayout(foot)

    # --- Asking ---------------------------------------------------------------------------

    @Slot()
    def _on_search(self) -> None:
        if self._field.text().strip():
            self._say(self.tr("Asking the hub…"))
            self._downloads.search(self._field.text())

    @Slot()
    def _on_result(self) -> None:
        item = self._results.currentItem()
        if item is not None:
            name: str = item.data(_REPOSITORY)
            self._say(self.tr("Looking at {name}…").format(name=name))
            self._repository = None
            self._show_files()
            self._downloads.open_repository(name)

    # --- Answers --------------------------------------------------------------------------

    @Slot(object)
    def _on_found(self, results: list[HubResult]) -> None:
        self._results.clear()
        for result in results:
            parts = [
                size_text(result.parameters) if result.parameters else "",
                licence_text(result.licence),
                self.tr("{n} downloads").format(n=number(result.downloads)),
                self.tr("terms to agree to") if result.gated else "",
            ]
            described = " · ".join(part for part in parts if part)
            item = QListWidgetItem(f"{result.repository}\n{described}")
            item.setData(_REPOSITORY, result.repository)
            item.setToolTip(result.repository)
            self._results.addItem(item)
        self._found.setVisible(bool(results))
        self._say(
            counted(len(results), self.tr("1 repository"), self.tr("{n} repositories"))
            if results
            else self.tr("The hub has no GGUF model of that name. Try fewer words.")
        )

    @Slot(object)
    def _on_read(self, repository: HubRepository) -> None:
        self._repository = repository
        self._say("")
        self._show_files()

    @Slot(str)
    def _on_failed(self, text: str) -> None:
        self._say(text, failed=True)

    @Slot()
    def _on_changed(self) -> None:
        self._show_files()

    def _say(self, text: str, *, failed: bool = False) -> None:
        self._state.setText(text)
        set_role(self._state, "small-danger" if failed else "small")

    def _show_files(self) -> None:
        repository = self._repository
        if repository is None:
            self._facts.setText("")
            self._files.show_items([], self._file_row)
            return
        parts = [
            licence_text(repository.licence),
            self.tr("Its makers want terms agreed to first, on their page.")
            if repository.gated
            else "",
        ]
        self._facts.setText(" · ".join(part for part in parts if part))
        coming = {(row.repository, row.file) for row in self._downloads.downloads}
        self._files.show_items(
            [
                (model.file, (repository.repository, model.file) in coming, model)
                for model in repository.models
            ],
            self._file_row,
        )

    def _file_row(self, model: HubModel) -> QWidget:
        assert self._repository is not None
        repository = self._repository.repository
        fit = self._models.forecasts.fit_bytes(model.bytes)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(model.file, "plain", Qt.TextElideMode.ElideMiddle))
        size = f"{bytes_text(model.bytes)} · {fit_text(fit)}"
        words.addWidget(label(size, "small-warning" if fit == "not" else "small"))
        coming = any(
            (row.repository, row.file) == (repository, model.file)
            for row in self._downloads.downloads
        )
        get = push_button(
            self.tr("On its way") if coming else self.tr("Download"),
            name=self.tr("Download {name}").format(name=model.file),
        )
        get.setAutoDefault(False)
        get.setEnabled(not coming)
        get.clicked.connect(lambda: self._downloads.start(repository, model.file))
        words.addWidget(
            ForecastRow(self._theme, repository, model.file, self._models, self._downloads)
        )
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addWidget(get, 0, Qt.AlignmentFlag.AlignTop)
        return made
