"""The sources of an answer, one row each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from assistant.answering.types import Citation
from desktop.views.wording import place_of
from desktop.widgets.labels import ElidedLabel, label


class SourceList(QFrame):
    """Number, file, page and quote of each citation; a click reads it in its place.

    Signals:
        activated: A citation is to be read in its place (Citation).
    """

    activated = Signal(object)

    def __init__(self, citations: Sequence[Citation], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(0)
        for citation in citations:
            column.addWidget(self._row(citation))

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
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(ElidedLabel(name, "strong", Qt.TextElideMode.ElideMiddle), 1)
        head.addWidget(label(page, "small"))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(head)
        words.addWidget(ElidedLabel(f"“{citation.quote}”", "small"))
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.setSpacing(12)
        layout.addWidget(number, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        for part in row.findChildren(QWidget):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return row
