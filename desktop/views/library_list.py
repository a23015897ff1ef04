"""The documents as a list that stays quick with ten thousand of them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from PySide6.QtCore import (
    QCoreApplication,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from desktop.presenters.library import LibraryPresenter
from desktop.theme.theme import Theme
from desktop.views.library_delegate import HEADING, ROW, Action, LibraryDelegate
from desktop.views.library_model import COLLECTION, DOCUMENT, FOLDER, LibraryModel
from desktop.widgets.buttons import tooltip

_SAYS_WHY: Final = frozenset({"failed", "skipped"})


class LibraryList(QTableView):
    """The list.

    Signals:
        opened: A document is to be read (int).
        acted: Something is to be done (an `Action`) with documents (list[int]).
        menu_wanted: What can be done with documents is asked for (list[int], QPoint).
        folder_menu_wanted: What can be done with a watched folder is asked for (int, QPoint).
        collection_menu_wanted: The same with a collection (str, QPoint).
        chosen_changed: Other documents are selected; see `chosen`.
    """

    opened = Signal(int)
    acted = Signal(str, object)
    menu_wanted = Signal(object, QPoint)
    folder_menu_wanted = Signal(int, QPoint)
    collection_menu_wanted = Signal(str, QPoint)
    chosen_changed = Signal()

    def __init__(
        self, theme: Theme, library: LibraryPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._library = library
        self._heights: dict[int, int] = {}
        self.lines = LibraryModel(library, self)
        self._painter = LibraryDelegate(theme, library, self)
        self.setModel(self.lines)
        self.setItemDelegate(self._painter)
        self.selectionModel().selectionChanged.connect(self.chosen_changed)
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
        self._painter.today = datetime.now().astimezone().date()
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
        self.chosen_changed.emit()

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
                heights[number] = self._painter.height(entry, width)
        for number in self._heights.keys() | heights.keys():
            height = heights.get(number, ROW)
            if header.sectionSize(number) != height:
                header.resizeSection(number, height)
        self._heights = heights

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break sentences anew."""
        super().resizeEvent(event)
        self._measure()

    # --- The person's hands ---------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys are, if they led here."""
        self._painter.shows_focus = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        super().focusInEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show what can be clicked."""
        super().mouseMoveEvent(event)
        found = self._action_at(event.position().toPoint())
        viewport = self.viewport()
        if (heading := self._heading_at(event.position().toPoint())) is not None:
            viewport.setCursor(Qt.CursorShape.PointingHandCursor)
            viewport.setToolTip(
                _tr("What can be done with this folder")
                if heading.data(FOLDER) is not None
                else _tr("What can be done with this collection")
            )
        elif found is None:
            viewport.unsetCursor()
            viewport.setToolTip("")
        else:
            viewport.setCursor(Qt.CursorShape.PointingHandCursor)
            viewport.setToolTip(_name(found[0]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leave what is clicked unselected."""
        self._painter.shows_focus = False
        if self._action_at(event.position().toPoint()) is None:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Do what was clicked."""
        place = event.position().toPoint()
        found, heading = self._action_at(place), self._heading_at(place)
        if heading is not None and event.button() == Qt.MouseButton.LeftButton:
            self._ask_heading(heading, event.globalPosition().toPoint())
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
        self._painter.shows_focus = True
        chosen = self.chosen()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(chosen) == 1:
            self.opened.emit(chosen[0])
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and chosen:
            self.acted.emit("remove", chosen)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the chosen documents, a folder or a collection."""
        chosen = self.chosen()
        place = event.globalPos()
        index = self.indexAt(event.pos())
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            place = self.viewport().mapToGlobal(self.visualRect(index).center())
        if not self._ask_heading(index, place) and chosen:
            self.menu_wanted.emit(chosen, place)

    def _ask_heading(self, index: QModelIndex, place: QPoint) -> bool:
        """Ask for what can be done with what a line is the heading of; whether it is one."""
        folder, collection = index.data(FOLDER), index.data(COLLECTION)
        if folder is not None:
            self.folder_menu_wanted.emit(folder, place)
        elif collection is not None:
            self.collection_menu_wanted.emit(collection, place)
        return folder is not None or collection is not None

    def _heading_at(self, place: QPoint) -> QModelIndex | None:
        """Return the line whose folder or collection has its button at a place."""
        index = self.indexAt(place)
        has_menu = index.data(FOLDER) is not None or index.data(COLLECTION) is not None
        if not has_menu or not self._painter.more(self.visualRect(index)).contains(place):
            return None
        return index

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
