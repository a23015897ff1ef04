"""The field of the composer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit

from desktop.widgets.keys import leaves_to_window

MOST_LINES = 8


class ComposerField(QPlainTextEdit):
    """Grows with its text, up to eight lines; sends at Enter.

    Signals:
        submitted: Enter was pressed.
        edit_last_wanted: Up was pressed in the empty field.
        focus_changed: The field has the focus now, or no longer (bool).
        files_pasted: Files were pasted (list[str]).
    """

    submitted = Signal()
    edit_last_wanted = Signal()
    focus_changed = Signal(bool)
    files_pasted = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        # Files dropped on the field are the window's to take.
        self.setAcceptDrops(False)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the height to the newly broken lines."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Leave the window its shortcuts."""
        if leaves_to_window(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send at Enter; Shift+Enter begins a new line; Up edits what was asked last."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.edit_last_wanted.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Report the focus."""
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Report that the focus is elsewhere."""
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Attach files that are pasted; paste words as plain text."""
        files = [url.toLocalFile() for url in source.urls() if url.isLocalFile()]
        if files:
            self.files_pasted.emit(files)
        else:
            self.insertPlainText(source.text())

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Take words and files."""
        return source.hasText() or source.hasUrls()

    @Slot()
    def _fit(self) -> None:
        line = self.fontMetrics().lineSpacing()
        lines = 0
        block = self.document().begin()
        while block.isValid() and lines < MOST_LINES:
            lines += max(1, block.layout().lineCount())
            block = block.next()
        wanted = line * min(MOST_LINES, max(1, lines)) + 8
        if wanted != self.height():
            self.setFixedHeight(wanted)

    def sizeHint(self) -> QSize:
        """The fitted height."""
        return QSize(200, self.height())
