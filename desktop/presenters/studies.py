"""Documents that a model reads once: forecast, read in the background, paused, kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from assistant.errors import WorkerError
from desktop.bridge import Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.notices import Notices
from desktop.wording import explain
from indexing.types import DocumentRow
from models.engine.types import LoadedModel, PrefillProgress
from models.errors import NoModelLoaded

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.studying import Studied, StudyForecast

State = Literal["waiting", "reading", "paused"]


class Study(msgspec.Struct, frozen=True):
    """A document that is being read, or is to be.

    Attributes:
        document: Its id.
        title: Name of its file.
        model: Name of the model that reads it.
        conversation: The conversation whose settings it is loaded with; None for the usual ones.
        state: How it stands; one that waits comes after another.
        done: Tokens that are read.
        total: Tokens it has; 0 before that is known.
        seconds_left: How long the rest takes; None before that is known.
    """

    document: int
    title: str
    model: str
    conversation: int | None
    state: State = "waiting"
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


class _Reading(NamedTuple):
    document: int
    run: Run


class _Pace(NamedTuple):
    """When reading began, and how much was read before."""

    began: float
    done: int


class StudiesPresenter(Presenter):
    """Has documents read one after the other.

    A pause gives the model and the processor back wholly: what was read by then is found again.

    Signals:
        changed: See `studies`.
        studied_changed: See `is_studied` and `used_bytes`.
        forecast_made: What studying a document would take (StudyForecast).
        forecast_failed: That cannot be said (str, what a person should read).
    """

    changed = Signal()
    studied_changed = Signal()
    forecast_made = Signal(object)
    forecast_failed = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        models: ModelsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._models = models
        self._assistant: Assistant | None = None
        self._studies: list[Study] = []
        self._studied: set[int] = set()
        self._used_bytes = 0
        self._reading: _Reading | None = None
        self._pace: _Pace | None = None
        self._asked = 0
        self._held: LoadedModel | None = None
        models.changed.connect(self._on_models)

    # --- State ----------------------------------------------------------------------------

    @property
    def studies(self) -> list[Study]:
        """The document that is being read, and those that wait for it."""
        return list(self._studies)

    def study_of(self, document: int) -> Study | None:
        """Return how a document stands; None for one that is not to be read."""
        return next((study for study in self._studies if study.document == document), None)

    @property
    def studied(self) -> frozenset[int]:
        """The documents of which `is_studied` is true."""
        return frozenset(self._studied)

    def is_studied(self, document: int) -> bool:
        """Whether the model as it is loaded now has studied a document as it is now."""
        return document in self._studied

    @property
    def used_bytes(self) -> int:
        """Disk space that all takes that models have read."""
        return self._used_bytes

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Look again at what is kept."""
        if self._assistant is not None:
            self._look("list what was read", _survey, self._assistant, then=self._on_surveyed)

    def ask_forecast(self, document: int, model: str, conversation: int | None) -> None:
        """Have said what studying a document would take; it loads the model.

        A conversation may have settings of its own, with which it reads for itself.
        """
        if self._assistant is None:
            return
        self._asked += 1
        asked = self._asked
        run = self._bridge.call(
            "forecast a study", self._assistant.forecast_study, document, model, conversation
        )
        run.finished.connect(lambda forecast: self._on_forecast(asked, forecast))
        run.failed.connect(lambda error: self._on_forecast_failed(asked, error))

    def begin(self, row: DocumentRow, model: str, conversation: int | None) -> None:
        """Have a document read by a model, once those before it are done."""
        if self.study_of(row.id) is None:
            self._studies.append(Study(row.id, Path(row.path).name, model, conversation))
            self._read_next()

    def pause(self, document: int) -> None:
        """Stop reading a document for now; one that waits comes meanwhile."""
        self._change(document, state="paused", seconds_left=None)
        self._let_go(document)

    def go_on(self, document: int) -> None:
        """Read on where it was."""
        self._change(document, state="waiting")
        self._read_next()

    def stop(self, document: int) -> None:
        """Give it up."""
        self._drop(document)
        self._let_go(document)

    def clear(self) -> None:
        """Delete all that models have read; documents and conversations stay."""
        if self._assistant is not None:
            self._call("delete what was read", self._assistant.studies.states.remove,
                       then=self._on_deleted)  # fmt: skip

    def shrink(self, limit_bytes: int) -> None:
        """Delete what was not used for longest, down to a limit."""
        if self._assistant is not None:
            self._call("shrink what was read", self._assistant.studies.states.shrink, limit_bytes,
                       then=self._on_deleted)  # fmt: skip

    # --- Reading --------------------------------------------------------------------------

    def _read_next(self) -> None:
        following = next((study for study in self._studies if study.state == "waiting"), None)
        if self._reading is None and following is not None and self._assistant is not None:
            document, assistant = following.document, self._assistant
            model, conversation = following.model, following.conversation
            self._change(document, state="reading")
            self._pace = None
            run = self._bridge.start(
                "study", lambda: assistant.study(document, model, conversation)
            )
            self._reading = _Reading(document, run)
            run.events.connect(lambda events: self._on_events(document, events))
            run.finished.connect(self._on_studied)
            run.failed.connect(lambda error: self._on_study_failed(document, error))
            run.ended.connect(self._on_over)
        self.changed.emit()

    def _let_go(self, document: int) -> None:
        if self._reading is not None and self._reading.document == document:
            # The next one begins when this has ended.
            self._reading.run.stop()
        self._read_next()

    def _change(self, document: int, **changes: Any) -> None:
        self._studies = [
            msgspec.structs.replace(study, **changes) if study.document == document else study
            for study in self._studies
        ]

    def _drop(self, document: int) -> None:
        self._studies = [study for study in self._studies if study.document != document]

    def _on_events(self, document: int, events: list[PrefillProgress]) -> None:
        last = events[-1]
        study = self.study_of(document)
        if not last.total or study is None:
            return
        self._models.keep_awake()
        now = time.monotonic()
        if self._pace is None:
            self._pace = _Pace(now, last.done)
        read = last.done - self._pace.done
        left = (now - self._pace.began) / read * (last.total - last.done) if read > 0 else None
        paused = study.state == "paused"
        self._change(
            document, done=last.done, total=last.total, seconds_left=None if paused else left
        )
        self.changed.emit()

    @Slot(object)
    def _on_studied(self, studied: Studied) -> None:
        study = self.study_of(studied.document)
        self._drop(studied.document)
        self._notices.show(
            self.tr("{name} is studied: questions about it are answered at once now.").format(
                name=study.title if study is not None else studied.title
            )
        )

    def _on_study_failed(self, document: int, error: Exception) -> None:
        if isinstance(error, (NoModelLoaded, WorkerError)):
            # What was read by then is not lost: it is the person's to go on.
            self._change(document, state="paused", seconds_left=None)
        else:
            self._drop(document)
        self._notices.show(explain(error))

    @Slot()
    def _on_over(self) -> None:
        self._reading = None
        self.refresh()
        self._read_next()

    # --- Reactions ------------------------------------------------------------------------

    def _on_forecast(self, asked: int, forecast: StudyForecast) -> None:
        if asked == self._asked:
            self.forecast_made.emit(forecast)

    def _on_forecast_failed(self, asked: int, error: Exception) -> None:
        if asked == self._asked:
            self.forecast_failed.emit(explain(error))

    @Slot(object)
    def _on_deleted(self, _: object) -> None:
        self.refresh()

    @Slot(object)
    def _on_surveyed(self, found: tuple[set[int], int]) -> None:
        if found != (self._studied, self._used_bytes):
            self._studied, self._used_bytes = found
            self.studied_changed.emit()

    @Slot()
    def _on_models(self) -> None:
        # What is studied is studied by the model in memory, with the settings it has there. It
        # is another object after every loading, though it may have been told of too late to be
        # seen as one that was away.
        assistant = self._assistant
        ready = assistant is not None and self._models.state == "ready"
        held = assistant.model.loaded if assistant is not None and ready else None
        if held is not self._held:
            self._held = held
            self.refresh()


def _survey(assistant: Assistant) -> tuple[set[int], int]:
    studies = assistant.studies
    return set(studies.studied()), studies.states.total_bytes()
