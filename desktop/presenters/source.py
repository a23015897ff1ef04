"""What the source panel shows: a document at a quote, as text and as pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from PySide6.QtCore import QCoreApplication, QObject, QRectF, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage

from assistant.answering.types import Citation
from desktop.bridge import Bridge
from desktop.presenters.notices import Notices
from desktop.presenters.settings import SettingsPresenter
from desktop.wording import explain
from indexing.errors import DocumentNotFound, ReadError
from indexing.types import DocumentRow, LineBox, ScannedPage
from indexing.unpacked import name_of

if TYPE_CHECKING:
    from assistant.assistant import Assistant

View = Literal["page", "text", "both"]

# Steps of the zoom, as parts of the width that there is; 1 is the whole width.
ZOOMS: Final = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
# Kinds whose pages can be drawn.
_DRAWN: Final = frozenset({"pdf", "image"})
# About how wide a character is, so that a place within a line can be told from its offset.
_NARROW: Final = frozenset(" .,;:'!|ijlftrI()[]-")
_WIDE: Final = frozenset("mwMW@%&—")


class Source(NamedTuple):
    """A document that was read, with the place to show.

    Attributes:
        row: Its row in the library.
        text: Its canonical text.
        page_starts: Offset of each page in it; empty without pages.
        start: Where the quote begins in the text.
        end: Where it ends; the same where there is none.
        marks: Where the quote stands on each of its pages, in fractions of the page.
        page: The page to show first, from 1; None where pages cannot be drawn.
        note: What a person should know of it, as a sentence; "" for nothing.
        scans: Pages whose words were recognised in their picture, and how surely.
    """

    row: DocumentRow
    text: str
    page_starts: tuple[int, ...]
    start: int
    end: int
    marks: dict[int, list[QRectF]]
    page: int | None
    note: str = ""
    scans: tuple[ScannedPage, ...] = ()

    def sureness(self, page: int | None) -> float | None:
        """Return how surely a page's words were recognised, 0 to 1; None where it said them."""
        return next((scan.confidence for scan in self.scans if scan.page == page), None)


class PageImage(NamedTuple):
    """A page of the document that is shown, drawn."""

    page: int
    image: QImage


class SourcePresenter(QObject):
    """Leads through the citations of an answer, and reads what the panel shows.

    Everything is read and drawn in threads; what comes too late, since something else was
    asked for meanwhile, is dropped.

    Signals:
        opened: Something else is to be shown; see the properties. Its text follows.
        loaded: The text is there (Source).
        failed: It cannot be shown (str, a sentence).
        page_drawn: A page (PageImage).
        page_failed: A page cannot be drawn (int, str).
        zoomed: Pages are to be shown wider or narrower; see `zoom`.
    """

    opened = Signal()
    loaded = Signal(object)
    failed = Signal(str)
    page_drawn = Signal(object)
    page_failed = Signal(int, str)
    zoomed = Signal()

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        settings: SettingsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._notices = notices
        self._settings = settings
        self._assistant: Assistant | None = None
        self._citations: tuple[Citation, ...] = ()
        self._index = 0
        self._title = ""
        self._source: Source | None = None
        self._asked = 0
        self._asked_page = 0

    # --- State ----------------------------------------------------------------------------

    @property
    def citation(self) -> Citation | None:
        """The citation that is shown; None for a document of the library."""
        return self._citations[self._index] if self._citations else None

    @property
    def position(self) -> tuple[int, int]:
        """Which citation is shown, from 1, of how many."""
        return (self._index + 1 if self._citations else 0), len(self._citations)

    @property
    def title(self) -> str:
        """Name of the document's file."""
        return self._title

    @property
    def source(self) -> Source | None:
        """What is shown, once it is read."""
        return self._source

    @property
    def view(self) -> View:
        """How the person looked at a document last: its pages, its text, or both side by side."""
        kept = self._settings.remembered("source_view", "page")
        return kept if kept in get_args(View) else "page"

    def set_view(self, view: View) -> None:
        """Remember which view is looked at."""
        self._settings.remember("source_view", view)

    @property
    def zoom(self) -> float:
        """How wide a page is shown, in parts of the panel's width."""
        return min(ZOOMS[-1], max(ZOOMS[0], self._settings.remembered("source_zoom", 1.0)))

    def set_zoom(self, zoom: float) -> None:
        """Show pages this wide, and remember it."""
        if zoom != self.zoom:
            self._settings.remember("source_zoom", float(zoom))
            self.zoomed.emit()

    def step_zoom(self, step: int) -> None:
        """Go to the next wider or narrower width."""
        wider = [zoom for zoom in ZOOMS if zoom > self.zoom + 0.001]
        narrower = [zoom for zoom in ZOOMS if zoom < self.zoom - 0.001]
        if step > 0 and wider:
            self.set_zoom(wider[0])
        elif step < 0 and narrower:
            self.set_zoom(narrower[-1])

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to show the documents of an assistant."""
        self._assistant = assistant

    def open_citations(self, citations: Sequence[Citation], index: int = 0) -> None:
        """Show one of an answer's citations; the others are a step away."""
        self._citations = tuple(citations)
        self._index = min(max(index, 0), len(self._citations) - 1)
        self._show()

    def open_document(self, row: DocumentRow) -> None:
        """Show a document of the library from its beginning."""
        self._citations = ()
        self._title = name_of(row.path)
        self._load(row.id, None)

    def step(self, step: int) -> None:
        """Show the next citation, or the one before."""
        index = self._index + step
        if 0 <= index < len(self._citations):
            self._index = index
            self._show()

    def draw_page(self, page: int, width: int) -> None:
        """Have a page of the document drawn, `width` pixels wide."""
        assistant, source = self._assistant, self._source
        if assistant is None or source is None:
            return
        self._asked_page += 1
        asked = self._asked_page
        run = self._bridge.call("draw a page", _draw, assistant, source.row.id, page, width)
        run.finished.connect(lambda image: self._on_drawn(asked, page, image))
        run.failed.connect(lambda error: self._on_draw_failed(asked, page, error))

    @Slot()
    def copy_quote(self) -> None:
        """Put the quote on the clipboard."""
        source = self._source
        quote = self.citation.quote if self.citation else ""
        if source is not None and source.end > source.start:
            quote = source.text[source.start : source.end]
        if quote:
            QGuiApplication.clipboard().setText(quote)
            self._notices.show(self.tr("Copied the quote."))

    @Slot()
    def open_original(self) -> None:
        """Open the file with the program it belongs to."""
        assistant, source = self._assistant, self._source
        if assistant is None or source is None:
            return
        run = self._bridge.call("find a file", original_of, assistant, source.row)
        run.finished.connect(self._on_original)
        run.failed.connect(lambda error: self._notices.show(explain(error)))

    def close(self) -> None:
        """Let go of what was shown."""
        self._asked += 1
        self._asked_page += 1
        self._source = None
        self._citations = ()

    # --- Reactions ------------------------------------------------------------------------

    def _show(self) -> None:
        citation = self.citation
        if citation is not None:
            self._title = name_of(citation.path) or citation.title
            self._load(citation.document, citation)

    def _load(self, document: int, citation: Citation | None) -> None:
        self._asked += 1
        self._asked_page += 1
        self._source = None
        self.opened.emit()
        if self._assistant is None:
            return
        asked = self._asked
        run = self._bridge.call("read a source", _read, self._assistant, document, citation)
        run.finished.connect(lambda source: self._on_read(asked, source))
        run.failed.connect(lambda error: self._on_read_failed(asked, error))

    def _on_read(self, asked: int, source: Source) -> None:
        if asked == self._asked:
            self._source = source
            self.loaded.emit(source)

    def _on_read_failed(self, asked: int, error: Exception) -> None:
        if asked == self._asked:
            self.failed.emit(
                self.tr("This document is no longer in the library. Add it again to read it here.")
                if isinstance(error, DocumentNotFound)
                else explain(error)
            )

    def _on_drawn(self, asked: int, page: int, image: QImage) -> None:
        if asked == self._asked_page:
            self.page_drawn.emit(PageImage(page, image))

    def _on_draw_failed(self, asked: int, page: int, error: Exception) -> None:
        if asked == self._asked_page:
            self.page_failed.emit(
                page,
                self.tr("This page could not be drawn. Its words are under Text.")
                if isinstance(error, (ReadError, DocumentNotFound))
                else explain(error),
            )

    @Slot(object)
    def _on_original(self, path: Path) -> None:
        open_file(path, self._notices)


