"""A page of a document as it looks, with the quote marked where it stands."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from desktop.presenters.source import PageImage, Source, SourcePresenter
from desktop.theme.theme import Theme

MARGIN: Final = 16
# Height of a page by its width until it is known: that of A4.
USUAL: Final = 1.414
# A page is asked for anew once the width has stayed for a moment.
DRAW_AFTER_MS: Final = 120
# Drawing mostly takes less; words that flash by only disturb.
SAY_AFTER_MS: Final = 400


class SourcePage(QScrollArea):
    """Shows one page at a time, as wide as the panel or wider."""

    def __init__(
        self, theme: Theme, source: SourcePresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._source = source
        self._shown: Source | None = None
        self._page = 1
        self._to_mark = False
        self._canvas = _Canvas(theme)
        self.setWidget(self._canvas)
        self._canvas.setAutoFillBackground(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.viewport().setAutoFillBackground(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().setSingleStep(24)
        self._timer = QTimer(self, singleShot=True, interval=DRAW_AFTER_MS)
        self._timer.timeout.connect(self._on_draw)
        self._words = QTimer(self, singleShot=True, interval=SAY_AFTER_MS)
        self._words.timeout.connect(self._on_slow)
        source.page_drawn.connect(self._on_drawn)
        source.page_failed.connect(self._on_failed)
        source.zoomed.connect(self._on_zoomed)

    @property
    def page(self) -> int:
        """The page that is shown, from 1."""
        return self._page

    @property
    def marks(self) -> list[QRectF]:
        """Where the quote stands on this page, in fractions of it."""
        return self._canvas.marks

    @property
    def image(self) -> QImage | None:
        """The page as it is drawn now; None while it is not."""
        return self._canvas.image

    def show_source(self, source: Source) -> None:
        """Show a document at the page of its quote."""
        self._shown = source
        self._page = 0
        self.show_page(source.page or 1)

    def show_page(self, page: int) -> None:
        """Show a page, from 1."""
        source = self._shown
        if source is None or page == self._page:
            return
        self._page = page
        self._to_mark = True
        self._canvas.show_blank(source.marks.get(page, []))
        self._canvas.setAccessibleName(self.tr("Page {n}").format(n=page))
        self._fit()
        self._draw_soon(0)

    def forget(self) -> None:
        """Show nothing."""
        self._shown = None
        self._page = 0
        self._timer.stop()
        self._words.stop()
        self._canvas.show_blank([])

    @Slot()
    def _on_zoomed(self) -> None:
        # What was in the middle stays there.
        bars = (self.horizontalScrollBar(), self.verticalScrollBar())
        middles = [
            (bar.value() + bar.pageStep() / 2) / max(1, bar.maximum() + bar.pageStep())
            for bar in bars
        ]
        self._fit()
        for bar, middle in zip(bars, middles, strict=True):
            bar.setValue(round(middle * (bar.maximum() + bar.pageStep()) - bar.pageStep() / 2))
        self._draw_soon(DRAW_AFTER_MS)

    # --- Drawing --------------------------------------------------------------------------

    def _fit(self) -> None:
        width = max(80, round((self.viewport().width() - 2 * MARGIN) * self._source.zoom))
        self._canvas.set_page_width(width)

    def _draw_soon(self, after_ms: int) -> None:
        if self._shown is not None and self.isVisible():
            self._timer.start(after_ms)
            if self._canvas.image is None:
                self._words.start()

    @Slot()
    def _on_draw(self) -> None:
        width = round(self._canvas.page_width * self.devicePixelRatioF())
        image = self._canvas.image
        if self._shown is not None and (image is None or image.width() != width):
            self._source.draw_page(self._page, width)

    @Slot()
    def _on_slow(self) -> None:
        if self._canvas.image is None:
            self._canvas.say(self.tr("Drawing page {n}").format(n=self._page))

    @Slot(object)
    def _on_drawn(self, drawn: PageImage) -> None:
        if self._shown is None or drawn.page != self._page:
            return
        self._words.stop()
        if drawn.image.isNull():
            self._on_failed(
                drawn.page, self.tr("This page could not be drawn. Its words are under Text.")
            )
            return
        self._canvas.show_image(drawn.image)
        if self._to_mark:
            self._to_mark = False
            # Once the scroll bars know of the page's true height.
            QTimer.singleShot(0, self, self._on_to_mark)

    @Slot(int, str)
    def _on_failed(self, page: int, sentence: str) -> None:
        if page == self._page:
            self._words.stop()
            self._canvas.say(sentence)

    @Slot()
    def _on_to_mark(self) -> None:
        place = self._canvas.mark_place()
        bar = self.verticalScrollBar()
        bar.setValue(round(place.top()) - self.viewport().height() // 3 if place else 0)
        across = self.horizontalScrollBar()
        if place and across.maximum():
            across.setValue(round(place.center().x()) - self.viewport().width() // 2)

    # --- The person's hands -----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a page that is as wide as the panel so."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()
            self._draw_soon(DRAW_AFTER_MS)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what was not drawn while nobody could see it."""
        super().showEvent(event)
        self._fit()
        if self._canvas.image is None:
            self._draw_soon(0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl, else scroll."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._source.step_zoom(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)


class _Canvas(QWidget):
    """The sheet itself."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._width = 300
        self._ratio = USUAL
        self._words = ""
        self._grabbed: QPoint | None = None
        self.image: QImage | None = None
        self.marks: list[QRectF] = []
        theme.changed.connect(self.update)

    @property
    def page_width(self) -> int:
        """Width of the page on the screen."""
        return self._width

    def set_page_width(self, width: int) -> None:
        """Show the page this wide; a picture of another width is stretched meanwhile."""
        self._width = width
        self._resize()

    def show_blank(self, marks: list[QRectF]) -> None:
        """Show an empty sheet until the page is drawn."""
        self.image = None
        self.marks = marks
        self._words = ""
        self.update()

    def show_image(self, image: QImage) -> None:
        """Show a page."""
        self.image = image
        self._words = ""
        self._ratio = image.height() / max(1, image.width())
        self._resize()
        self.update()

    def say(self, words: str) -> None:
        """Say something in the page's place."""
        self._words = words
        self.update()

    def mark_place(self) -> QRectF | None:
        """Return where the first mark is on this widget."""
        return self._place(self.marks[0]) if self.marks else None

    def sizeHint(self) -> QSize:
        """Room for the page and its margin."""
        return QSize(self._width + 2 * MARGIN, round(self._width * self._ratio) + 2 * MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the sheet, and mark the quote on it."""
        painter = QPainter(self)
        sheet = self._sheet()
        if self.image is not None:
            exact = self.image.width() == round(sheet.width() * self.devicePixelRatioF())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not exact)
            painter.drawImage(sheet, self.image)
            # Multiplied, as with a marker pen: the letters keep their full darkness.
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("highlight"))
            for mark in self.marks:
                painter.drawRect(self._place(mark).adjusted(-1, -1, 1, 1))
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        else:
            painter.fillRect(sheet, self._theme.colour("surface-raised"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self._theme.colour("line"))
        painter.drawRect(sheet.adjusted(0, 0, -1, -1))
        if self._words:
            painter.setPen(self._theme.colour("text-muted"))
            painter.drawText(
                sheet.adjusted(24, 48, -24, -24),
                int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap),
                self._words,
            )
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the sheet."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = event.globalPosition().toPoint()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pull the sheet along."""
        viewport = self.parentWidget()
        area = viewport.parentWidget() if viewport is not None else None
        if self._grabbed is not None and isinstance(area, QScrollArea):
            now = event.globalPosition().toPoint()
            moved = now - self._grabbed
            self._grabbed = now
            for bar, by in (
                (area.horizontalScrollBar(), moved.x()),
                (area.verticalScrollBar(), moved.y()),
            ):
                bar.setValue(bar.value() - by)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the sheet."""
        self._grabbed = None
        self.unsetCursor()

    def _sheet(self) -> QRectF:
        left = max(MARGIN, (self.width() - self._width) // 2)
        return QRectF(left, MARGIN, self._width, round(self._width * self._ratio))

    def _place(self, mark: QRectF) -> QRectF:
        sheet = self._sheet()
        return QRectF(
            sheet.left() + mark.left() * sheet.width(),
            sheet.top() + mark.top() * sheet.height(),
            mark.width() * sheet.width(),
            mark.height() * sheet.height(),
        )

    def _resize(self) -> None:
        self.resize(self.sizeHint())
        self.update()
