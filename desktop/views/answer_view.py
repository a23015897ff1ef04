"""An answer: while it is written, and when it is there with its proof."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from assistant.answering.errors import WholeDoesNotFit
from assistant.answering.types import Answer, AnswerSentence, Citation, Plan
from assistant.conversations.types import Message
from desktop.presenters.live import LiveAnswer
from desktop.prose.view import ProseView
from desktop.theme.theme import Theme
from desktop.views.question_view import Branches
from desktop.views.read_card import ReadCard
from desktop.views.read_wording import what_was_read
from desktop.views.source_list import SourceList
from desktop.views.wording import phase_fraction, phase_text, sources_text, speed_text
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import ElidedLabel, label
from desktop.widgets.plain_prose import PlainProse
from desktop.wording import explain, explain_failure


class AnswerView(QWidget):
    """One answer, of a kept message or of one that is being written.

    Signals:
        citation_activated: A citation is to be read in its place (Citation).
        citation_hovered: A citation is under the pointer (Citation | None, QRect).
        link_clicked: A link's address was clicked (str).
        regenerate_wanted: The question is to be asked once more.
        sibling_wanted: The branch before (-1) or after (1) this one is wanted.
        stop_wanted: The answer is to be stopped.
        read_on_wanted: The reading of everything is to go on where it stopped.
        alone_wanted: The question is to be asked of the model alone.
        passages_wanted: It is to be answered from passages, as the documents are too long.
        context_wanted: The model is to hold more.
        unfolding: Something in it is opened or closed by the person.
    """

    citation_activated = Signal(object)
    citation_hovered = Signal(object, QRect)
    link_clicked = Signal(str)
    regenerate_wanted = Signal()
    sibling_wanted = Signal(int)
    stop_wanted = Signal()
    alone_wanted = Signal()
    passages_wanted = Signal()
    context_wanted = Signal()
    read_on_wanted = Signal()
    unfolding = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._live: LiveAnswer | None = None
        self._answer: Answer | None = None
        self._text = ""
        self._sources: SourceList | None = None
        self._regenerate: IconButton | None = None
        self._alone: QPushButton | None = None
        self._passages: QPushButton | None = None
        self._read_on: QPushButton | None = None
        self._copy_button: IconButton | None = None
        self._thinking = _Thinking(theme)
        self._thinking.opener.toggled.connect(self.unfolding)
        self._prose = ProseView(theme)
        self._prose.setAccessibleName(self.tr("Answer"))
        self._prose.citation_clicked.connect(self._on_citation_clicked)
        self._prose.citation_hovered.connect(self._on_citation_hovered)
        self._prose.link_clicked.connect(self.link_clicked)
        self._waiting = _Waiting()
        self._waiting.stop_wanted.connect(self.stop_wanted)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self._thinking)
        self._column.addWidget(self._prose)
        self._column.addWidget(self._waiting)
        self._thinking.hide()
        self._prose.hide()
        self._waiting.hide()

    # --- Being written --------------------------------------------------------------------

    def follow(self, live: LiveAnswer) -> None:
        """Show an answer that is being written."""
        self._live = live
        live.phase_changed.connect(self._on_phase)
        live.text_added.connect(self._on_text)
        live.thinking_added.connect(self._on_thinking)
        live.ended.connect(self._on_ended)
        if live.thinking:
            self._on_thinking(live.thinking)
        if live.text:
            self._on_text(live.text)
        if live.is_over:
            self._on_ended()
        else:
            self._on_phase()

    @Slot()
    def _on_phase(self) -> None:
        live = self._live
        if live is None or live.is_over:
            return
        if live.stopping:
            self._waiting.say(self.tr("Stopping"), None, can_stop=False)
            self._waiting.show()
            return
        writing = live.phase is not None and live.phase.name == "writing"
        # Words that appear speak for themselves.
        self._waiting.setVisible(not (writing and live.text))
        self._waiting.say(phase_text(live.phase), phase_fraction(live.phase))

    @Slot(str)
    def _on_text(self, piece: str) -> None:
        self._text += piece
        self._prose.show()
        self._prose.append_markdown(piece)
        self._on_phase()

    @Slot(str)
    def _on_thinking(self, piece: str) -> None:
        self._thinking.add(piece)
        self._thinking.show()

    @Slot()
    def _on_ended(self) -> None:
        live = self._live
        if live is None:
            return
        self._waiting.hide()
        if live.error is not None:
            self._add_problem(explain(live.error), again=True)

    # --- Kept -----------------------------------------------------------------------------

    def show_message(self, message: Message) -> None:
        """Show a kept answer with its proof."""
        answer = message.answer
        self._answer = answer
        self._text = answer.answer if answer is not None else message.text
        self._live = None
        self._waiting.hide()
        if message.thinking:
            self._thinking.set_text(message.thinking)
            self._thinking.show()
        self._prose.setVisible(bool(self._text))
        self._prose.set_markdown(self._text, _proved(answer))
        if answer is not None and answer.withdrawn:
            self._add_withdrawn(answer.withdrawn)
        self._add_outcome(message)
        self._add_footer(message, message.plan)

    def chip_place(self, number: int) -> QRect:
        """Return where a citation's number stands in this view; nothing where it does not."""
        return self._prose.chip_place(number).translated(self._prose.pos())

    def mark_words(self, words: Sequence[str]) -> QRect:
        """Mark words in the answer, and return where the first of them stands in this view."""
        return self._prose.mark_words(words).translated(self._prose.pos())

    @property
    def text(self) -> str:
        """The answer's Markdown."""
        return self._text

    def set_editable(self, editable: bool) -> None:
        """Allow asking again, or not while an answer is written."""
        for button in (self._regenerate, self._alone, self._passages, self._read_on):
            if button is not None:
                button.setEnabled(editable)

    def _add_outcome(self, message: Message) -> None:
        failure = message.failure if message.state == "failed" else None
        if failure is not None and failure.kind == WholeDoesNotFit.__name__:
            self._add_problem(explain_failure(failure), again=False)
            self._add_ways_out()
        elif failure is not None:
            self._add_problem(explain_failure(failure), again=True)
        elif message.state == "interrupted":
            read = message.plan is not None and message.plan.reading is not None
            self._add_problem(
                self.tr("Studiolo ended while this was read. What was read is kept.")
                if read
                else self.tr("Studiolo ended while this was written. What had come is kept."),
                again=True,
            )

    def _add_withdrawn(self, text: str) -> None:
        words = PlainProse(self._theme, text, muted=True)
        self._column.addWidget(
            self._disclosure(self.tr("What the model wrote, unsupported"), words)
        )
        self._column.addWidget(words)

    def _disclosure(self, text: str, opened: QWidget) -> Disclosure:
        made = Disclosure(self._theme, text, opened)
        made.toggled.connect(self.unfolding)
        return made

    def _add_problem(self, text: str, *, again: bool) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        sentence = label(text, "small-danger", wrap=True)
        sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(sentence, 1)
        if again:
            button = push_button(self.tr("Ask again"), "link")
            button.clicked.connect(self.regenerate_wanted)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._column.addLayout(row)

    def _add_ways_out(self) -> None:
        """Offer what answers a question about documents that are too long."""
        self._passages = push_button(self.tr("Answer from passages"), "link")
        self._passages.clicked.connect(self.passages_wanted)
        larger = push_button(self.tr("Let the model hold more…"), "link")
        larger.clicked.connect(self.context_wanted)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self._passages, larger):
            row.addWidget(button)
        row.addStretch(1)
        self._column.addLayout(row)

    def _add_footer(self, message: Message, plan: Plan | None) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        answer = message.answer
        if answer is not None:
            parts = (
                self.tr("You stopped this answer") if answer.stopped else "",
                self.tr("Cut off at the longest answer") if answer.cut else "",
                sources_text(answer, plan),
                speed_text(answer),
            )
            text = " · ".join(part for part in parts if part)
            if answer.citations:
                self._sources = SourceList(self._theme, answer.citations)
                self._sources.activated.connect(self.citation_activated)
                row.addWidget(self._disclosure(text, self._sources), 1)
            else:
                row.addWidget(ElidedLabel(text, "small"), 1)
            if answer.receipt is not None and not answer.receipt.complete:
                self._read_on = push_button(self.tr("Read on"), "link")
                self._read_on.setToolTip(self.tr("Go on where the reading stopped"))
                self._read_on.clicked.connect(self.read_on_wanted)
                row.addWidget(self._read_on)
            if answer.declined and answer.receipt is None:
                alone = push_button(self.tr("Ask the model alone"), "link")
                alone.setToolTip(self.tr("Ask once more, without your documents"))
                alone.clicked.connect(self.alone_wanted)
                self._alone = alone
                row.addWidget(alone)
        else:
            stopped = message.state == "stopped"
            row.addWidget(label(self.tr("You stopped this answer.") if stopped else "", "small"), 1)
        if len(message.siblings) > 1:
            row.addWidget(Branches(self._theme, message, self.sibling_wanted))
        copy = IconButton(self._theme, "copy", self.tr("Copy answer"), size=16)
        copy.clicked.connect(lambda: self._copy(copy))
        self._copy_button = copy
        self._regenerate = IconButton(self._theme, "regenerate", self.tr("Answer again"), size=16)
        self._regenerate.clicked.connect(self.regenerate_wanted)
        row.addWidget(copy)
        row.addWidget(self._regenerate)
        self._column.addLayout(row)
        if self._sources is not None:
            self._column.addWidget(self._sources)
        sections = what_was_read(message)
        if sections:
            card = ReadCard(sections)
            self._column.addWidget(self._disclosure(self.tr("What was read"), card))
            self._column.addWidget(card)

    def copy(self) -> None:
        """Copy the answer's Markdown."""
        if self._copy_button is not None:
            self._copy(self._copy_button)

    def _copy(self, button: IconButton) -> None:
        QGuiApplication.clipboard().setText(self._text)
        button.set_icon("check", "accent")
        QTimer.singleShot(1200, button, lambda: button.set_icon("copy", "text-muted"))

    # --- Citations ------------------------------------------------------------------------

    def _citation(self, number: int) -> Citation | None:
        citations = self._answer.citations if self._answer is not None else ()
        return next((citation for citation in citations if citation.n == number), None)

    @Slot(int)
    def _on_citation_clicked(self, number: int) -> None:
        citation = self._citation(number)
        if citation is not None:
            self.citation_activated.emit(citation)

    @Slot(int, QRect)
    def _on_citation_hovered(self, number: int, place: QRect) -> None:
        self.citation_hovered.emit(self._citation(number) if number else None, place)


