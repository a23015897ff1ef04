"""Deleted conversations, as long as they can be brought back."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDate, QLocale, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from assistant.conversations.types import Conversation
from desktop.presenters.conversations import ConversationsPresenter
from desktop.theme.theme import Theme
from desktop.views.dialogs import Sheet
from desktop.widgets.buttons import push_button
from desktop.widgets.keyed_column import KeyedColumn
from desktop.widgets.labels import ElidedLabel, label

HEIGHT = 280


class DeletedSheet(Sheet):
    """Lists them, the last deleted first, each with a way back."""

    def __init__(
        self, theme: Theme, conversations: ConversationsPresenter, parent: QWidget
    ) -> None:
        title = QCoreApplication.translate("DeletedSheet", "Deleted conversations")
        super().__init__(theme, title, "delete", parent)
        self._presenter = conversations
        self._hint = label("", "muted", wrap=True)
        self._rows = KeyedColumn(0)
        content = QWidget()
        content.setObjectName("column")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 8, 0)
        column.addWidget(self._rows)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        scroll.setFixedHeight(HEIGHT)
        self._scroll = scroll
        self.body.addWidget(self._hint)
        self.body.addWidget(scroll)
        self._hint.setText(self.tr("They are kept for 30 days, and then they go for good."))
        conversations.deleted_listed.connect(self._on_listed)
        conversations.list_deleted()

    @Slot(object)
    def _on_listed(self, deleted: list[Conversation]) -> None:
        self._rows.show_items([(str(talk.id), None, talk) for talk in deleted], self._row)
        self._scroll.setVisible(bool(deleted))
        self.fit()
        if not deleted:
            self._hint.setText(self.tr("No conversation was deleted in the last 30 days."))

    def _row(self, talk: Conversation) -> QWidget:
        name = talk.title or self.tr("New chat")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(name))
        if talk.deleted is not None:
            local = talk.deleted.astimezone()
            date = QDate(local.year, local.month, local.day)
            day = QLocale().toString(date, QLocale.FormatType.LongFormat)
            words.addWidget(label(self.tr("Deleted on {day}").format(day=day), "small"))
        back = push_button(
            self.tr("Bring back"), name=self.tr("Bring back {name}").format(name=name)
        )
        back.setAutoDefault(False)
        back.clicked.connect(lambda: self._presenter.bring_back(talk.id))
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(12)
        row.addLayout(words, 1)
        row.addWidget(back)
        return made
