"""Files that are dropped on the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from desktop.theme.theme import Theme
from desktop.widgets.floating import DropOverlay


class FileDrop(QObject):
    """Takes files for a window, and says before they are let go what dropping them does.

    Signals:
        dropped: Files and folders were dropped (list[str]).
    """

    dropped = Signal(list)

    def __init__(self, theme: Theme, window: QWidget, purpose: Callable[[], str]) -> None:
        """Take the files of a window.

        Args:
            theme: Colours of the cover.
            window: Where files may be dropped.
            purpose: What dropping them does now, for the person.
        """
        super().__init__(window)
        self._purpose = purpose
        self.overlay = DropOverlay(theme, window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what is dragged over the window."""
        if isinstance(event, QDragEnterEvent) and files_of(event.mimeData()):
            event.acceptProposedAction()
            self.overlay.cover(self._purpose(), self.tr("They stay on this computer."))
            return True
        if event.type() == QEvent.Type.DragLeave:
            self.overlay.hide()
        elif event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self.overlay.hide()
            event.acceptProposedAction()
            self.dropped.emit(files_of(event.mimeData()))
            return True
        return super().eventFilter(watched, event)


def files_of(data: QMimeData) -> list[str]:
    """Return the files and folders of this computer that are dragged."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
