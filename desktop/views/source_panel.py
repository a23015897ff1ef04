"""The source panel: a citation's document, at the quote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QTextEdit, QVBoxLayout, QWidget

from assistant.answering.types import Citation
from assistant.wording import explain
from desktop.bridge import Bridge
from desktop.theme.theme import Theme
from desktop.views.wording import place_of
from desktop.widgets.buttons import IconButton
from desktop.widgets.labels import ElidedLabel, label

if TYPE_CHECKING:
    from assistant.assistant import Assistant

WIDTH = 380


class SourcePanel(QFrame):
    """Shows where a citation stands.

    Signals:
        closed: The panel is to go away.
    """

    closed = Signal()

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sourcePanel")
        self.setMinimumWidth(WIDTH)
        self._theme = theme
        self._bridge = bridge
        self._assistant: Assistant | None = None
        self._citation: Citation | None = None
        self._title = ElidedLabel("", "heading", Qt.TextElideMode.ElideMiddle)
        self._page = label("", "small")
        close = IconButton(theme, "close", self.tr("Close the source"), size=16)
        close.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 8, 0)
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self._page)
        head.addWidget(close)
        bar = QFrame()
        bar.setFixedHeight(48)
        bar.setLayout(head)
        self._text = QTextEdit()
        self._text.setReadOnly(True)
        self._text.setFont(theme.reading_font)
        self._text.setAccessibleName(self.tr("Text of the source"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self._text, 1)
        theme.changed.connect(self._on_theme_changed)

    def sizeHint(self) -> QSize:
        """Begin a little wider than at least."""
        return QSize(440, 600)

    def attach(self, assistant: Assistant) -> None:
        """Begin to show documents of an assistant."""
        self._assistant = assistant

    def show_citation(self, citation: Citation) -> None:
        """Show a citation in its place."""
        self._citation = citation
        name, page = place_of(citation)
        self._title.setText(name)
        self._page.setText(page)
        self._text.clear()
        if self._assistant is not None:
            catalog = self._assistant.catalog
            run = self._bridge.call("read a source", catalog.text, citation.document)
            run.finished.connect(self._on_text)
            run.failed.connect(self._on_failed)

    @Slot(object)
    def _on_text(self, text: str) -> None:
        citation = self._citation
        if citation is None:
            return
        around = 1500
        begin, end = max(0, citation.start - around), min(len(text), citation.end + around)
        self._text.setPlainText(text[begin:end])
        cursor = self._text.textCursor()
        # Qt counts UTF-16 units, the text counts characters.
        start = _units(text[begin : citation.start])
        cursor.setPosition(start)
        cursor.setPosition(
            start + _units(text[citation.start : citation.end]), QTextCursor.MoveMode.KeepAnchor
        )
        marked = QTextCharFormat()
        marked.setBackground(self._theme.colour("highlight"))
        cursor.mergeCharFormat(marked)
        cursor.setPosition(start)
        self._text.setTextCursor(cursor)
        self._text.ensureCursorVisible()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._text.setPlainText(explain(error))

    @Slot()
    def _on_theme_changed(self) -> None:
        if self._citation is not None:
            self.show_citation(self._citation)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
