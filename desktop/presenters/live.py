"""An answer while it is being written."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from assistant.answering.types import (
    Answer,
    AnswerDelta,
    AskEvent,
    AskRequest,
    Phase,
    Plan,
    ThoughtDelta,
)
from desktop.bridge import Run


class LiveAnswer(QObject):
    """What has come of an answer so far. A view may be made of it at any moment.

    Signals:
        phase_changed: What is going on now.
        text_added: A further piece of the answer (str).
        thinking_added: A further piece of the model's thinking (str).
        ended: It is over; see `answer`, `error` and `was_stopped`.

    Attributes:
        request: What was asked.
        text: The answer so far.
        thinking: The thinking so far.
        answer: The finished, proved answer.
        error: Why it failed.
    """

    phase_changed = Signal()
    text_added = Signal(str)
    thinking_added = Signal(str)
    ended = Signal()

    def __init__(self, request: AskRequest, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.request = request
        self.text = ""
        self.thinking = ""
        self.phase: Phase | None = None
        self.plan: Plan | None = None
        self.answer: Answer | None = None
        self.error: Exception | None = None
        self.was_stopped = False
        self.is_over = False
        self._run: Run | None = None

    def follow(self, run: Run) -> None:
        """Take what a run brings."""
        self._run = run
        run.events.connect(self._on_events)
        run.finished.connect(self._on_finished)
        run.failed.connect(self._on_failed)
        run.stopped.connect(self._on_stopped)

    @property
    def gives_way(self) -> bool:
        """Whether other questions are answered meanwhile: all is read behind them."""
        return self.request.mode == "everything" and self.request.use_documents

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and has not yet."""
        return self._run is not None and self._run.stop_asked and not self.is_over

    def stop(self) -> None:
        """Stop it; what has come stays."""
        if self._run is not None and not self.is_over:
            self._run.stop()
            self.phase_changed.emit()

    @Slot(object)
    def _on_events(self, events: list[AskEvent]) -> None:
        text: list[str] = []
        thinking: list[str] = []
        for event in events:
            match event:
                case AnswerDelta():
                    text.append(event.text)
                case ThoughtDelta():
                    thinking.append(event.text)
                case Phase():
                    self.phase = event
                case Plan():
                    self.plan = event
        if thinking:
            piece = "".join(thinking)
            self.thinking += piece
            self.thinking_added.emit(piece)
        if text:
            piece = "".join(text)
            self.text += piece
            self.text_added.emit(piece)
        self.phase_changed.emit()

    @Slot(object)
    def _on_finished(self, answer: Answer) -> None:
        self.answer = answer
        self.was_stopped = answer.stopped
        self._end()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.error = error
        self._end()

    @Slot()
    def _on_stopped(self) -> None:
        self.was_stopped = True
        self._end()

    def _end(self) -> None:
        self.is_over = True
        self._run = None
        self.ended.emit()
