"""Plain text that wraps, can be selected, and is as tall as it needs."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent, QTextCharFormat, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from desktop.prose.style import ProseStyle
from desktop.theme.theme import Theme


class PlainProse(QTextEdit):
    """A person's own words, as they typed them, in the reading font."""

    def __init__(
        self, theme: Theme, text: str, *, muted: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = text
        self._muted = muted
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def add(self, text: str) -> None:
        """Show a further piece of the text."""
        self._text += text
        cursor = self.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        cursor.insertText(_lines(text), self._characters())

    def sizeHint(self) -> QSize:
        """As tall as the text."""
        return QSize(super().sizeHint().width(), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Set the text to the new width."""
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page that this text stands on."""
        event.ignore()

    @Slot()
    def _fit(self) -> None:
        wanted = max(1, round(self.document().size().height() + 0.5))
        if wanted != self.height():
            self.setFixedHeight(wanted)

    @Slot()
    def _on_theme_changed(self) -> None:
        style = ProseStyle(self._theme)
        font = style.small_font if self._muted else style.font
        self.document().clear()
        cursor = self.textCursor()
        cursor.setBlockFormat(style.block(font, below=0))
        cursor.insertText(_lines(self._text), self._characters())

    def _characters(self) -> QTextCharFormat:
        style = ProseStyle(self._theme)
        if not self._muted:
            return style.text()
        characters = style.note()
        characters.setForeground(self._theme.colour("text-muted"))
        return characters


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\u2028")
