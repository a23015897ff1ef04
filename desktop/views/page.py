"""A page of the window: a heading with its buttons, and a column that scrolls."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from desktop.widgets.labels import label

WIDTH = 880


class Page(QFrame):
    """The frame of the library, the models and the settings.

    Attributes:
        body: Where a page puts its content.
        buttons: Where it puts its buttons, at the right of the heading.
    """

    def __init__(self, title: str, parent: QWidget | None = None, *, width: int = WIDTH) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        content = QWidget()
        content.setMaximumWidth(width)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 32, 0, 32)
        column.setSpacing(0)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(label(title, "title"))
        head.addStretch(1)
        head.addLayout(self.buttons)
        column.addLayout(head)
        column.addSpacing(16)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        column.addLayout(self.body, 1)
        frame = QWidget()
        frame.setObjectName("column")
        row = QHBoxLayout(frame)
        row.setContentsMargins(32, 0, 32, 0)
        row.addStretch(1)
        row.addWidget(content, 1000)
        row.addStretch(1)
        # As tall as the words are at this width, and not as their shortest lines would need.
        frame.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        scroll = QScrollArea()
        scroll.setWidget(frame)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
