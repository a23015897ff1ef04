"""Where models are looked for besides the library, on the page of the models."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.presenters.model_folders import ModelFolders
from desktop.theme.theme import Theme
from desktop.views.file_dialog import file_dialog
from desktop.views.models_wording import folder_text
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.keyed_column import KeyedColumn
from desktop.widgets.labels import ElidedLabel, label
from models.sources import Place


class FoldersView(QWidget):
    """Folders with what they hold, and models that were taken off the list."""

    def __init__(self, theme: Theme, folders: ModelFolders, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._folders = folders
        add = push_button(self.tr("Add a folder"))
        add.setToolTip(self.tr("List the models of a folder and use them where they lie"))
        add.clicked.connect(self.choose)
        words = label(
            self.tr("Models in these folders are used where they lie, and never changed."),
            "small",
            wrap=True,
        )
        head = QHBoxLayout()
        head.setSpacing(16)
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(label(self.tr("Other folders"), "section"))
        titles.addWidget(words)
        head.addLayout(titles, 1)
        head.addWidget(add)
        self._places = KeyedColumn()
        self._hidden = KeyedColumn()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 24, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._places)
        column.addWidget(self._hidden)
        folders.changed.connect(self._on_changed)
        self._on_changed()

    @Slot()
    def choose(self) -> None:
        """Ask for a folder with models."""
        folder = QFileDialog.FileMode.Directory
        dialog = file_dialog(self.window(), self.tr("Add a folder with models"), folder)
        dialog.fileSelected.connect(self._folders.add)
        dialog.open()

    @Slot()
    def _on_changed(self) -> None:
        folders = self._folders
        self._places.show_items(
            [(f"{p.source} {p.folder}", folders.count(p), p) for p in folders.places], self._place
        )
        self._hidden.show_items([(file, None, file) for file in folders.hidden], self._off_list)

    def _place(self, place: Place) -> QWidget:
        made, row = _row(place.folder, folder_text(place, self._folders.count(place)))
        if place.source == "folder":
            name = self.tr("List the models of {folder} no longer").format(folder=place.folder)
            remove = IconButton(self._theme, "close", name, size=16)
            remove.clicked.connect(lambda: self._folders.remove(place))
            row.addWidget(remove)
        return made

    def _off_list(self, file: str) -> QWidget:
        made, row = _row(file, self.tr("taken off the list"))
        again = push_button(
            self.tr("List it again"),
            "link",
            name=self.tr("List {name} again").format(name=Path(file).name),
        )
        again.clicked.connect(lambda: self._folders.show_again(file))
        row.addWidget(again)
        return made


def _row(path: str, described: str) -> tuple[QFrame, QHBoxLayout]:
    made = QFrame()
    made.setObjectName("card")
    row = QHBoxLayout(made)
    row.setContentsMargins(16, 8, 12, 8)
    row.setSpacing(8)
    words = QVBoxLayout()
    words.setSpacing(0)
    words.addWidget(ElidedLabel(path, mode=Qt.TextElideMode.ElideMiddle))
    words.addWidget(label(described, "small", wrap=True))
    row.addLayout(words, 1)
    return made, row
