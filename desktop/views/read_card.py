"""The card under an answer that says what was read for it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.views.read_wording import Line, Section
from desktop.widgets.labels import ElidedLabel, label


class ReadCard(QFrame):
    """Sections of lines: a name on the left, what is said of it on the right."""

    def __init__(self, sections: Sequence[Section], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(4)
        for index, section in enumerate(sections):
            if index:
                column.addSpacing(8)
            column.addWidget(label(section.heading, "section"))
            for line in section.lines:
                column.addLayout(_row(line))


def _row(line: Line) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    role = "small-warning" if line.missing else "small"
    if line.title:
        row.addWidget(ElidedLabel(line.title, "small"), 1)
        if line.text:
            row.addWidget(label(line.text, role))
    else:
        row.addWidget(label(line.text, role, wrap=True), 1)
    return row
