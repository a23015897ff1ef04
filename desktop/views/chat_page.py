"""The conversation: questions and answers in one column, and the composer under it."""

from __future__ import annotations

import time
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from assistant.answering.types import Citation
from assistant.conversations.types import Message, Scope
from desktop.presenters.chat import ChatPresenter
from desktop.presenters.composer import ComposerPresenter
from desktop.presenters.live import LiveAnswer
from desktop.theme.theme import Theme
from desktop.views.answer_view import AnswerView
from desktop.views.chat_scroll import MARGIN, ChatScroll, centred
from desktop.views.citation_card import CitationCard
from desktop.views.composer import Composer
from desktop.views.empty import EmptyChat
from desktop.views.question_view import QuestionView

COLUMN = 720
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
        context_wanted: The model is to hold more in this conversation.
    """

    citation_activated = Signal(object)
    context_wanted = Signal()

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
        self._card: CitationCard | None = None
        self._wanted: tuple[int, list[str]] | None = None
        self._slice = QTimer(self, singleShot=True, interval=0)
        self._slice.timeout.connect(self._on_slice)

        self._column = QWidget()
        self._column.setMaximumWidth(COLUMN)
        self._list = QVBoxLayout(self._column)
        self._list.setContentsMargins(0, MARGIN, 0, MARGIN)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        self._scroll = ChatScroll(self._column)
        self._scroll.setAccessibleName(self.tr("Conversation"))
        self._scroll.verticalScrollBar().valueChanged.connect(self._on_scrolled)

        empty.setMaximumWidth(COLUMN)
        self._stack = QStackedWidget()
        self._stack.addWidget(centred(empty))
        self._stack.addWidget(self._scroll)
        composer.setMaximumWidth(COLUMN + 24)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 16)
        layout.setSpacing(8)
        layout.addWidget(self._stack, 1)
        layout.addWidget(centred(composer, MARGIN - 12))
        chat.messages_changed.connect(self._on_messages_changed)
        chat.live_changed.connect(self._on_live_changed)
        chat.place_wanted.connect(self._on_place_wanted)
        self._on_messages_changed()

    # --- Keeping the list in step ---------------------------------------------------------

    @Slot()
    def _on_messages_changed(self) -> None:
        if self._chat.conversation != self._shown:
            # A new chat that has just become a conversation is shown already.
            if self._shown is not None or not self._items:
                self._limit = SHOWN_AT_FIRST
                self._scroll.at_end = True
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
        self._hold_top()
        self._build(time.monotonic() + SLICE_S)
        self._update_editable()

    def _build(self, deadline: float) -> None:
        # The end is what is read first, so it is built first.
        while self._pending:
            self._insert(self._pending.pop())
            if time.monotonic() > deadline and self._pending:
                self._slice.start()
                return
        QTimer.singleShot(0, self, self._on_built)

    @Slot()
    def _on_built(self) -> None:
        if not self._pending:
            self._show_wanted()

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
        answer.unfolding.connect(self._on_unfolding)
        answer.follow(live)
        for key, view in (("live question", question), ("live", answer)):
            self._items.append(_Item((key, id(live)), None, view))
            self._list.insertWidget(self._list.count() - 1, view)
        self._scroll.at_end = True

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
        view.alone_wanted.connect(lambda: self._ask_alone(message))
        view.passages_wanted.connect(lambda: self._ask_passages(message))
        view.context_wanted.connect(self.context_wanted)
        view.read_on_wanted.connect(lambda: self._regenerate(message))
        view.unfolding.connect(self._on_unfolding)
        view.sibling_wanted.connect(lambda step: self._chat.show_sibling(message, step))
        return view

    def _drop(self, item: _Item) -> None:
        self._scroll.let_go()
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
        # What was asked of everything is read on, or anew.
        read = message.plan is not None and message.plan.mode == "everything"
        mode = "everything" if read else self._presenter.mode
        self._chat.regenerate(message, self._presenter.scope, mode)

    def _ask_alone(self, message: Message) -> None:
        self._chat.regenerate(message, Scope(use_documents=False), self._presenter.mode)

    def _ask_passages(self, message: Message) -> None:
        self._chat.regenerate(message, self._presenter.scope, "retrieval")

    @Slot()
    def regenerate_last(self) -> None:
        """Answer the last question once more."""
        last = self._last(AnswerView)
        if last is not None and not self._chat.is_busy:
            self._regenerate(last)

    @Slot()
    def copy_last(self) -> None:
        """Copy the last answer."""
        for item in reversed(self._items):
            if isinstance(item.widget, AnswerView):
                item.widget.copy()
                return

    @Slot()
    def edit_last(self) -> None:
        """Change the last question in its place."""
        for item in reversed(self._items):
            if isinstance(item.widget, QuestionView) and item.message is not None:
                item.widget.edit()
                self._scroll.ensureWidgetVisible(item.widget)
                return

    def _last(self, kind: type[QWidget]) -> Message | None:
        shown = (item.message for item in reversed(self._items) if isinstance(item.widget, kind))
        return next(shown, None)

    @Slot()
    def _on_retry(self) -> None:
        live = self._chat.live
        if live is not None and live.is_over:
            self._chat.ask(live.request.question, self._presenter.scope, self._presenter.mode)

    # --- What is in sight -----------------------------------------------------------------

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        if self._card is not None:
            self._card.hide()
        more = value == 0 and self._scroll.verticalScrollBar().maximum() > 0
        if more and len(self._chat.messages) > self._limit:
            self._limit += SHOWN_MORE
            self._scroll.at_end = False
            self._hold_top()
            self._on_messages_changed()

    def _hold_top(self) -> None:
        """Keep what is read where it is, while views are added above it."""
        seen = self._scroll.verticalScrollBar().value()
        if not self._scroll.at_end:
            widgets = (item.widget for item in self._items)
            first = next((w for w in widgets if self._top(w) + w.height() > seen), None)
            if first is not None:
                self._scroll.hold(lambda: self._top(first))

    @Slot()
    def _on_unfolding(self) -> None:
        # What was opened is what is looked at: it stays where it is.
        self._scroll.at_end = False

    @Slot(int, list)
    def _on_place_wanted(self, message: int, words: list[str]) -> None:
        messages = [kept.id for kept in self._chat.messages]
        if message in messages:
            self._wanted = message, words
            self._limit = max(self._limit, len(messages) - messages.index(message) + 1)
            self._on_messages_changed()

    def _show_wanted(self) -> None:
        """Scroll to what a search found, and mark its words."""
        if self._wanted is None:
            return
        (message, words), self._wanted = self._wanted, None
        view = next((i.widget for i in self._items if i.message and i.message.id == message), None)
        if view is None:
            return
        self._scroll.at_end = False
        place = view.mark_words(words) if isinstance(view, AnswerView) else QRect()
        # Once everything has its size.
        QTimer.singleShot(0, view, lambda: self._scroll.show_place(lambda: self._top(view, place)))

    def _top(self, view: QWidget, place: QRect | None = None) -> int:
        place = place or QRect()
        return view.mapTo(self._scroll.frame, place.topLeft()).y()

    # --- Citations and links --------------------------------------------------------------

    @Slot(object)
    def _on_citation_activated(self, citation: Citation) -> None:
        if self._card is not None:
            self._card.hide()
        view = self.sender()
        if isinstance(view, AnswerView):
            # The panel that opens takes its room from the text.
            self._scroll.at_end = False
            self._scroll.hold(lambda: self._top(view, view.chip_place(citation.n)))
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
