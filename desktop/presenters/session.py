"""The assistant behind the window: started after the first paint, attached, closed at the end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from assistant.paths import DataPaths
from desktop.bridge import Bridge
from desktop.presenters.chat import ChatPresenter
from desktop.presenters.checksums import Checksums
from desktop.presenters.collections import CollectionsPresenter
from desktop.presenters.composer import ComposerPresenter
from desktop.presenters.conversations import ConversationsPresenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.downloads import DownloadsPresenter
from desktop.presenters.embedders import EmbeddersPresenter
from desktop.presenters.library import LibraryPresenter
from desktop.presenters.model_folders import ModelFolders
from desktop.presenters.model_imports import ModelImports
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.notices import Notices
from desktop.presenters.rerankers import RerankersPresenter
from desktop.presenters.respondent import Respondent
from desktop.presenters.settings import SettingsPresenter
from desktop.presenters.source import SourcePresenter
from desktop.presenters.studies import StudiesPresenter
from desktop.wording import explain

if TYPE_CHECKING:
    from assistant.assistant import Assistant

_log = logging.getLogger(__name__)


class Session(QObject):
    """Holds the presenters of one window and brings the assistant to them.

    Signals:
        ready: The assistant is there (Assistant).
        failed: It could not be opened (str, what a person should read).
        network_denied: How many attempts to reach the network were refused since the start.

    Attributes:
        bridge, notices, settings, conversations, documents, collections, library, embedders,
        rerankers,
            models, imports, model_folders, checksums, downloads, studies, source, respondent, chat,
            composer: The presenters, alive as long as the session.
    """

    ready = Signal(object)
    failed = Signal(str)
    network_denied = Signal(int)
    _denied_told = Signal()

    def __init__(
        self, paths: DataPaths, settings: SettingsPresenter, bridge: Bridge,
        parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._paths = paths
        self._assistant: Assistant | None = None
        self.bridge = bridge
        self.notices = Notices(self)
        self.settings = settings
        self.conversations = ConversationsPresenter(self.bridge, self.notices, self)
        self.documents = DocumentsPresenter(self.bridge, self.notices, self)
        self.collections = CollectionsPresenter(self.bridge, self.notices, self.documents, self)
        self.library = LibraryPresenter(
            self.bridge, self.notices, settings, self.documents, self.collections, self
        )
        self.embedders = EmbeddersPresenter(self.bridge, self.notices, self.documents, self)
        self.rerankers = RerankersPresenter(self.bridge, self.notices, self)
        self.models = ModelsPresenter(self.bridge, self.notices, settings, self)
        self.imports = ModelImports(self.bridge, self.notices, self.models, self)
        self.model_folders = ModelFolders(self.bridge, self.notices, self.models, self)
        self.checksums = Checksums(self.bridge, self.notices, self)
        self.downloads = DownloadsPresenter(self.bridge, self.notices, self.models, self)
        self.studies = StudiesPresenter(self.bridge, self.notices, self.models, self)
        self.source = SourcePresenter(self.bridge, self.notices, settings, self)
        self.respondent = Respondent(
            self.bridge, self.notices, self.conversations, self.models, self
        )
        self.chat = ChatPresenter(
            self.bridge, self.notices, self.conversations, self.respondent, self
        )
        self.composer = ComposerPresenter(
            self.bridge, self.notices, self.conversations, self.chat, self.documents,
            self.collections, self,
        )  # fmt: skip
        self.studies.studied_changed.connect(self._on_studied_changed)
        # What was read of a document that has changed is of no use.
        self.documents.adding_changed.connect(self._on_adding_changed)
        self.collections.renamed.connect(self.conversations.refresh)
        # What a person has removed is not to be cited any more.
        self.chat.live_changed.connect(self._on_live_changed)
        # Attempts are counted on the threads that make them.
        self._denied_told.connect(self._on_denied)
        self._midnight = QTimer(self, interval=10 * 60 * 1000)
        self._midnight.timeout.connect(self.conversations.refresh)

    @property
    def assistant(self) -> Assistant | None:
        """The assistant, once it is there."""
        return self._assistant

    @property
    def paths(self) -> DataPaths:
        """Where everything lies."""
        return self._paths

    @Slot()
    def start(self) -> None:
        """Open the assistant in a thread; the window is usable meanwhile."""
        run = self.bridge.call("open the assistant", self._open)
        run.finished.connect(self._on_opened)
        run.failed.connect(self._on_failed)

    def denied(self) -> dict[str, int]:
        """Return how many attempts to reach each host were refused."""
        from assistant import network

        return dict(network.attempts().denied)

    def close(self) -> None:
        """Stop what goes on, keep what is to be kept, and end the processes."""
        self.settings.save_now()
        self.chat.stop()
        self.composer.close()
        self.library.close()
        self.bridge.close()
        if self._assistant is not None:
            self._assistant.close()
            self._assistant = None

    def _open(self) -> Assistant:
        from assistant import network
        from assistant.assistant import Assistant

        network.add_listener(self._tell_denied)
        assistant = Assistant(self._paths)
        # Opening the database here, in the thread, mends and migrates it.
        assistant.conversations.list()
        return assistant

    def _tell_denied(self, _: str) -> None:
        try:
            self._denied_told.emit()
        except RuntimeError:
            _log.debug("an attempt was refused while the window was going away")

    @Slot(object)
    def _on_opened(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.settings.adopt(assistant.settings)
        self.conversations.attach(assistant.conversations)
        self.collections.attach(assistant)
        self.library.attach(assistant)
        self.documents.attach(assistant)
        self.embedders.attach(assistant)
        self.rerankers.attach(assistant)
        self.models.attach(assistant)
        self.imports.attach(assistant)
        self.model_folders.attach(assistant)
        self.checksums.attach(assistant)
        self.downloads.attach(assistant)
        self.studies.attach(assistant)
        self.respondent.attach(assistant)
        self.chat.attach(assistant)
        self.composer.attach(assistant)
        self._midnight.start()
        self.ready.emit(assistant)
        self._on_denied()

    @Slot()
    def _on_studied_changed(self) -> None:
        self.library.mark_studied(self.studies.studied)

    @Slot()
    def _on_adding_changed(self) -> None:
        if not self.documents.adding:
            self.studies.refresh()

    @Slot()
    def _on_live_changed(self) -> None:
        live = self.chat.live
        if self.chat.is_busy:
            self.library.flush()
        elif live is not None and live.answer is not None:
            self.models.note_answer()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        _log.error("the assistant could not be opened: %s", type(error).__name__, exc_info=error)
        text = explain(error)
        self.notices.show(text)
        self.failed.emit(text)

    @Slot()
    def _on_denied(self) -> None:
        self.network_denied.emit(sum(self.denied().values()))
