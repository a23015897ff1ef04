"""The documents as a list that stays quick with ten thousand of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QItemSelectionModel,
    QPoint,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from desktop.presenters.library import Entry, LibraryPresenter
from desktop.theme.theme import Theme
from desktop.views.library_delegate import HEADING, ROW, Action, AnyIndex, LibraryDelegate
from desktop.views.library_wording import facts_of, folder_sentence, folder_text, status_of
from desktop.widgets.buttons import tooltip
from indexing.types import DocumentRow

DOCUMENT: Final = int(Qt.ItemDataRole.UserRole)
FOLDER: Final = DOCUMENT + 1
_SAYS_WHY: Final = frozenset({"failed", "skipped"})


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
        if role == DOCUMENT:
            return entry.document
        if entry.document is None:
            return self._of_heading(entry, role)
        row = self._library.row(entry.document)
        if row is None:
            return None
        if role == int(Qt.ItemDataRole.DisplayRole):
            return Path(row.path).name
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return row.path
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            status = status_of(row, self._library.progress(row.id))
            parts = (Path(row.path).name, status.text, status.sentence or self._facts(row))
            return ", ".join(part for part in parts if part)
        return None

    def _of_heading(self, entry: Entry, role: int) -> Any:
        if role == FOLDER:
            return entry.folder
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
        return facts_of(row, self._library.like(row.id))

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Let documents be chosen, and folders be reached."""
        entry = self.entry(index.row())
        if entry is None or (entry.document is None and entry.folder is None):
            return Qt.ItemFlag.NoItemFlags
        if entry.document is None:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def reset(self) -> None:
        """Take the presenter's lines anew."""
        self.beginResetModel()
        self.endResetModel()


