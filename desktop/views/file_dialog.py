"""Asking for files or a folder."""

from __future__ import annotations

from PySide6.QtCore import QDir, QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def file_dialog(window: QWidget, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
    """Return a dialog that has yet to be opened; it goes when it is closed.

    It begins where the one before it ended, and the first one with the person's documents: the
    folder that the app was started from says nothing to them.
    """
    dialog = QFileDialog(window, title)
    if dialog.directory() == QDir.current():
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        dialog.setDirectory(QStandardPaths.writableLocation(documents))
    dialog.setFileMode(mode)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog
