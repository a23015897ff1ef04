"""The library: every document with its status, and what is done with them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.presenters.library import LibraryPresenter, is_password_wrong
from desktop.theme.theme import Theme
from desktop.views.file_dialog import file_dialog
from desktop.views.library_delegate import MARGIN, WIDTH
from desktop.views.library_list import LibraryList
from desktop.views.library_menus import LibraryMenus
from desktop.views.library_wording import holdings_text, overall_text
from desktop.views.password_sheet import PasswordSheet
from desktop.views.wording import number, shorten
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import label, rule
from desktop.widgets.menus import Picker, control
from indexing.unpacked import name_of

STEPS = 1000
# A name longer than this leaves no room for what it stands beside.
LONGEST_NAME = 28


class LibraryPage(QFrame):
    """Lists the documents, adds others, and says how far that is.

    Signals:
        document_activated: A document is to be read (DocumentRow).
        study_wanted: The model is to read one once (DocumentRow).
        ask_wanted: A collection is to be asked about (str).
    """

    document_activated = Signal(object)
    study_wanted = Signal(object)
    ask_wanted = Signal(str)
    _files_wanted = Signal()
    _folder_wanted = Signal()

    def __init__(
        self, theme: Theme, library: LibraryPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._theme = theme
        self._library = library
        self._files_wanted.connect(self.choose_files)
        self._folder_wanted.connect(self.choose_folder)
        self._menus = LibraryMenus(theme, library, self)
        self._menus.opened.connect(self._on_opened)
        self._menus.acted.connect(self._on_acted)
        self._menus.study_wanted.connect(self.study_wanted)
        self._menus.ask_wanted.connect(self.ask_wanted)
        self._list = LibraryList(theme, library)
        head = self._make_head()
        self._list.opened.connect(self._on_opened)
        self._list.acted.connect(self._on_acted)
        self._list.menu_wanted.connect(self._menus.show_documents)
        self._list.folder_menu_wanted.connect(self._menus.show_folder)
        self._list.collection_menu_wanted.connect(self._menus.show_collection)
        self._list.chosen_changed.connect(self._on_holdings)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_nothing_found())
        self._stack.addWidget(QWidget())  # until it is known what there is
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 32, 0, 0)
        column.setSpacing(0)
        column.addWidget(_centred(head))
        column.addSpacing(16)
        column.addWidget(_centred(rule()))
        column.addWidget(self._stack, 1)
        library.changed.connect(self._on_changed)
        library.moved.connect(self._on_holdings)
        library.overall_changed.connect(self._on_overall)
        self._on_changed()
        self._on_overall()

    # --- Its parts ------------------------------------------------------------------------

    def _make_head(self) -> QWidget:
        add = push_button(self.tr("Add files"), "primary")
        add.clicked.connect(self.choose_files)
        folder = push_button(self.tr("Add a folder"))
        folder.clicked.connect(self.choose_folder)
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(self.tr("Filter"))
        self._filter.setAccessibleName(self.tr("Filter the documents"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setMaximumWidth(200)
        self._filter.textChanged.connect(self._library.set_filter)
        focus = QAction(self)
        focus.setShortcut("Ctrl+F")
        focus.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        focus.triggered.connect(self._filter.setFocus)
        self.addAction(focus)
        self._filter.setToolTip(self.tr("Show only some documents  Ctrl+F"))
        title = QHBoxLayout()
        title.setSpacing(8)
        title.addWidget(label(self.tr("Library"), "title"))
        title.addStretch(1)
        title.addWidget(self._filter)
        title.addWidget(folder)
        title.addWidget(add)
        self._holdings = label("", "small")
        self._overall = label("", "small")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(160)
        self._bar.setRange(0, STEPS)
        self._bar.setAccessibleName(self.tr("How much has been added"))
        self._stop = push_button(self.tr("Stop"), "control")
        self._stop.setToolTip(self.tr("Stop adding. What is done stays."))
        self._stop.clicked.connect(self._library.stop)
        self._add_to = control(
            self.tr("Put what is selected into a collection"),
            lambda menu: self._menus.fill_membership(menu, self._list.chosen()),
        )
        self._add_to.setText(self.tr("Add to collection…"))
        self._shown = Picker(
            self._theme, self.tr("Which collection is shown"), self._menus.fill_filter
        )
        under = QHBoxLayout()
        under.setSpacing(12)
        under.addWidget(self._holdings)
        under.addWidget(self._overall)
        under.addWidget(self._bar)
        under.addWidget(self._stop)
        under.addStretch(1)
        under.addWidget(self._add_to)
        under.addWidget(self._shown)
        head = QWidget()
        column = QVBoxLayout(head)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(title)
        line = QWidget()
        line.setFixedHeight(26)
        under.setContentsMargins(0, 0, 0, 0)
        line.setLayout(under)
        column.addWidget(line)
        return head

    def _make_empty(self) -> QWidget:
        made, column = _message(
            self.tr("No documents yet"),
            self.tr(
                "Add PDF, Word, HTML, Markdown or text files, or drop them here. They are copied "
                "into Studiolo and never leave this computer. A folder is watched: what changes "
                "in it changes here."
            ),
        )
        for icon, text, wanted in (
            ("file", self.tr("Choose files"), self._files_wanted),
            ("folder", self.tr("Choose a folder"), self._folder_wanted),
        ):
            column.addWidget(self._suggestion(icon, text, wanted))
        column.addStretch(3)
        return made

    def _make_nothing_found(self) -> QWidget:
        made, column = _message(
            self.tr("No document fits"),
            self.tr("None has these words in its name, title or collections."),
        )
        clear = push_button(self.tr("Show all documents"), "link")
        clear.clicked.connect(self._on_show_all)
        row = QHBoxLayout()
        row.addWidget(clear)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(3)
        return made

    def _suggestion(self, icon: str, text: str, wanted: SignalInstance) -> QPushButton:
        button = push_button(text, "suggestion")
        button.setIconSize(QSize(20, 20))
        button.clicked.connect(wanted)

        def paint() -> None:
            button.setIcon(self._theme.icon(icon))

        self._theme.changed.connect(paint)
        paint()
        return button

    def showEvent(self, event: QShowEvent) -> None:
        """Let the keys go to the list first."""
        super().showEvent(event)
        (self._list if self._list.isVisible() else self).setFocus()

    # --- Adding ---------------------------------------------------------------------------

    @Slot()
    def choose_files(self) -> None:
        """Ask for files to add."""
        files = QFileDialog.FileMode.ExistingFiles
        self._ask(file_dialog(self.window(), self.tr("Add files"), files))

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder whose files are to be added."""
        folder = QFileDialog.FileMode.Directory
        self._ask(file_dialog(self.window(), self.tr("Add a folder"), folder))

    def _ask(self, dialog: QFileDialog) -> None:
        dialog.filesSelected.connect(self._library.add)
        dialog.open()

    # --- Reactions ------------------------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        library = self._library
        if library.entries:
            shown = 0
        elif any(library.choice) and library.count:
            shown = 2
        else:
            shown = 1 if library.is_listed else 3
        self._stack.setCurrentIndex(shown)
        self._filter.setEnabled(bool(library.count))
        self._on_holdings()

    @Slot()
    def _on_holdings(self) -> None:
        library = self._library
        chosen = len(self._list.chosen())
        text = holdings_text(library.count, library.pages) if library.count else ""
        if chosen > 1:
            text = self.tr("{n} of {count} selected").format(
                n=number(chosen), count=number(library.count)
            )
        self._holdings.setText(text)
        self._add_to.setVisible(chosen > 0)
        shown = library.choice.collection
        self._shown.setVisible(bool(library.collections.counts))
        self._shown.setText(shorten(shown, LONGEST_NAME) if shown else self.tr("All collections"))

    @Slot()
    def _on_show_all(self) -> None:
        self._filter.clear()
        self._library.set_collection("")

    @Slot()
    def _on_overall(self) -> None:
        overall = self._library.overall
        stopping = self._library.is_stopping
        for widget in (self._overall, self._bar, self._stop):
            widget.setVisible(overall is not None or stopping)
        self._holdings.setVisible(overall is None and not stopping)
        if overall is not None:
            self._overall.setText(self.tr("Stopping") if stopping else overall_text(overall))
            self._bar.setValue(round(STEPS * (1 - overall.files_left / overall.files)))
        self._stop.setEnabled(not stopping)

    @Slot(int)
    def _on_opened(self, document: int) -> None:
        row = self._library.row(document)
        if row is not None and row.passages:
            self.document_activated.emit(row)
        elif row is not None:
            self._library.open_original(document)

    @Slot(str, object)
    def _on_acted(self, action: str, documents: list[int]) -> None:
        match action:
            case "open":
                for document in documents:
                    self._library.open_original(document)
            case "again":
                self._library.read_again(documents)
            case "password":
                self._ask_password(documents[0])
            case "remove":
                self._library.remove(documents)

    def _ask_password(self, document: int) -> None:
        row = self._library.row(document)
        if row is None:
            return
        wrong = is_password_wrong(row)
        sheet = PasswordSheet(self._theme, name_of(row.path), wrong=wrong, parent=self.window())
        sheet.entered.connect(lambda password: self._library.unlock(document, password))
        sheet.open()


def _centred(content: QWidget) -> QWidget:
    content.setMaximumWidth(WIDTH)
    frame = QWidget()
    row = QHBoxLayout(frame)
    row.setContentsMargins(MARGIN, 0, MARGIN, 0)
    row.addStretch(1)
    row.addWidget(content, 1000)
    row.addStretch(1)
    return frame


def _message(title: str, hint: str) -> tuple[QWidget, QVBoxLayout]:
    content = QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    column.addStretch(2)
    column.addWidget(label(title, "title", wrap=True))
    column.addWidget(label(hint, "muted", wrap=True))
    column.addSpacing(16)
    content.setMaximumWidth(560)
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(content, 1000)
    row.addStretch(1)
    return _centred(whole), column
