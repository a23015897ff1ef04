"""The library's menus: what can be done with documents, folders and collections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from desktop.presenters.library import LibraryPresenter, is_locked
from desktop.theme.theme import Theme
from desktop.views.name_sheet import NameSheet
from desktop.views.patterns_sheet import PatternsSheet
from desktop.views.wording import counted, number
from desktop.widgets.menus import choice


class LibraryMenus(QWidget):
    """Opens menus over the library page; it is nothing to be seen itself.

    Signals:
        opened: A document is to be read (int).
        acted: Something is to be done (an `Action`) with documents (list[int]).
        study_wanted: The model is to read a document once (DocumentRow).
        ask_wanted: A collection is to be asked about (str).
    """

    opened = Signal(int)
    acted = Signal(str, object)
    study_wanted = Signal(object)
    ask_wanted = Signal(str)

    def __init__(self, theme: Theme, library: LibraryPresenter, page: QWidget) -> None:
        super().__init__(page)
        self.hide()
        self._page = page
        self._theme = theme
        self._library = library

    # --- Documents ------------------------------------------------------------------------

    @Slot(object, QPoint)
    def show_documents(self, documents: list[int], place: QPoint) -> None:
        """Offer what can be done with documents."""
        menu = self._menu()
        theme = self._theme
        if len(documents) == 1:
            row = self._library.row(documents[0])
            if row is not None and row.passages:
                read = menu.addAction(theme.icon("text", size=16), self.tr("Read here"))
                read.triggered.connect(lambda: self.opened.emit(documents[0]))
                study = menu.addAction(theme.icon("study", size=16), self.tr("Study…"))
                study.setToolTip(self.tr("The model reads it once, for all questions to come"))
                study.triggered.connect(lambda: self.study_wanted.emit(row))
            if row is not None and (row.archive is not None or Path(row.path).exists()):
                opened = menu.addAction(
                    theme.icon("link", size=16), self.tr("Open the original file")
                )
                opened.triggered.connect(lambda: self.acted.emit("open", documents))
            if row is not None and is_locked(row):
                locked = menu.addAction(theme.icon("offline", size=16), self.tr("Enter password…"))
                locked.triggered.connect(lambda: self.acted.emit("password", documents))
        again = menu.addAction(theme.icon("regenerate", size=16), self.tr("Read again"))
        again.triggered.connect(lambda: self.acted.emit("again", documents))
        collections = menu.addMenu(theme.icon("documents", size=16), self.tr("Collections"))
        self.fill_membership(collections, documents)
        menu.addSeparator()
        remove = menu.addAction(theme.icon("delete", size=16), self.tr("Remove from the library"))
        remove.triggered.connect(lambda: self.acted.emit("remove", documents))
        menu.popup(place)

    def fill_membership(self, menu: QMenu, documents: Sequence[int]) -> None:
        """Offer to put documents into collections, and to take them out."""
        library = self._library
        rows = [row for d in documents if (row := library.row(d)) is not None]
        for name in library.collections.counts:
            inside = [row for row in rows if name in row.collections]
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(bool(rows) and len(inside) == len(rows))
            # What a watched folder keeps in its collection stays there.
            action.setEnabled(not (action.isChecked() and all(map(library.is_kept_in_its, inside))))
            change = library.collections.take_out if action.isChecked() else library.collections.put
            action.triggered.connect(
                lambda _=False, name=name, change=change: change(name, documents)
            )
        if library.collections.counts:
            menu.addSeparator()
        new = menu.addAction(self.tr("New collection…"))
        new.triggered.connect(lambda: self._ask_new(documents))

    def _ask_new(self, documents: Sequence[int]) -> None:
        sheet = NameSheet(
            self._theme,
            self.tr("New collection"),
            self.tr(
                "A collection is a name for documents that you ask about together. A document "
                "may belong to several."
            ),
            self.tr("Create"),
            self.window(),
            taken=self._library.collections.counts,
        )
        sheet.entered.connect(lambda name: self._library.collections.put(name, documents))
        sheet.open()

    # --- Headings -------------------------------------------------------------------------

    @Slot(int, QPoint)
    def show_folder(self, folder: int, place: QPoint) -> None:
        """Offer what can be done with a watched folder."""
        menu = self._menu()
        theme, folders = self._theme, self._library.folders
        known = folders.folder(folder)
        if known is not None and known.collection is not None and known.documents:
            self._add_asking(menu, known.collection, self.tr("Ask about its documents"))
        state = folders.state(folder)
        if state.missing:
            self._add_missing(menu, folder, state.missing)
        opened = menu.addAction(theme.icon("folder", size=16), self.tr("Open the folder"))
        opened.setEnabled(state.unavailable is None)
        opened.triggered.connect(lambda: folders.open(folder))
        patterns = menu.addAction(theme.icon("adjust", size=16), self.tr("Which files…"))
        patterns.setEnabled(state.unavailable is None)
        patterns.triggered.connect(lambda: self._ask_patterns(folder))
        menu.addSeparator()
        stop = menu.addAction(
            theme.icon("stop", size=16), self.tr("Stop watching, keep its documents")
        )
        stop.triggered.connect(lambda: folders.stop_watching(folder))
        remove = menu.addAction(
            theme.icon("delete", size=16), self.tr("Stop watching, remove its documents")
        )
        remove.triggered.connect(
            lambda: folders.stop_watching(folder, self._library.rows_in(folder))
        )
        menu.popup(place)

    def _add_missing(self, menu: QMenu, folder: int, count: int) -> None:
        theme, folders = self._theme, self._library.folders
        text = counted(
            count,
            self.tr("Remove the document whose file is gone"),
            self.tr("Remove the {n} documents whose files are gone"),
        )
        remove = menu.addAction(theme.icon("delete", size=16), text)
        remove.triggered.connect(lambda: folders.let_missing_go(folder))
        keep = menu.addAction(theme.icon("pin", size=16), self.tr("Keep them without their files"))
        keep.triggered.connect(lambda: folders.keep_missing(folder))
        menu.addSeparator()

    def _ask_patterns(self, number: int) -> None:
        folder = self._library.folders.folder(number)
        if folder is not None:
            sheet = PatternsSheet(self._theme, folder, self.window())
            sheet.chosen.connect(
                lambda include, exclude: self._library.folders.choose_files(
                    number, include, exclude
                )
            )
            sheet.open()

    @Slot(str, QPoint)
    def show_collection(self, name: str, place: QPoint) -> None:
        """Offer what can be done with a collection."""
        menu = self._menu()
        theme, collections = self._theme, self._library.collections
        self._add_asking(menu, name, self.tr("Ask about this collection"))
        rename = menu.addAction(theme.icon("edit", size=16), self.tr("Rename…"))
        rename.triggered.connect(lambda: self._ask_rename(name))
        menu.addSeparator()
        delete = menu.addAction(
            theme.icon("delete", size=16), self.tr("Delete the collection, keep its documents")
        )
        delete.triggered.connect(lambda: collections.delete(name))
        menu.popup(place)

    def _add_asking(self, menu: QMenu, name: str, text: str) -> None:
        ask = menu.addAction(self._theme.icon("new-chat", size=16), text)
        ask.triggered.connect(lambda: self.ask_wanted.emit(name))

    def _ask_rename(self, name: str) -> None:
        sheet = NameSheet(
            self._theme,
            self.tr("Rename the collection"),
            self.tr("Conversations about it stay with it."),
            self.tr("Rename"),
            self.window(),
            name=name,
            taken=self._library.collections.counts,
        )
        sheet.entered.connect(lambda new: self._library.collections.rename(name, new))
        sheet.open()

    # --- The filter -----------------------------------------------------------------------

    def fill_filter(self, menu: QMenu) -> None:
        """Offer to show one collection alone."""
        library = self._library
        group = QActionGroup(menu)
        shown = library.choice.collection
        choice(menu, group, self.tr("All documents"), not shown, lambda: library.set_collection(""))
        menu.addSeparator()
        for name, count in library.collections.counts.items():
            choice(menu, group, f"{name} · {number(count)}", name == shown,
                   lambda name=name: library.set_collection(name))  # fmt: skip

    def _menu(self) -> QMenu:
        menu = QMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu
