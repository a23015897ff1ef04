"""The main window: sidebar, pages, source panel, and what floats above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from assistant.answering.types import Citation
from desktop.presenters.notices import Notice
from desktop.presenters.session import Session
from desktop.theme.theme import Theme
from desktop.views.chat_page import ChatPage
from desktop.views.composer import Composer
from desktop.views.drop_targets import DropTargets
from desktop.views.empty import EmptyChat
from desktop.views.file_drop import FileDrop
from desktop.views.library_page import LibraryPage
from desktop.views.models_page import ModelsPage
from desktop.views.settings_page import SettingsPage
from desktop.views.sheets import Sheets
from desktop.views.shortcuts import Shortcut, add_shortcuts
from desktop.views.sidebar import Page, Sidebar
from desktop.views.source_panel import SourcePanel
from desktop.views.study_bar import StudyBar
from desktop.views.title_bar import TitleBar
from desktop.widgets.floating import Snackbar
from indexing.types import DocumentRow

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# Below this width the sidebar makes room for the source panel.
ROOM_FOR_ALL = 1080
SMALLEST_CHAT = 400
# What a desktop draws around a window; how much, nobody knows before it is shown.
FRAME = QSize(16, 40)


class MainWindow(QMainWindow):
    """Composes the pages and leads from one to another.

    Signals:
        shown: The window was painted for the first time.
        closed: The window is going away.
    """

    shown = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, session: Session) -> None:
        super().__init__()
        self._theme = theme
        self._session = session
        self._was_shown = False
        self._made_room = False
        self.setWindowTitle("Studiolo")
        self.setMinimumSize(640, 480)

        self._sidebar = Sidebar(theme, session.conversations)
        self._title_bar = TitleBar(theme, session.conversations, session.models, session.respondent)
        self._composer = Composer(
            theme, session.composer, session.chat, session.documents, session.settings
        )
        self._empty = EmptyChat(theme, session.documents, session.models)
        self._chat = ChatPage(theme, session.chat, session.composer, self._composer, self._empty)
        self._library = LibraryPage(theme, session.library)
        self._models = ModelsPage(
            theme, session.models, session.imports, session.model_folders, session.checksums,
            session.downloads,
        )  # fmt: skip
        self._settings = SettingsPage(
            theme, session.settings, session.studies, session.embedders, session.rerankers
        )
        self._pages: dict[Page, QWidget] = {
            "chat": self._chat,
            "library": self._library,
            "models": self._models,
            "settings": self._settings,
        }
        self._stack = QStackedWidget()
        for page in self._pages.values():
            self._stack.addWidget(page)
        middle = QWidget()
        middle.setMinimumWidth(SMALLEST_CHAT)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._title_bar)
        column.addWidget(StudyBar(theme, session.studies, session.chat))
        column.addWidget(self._stack, 1)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(middle)
        self._sheets = Sheets(theme, session, self)
        self._source: SourcePanel | None = None
        self.set_source_panel(SourcePanel(theme, session.source, session.studies))
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._sidebar)
        row.addWidget(self._splitter, 1)
        self.setCentralWidget(whole)
        self._snackbar = Snackbar(theme, self)
        targets = DropTargets(session, self._current_page, self)
        targets.attach_wanted.connect(self.add_files)
        targets.models_wanted.connect(lambda: self.show_page("models"))
        self._drop = FileDrop(theme, self, targets.purpose)
        self._drop.dropped.connect(targets.take)
        self._connect()
        self._add_shortcuts()
        self._restore()
        self.show_page("chat")

    # --- Pages ----------------------------------------------------------------------------

    def show_page(self, page: Page) -> None:
        """Show a page."""
        self._stack.setCurrentWidget(self._pages[page])
        self._title_bar.set_chat_shown(shown=page == "chat")
        self._sidebar.set_page(page)
        if page == "chat":
            self._composer.focus()
        elif self._source is not None and self._source.isVisible():
            self._close_source()

    def _current_page(self) -> Page:
        shown = self._stack.currentWidget()
        return next(name for name, page in self._pages.items() if page is shown)

    def set_source_panel(self, panel: SourcePanel) -> None:
        """Put a source panel at the right."""
        if self._source is not None:
            self._source.deleteLater()
        self._source = panel
        panel.hide()
        panel.closed.connect(self._close_source)
        panel.study_wanted.connect(self._sheets.show_study)
        self._splitter.addWidget(panel)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)

    @Slot(object)
    def show_citation(self, citation: Citation) -> None:
        """Open the source panel at a citation; the answer's others are a step away."""
        answers = (message.answer for message in self._session.chat.messages)
        citations = next((a.citations for a in answers if a and citation in a.citations), None)
        self._session.source.open_citations(
            citations or (citation,), citations.index(citation) if citations else 0
        )
        self._show_source()

    @Slot(object)
    def show_document(self, row: DocumentRow) -> None:
        """Open the source panel at the beginning of a document."""
        self._session.source.open_document(row)
        self._show_source()

    def _show_source(self) -> None:
        panel = self._source
        if panel is None or panel.isVisibleTo(self):
            return
        panel.show()
        self._make_room()
        wanted = int(self._session.settings.remembered("source_width", panel.sizeHint().width()))
        room = self._splitter.width() - SMALLEST_CHAT
        wide = max(panel.minimumWidth(), min(wanted, room))
        self._splitter.setSizes([self._splitter.width() - wide, wide])

    @Slot()
    def _close_source(self) -> None:
        if self._source is not None and self._source.isVisibleTo(self):
            self._session.settings.remember("source_width", self._source.width())
            self._source.hide()
            self._session.source.close()
            self._make_room()

    @Slot()
    def new_chat(self) -> None:
        """Begin a new conversation."""
        self._close_source()
        self._session.conversations.open(None)
        self.show_page("chat")

    @Slot(object)
    def add_files(self, files: list[str]) -> None:
        """Attach files that were dropped, or named at the start."""
        if files:
            self.show_page("chat")
            self._session.composer.attach_files(files)
            self._composer.focus()

    @Slot()
    def come_forward(self) -> None:
        """Raise the window above others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    # --- Wiring ---------------------------------------------------------------------------

    def _connect(self) -> None:
        session = self._session
        self._sidebar.page_wanted.connect(self.show_page)
        self._sidebar.new_chat_wanted.connect(self.new_chat)
        self._sidebar.collapse_wanted.connect(self._toggle_sidebar)
        self._sidebar.privacy_wanted.connect(self._sheets.show_privacy)
        self._title_bar.sidebar_wanted.connect(self._toggle_sidebar)
        self._title_bar.new_chat_wanted.connect(self.new_chat)
        self._title_bar.models_wanted.connect(lambda: self.show_page("models"))
        self._models.hub_wanted.connect(self._sheets.show_hub)
        self._models.settings_wanted.connect(self._sheets.show_model_settings)
        self._title_bar.personas_wanted.connect(self._sheets.show_personas)
        self._title_bar.settings_wanted.connect(self._sheets.show_conversation_settings)
        self._chat.citation_activated.connect(self.show_citation)
        self._chat.context_wanted.connect(self._sheets.show_conversation_settings)
        self._composer.edit_last_wanted.connect(self._chat.edit_last)
        self._empty.attach_wanted.connect(self._composer.choose_files)
        self._empty.ask_wanted.connect(self._ask_alone)
        self._empty.library_wanted.connect(lambda: self.show_page("library"))
        self._empty.models_wanted.connect(lambda: self.show_page("models"))
        self._settings.privacy_wanted.connect(self._sheets.show_privacy)
        self._settings.deleted_wanted.connect(self._sheets.show_deleted)
        self._settings.shortcuts_wanted.connect(self._sheets.show_shortcuts)
        self._library.document_activated.connect(self.show_document)
        self._library.study_wanted.connect(self._sheets.show_study)
        self._library.ask_wanted.connect(self._ask_about)
        session.settings.changed.connect(self._on_settings_changed)
        session.conversations.current_changed.connect(self._on_conversation_changed)
        session.conversations.current_changed.connect(self._on_title)
        session.conversations.listed.connect(self._on_title)
        session.documents.listed.connect(self._on_documents)
        session.models.changed.connect(self._on_models)
        session.models.shortages.asked.connect(self._sheets.show_shortage)
        session.network_denied.connect(self._sidebar.set_denied)
        session.ready.connect(self._on_ready)
        session.notices.shown.connect(self._on_notice)

    def _add_shortcuts(self) -> None:
        self._sheets.shortcuts = add_shortcuts(
            self,
            [
                Shortcut(self.tr("New chat"), "Ctrl+N", self.new_chat),
                Shortcut(self.tr("Search conversations"), "Ctrl+K", self._search),
                Shortcut(self.tr("Attach documents"), "Ctrl+O", self._attach),
                Shortcut(self.tr("Write a question"), "Ctrl+J", lambda: self.show_page("chat")),
                Shortcut(self.tr("Change the last question"), "Ctrl+E", self._chat.edit_last),
                Shortcut(self.tr("Answer again"), "Ctrl+R", self._chat.regenerate_last),
                Shortcut(self.tr("Copy the last answer"), "Ctrl+Shift+C", self._chat.copy_last),
                Shortcut(self.tr("Choose the model"), "Ctrl+Shift+M", self._title_bar.choose_model),
                Shortcut(self.tr("Stop the answer"), "Esc", self._escape),
                Shortcut(self.tr("Conversation above"), "Alt+Up", lambda: self._step(-1)),
                Shortcut(self.tr("Conversation below"), "Alt+Down", lambda: self._step(1)),
                Shortcut(self.tr("Library"), "Ctrl+L", lambda: self.show_page("library")),
                Shortcut(self.tr("Models"), "Ctrl+M", lambda: self.show_page("models")),
                Shortcut(self.tr("Settings"), "Ctrl+,", lambda: self.show_page("settings")),
                Shortcut(self.tr("Show or hide the sidebar"), "Ctrl+B", self._toggle_sidebar),
                Shortcut(self.tr("List of keys"), "Ctrl+/", self._sheets.show_shortcuts),
                Shortcut(self.tr("Quit"), "Ctrl+Q", self.close),
            ],
        )

    # --- Reactions ------------------------------------------------------------------------

    @Slot()
    def _search(self) -> None:
        self._set_sidebar(shown=True)
        self._sidebar.search()

    @Slot()
    def _attach(self) -> None:
        self.show_page("chat")
        self._composer.choose_files()

    def _step(self, by: int) -> None:
        self._session.conversations.step(by)
        self.show_page("chat")

    @Slot()
    def _ask_alone(self) -> None:
        self._session.composer.set_mode(self._session.composer.mode, use_documents=False)
        self._composer.focus()

    @Slot(str)
    def _ask_about(self, collection: str) -> None:
        self.new_chat()
        self._session.composer.detach_all()
        self._session.composer.attach_collection(collection)

    @Slot()
    def _escape(self) -> None:
        if self._session.chat.is_busy:
            self._session.chat.stop()
        elif self._source is not None and self._source.isVisible():
            self._close_source()
        elif self._stack.currentWidget() is not self._chat:
            self.show_page("chat")

    @Slot()
    def _toggle_sidebar(self) -> None:
        self._made_room = False
        self._set_sidebar(shown=not self._sidebar.isVisibleTo(self))

    def _set_sidebar(self, *, shown: bool, remember: bool = True) -> None:
        self._sidebar.setVisible(shown)
        self._title_bar.set_sidebar_shown(shown=shown)
        if remember:
            self._session.settings.remember("sidebar", shown)

    @Slot()
    def _on_settings_changed(self) -> None:
        self._theme.choose(self._session.settings.theme)

    @Slot(object)
    def _on_conversation_changed(self, _: object) -> None:
        if not self._session.chat.is_busy:
            self._close_source()

    @Slot(object)
    def _on_documents(self, rows: list[DocumentRow]) -> None:
        self._sidebar.set_count("library", sum(row.members is None for row in rows))

    @Slot()
    def _on_title(self) -> None:
        conversations = self._session.conversations
        conversation = conversations.conversation(conversations.current)
        self.setWindowTitle((conversation.title if conversation else "") or "Studiolo")

    @Slot()
    def _on_models(self) -> None:
        self._sidebar.set_count("models", len(self._session.models.installed))

    @Slot(object)
    def _on_ready(self, assistant: Assistant) -> None:
        self._session.source.attach(assistant)

    @Slot(object)
    def _on_notice(self, notice: Notice) -> None:
        chat = self._stack.currentWidget() is self._chat
        self._snackbar.set_place(self._stack, self._composer.height() + 28 if chat else 24)
        self._snackbar.show_message(*notice)

    # --- The window itself ----------------------------------------------------------------

    def _restore(self) -> None:
        settings = self._session.settings
        # With its frame it has to fit the screen, or the composer lies below its edge.
        self.resize(QSize(1280, 800).boundedTo(self.screen().availableSize() - FRAME))
        geometry = settings.remembered_bytes("geometry")
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        self._set_sidebar(shown=bool(settings.remembered("sidebar", True)), remember=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the sidebar go and come with the room there is."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Let the sidebar make room for the source panel in a narrow window, and come back."""
        panel = self._source
        tight = self.width() < ROOM_FOR_ALL and panel is not None and panel.isVisibleTo(self)
        if tight and not self._made_room and self._sidebar.isVisibleTo(self):
            self._made_room = True
            self._set_sidebar(shown=False, remember=False)
        elif not tight and self._made_room:
            self._made_room = False
            self._set_sidebar(shown=True, remember=False)

    def showEvent(self, event: QShowEvent) -> None:
        """Report the first paint, once it has happened."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self._composer.focus()
            QTimer.singleShot(0, self, self._on_painted)

    @Slot()
    def _on_painted(self) -> None:
        self._session.notices.begin()
        self.shown.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember how the window stood."""
        settings = self._session.settings
        settings.remember_bytes("geometry", self.saveGeometry())
        if self._source is not None and self._source.isVisible():
            settings.remember("source_width", self._source.width())
        super().closeEvent(event)
        self.closed.emit()
