"""The sources of an answer: under each document the quotes that were taken from it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from assistant.answering.types import Citation
from desktop.theme.theme import Theme
from desktop.views.wording import place_of
from desktop.widgets.labels import ElidedLabel, label


class SourceList(QFrame):
    """Number, quote and page of each citation; a click reads it in its place.

    Signals:
        activated: A citation is to be read in its place (Citation).
    """

    activated = Signal(object)

    def __init__(
        self, theme: Theme, citations: Sequence[Citation], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("card")
        self._icons: list[QLabel] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 8, 4, 8)
        column.setSpacing(0)
        documents: dict[int, list[Citation]] = {}
        for citation in citations:
            documents.setdefault(citation.document, []).append(citation)
        for index, of_document in enumerate(documents.values()):
            if index:
                column.addSpacing(8)
            column.addWidget(self._heading(of_document[0]))
            for citation in of_document:
                column.addWidget(self._row(citation))
        theme.changed.connect(self._paint_icons)
        self._paint_icons()

    def _heading(self, citation: Citation) -> QWidget:
        name, _ = place_of(citation)
        icon = QLabel()
        icon.setFixedWidth(24)
        icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._icons.append(icon)
        made = QWidget()
        made.setToolTip(citation.path)
        row = QHBoxLayout(made)
        row.setContentsMargins(8, 0, 12, 4)
        row.setSpacing(8)
        row.addWidget(icon)
        row.addWidget(ElidedLabel(name, "strong", Qt.TextElideMode.ElideMiddle), 1)
        return made

    def _row(self, citation: Citation) -> QWidget:
        name, page = place_of(citation)
        row = QPushButton()
        row.setProperty("role", "source")
        row.setCursor(Qt.CursorShape.PointingHandCursor)
        row.setAccessibleName(
            self.tr("Source {n}, {name} {page}").format(n=citation.n, name=name, page=page).strip()
        )
        row.setAccessibleDescription(citation.quote)
        row.clicked.connect(lambda: self.activated.emit(citation))
        number = label(str(citation.n), "number")
        number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        number.setFixedSize(24, 18)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(7, 0, 11, 0)
        layout.setSpacing(8)
        layout.addWidget(number)
        layout.addWidget(ElidedLabel(f"“{citation.quote}”", "small"), 1)
        layout.addWidget(label(page, "small"))
        for part in row.findChildren(QWidget):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return row

    def _paint_icons(self) -> None:
        for icon in self._icons:
            icon.setPixmap(self._theme.icon("file", size=16).pixmap(16, 16))
