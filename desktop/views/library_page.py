"""The library: every document with its status."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QLabel, QWidget

from assistant.wording import explain_row
from desktop.presenters.documents import DocumentsPresenter
from desktop.theme.theme import Theme
from desktop.views.page import Page
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import label
from indexing.types import DocumentRow


class LibraryPage(Page):
    """Lists the documents and adds others."""

    def __init__(
        self, theme: Theme, documents: DocumentsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(QCoreApplication.translate("LibraryPage", "Library"), parent)
        self._theme = theme
        self._documents = documents
        self._rows: list[QLabel] = []
        add = push_button(self.tr("Add files"), "primary")
        add.clicked.connect(self.choose_files)
        self.buttons.addWidget(add)
        documents.listed.connect(self._on_listed)
        self._on_listed(documents.rows)

    @Slot()
    def choose_files(self) -> None:
        """Ask for files to add."""
        dialog = QFileDialog(self.window(), self.tr("Add files"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._documents.add)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(object)
    def _on_listed(self, rows: list[DocumentRow]) -> None:
        for row in self._rows:
            row.deleteLater()
        self._rows = [label(f"{row.title} · {explain_row(row) or row.status}") for row in rows]
        for row in self._rows:
            self.body.addWidget(row)
