"""A view of prose that is as tall as its text, and whose citations can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QEvent,
    QMimeData,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    QUrl,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QTextBrowser, QTextEdit, QWidget

from assistant.answering.types import AnswerSentence
from desktop.prose.builder import Checkpoint, ProseBuilder
from desktop.prose.markdown import finished_length
from desktop.prose.shapes import (
    Chip,
    block_rect,
    chip_rect,
    find_chips,
    paint_backdrop,
    paint_chip,
    plain_text,
)
from desktop.prose.style import CODE_BLOCK, INDENT, ProseStyle
from desktop.theme.theme import Theme
from desktop.widgets.buttons import IconButton

HOVER_MS = 160


class ProseView(QTextBrowser):
    """Markdown that grows while it streams, and is set once with its proof when it is done.

    Signals:
        citation_clicked: The number of a citation chip.
        citation_hovered: The number of the chip under the pointer and its place on the
            screen; 0 when the pointer left it.
        link_clicked: The address of a link; nothing is opened by the view itself.
    """

    citation_clicked = Signal(int)
    citation_hovered = Signal(int, QRect)
    link_clicked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._source = ""
        self._sentences: Sequence[AnswerSentence] = ()
        self._finished = 0
        self._chips: list[Chip] = []
        self._hovered: Chip | None = None
        self._announced = 0
        self._followed = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(INDENT)
        self._builder = ProseBuilder(self.document(), ProseStyle(theme))
        self._settled: Checkpoint = self._builder.checkpoint()
        self._hover_timer = QTimer(self, singleShot=True, interval=HOVER_MS)
        self._hover_timer.timeout.connect(self._on_hover_due)
        self._copy_code = IconButton(
            theme, "copy", self.tr("Copy code"), size=16, parent=self.viewport()
        )
        self._copy_code.hide()
        self._copy_code.clicked.connect(self._on_copy_code)
        self._code_under: int = -1
        self.anchorClicked.connect(self._on_anchor)
        self.document().documentLayout().documentSizeChanged.connect(self._on_size_changed)
        theme.changed.connect(self._on_theme_changed)

    # --- Content --------------------------------------------------------------------------

    @property
    def markdown(self) -> str:
        """The Markdown that is shown."""
        return self._source

    def set_markdown(self, source: str, sentences: Sequence[AnswerSentence] = ()) -> None:
        """Show a finished text, with the proof of its sentences."""
        self._source = source
        self._sentences = sentences
        self._rebuild()

    def append_markdown(self, text: str) -> None:
        """Show a further piece of a text that streams; only its last block is set again."""
        self._source += text
        pending = self._source[self._finished :]
        self._builder.rewind(self._settled)
        done = finished_length(pending)
        if done:
            self._builder.append(pending[:done])
            self._settled = self._builder.checkpoint()
            self._finished += done
        self._builder.append(pending[done:])

    def _rebuild(self) -> None:
        self._hovered = None
        self._builder.style = ProseStyle(self._theme)
        self._builder.clear()
        self._settled = self._builder.checkpoint()
        self._builder.append(self._source, self._sentences)
        self._finished = 0
        self._chips = list(find_chips(self.document()))
        self.viewport().update()

    def chip_place(self, number: int) -> QRect:
        """Return where a citation's chip stands; nothing where it does not."""
        chip = next((chip for chip in self._chips if chip.number == number), None)
        return QRect() if chip is None else self._chip_rect(chip).toAlignedRect()

    def mark_words(self, words: Sequence[str]) -> QRect:
        """Mark every place that has these words; return the first, nothing for none."""
        marked: list[QTextEdit.ExtraSelection] = []
        for word in dict.fromkeys(words):
            cursor = self.document().find(word)
            while not cursor.isNull():
                selection = QTextEdit.ExtraSelection()
                selection.cursor = cursor  # type: ignore[attr-defined]  # missing in the stubs
                selection.format.setBackground(  # type: ignore[attr-defined]
                    self._theme.colour("highlight")
                )
                marked.append(selection)
                cursor = self.document().find(word, cursor)
        self.setExtraSelections(marked)
        starts = [selection.cursor for selection in marked]  # type: ignore[attr-defined]
        first = min(starts, key=QTextCursor.selectionStart, default=None)
        return QRect() if first is None else self.cursorRect(first)

    # --- Size -----------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """As tall as the text."""
        return QSize(super().sizeHint().width(), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Set the text to the new width."""
        super().resizeEvent(event)
        self._fit()

    @Slot()
    def _on_size_changed(self) -> None:
        self._fit()

    def _fit(self) -> None:
        wanted = max(1, round(self.document().size().height() + 0.5))
        if wanted != self.height():
            self.setFixedHeight(wanted)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page that this text stands on."""
        event.ignore()

    def loadResource(self, type: int, name: QUrl | str) -> Any:  # noqa: A002 - Qt's names
        """Load nothing: an answer must not be able to fetch or read a file."""
        return None

    # --- Pointer --------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Notice chips and code under the pointer."""
        super().mouseMoveEvent(event)
        self._look_at(event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Follow a link, without the frame that marks one for the keyboard."""
        self._followed = False
        super().mouseReleaseEvent(event)
        if self._followed:
            cursor = self.textCursor()
            cursor.clearSelection()
            self.setTextCursor(cursor)

    def leaveEvent(self, event: QEvent) -> None:
        """Forget what was under the pointer."""
        super().leaveEvent(event)
        self._set_hovered(None)
        if not self._copy_code.underMouse():
            self._copy_code.hide()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the words."""
        menu = QMenu(self)
        copy = menu.addAction(self.tr("Copy"))
        copy.setEnabled(self.textCursor().hasSelection())
        copy.triggered.connect(self.copy)
        menu.addAction(self.tr("Select all")).triggered.connect(self.selectAll)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy words, with citations written as [1]."""
        cursor = self.textCursor()
        # Qt's own object: one made here would end after Python, when the clipboard lets it go.
        data = super().createMimeDataFromSelection()
        data.text()  # it sets its text when it is first asked
        data.clear()
        data.setText(
            plain_text(self.document(), self._chips, cursor.selectionStart(), cursor.selectionEnd())
        )
        return data

    def _look_at(self, at: QPoint) -> None:
        chip = next((c for c in self._chips if self._chip_rect(c).contains(QPointF(at))), None)
        self._set_hovered(chip)
        block = self.cursorForPosition(at).block()
        over = block_rect(self.document(), block, self.viewport().width()).contains(QPointF(at))
        if over and block.blockFormat().property(CODE_BLOCK):
            rect = block_rect(self.document(), block, self.viewport().width())
            self._code_under = block.position()
            self._copy_code.move(
                round(rect.right()) - self._copy_code.sizeHint().width() - 4, round(rect.top()) + 4
            )
            self._copy_code.show()
        elif not self._copy_code.underMouse():
            self._copy_code.hide()

    def _set_hovered(self, chip: Chip | None) -> None:
        if chip == self._hovered:
            return
        self._hovered = chip
        self.viewport().update()
        if chip is not None:
            self._hover_timer.start()
        else:
            self._hover_timer.stop()
            if self._announced:
                self._announced = 0
                self.citation_hovered.emit(0, QRect())

    @Slot()
    def _on_hover_due(self) -> None:
        if self._hovered is not None:
            self._announced = self._hovered.number
            rect = self._chip_rect(self._hovered).toAlignedRect()
            place = QRect(self.viewport().mapToGlobal(rect.topLeft()), rect.size())
            self.citation_hovered.emit(self._hovered.number, place)

    @Slot(QUrl)
    def _on_anchor(self, address: QUrl) -> None:
        self._followed = True
        # The quote is opened: no card about it any more.
        self._hover_timer.stop()
        if address.scheme() == "cite":
            self.citation_clicked.emit(int(address.path()))
        else:
            self.link_clicked.emit(address.toString())

    @Slot()
    def _on_copy_code(self) -> None:
        block = self.document().findBlock(self._code_under)
        QGuiApplication.clipboard().setText(block.text().replace("\u2028", "\n"))
        self._copy_code.set_icon("check", "accent")
        QTimer.singleShot(1200, self._copy_code, self._on_copied_shown)

    @Slot()
    def _on_copied_shown(self) -> None:
        self._copy_code.set_icon("copy", "text-muted")

    # --- Painting -------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw chips, code, quotes and rules behind the words."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = QRectF(event.rect())
        paint_backdrop(painter, self.document(), seen, self.viewport().width(), self._theme)
        for chip in self._chips:
            rect = self._chip_rect(chip)
            if rect.intersects(seen):
                paint_chip(painter, rect, self._theme, hovered=chip == self._hovered)
        painter.end()
        super().paintEvent(event)

    def _chip_rect(self, chip: Chip) -> QRectF:
        return chip_rect(self.document(), chip, self._builder.style)

    @Slot()
    def _on_theme_changed(self) -> None:
        # A stream goes on from here: its next piece sets everything once again.
        self._rebuild()
