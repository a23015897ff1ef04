"""What dropping files on the window does: that depends on the page and on the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.presenters.session import Session
from desktop.views.sidebar import Page
from models.sources import SUFFIX


class DropTargets(QObject):
    """Sends dropped files where they belong.

    Signals:
        attach_wanted: Files are to be asked about (list[str]).
        models_wanted: Models were dropped: their page is to be shown.
    """

    attach_wanted = Signal(object)
    models_wanted = Signal()

    def __init__(self, session: Session, page: Callable[[], Page], parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._page = page

    def purpose(self) -> str:
        """Say what dropping files does now."""
        match self._page():
            case "library":
                return self.tr("Drop to add to the library")
            case "models":
                return self.tr("Drop to add to the models")
            case _:
                return self.tr("Drop to ask about it")

    @Slot(list)
    def take(self, files: list[str]) -> None:
        """Do it."""
        if not files:
            self._session.notices.show(
                self.tr("That is no file. Save it on this computer first, then drop the file.")
            )
            return
        page = self._page()
        # A model is never a document, wherever it is dropped.
        models = [file for file in files if file.lower().endswith(SUFFIX)]
        others = [file for file in files if file not in models]
        if page == "models":
            folders = [file for file in others if Path(file).is_dir()]
            models = [file for file in files if file not in folders]
            for folder in folders:
                self._session.model_folders.add(folder)
        elif others and page == "library":
            self._session.library.add(others)
        elif others:
            self.attach_wanted.emit(others)
        if models:
            self._session.imports.add(models)
            self.models_wanted.emit()