def original_of(assistant: Assistant, row: DocumentRow) -> Path:
    """Return the file a document came from, else the library's copy of it.

    Raises:
        DocumentNotFound: Neither is there.
    """
    original = Path(row.path)
    return original if original.is_file() else assistant.document_file(row.id)


def open_file(path: Path, notices: Notices) -> None:
    """Open a file with the program it belongs to, and say so where there is none."""
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        notices.show(
            _tr("No program is set to open {name}. It lies in {folder}.").format(
                name=path.name, folder=path.parent
            )
        )


def marks_of(lines: Sequence[LineBox], text: str, start: int, end: int) -> dict[int, list[QRectF]]:
    """Return where `text[start:end]` stands, page by page, in fractions of the page.

    A line's box is that of the whole line: where the quote begins or ends within it, the place
    is told from how much of the line's characters comes before.
    """
    marks: dict[int, list[QRectF]] = {}
    for line in lines:
        whole = _width(text[line.start : line.end])
        if whole <= 0:
            continue
        before = _width(text[line.start : max(start, line.start)]) / whole
        until = _width(text[line.start : min(end, line.end)]) / whole
        width = line.right - line.left
        marks.setdefault(line.page, []).append(
            QRectF(
                line.left + before * width,
                line.top,
                (until - before) * width,
                line.bottom - line.top,
            )
        )
    return marks


def _tr(text: str) -> str:
    return QCoreApplication.translate("Source", text)


def _width(text: str) -> float:
    return sum(0.5 if c in _NARROW else 1.5 if c in _WIDE or c.isupper() else 1.0 for c in text)


def _read(assistant: Assistant, document: int, citation: Citation | None) -> Source:
    catalog = assistant.catalog
    row = catalog.document(document)
    text = catalog.text(document)
    page_starts = catalog.page_starts(document)
    start = end = 0
    note = ""
    if citation is not None:
        start, end = citation.start, citation.end
        if text[start:end] != citation.quote:
            # The document was read anew since: the quote may stand elsewhere now.
            start = max(0, text.find(citation.quote))
            end = start + len(citation.quote) if citation.quote in text else start
            if end == start:
                note = _tr("The document has changed since: these words are no longer in it.")
    lines = catalog.lines(document, start, end) if end > start else []
    page: int | None = None
    if row.kind in _DRAWN and page_starts:
        page = (lines[0].page if lines else catalog.page_of(document, start)) or 1
    marks = marks_of(lines, text, start, end)
    scans = catalog.scans(document) if page is not None else ()
    return Source(row, text, page_starts, start, end, marks, page, note, scans)


def _draw(assistant: Assistant, document: int, page: int, width: int) -> QImage:
    file = assistant.document_file(document)
    # Made ready for painting here, so that the window's thread only copies it.
    image = QImage.fromData(assistant.index.page_image(file, page, width))
    return image.convertToFormat(QImage.Format.Format_RGB32)
