"""The conversation: questions and answers in one column, and the composer under it."""

from __future__ import annotations

import time
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from assistant.answering.types import Citation
from assistant.conversations.types import Message
from desktop.presenters.chat import ChatPresenter
from desktop.presenters.composer import ComposerPresenter
from desktop.presenters.live import LiveAnswer
from desktop.theme.theme import Theme
from desktop.views.answer_view import AnswerView
from desktop.views.citation_card import CitationCard
from desktop.views.composer import Composer
from desktop.views.empty import EmptyChat
from desktop.views.question_view import QuestionView

COLUMN = 720
MARGIN = 24
NEAR_END = 32
# Views are made a few at a time, the last ones first, so that a long conversation opens at once.
SLICE_S = 0.012
SHOWN_AT_FIRST = 40
SHOWN_MORE = 40


class _Item(NamedTuple):
    key: tuple[str, int]
    message: Message | None
    widget: QWidget


class ChatPage(QWidget):
    """Shows a conversation and keeps to its end while an answer grows.

    Signals:
        citation_activated: A citation is to be read in its place (Citation).
    """

    citation_activated = Signal(object)

    def __init__(
        self,
        theme: Theme,
        chat: ChatPresenter,
        composer_presenter: ComposerPresenter,
        composer: Composer,
        empty: EmptyChat,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chat = chat
        self._presenter = composer_presenter
        self._composer = composer
        self._items: list[_Item] = []
        self._pending: list[Message] = []
        self._limit = SHOWN_AT_FIRST
        self._shown: int | None = None
        self._at_end = True
        self._card: CitationCard | None = None
        self._slice = QTimer(self, singleShot=True, interval=0)
        self._slice.timeout.connect(self._on_slice)

        self._column = QWidget()
        self._column.setMaximumWidth(COLUMN)
        self._list = QVBoxLayout(self._column)
        self._list.setContentsMargins(0, MARGIN, 0, MARGIN)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        self._scroll = QScrollArea()
        self._frame = _centred(self._column)
        self._scroll.setWidget(self._frame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.setAccessibleName(self.tr("Conversation"))
        bar = self._scroll.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_range_changed)
        bar.setSingleStep(24)

        empty.setMaximumWidth(COLUMN)
        self._stack = QStackedWidget()
        self._stack.addWidget(_centred(empty))
        self._stack.addWidget(self._scroll)
        composer.setMaximumWidth(COLUMN + 24)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 16)
        layout.setSpacing(8)
        layout.addWidget(self._stack, 1)
        layout.addWidget(_centred(composer, MARGIN - 12))
        chat.messages_changed.connect(self._on_messages_changed)
        chat.live_changed.connect(self._on_live_changed)
        self._on_messages_changed()

    # --- Keeping the list in step ---------------------------------------------------------

    @Slot()
    def _on_messages_changed(self) -> None:
        if self._chat.conversation != self._shown:
            # A new chat that has just become a conversation is shown already.
            if self._shown is not None or not self._items:
                self._limit = SHOWN_AT_FIRST
                self._at_end = True
            self._shown = self._chat.conversation
        messages = self._chat.messages[-self._limit :]
        wanted = {("message", message.id): message for message in messages}
        live = self._chat.live
        live_key = ("live", id(live)) if live is not None else None
        kept: list[_Item] = []
        for item in self._items:
            same = item.message is not None and wanted.get(item.key) == item.message
            if same or (item.key[0] != "message" and item.key[1] == (live_key or ("", 0))[1]):
                kept.append(item)
            else:
                self._drop(item)
        self._items = kept
        have = {item.key for item in kept}
        self._pending = [m for m in messages if ("message", m.id) not in have]
        self._build(time.monotonic() + SLICE_S)
        if live is not None and ("live", id(live)) not in have:
            self._add_live(live)
        self._stack.setCurrentIndex(1 if messages or live is not None else 0)
        self._update_editable()

    @Slot()
    def _on_slice(self) -> None:
        self._build(time.monotonic() + SLICE_S)
        self._update_editable()

    def _build(self, deadline: float) -> None:
        # The end is what is read first, so it is built first.
        while self._pending:
            self._insert(self._pending.pop())
            if time.monotonic() > deadline and self._pending:
                self._slice.start()
                return

    def _insert(self, message: Message) -> None:
        view = (
            self._question_view(message) if message.role == "user" else self._answer_view(message)
        )
        at = 0
        for item in self._items:
            if item.message is None or item.message.id > message.id:
                break
            at += 1
        self._items.insert(at, _Item(("message", message.id), message, view))
        self._list.insertWidget(at, view)

    def _add_live(self, live: LiveAnswer) -> None:
        question = QuestionView(self._theme, live.request.question)
        question.setContentsMargins(0, 0, 0, 12)
        answer = AnswerView(self._theme)
        answer.setContentsMargins(0, 0, 0, 32)
        answer.stop_wanted.connect(self._chat.stop)
        answer.link_clicked.connect(self._on_link)
        answer.regenerate_wanted.connect(self._on_retry)
        answer.follow(live)
        for key, view in (("live question", question), ("live", answer)):
            self._items.append(_Item((key, id(live)), None, view))
            self._list.insertWidget(self._list.count() - 1, view)
        self._at_end = True

    def _question_view(self, message: Message) -> QuestionView:
        view = QuestionView(self._theme, message.text, message)
        view.setContentsMargins(0, 0, 0, 12)
        view.asked_anew.connect(lambda text: self._ask_anew(message, text))
        view.sibling_wanted.connect(lambda step: self._chat.show_sibling(message, step))
        return view

    def _answer_view(self, message: Message) -> AnswerView:
        view = AnswerView(self._theme)
        view.setContentsMargins(0, 0, 0, 32)
        view.show_message(message)
        view.citation_activated.connect(self._on_citation_activated)
        view.citation_hovered.connect(self._on_citation_hovered)
        view.link_clicked.connect(self._on_link)
        view.regenerate_wanted.connect(lambda: self._regenerate(message))
        view.sibling_wanted.connect(lambda step: self._chat.show_sibling(message, step))
        return view

    def _drop(self, item: _Item) -> None:
        self._list.removeWidget(item.widget)
        item.widget.hide()
        item.widget.deleteLater()

    @Slot()
    def _on_live_changed(self) -> None:
        self._update_editable()

    def _update_editable(self) -> None:
        editable = not self._chat.is_busy
        for item in self._items:
            if isinstance(item.widget, (QuestionView, AnswerView)):
                item.widget.set_editable(editable)

    # --- Asking again ---------------------------------------------------------------------

    def _ask_anew(self, message: Message, text: str) -> None:
        self._chat.ask_anew(message, text, self._presenter.scope, self._presenter.mode)

    def _regenerate(self, message: Message) -> None:
        self._chat.regenerate(message, self._presenter.scope, self._presenter.mode)

    @Slot()
    def _on_retry(self) -> None:
        live = self._chat.live
        if live is not None and live.is_over:
            self._chat.ask(live.request.question, self._presenter.scope, self._presenter.mode)

    # --- Scrolling ------------------------------------------------------------------------

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        bar = self._scroll.verticalScrollBar()
        self._at_end = value >= bar.maximum() - NEAR_END
        if self._card is not None:
            self._card.hide()
        if value == 0 and bar.maximum() > 0 and len(self._chat.messages) > self._limit:
            self._limit += SHOWN_MORE
            self._at_end = False
            self._on_messages_changed()

    @Slot(int, int)
    def _on_range_changed(self, _: int, maximum: int) -> None:
        bar = self._scroll.verticalScrollBar()
        # The column stays in the middle of the page, over the composer, with a bar or without.
        left = MARGIN + (bar.sizeHint().width() if maximum > 0 else 0)
        layout = self._frame.layout()
        if layout is not None and layout.contentsMargins().left() != left:
            layout.setContentsMargins(left, 0, MARGIN, 0)
        if self._at_end:
            bar.setValue(maximum)
        elif self._pending or self._slice.isActive():
            # Views are being added above: what is read stays where it is.
            bar.setValue(bar.value() + max(0, maximum - self._last_maximum))
        self._last_maximum = maximum

    _last_maximum = 0

    # --- Citations and links --------------------------------------------------------------

    @Slot(object)
    def _on_citation_activated(self, citation: Citation) -> None:
        if self._card is not None:
            self._card.hide()
        self.citation_activated.emit(citation)

    @Slot(object, QRect)
    def _on_citation_hovered(self, citation: Citation | None, place: QRect) -> None:
        if self._card is None:
            self._card = CitationCard(self._theme, self.window())
            self.window().installEventFilter(self)
        if citation is None:
            self._card.hide()
        else:
            self._card.show_citation(citation, place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the card away when the window is left."""
        if self._card is not None and event.type() in (
            QEvent.Type.WindowDeactivate,
            QEvent.Type.Resize,
        ):
            self._card.hide()
        return super().eventFilter(watched, event)

    @Slot(str)
    def _on_link(self, address: str) -> None:
        box = QMessageBox(self.window())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Open a link"))
        box.setText(self.tr("Open this address in your browser?"))
        box.setInformativeText(address)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        opening = box.addButton(self.tr("Open"), QMessageBox.ButtonRole.AcceptRole)
        opening.clicked.connect(lambda: _open(address))
        box.open()


def _open(address: str) -> None:
    url = QUrl(address)
    # An answer may name anything; only what a browser is for is handed on.
    if url.scheme() in ("http", "https", "mailto"):
        QDesktopServices.openUrl(url)


def _centred(widget: QWidget, margin: int = MARGIN) -> QWidget:
    frame = QWidget()
    frame.setObjectName("column")
    row = QHBoxLayout(frame)
    row.setContentsMargins(margin, 0, margin, 0)
    row.setSpacing(0)
    row.addStretch(1)
    row.addWidget(widget, 1000)
    row.addStretch(1)
    return frame
