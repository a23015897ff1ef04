"""The library's lines, as a model for its list."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from desktop.presenters.library import LibraryPresenter
from desktop.presenters.library_entries import Entry
from desktop.views.library_wording import facts_of, folder_sentence, folder_text, status_of
from indexing.types import DocumentRow

AnyIndex = QModelIndex | QPersistentModelIndex

ENTRY: Final = int(Qt.ItemDataRole.UserRole)
DOCUMENT: Final = ENTRY + 1
FOLDER: Final = ENTRY + 2
COLLECTION: Final = ENTRY + 3


class LibraryModel(QAbstractListModel):
    """The presenter's lines, for a view."""

    def __init__(self, library: LibraryPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        """Return how many lines there are."""
        return 0 if parent is not None and parent.isValid() else len(self._library.entries)

    def entry(self, row: int) -> Entry | None:
        """Return a line."""
        entries = self._library.entries
        return entries[row] if 0 <= row < len(entries) else None

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return what a role says of a line."""
        entry = self.entry(index.row())
        if entry is None:
            return None
        own = {
            ENTRY: entry,
            DOCUMENT: entry.document,
            FOLDER: entry.folder,
            COLLECTION: entry.collection or None,
        }
        if role in own:
            return own[role]
        if entry.document is None:
            return self._of_heading(entry, role)
        row = self._library.row(entry.document)
        if row is None:
            return None
        if role == int(Qt.ItemDataRole.DisplayRole):
            return self._library.name(row, within=entry.within)
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return row.path
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            library = self._library
            missing = library.folders.is_missing(row.id)
            status = status_of(row, library.progress(row.id), missing=missing)
            name = self._library.name(row)
            parts = (name, status.text, status.sentence or self._facts(row))
            return ", ".join(part for part in parts if part)
        return None

    def _of_heading(self, entry: Entry, role: int) -> Any:
        folder = self._library.folders.folder(entry.folder or 0)
        if folder is None:
            spoken = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
            return entry.heading if role in map(int, spoken) else None
        state = self._library.folders.state(folder.id)
        if role == int(Qt.ItemDataRole.DisplayRole):
            return entry.heading
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return folder_sentence(folder, state)
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            return f"{entry.heading}, {folder_text(state)}"
        return None

    def _facts(self, row: DocumentRow) -> str:
        library = self._library
        return facts_of(
            row,
            library.like(row.id),
            language=library.language(row.id),
            studied=library.is_studied(row.id),
            collections=library.beside(row),
        )

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Let documents be chosen, and folders and collections be reached."""
        entry = self.entry(index.row())
        if entry is None or (
            entry.document is None and entry.folder is None and not entry.collection
        ):
            return Qt.ItemFlag.NoItemFlags
        if entry.document is None:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def reset(self) -> None:
        """Take the presenter's lines anew."""
        self.beginResetModel()
        self.endResetModel()
