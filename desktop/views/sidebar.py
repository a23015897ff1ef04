"""The sidebar: conversations, the way to the other pages, and the offline mark."""

from __future__ import annotations

import re
from typing import Any, Literal

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from assistant.conversations.types import ConversationGroup, Found
from desktop.presenters.conversations import ConversationsPresenter
from desktop.theme.theme import Theme
from desktop.views.conversation_list import (
    CONVERSATION,
    FOUND,
    PINNED,
    ConversationDelegate,
    ConversationModel,
)
from desktop.views.mark import Mark
from desktop.widgets.buttons import IconButton, NavButton
from desktop.widgets.keys import keeps_escape, leaves_to_window
from desktop.widgets.labels import label, rule

WIDTH = 256

Page = Literal["chat", "library", "models", "settings"]


class Sidebar(QFrame):
    """Everything that leads somewhere.

    Signals:
        page_wanted: A page is asked for (str).
        new_chat_wanted: A new conversation is asked for.
        collapse_wanted: The sidebar is to go away.
        privacy_wanted: What the offline mark stands for is asked for.
    """

    page_wanted = Signal(str)
    new_chat_wanted = Signal()
    collapse_wanted = Signal()
    privacy_wanted = Signal()

    def __init__(
        self, theme: Theme, conversations: ConversationsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setFixedWidth(WIDTH)
        self._theme = theme
        self._presenter = conversations
        self._pages: dict[Page, NavButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(2)
        column.addLayout(self._head())
        column.addSpacing(8)
        self._new = NavButton(theme, "new-chat", self.tr("New chat"), "Ctrl+N")
        self._new.clicked.connect(self.new_chat_wanted)
        self._search_button = NavButton(theme, "search", self.tr("Search"), "Ctrl+K")
        self._search_button.clicked.connect(self.search)
        self._search = _SearchField()
        self._search.setPlaceholderText(self.tr("Search conversations"))
        self._search.setAccessibleName(self.tr("Search conversations"))
        self._search.textChanged.connect(conversations.search)
        self._search.left.connect(self._end_search)
        self._search.down.connect(self._on_search_down)
        self._search.hide()
        column.addWidget(self._new)
        column.addWidget(self._search_button)
        column.addWidget(self._search)
        column.addSpacing(8)
        column.addWidget(self._lists(), 1)
        column.addSpacing(8)
        pages: tuple[tuple[Page, str, str, str], ...] = (
            ("library", "library", self.tr("Library"), "Ctrl+L"),
            ("models", "model", self.tr("Models"), "Ctrl+M"),
            ("settings", "settings", self.tr("Settings"), "Ctrl+,"),
        )
        for page, icon, text, shortcut in pages:
            button = NavButton(theme, icon, text, shortcut, checkable=True)
            button.clicked.connect(lambda _=False, page=page: self.page_wanted.emit(page))
            self._pages[page] = button
            column.addWidget(button)
        column.addSpacing(6)
        column.addWidget(rule())
        column.addSpacing(6)
        self._offline = NavButton(theme, "offline", self.tr("Offline"))
        self._offline.setToolTip(self.tr("Nothing leaves this computer"))
        self._offline.clicked.connect(self.privacy_wanted)
        column.addWidget(self._offline)
        conversations.listed.connect(self._on_listed)
        conversations.found.connect(self._on_found)
        conversations.current_changed.connect(self._on_current_changed)
        self._on_listed(conversations.groups)

    def search(self) -> None:
        """Begin to search the conversations."""
        self._search_button.hide()
        self._search.show()
        self._search.setFocus()
        self._search.selectAll()

    def set_page(self, page: Page) -> None:
        """Mark the page that is shown."""
        for name, button in self._pages.items():
            button.setChecked(name == page)
        self._model.set_current(self._presenter.current if page == "chat" else None)

    def set_count(self, page: Page, count: int) -> None:
        """Show how many documents or models there are."""
        self._pages[page].set_aside(str(count) if count else "")

    def set_denied(self, attempts: int) -> None:
        """Show that something tried to reach out and was refused."""
        self._offline.set_aside(
            self.tr("{n} refused").format(n=attempts) if attempts else "",
            self.tr("{n} attempts to reach the network were refused").format(n=attempts),
        )

    # --- Building -------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Mark(self._theme, 20))
        name = label("Studiolo")
        name.setObjectName("wordmark")
        row.addWidget(name, 1)
        collapse = IconButton(
            self._theme, "collapse", self.tr("Hide the sidebar"), "Ctrl+B", size=16
        )
        collapse.clicked.connect(self.collapse_wanted)
        row.addWidget(collapse)
        return row

    def _lists(self) -> QWidget:
        self._model = ConversationModel(self)
        self._list = _List()
        self._list.setModel(self._model)
        self._delegate = ConversationDelegate(self._theme, self._list)
        self._delegate.renamed.connect(self._presenter.rename)
        self._delegate.menu_wanted.connect(self._on_menu_wanted)
        self._delegate.closeEditor.connect(self._on_edited)
        self._list.setItemDelegate(self._delegate)
        self._list.setAccessibleName(self.tr("Conversations"))
        self._list.clicked.connect(self._on_clicked)
        self._list.activated.connect(self._on_clicked)
        self._list.delete_wanted.connect(self._on_delete)
        self._list.customContextMenuRequested.connect(self._on_context_menu)
        empty = label(self.tr("Your conversations will be listed here."), "small", wrap=True)
        empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        empty.setContentsMargins(8, 4, 8, 0)
        self._nothing = label(self.tr("No conversation has these words."), "small", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._nothing.setContentsMargins(8, 4, 8, 0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._list)
        self._stack.addWidget(empty)
        self._stack.addWidget(self._nothing)
        return self._stack

    # --- Reactions ------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, groups: list[ConversationGroup]) -> None:
        if self._list.is_editing:
            # Listing anew would take the title away that is being typed.
            return
        if not self._search.text().strip():
            self._model.show_groups(groups)
            nothing = not groups and self._presenter.is_known
            self._stack.setCurrentIndex(1 if nothing else 0)

    @Slot()
    def _on_edited(self) -> None:
        # What changed meanwhile, once the list has its field back.
        QTimer.singleShot(0, self, lambda: self._on_listed(self._presenter.groups))

    @Slot(object)
    def _on_found(self, found: list[Found] | None) -> None:
        if found is None:
            self._on_listed(self._presenter.groups)
        else:
            self._model.show_found(found)
            self._stack.setCurrentIndex(0 if found else 2)

    @Slot(object)
    def _on_current_changed(self, conversation: int | None) -> None:
        self._model.set_current(conversation)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        conversation, found = index.data(CONVERSATION), index.data(FOUND)
        if conversation is None:
            return
        # The page first: what is found is shown in it.
        self.page_wanted.emit("chat")
        if found is not None:
            self._presenter.open_found(found)
        else:
            self._presenter.open(conversation)

    @Slot()
    def _on_search_down(self) -> None:
        self._list.setFocus()
        self._list.setCurrentIndex(self._model.first())

    @Slot()
    def _end_search(self) -> None:
        self._search.clear()
        self._search.hide()
        self._search_button.show()

    @Slot(QPoint)
    def _on_context_menu(self, at: QPoint) -> None:
        self._on_menu_wanted(self._list.indexAt(at), self._list.viewport().mapToGlobal(at))

    @Slot(object, QPoint)
    def _on_menu_wanted(self, index: QModelIndex, at: QPoint) -> None:
        conversation = index.data(CONVERSATION)
        if conversation is None:
            return
        pinned = bool(index.data(PINNED))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rename = menu.addAction(self._theme.icon("edit", size=16), self.tr("Rename"))
        rename.triggered.connect(lambda: self._list.edit(index))
        pin = menu.addAction(
            self._theme.icon("unpin" if pinned else "pin", size=16),
            self.tr("Unpin") if pinned else self.tr("Pin"),
        )
        pin.triggered.connect(lambda: self._presenter.pin(conversation, not pinned))
        export = menu.addAction(self._theme.icon("link", size=16), self.tr("Export…"))
        export.triggered.connect(lambda: self._export(conversation, str(index.data())))
        menu.addSeparator()
        delete = menu.addAction(self._theme.icon("delete", size=16), self.tr("Delete"))
        delete.triggered.connect(lambda: self._presenter.delete(conversation))
        menu.popup(at)

    def _export(self, conversation: int, title: str) -> None:
        dialog = QFileDialog(self.window(), self.tr("Export a conversation"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("Markdown (*.md)"))
        dialog.setDefaultSuffix("md")
        dialog.selectFile(re.sub(r"[^\w\- ]+", "", title).strip()[:60] + ".md")
        dialog.fileSelected.connect(lambda path: self._presenter.export(conversation, path))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot()
    def _on_delete(self) -> None:
        conversation: Any = self._list.currentIndex().data(CONVERSATION)
        if conversation is not None:
            self._presenter.delete(conversation)


class _List(QListView):
    """The list itself, with its keys."""

    delete_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setUniformItemSizes(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setFrameShape(QFrame.Shape.NoFrame)

    @property
    def is_editing(self) -> bool:
        """Whether a title is being changed."""
        return self.state() == QAbstractItemView.State.EditingState

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open at Enter, delete at Delete; a title that is edited has its own keys."""
        if self.is_editing:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit(self.currentIndex())
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Take what room there is."""
        return QSize(WIDTH, 100)


class _SearchField(QLineEdit):
    """A field that goes away at Escape."""

    left = Signal()
    down = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setClearButtonEnabled(False)

    def event(self, event: QEvent) -> bool:
        """Keep Escape from the window's shortcuts, and leave it the others."""
        if keeps_escape(event) or leaves_to_window(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave at Escape, go to the results at Down or Enter."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.down.emit()
        else:
            super().keyPressEvent(event)