class LibraryList(QTableView):
    """The list.

    Signals:
        opened: A document is to be read (int).
        acted: Something is to be done (an `Action`) with documents (list[int]).
        menu_wanted: What can be done with documents is asked for (list[int], QPoint).
        folder_menu_wanted: What can be done with a watched folder is asked for (int, QPoint).
    """

    opened = Signal(int)
    acted = Signal(str, object)
    menu_wanted = Signal(object, QPoint)
    folder_menu_wanted = Signal(int, QPoint)

    def __init__(
        self, theme: Theme, library: LibraryPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._library = library
        self._heights: dict[int, int] = {}
        self._by_keys = False
        self.today = datetime.now().astimezone().date()
        self.lines = LibraryModel(library, self)
        self._painter = LibraryDelegate(theme, library, self)
        self.setModel(self.lines)
        self.setItemDelegate(self._painter)
        self.setObjectName("libraryList")
        self.setAccessibleName(self.tr("Documents"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(28)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.hide()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        down.hide()
        # Rows are as tall as a short one, and only the others are measured.
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setMinimumSectionSize(min(HEADING, ROW))
        down.setDefaultSectionSize(ROW)
        library.changed.connect(self._on_changed)
        library.moved.connect(self._on_moved)
        theme.changed.connect(self.viewport().update)
        self._on_changed()

    def chosen(self) -> list[int]:
        """Return the documents that are selected."""
        documents = (index.data(DOCUMENT) for index in self.selectionModel().selectedRows())
        return [document for document in documents if document is not None]

    # --- In step with the presenter -------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        chosen = set(self.chosen())
        current = self.currentIndex().data(DOCUMENT)
        at = self.verticalScrollBar().value()
        self.today = datetime.now().astimezone().date()
        self.lines.reset()
        self._measure()
        if chosen or current is not None:
            flag = QItemSelectionModel.SelectionFlag
            for number, entry in enumerate(self._library.entries):
                if entry.document is None:
                    continue
                index = self.lines.index(number)
                if entry.document in chosen:
                    self.selectionModel().select(index, flag.Select | flag.Rows)
                if entry.document == current:
                    self.selectionModel().setCurrentIndex(index, flag.NoUpdate)
        self.verticalScrollBar().setValue(at)

    @Slot()
    def _on_moved(self) -> None:
        self._measure()
        self.viewport().update()

    def _measure(self) -> None:
        """Give headings and rows with a sentence their height."""
        width = self.viewport().width()
        header = self.verticalHeader()
        library = self._library
        heights: dict[int, int] = {}
        for number, entry in enumerate(library.entries):
            if entry.document is None:
                heights[number] = HEADING
            elif (row := library.row(entry.document)) is not None and row.status in _SAYS_WHY:
                heights[number] = self._painter.height(entry.document, width)
        for number in self._heights.keys() | heights.keys():
            height = heights.get(number, ROW)
            if header.sectionSize(number) != height:
                header.resizeSection(number, height)
        self._heights = heights

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break sentences anew."""
        super().resizeEvent(event)
        self._measure()

    @property
    def shows_focus(self) -> bool:
        """Whether the row that the keys act on is to be seen: once they are used."""
        return self._by_keys and self.hasFocus()

    # --- The person's hands ---------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys are, if they led here."""
        self._by_keys = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        super().focusInEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show what can be clicked."""
        super().mouseMoveEvent(event)
        found = self._action_at(event.position().toPoint())
        viewport = self.viewport()
        if self._folder_at(event.position().toPoint()) is not None:
            viewport.setCursor(Qt.CursorShape.PointingHandCursor)
            viewport.setToolTip(_tr("What can be done with this folder"))
        elif found is None:
            viewport.unsetCursor()
            viewport.setToolTip("")
        else:
            viewport.setCursor(Qt.CursorShape.PointingHandCursor)
            viewport.setToolTip(_name(found[0]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leave what is clicked unselected."""
        self._by_keys = False
        if self._action_at(event.position().toPoint()) is None:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Do what was clicked."""
        place = event.position().toPoint()
        found, folder = self._action_at(place), self._folder_at(place)
        if folder is not None and event.button() == Qt.MouseButton.LeftButton:
            self.folder_menu_wanted.emit(folder, event.globalPosition().toPoint())
        elif found is None or event.button() != Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)
        else:
            self.acted.emit(found[0], [found[1]])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Read a document."""
        place = event.position().toPoint()
        document = self.indexAt(place).data(DOCUMENT)
        if document is not None and self._action_at(place) is None:
            self.opened.emit(document)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read with Return, remove with Delete."""
        self._by_keys = True
        chosen = self.chosen()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(chosen) == 1:
            self.opened.emit(chosen[0])
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and chosen:
            self.acted.emit("remove", chosen)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the chosen documents, or with a folder."""
        chosen = self.chosen()
        place = event.globalPos()
        index = self.indexAt(event.pos())
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            place = self.viewport().mapToGlobal(self.visualRect(index).center())
        folder = index.data(FOLDER)
        if folder is not None:
            self.folder_menu_wanted.emit(folder, place)
        elif chosen:
            self.menu_wanted.emit(chosen, place)

    def _folder_at(self, place: QPoint) -> int | None:
        """Return the watched folder whose button is at a place."""
        index = self.indexAt(place)
        folder = index.data(FOLDER)
        if folder is None or not self._painter.more(self.visualRect(index)).contains(place):
            return None
        return int(folder)

    def _action_at(self, place: QPoint) -> tuple[Action, int] | None:
        index = self.indexAt(place)
        document = index.data(DOCUMENT)
        if document is None:
            return None
        for action, rect in self._painter.actions(self.visualRect(index), document):
            if rect.contains(place):
                return action, document
        return None


def _tr(text: str) -> str:
    return QCoreApplication.translate("LibraryList", text)


def _name(action: Action) -> str:
    match action:
        case "open":
            return _tr("Open the original file")
        case "again":
            return _tr("Read again")
        case "password":
            return _tr("Enter password…")
        case "remove":
            return tooltip(_tr("Remove from the library"), "Del")
