"""The card that a citation chip shows on hover: the quote, the file, the page."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from assistant.answering.types import Citation
from desktop.theme.theme import Theme
from desktop.views.wording import place_of
from desktop.widgets.floating import FloatingCard
from desktop.widgets.labels import ElidedLabel, label

WIDTH = 360
LONGEST_QUOTE = 420


class CitationCard(FloatingCard):
    """A quote with where it stands."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(theme, window)
        self._theme = theme
        self.setFixedWidth(WIDTH)
        self._icon = QLabel()
        self._title = ElidedLabel("", "strong", Qt.TextElideMode.ElideMiddle)
        self._page = label("", "small")
        self._quote = label("", wrap=True)
        self._hint = label(self.tr("Click the number to read it in its place."), "small")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._title, 1)
        head.addWidget(self._page)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._quote)
        column.addWidget(self._hint)

    def show_citation(self, citation: Citation, place: QRect) -> None:
        """Show a citation beside a rectangle of the screen."""
        quote = " ".join(citation.quote.split())
        if len(quote) > LONGEST_QUOTE:
            quote = quote[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
        self._icon.setPixmap(self._theme.icon("file", "proof", 16).pixmap(16, 16))
        name, page = place_of(citation)
        self._title.setText(name)
        self._page.setText(page)
        self._quote.setText(f"“{quote}”")
        inner = WIDTH - 32
        self._quote.setFixedHeight(self._quote.heightForWidth(inner))
        self.show_at(place)
