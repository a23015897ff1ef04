"""A document's text in the source panel: set in pieces around the quote, which is marked."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import (
    QFontMetricsF,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from desktop.presenters.source import Source
from desktop.theme.theme import Theme
from desktop.views.wording import part_text

# Characters set at once: a few screens of text, laid out in a few milliseconds.
PIECE: Final = 4000
LINE_HEIGHT: Final = 1.5
MARGIN: Final = 16


class _Part(NamedTuple):
    """Where a stretch of the text stands in the editor's document."""

    start: int
    end: int
    position: int


class SourceText(QTextEdit):
    """Shows a text at a place; what comes before and after is set as it is scrolled to."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._source: Source | None = None
        self._begin = 0
        self._end = 0
        self._parts: list[_Part] = []
        self._settled = False
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Text of the source"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(MARGIN)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._more = QTimer(self, singleShot=True, interval=0)
        self._more.timeout.connect(self._on_more)
        theme.changed.connect(self._on_theme_changed)

    # --- What is shown --------------------------------------------------------------------

    def show_source(self, source: Source) -> None:
        """Show a document at its quote, or from its beginning."""
        self._source = source
        self._set_around(source.start, source.end)
        self._to_quote()
        # Heights are known only once the view has been laid out in its place.
        QTimer.singleShot(0, self, self._on_settled)

    def show_offset(self, offset: int) -> None:
        """Show the text from an offset on, such as the beginning of a page."""
        if self._source is None:
            return
        if not self._begin <= offset < self._end:
            self._set_around(offset, offset)
            self._settled = True
        part = next((part for part in self._parts if part.start <= offset <= part.end), None)
        if part is not None:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + self.cursorRect(self._cursor(part, offset, offset)).top())

    def _set_around(self, start: int, end: int) -> None:
        """Set a few screens of the text around a place, and nothing else of it."""
        source = self._source
        if source is None:
            return
        self._settled = False
        self._begin = self._end = self._piece_before(start)
        self._parts = []
        self.clear()
        self._append(min(len(source.text), max(end, self._begin) + PIECE))
        self._mark()

    def forget(self) -> None:
        """Show nothing."""
        self._source = None
        self._parts = []
        self._begin = self._end = 0
        self.clear()

    def marked_text(self) -> str:
        """Return the words that are marked, exactly as they stand in the document."""
        return "".join(
            mark.cursor.selectedText().replace("\u2029", "\n")  # type: ignore[attr-defined]
            for mark in self.extraSelections()
        )

    # --- Setting the text -----------------------------------------------------------------

    def _append(self, end: int) -> None:
        """Set the text up to an offset, after what is there."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        self._parts += self._insert(cursor, self._end, end)
        cursor.endEditBlock()
        self._end = end

    def _prepend(self, begin: int) -> None:
        """Set the text from an offset on, before what is there; what is read stays in place."""
        bar = self.verticalScrollBar()
        below = self.document().size().height() - bar.value()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        before = self.document().characterCount()
        first = cursor.blockFormat()
        added = self._insert(cursor, begin, self._begin)
        grown = self.document().characterCount() - before
        if cursor.positionInBlock() == 0:
            cursor.setBlockFormat(first)  # it may be a heading, which the insertion moved
        cursor.endEditBlock()
        self._parts = added + [
            part._replace(position=part.position + grown) for part in self._parts
        ]
        self._begin = begin
        self._mark()
        bar.setValue(round(self.document().size().height() - below))

    def _insert(self, cursor: QTextCursor, start: int, end: int) -> list[_Part]:
        """Set `text[start:end]` at the cursor, with a heading where a page begins."""
        source = self._source
        if source is None:
            return []
        parts: list[_Part] = []
        starts = source.page_starts
        page = bisect_right(starts, start - 1)  # the first page that begins at or after `start`
        while start < end:
            if page < len(starts) and starts[page] == start:
                self._insert_heading(cursor, page + 1)
                page += 1
            stop = min(end, starts[page]) if page < len(starts) else end
            piece = source.text[start:stop]
            cursor.setBlockFormat(self._paragraph())
            position = cursor.position()
            # One character for one: Qt would make one end of a line of these two.
            cursor.insertText(piece.replace("\r", " "), self._words())
            parts.append(_Part(start, stop, position))
            start = stop
        return parts

    def _insert_heading(self, cursor: QTextCursor, page: int) -> None:
        words = QTextCharFormat()
        font = self._theme.small_font
        font.setWeight(font.Weight.DemiBold)
        words.setFont(font)
        words.setForeground(self._theme.colour("text-muted"))
        form = QTextBlockFormat()
        if page > 1:
            if cursor.positionInBlock():
                cursor.insertBlock()
            form.setTopMargin(24)
        form.setBottomMargin(8)
        cursor.setBlockFormat(form)
        kind = self._source.row.kind if self._source is not None else ""
        cursor.insertText(part_text(kind, page), words)
        cursor.insertBlock(self._paragraph())

    def _words(self) -> QTextCharFormat:
        words = QTextCharFormat()
        words.setFont(self._theme.reading_font)
        words.setForeground(self._theme.colour("text"))
        return words

    def _paragraph(self) -> QTextBlockFormat:
        made = QTextBlockFormat()
        height = QFontMetricsF(self._theme.reading_font).height() * LINE_HEIGHT / 1.2
        made.setLineHeight(height, int(QTextBlockFormat.LineHeightTypes.MinimumHeight.value))
        return made

    def _piece_before(self, offset: int) -> int:
        """Return where to begin so that about a piece stands before an offset."""
        source = self._source
        if source is None or offset <= PIECE:
            return 0
        at = offset - PIECE
        line = source.text.find("\n", at, offset)
        return line + 1 if line >= 0 else at

    # --- The quote ------------------------------------------------------------------------

    def _mark(self) -> None:
        source = self._source
        marks: list[QTextEdit.ExtraSelection] = []
        if source is not None and source.end > source.start:
            form = QTextCharFormat()
            form.setBackground(self._theme.colour("highlight"))
            for part in self._parts:
                start, end = max(part.start, source.start), min(part.end, source.end)
                if start < end:
                    mark = QTextEdit.ExtraSelection()
                    mark.cursor = self._cursor(part, start, end)  # type: ignore[attr-defined]
                    mark.format = form  # type: ignore[attr-defined]
                    marks.append(mark)
        self.setExtraSelections(marks)

    def _cursor(self, part: _Part, start: int, end: int) -> QTextCursor:
        text = self._source.text if self._source is not None else ""
        # Qt counts UTF-16 units, offsets count characters.
        first = part.position + _units(text[part.start : start])
        cursor = QTextCursor(self.document())
        cursor.setPosition(first)
        cursor.setPosition(first + _units(text[start:end]), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _to_quote(self) -> None:
        marks = self.extraSelections()
        bar = self.verticalScrollBar()
        if not marks:
            bar.setValue(0)
            return
        cursor = QTextCursor(marks[0].cursor)  # type: ignore[attr-defined]
        cursor.setPosition(cursor.selectionStart())
        top = self.cursorRect(cursor).top() + bar.value()
        bar.setValue(top - self.viewport().height() // 3)

    # --- Reactions ------------------------------------------------------------------------

    @Slot()
    def _on_settled(self) -> None:
        if self._source is not None:
            self._to_quote()
            self._settled = True
            self._more.start()

    @Slot(int)
    def _on_scrolled(self, _: int) -> None:
        if self._settled:
            self._more.start()

    @Slot()
    def _on_more(self) -> None:
        source, bar = self._source, self.verticalScrollBar()
        if source is None or not self.isVisible():
            return
        screen = self.viewport().height()
        if bar.value() < screen and self._begin > 0:
            self._prepend(self._piece_before(self._begin))
        elif bar.value() > bar.maximum() - screen and self._end < len(source.text):
            self._append(min(len(source.text), self._end + PIECE))
            self._mark()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the quote in sight while the panel is given its width."""
        super().resizeEvent(event)
        if self._source is not None and event.oldSize().width() != event.size().width():
            self._to_quote()

    @Slot()
    def _on_theme_changed(self) -> None:
        if self._source is not None:
            self.show_source(self._source)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
