"""The sources of an answer, one row each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from assistant.answering.types import Citation
from desktop.theme.theme import Theme
from desktop.views.wording import place_of
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import ElidedLabel, label, rule


class SourceList(QFrame):
    """Number, file, page and quote of each citation; a click reads it in its place.

    Signals:
        activated: A citation is to be read in its place (Citation).
    """

    activated = Signal(object)

    def __init__(
        self, theme: Theme, citations: Sequence[Citation], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 4)
        column.setSpacing(0)
        for index, citation in enumerate(citations):
            if index:
                column.addWidget(rule())
            column.addWidget(self._row(citation))

    def _row(self, citation: Citation) -> QWidget:
        name, page = place_of(citation)
        number = push_button(
            str(citation.n), "link", name=self.tr("Read source {n}").format(n=citation.n)
        )
        number.clicked.connect(lambda: self.activated.emit(citation))
        head = QHBoxLayout()
        head.setSpacing(8)
        title = ElidedLabel(name, "strong", Qt.TextElideMode.ElideMiddle)
        head.addWidget(title, 1)
        head.addWidget(label(page, "small"))
        quote = ElidedLabel(f"“{citation.quote}”", "small")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addLayout(head)
        words.addWidget(quote)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setSpacing(8)
        layout.addWidget(number, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        return row
