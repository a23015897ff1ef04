"""The source panel: a citation in its document, as the page looks and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from assistant.answering.types import Citation
from desktop.presenters.source import ZOOMS, Source, SourcePresenter, View
from desktop.presenters.studies import StudiesPresenter
from desktop.theme.theme import Theme
from desktop.views.source_panel_page import SourcePage
from desktop.views.source_panel_text import SourceText
from desktop.views.wording import number, parts_text, place_of
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.labels import ElidedLabel, label, rule
from indexing.types import DocumentRow

if TYPE_CHECKING:
    from assistant.assistant import Assistant

WIDTH = 380
BAR = 48
# From this width on page and text stand side by side.
ROOM_BESIDE = 600
LEAST_BESIDE = 160


class SourcePanel(QFrame):
    """Shows where a citation stands, and leads to the answer's other citations.

    Signals:
        closed: The panel is to go away.
        study_wanted: The model is to read the document once (DocumentRow).
    """

    closed = Signal()
    study_wanted = Signal(object)

    def __init__(
        self,
        theme: Theme,
        source: SourcePresenter,
        studies: StudiesPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("sourcePanel")
        self.setMinimumWidth(WIDTH)
        self._theme = theme
        self._source = source
        self._studies = studies
        self._text = SourceText(theme)
        self._page = SourcePage(theme, source)
        self._message = label("", "muted", wrap=True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._message.setContentsMargins(16, 16, 16, 16)
        self._beside = QSplitter()
        self._beside.setObjectName("beside")
        self._beside.setHandleWidth(1)
        self._beside.setChildrenCollapsible(False)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._message)
        self._stack.addWidget(self._beside)
        for view in (self._page, self._text):
            self._beside.addWidget(view)
            view.setMinimumSize(LEAST_BESIDE, LEAST_BESIDE)
        self._note = label("", "small-warning", wrap=True)
        self._note.setContentsMargins(16, 0, 16, 8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_head())
        column.addWidget(rule())
        column.addWidget(self._make_place())
        column.addWidget(self._note)
        column.addWidget(self._stack, 1)
        column.addWidget(rule())
        column.addWidget(self._make_foot())
        source.opened.connect(self._on_opened)
        source.loaded.connect(self._on_loaded)
        source.failed.connect(self._on_failed)
        source.zoomed.connect(self._update_zoom)
        studies.studied_changed.connect(self._update_studied)
        self._on_opened()
        self._update_zoom()

    # --- Its parts ------------------------------------------------------------------------

    def _make_head(self) -> QWidget:
        self._heading = label(self.tr("Source"), "heading")
        self._previous = IconButton(
            self._theme, "chevron-left", self.tr("Source before"), "Ctrl+[", size=16
        )
        self._previous.setShortcut("Ctrl+[")
        self._previous.clicked.connect(lambda: self._source.step(-1))
        self._position = label("", "small")
        self._next = IconButton(
            self._theme, "chevron-right", self.tr("Next source"), "Ctrl+]", size=16
        )
        self._next.setShortcut("Ctrl+]")
        self._next.clicked.connect(lambda: self._source.step(1))
        close = IconButton(self._theme, "close", self.tr("Close the source"), "Esc", size=16)
        close.clicked.connect(self.closed)
        bar, row = _bar(16, 8)
        row.addWidget(self._heading)
        row.addStretch(1)
        for widget in (self._previous, self._position, self._next):
            row.addWidget(widget)
        row.addSpacing(8)
        row.addWidget(close)
        return bar

    def _make_place(self) -> QWidget:
        self._name = ElidedLabel("", "strong", Qt.TextElideMode.ElideMiddle)
        self._studied = label(self.tr("studied"), "small-accent")
        self._studied.setToolTip(
            self.tr("The model has read it once: questions about it need not wait for that.")
        )
        self._recognised = label("", "small")
        self._recognised.setToolTip(
            self.tr(
                "The words of this page were recognised in its picture, and may be wrong here and "
                "there. This is how sure the recognition is of them."
            )
        )
        self._page_back = IconButton(self._theme, "chevron-left", self.tr("Page before"), size=16)
        self._page_back.clicked.connect(lambda: self._turn(-1))
        self._page_label = label("", "small")
        self._page_on = IconButton(self._theme, "chevron-right", self.tr("Next page"), size=16)
        self._page_on.clicked.connect(lambda: self._turn(1))
        bar, row = _bar(16, 8)
        row.addWidget(self._name, 1)
        row.addWidget(self._studied)
        row.addSpacing(4)
        row.addWidget(self._recognised)
        row.addSpacing(4)
        for widget in (self._page_back, self._page_label, self._page_on):
            row.addWidget(widget)
        return bar

    def _make_foot(self) -> QWidget:
        bar, row = _bar(12, 8)
        self._views = QButtonGroup(self)
        self._as_page = self._view_button(self.tr("Page"), "page")
        self._as_text = self._view_button(self.tr("Text"), "text")
        self._as_both = self._view_button(self.tr("Both"), "both")
        self._as_both.setToolTip(self.tr("The text as it was read, beside its page"))
        for button in (self._as_page, self._as_text, self._as_both):
            row.addWidget(button)
        row.addStretch(1)
        self._narrower = IconButton(self._theme, "zoom-out", self.tr("Smaller"), "Ctrl+-", size=16)
        self._narrower.setShortcut("Ctrl+-")
        self._narrower.clicked.connect(lambda: self._source.step_zoom(-1))
        self._fit = push_button("", "control")
        self._fit.setToolTip(self.tr("As wide as the panel"))
        self._fit.clicked.connect(lambda: self._source.set_zoom(1.0))
        self._wider = IconButton(self._theme, "zoom-in", self.tr("Larger"), "Ctrl++", size=16)
        self._wider.setShortcut("Ctrl++")
        self._wider.clicked.connect(lambda: self._source.step_zoom(1))
        self._study = IconButton(self._theme, "study", self.tr("Study this document…"), size=16)
        self._study.clicked.connect(self._on_study)
        self._copy = IconButton(self._theme, "copy", self.tr("Copy the quote"), size=16)
        self._copy.clicked.connect(self._source.copy_quote)
        self._open = IconButton(self._theme, "link", self.tr("Open the original file"), size=16)
        self._open.clicked.connect(self._source.open_original)
        for widget in (self._narrower, self._fit, self._wider):
            row.addWidget(widget)
        row.addSpacing(8)
        row.addWidget(self._study)
        row.addWidget(self._copy)
        row.addWidget(self._open)
        return bar

    def _view_button(self, text: str, view: View) -> QPushButton:
        button = push_button(text, "segment")
        button.setCheckable(True)
        self._views.addButton(button)
        button.clicked.connect(lambda: self._choose(view))
        return button

    # --- What is shown --------------------------------------------------------------------

    @property
    def text_view(self) -> SourceText:
        """The view of the text."""
        return self._text

    @property
    def page_view(self) -> SourcePage:
        """The view of the page."""
        return self._page

    def sizeHint(self) -> QSize:
        """Begin a little wider than at least."""
        return QSize(440, 600)

    def attach(self, assistant: Assistant) -> None:
        """Begin to show documents of an assistant."""
        self._source.attach(assistant)

    def show_citations(self, citations: Sequence[Citation], index: int) -> None:
        """Show one of an answer's citations in its place."""
        self._source.open_citations(citations, index)

    def show_citation(self, citation: Citation) -> None:
        """Show a single citation in its place."""
        self._source.open_citations((citation,), 0)

    def show_document(self, row: DocumentRow) -> None:
        """Show a document of the library."""
        self._source.open_document(row)

    @Slot()
    def _on_opened(self) -> None:
        source = self._source
        at, count = source.position
        self._heading.setText(self.tr("Source") if source.citation else self.tr("Document"))
        self._name.setText(source.title)
        self._name.setAccessibleName(source.title)
        self._position.setText(self.tr("{n} of {count}").format(n=number(at), count=number(count)))
        for widget in (self._previous, self._position, self._next):
            widget.setVisible(count > 1)
        self._previous.setEnabled(at > 1)
        self._next.setEnabled(at < count)
        self._copy.setVisible(source.citation is not None)
        self._note.hide()
        self._message.setText("")
        self._stack.setCurrentWidget(self._message)
        self._page.forget()
        self._text.forget()
        self._update_controls()

    @Slot(object)
    def _on_loaded(self, source: Source) -> None:
        self._note.setText(source.note)
        self._note.setVisible(bool(source.note))
        if source.page is not None:
            self._page.show_source(source)
        self._text.show_source(source)
        self._update_view()

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        citation = self._source.citation
        quote = f"\n\n“{citation.quote}”" if citation is not None else ""
        self._message.setText(sentence + quote)
        self._stack.setCurrentWidget(self._message)
        self._update_controls()

    def _choose(self, view: View) -> None:
        self._source.set_view(view)
        self._update_view()

    def _update_view(self) -> None:
        source = self._source.source
        if source is not None:
            view = self._source.view if source.page is not None else "text"
            self._page.setVisible(view != "text")
            self._text.setVisible(view != "page")
            self._stack.setCurrentWidget(self._beside)
        self._update_controls()

    @property
    def _shows_pages(self) -> bool:
        return self._stack.currentWidget() is self._beside and not self._page.isHidden()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put page and text side by side where there is room, else one above the other."""
        super().resizeEvent(event)
        across = event.size().width() >= ROOM_BESIDE
        self._beside.setOrientation(
            Qt.Orientation.Horizontal if across else Qt.Orientation.Vertical
        )

    def _update_controls(self) -> None:
        source = self._source.source
        drawn = source is not None and source.page is not None
        paged = drawn and self._shows_pages
        for button in (self._as_page, self._as_text, self._as_both):
            button.setVisible(drawn)
        chosen = self._as_text if self._page.isHidden() else self._as_page
        (self._as_both if paged and not self._text.isHidden() else chosen).setChecked(True)
        for widget in (self._narrower, self._fit, self._wider):
            widget.setVisible(paged)
        self._open.setEnabled(source is not None)
        self._study.setEnabled(source is not None)
        self._update_studied()
        self._update_place()

    @Slot()
    def _update_studied(self) -> None:
        source = self._source.source
        self._studied.setVisible(source is not None and self._studies.is_studied(source.row.id))

    @Slot()
    def _on_study(self) -> None:
        source = self._source.source
        if source is not None:
            self.study_wanted.emit(source.row)

    def _update_place(self) -> None:
        source = self._source.source
        citation = self._source.citation
        paged = source is not None and self._shows_pages
        pages = len(source.page_starts) if source is not None else 0
        page = self._page.page if paged else (citation.page if citation else None)
        text = ""
        if page and paged:
            text = self.tr("page {n} of {count}").format(n=number(page), count=number(pages))
        elif citation is not None and place_of(citation)[1]:
            text = place_of(citation)[1]
        elif source is not None and pages > 1:
            text = parts_text(source.row.kind, pages)
        self._page_label.setText(text)
        sure = source.sureness(page) if source is not None else None
        self._recognised.setVisible(sure is not None)
        self._recognised.setText(self.tr("OCR, {n} % sure").format(n=int(100 * (sure or 0))))
        turning = paged and pages > 1
        for button in (self._page_back, self._page_on):
            button.setVisible(turning)
        # Without a button beside it the words keep the panel's margin themselves.
        self._page_label.setContentsMargins(0, 0, 0 if turning else 8, 0)
        self._page_back.setEnabled(bool(page and page > 1))
        self._page_on.setEnabled(bool(page and page < pages))

    def _turn(self, step: int) -> None:
        source = self._source.source
        page = self._page.page + step
        if source is not None and 1 <= page <= len(source.page_starts):
            self._page.show_page(page)
            if not self._text.isHidden():
                self._text.show_offset(source.page_starts[page - 1])
            self._update_place()

    @Slot()
    def _update_zoom(self) -> None:
        zoom = self._source.zoom
        text = self.tr("Fit") if zoom == 1.0 else self.tr("{n} %").format(n=round(100 * zoom))
        self._fit.setText(text)
        self._fit.setAccessibleName(self.tr("Width of the page: {zoom}").format(zoom=text))
        self._narrower.setEnabled(zoom > ZOOMS[0])
        self._wider.setEnabled(zoom < ZOOMS[-1])


def _bar(left: int, right: int) -> tuple[QFrame, QHBoxLayout]:
    bar = QFrame()
    bar.setFixedHeight(BAR)
    row = QHBoxLayout(bar)
    row.setContentsMargins(left, 0, right, 0)
    row.setSpacing(4)
    return bar, row