def _proved(answer: Answer | None) -> tuple[AnswerSentence, ...]:
    # Without documents nothing was to be proved; an answer that declines says so itself.
    if answer is None or answer.mode == "chat" or answer.declined:
        return ()
    return answer.sentences


class _Waiting(QWidget):
    """What is going on, how far, and how to stop it."""

    stop_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._text = label("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setFixedWidth(160)
        self._stop = push_button(self.tr("Stop"), "link")
        self._stop.setToolTip(self.tr("Stop  Esc"))
        self._stop.clicked.connect(self.stop_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._text)
        row.addWidget(self._bar)
        row.addWidget(self._stop)
        row.addStretch(1)

    def say(self, text: str, fraction: float | None, *, can_stop: bool = True) -> None:
        """Show a phase, with how far it is where that is known."""
        self._text.setText(text)
        self._bar.setVisible(fraction is not None)
        self._bar.setValue(round(1000 * (fraction or 0)))
        self._bar.setAccessibleName(text)
        self._stop.setVisible(can_stop)


class _Thinking(QWidget):
    """The model's thinking, folded away."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._text = ""
        self._prose = PlainProse(theme, "", muted=True)
        self.opener = Disclosure(theme, self.tr("Thinking"), self._prose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.opener)
        column.addWidget(self._prose)

    def add(self, piece: str) -> None:
        """Add to what was thought."""
        self._prose.add(piece)

    def set_text(self, text: str) -> None:
        """Show a finished thought."""
        self._prose.add(text)
