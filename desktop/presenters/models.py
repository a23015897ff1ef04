"""The models there are, the one that answers, and how it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from assistant.settings import ModelSettings
from desktop.bridge import Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.forecasts import Forecasts, ModelForecast, Survey
from desktop.presenters.notices import Notices
from desktop.presenters.settings import SettingsPresenter
from desktop.presenters.shortages import Shortages
from desktop.wording import explain
from models.engine.types import LoadedModel, LoadProgress
from models.facts import ModelFacts
from models.gguf_header import GgufHeader

if TYPE_CHECKING:
    from assistant.assistant import Assistant

State = Literal["starting", "none", "unloaded", "loading", "ready", "failed"]


class _Listed(NamedTuple):
    """What there is, which of it answers, and what it would take."""

    installed: list[ModelFacts]
    current: ModelFacts | None
    survey: Survey


class ModelsPresenter(Presenter):
    """Lists the models and follows the one in use.

    Attributes:
        forecasts: What they would take, and how fast they were.
        shortages: Settles how those are loaded that will not fit.

    Signals:
        changed: See the properties.
    """

    changed = Signal()
    _state_told = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        settings: SettingsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._settings = settings
        self.forecasts = Forecasts()
        self.shortages = Shortages(notices, self)
        self.shortages.load_wanted.connect(self.load)
        self._assistant: Assistant | None = None
        self._installed: list[ModelFacts] = []
        self._listed = False
        self._current: ModelFacts | None = None
        self._state: State = "starting"
        self._fraction: float | None = None
        self._loaded: LoadedModel | None = None
        self._problem = ""
        self._loading: Run | None = None
        # What was asked for last, of what loads a model or frees it.
        self._wanted = 0
        self._ordering = threading.Lock()
        self._idle = QTimer(self, singleShot=True)
        self._idle.timeout.connect(self._on_idle)
        settings.changed.connect(self._wait_until_idle)
        # Another context takes other memory.
        settings.saved.connect(self.refresh)
        # The model's process reports from its own threads.
        self._state_told.connect(self._on_state_told, Qt.ConnectionType.QueuedConnection)

    # --- State ----------------------------------------------------------------------------

    @property
    def installed(self) -> list[ModelFacts]:
        """The models of the library."""
        return self._installed

    @property
    def current(self) -> str:
        """File name of the model that answers; "" where there is none."""
        return self._current.name if self._current else ""

    @property
    def current_facts(self) -> ModelFacts | None:
        """The model that answers where no conversation says otherwise."""
        return self._current

    def facts(self, name: str) -> ModelFacts | None:
        """Return a model of the library by its file name."""
        return next((facts for facts in self._installed if facts.name == name), None)

    def adapters_for(self, facts: ModelFacts) -> list[ModelFacts]:
        """Return the LoRA adapters there are for a model's family."""
        return [
            each
            for each in self._installed
            if each.kind == "adapter" and each.architecture == facts.architecture
        ]

    def template_of(self, facts: ModelFacts) -> str:
        """Return the chat template that a model speaks by; "" where that is not known."""
        chosen = self._settings.model_settings(facts.name).template
        return chosen or self.forecasts.template(facts)

    def is_loaded(self, facts: ModelFacts) -> bool:
        """Whether a model is in memory."""
        loaded = self._loaded
        return self._state == "ready" and loaded is not None and loaded.path == facts.path

    @property
    def is_loading(self) -> bool:
        """Whether a model is being loaded because the person wants it."""
        return self._loading is not None

    @property
    def title(self) -> str:
        """What the model that answers is called; "" where there is none."""
        return self.title_of(self._current) if self._current else ""

    @property
    def state(self) -> State:
        """How the model that answers is."""
        return self._state

    @property
    def loaded(self) -> LoadedModel | None:
        """What is loaded, with the settings that really apply."""
        return self._loaded

    @property
    def problem(self) -> str:
        """Why it failed; "" where it did not."""
        return self._problem

    @property
    def state_text(self) -> str:
        """How the model that answers is, in a word; "" when it simply is ready."""
        match self._state:
            case "starting":
                return self.tr("starting")
            case "loading" if self._fraction is not None:
                return self.tr("loading {n} %").format(n=round(100 * self._fraction))
            case "loading":
                return self.tr("loading")
            case "failed":
                return self.tr("could not be loaded")
            case "unloaded":
                return self.tr("not loaded")
            case _:
                return ""

    @property
    def is_listed(self) -> bool:
        """Whether it is known yet what there is."""
        return self._listed

    def keep_awake(self) -> None:
        """Count as use what the model does without being asked."""
        self._wait_until_idle()

    def note_answer(self) -> None:
        """Count an answer as use; it told how fast its model is."""
        self._wait_until_idle()
        self.refresh()

    @staticmethod
    def title_of(facts: ModelFacts) -> str:
        """Return a model's name for people: see `models.titles`."""
        return facts.title or facts.name

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to follow an assistant's models, and load the one that answers."""
        self._assistant = assistant
        self.shortages.attach(assistant)
        assistant.model.add_state_listener(self._state_told.emit)
        # What was removed before this start cannot be asked back any more.
        self._bridge.call("empty the trash", assistant.models.empty_trash)
        self.load()

    @Slot()
    def refresh(self) -> None:
        """List again what there is."""
        assistant = self._assistant
        if assistant is not None:
            self._look("list models", self._survey, assistant, then=self._on_listed)

    def before_loading(self, name: str, act: Callable[[], None]) -> None:
        """Do what loads a model; a person is asked how before one is loaded that will not fit."""
        facts = self.facts(name)
        if facts is None:
            act()
        else:
            self.shortages.ask_before(facts, self.forecasts.header(facts), act)

    def choose(self, name: str) -> None:
        """Do what `use` does, once a person has said how a model is loaded that will not fit."""
        self.before_loading(name, lambda: self.use(name))

    def use(self, name: str) -> None:
        """Let a model answer from now on, and load it."""
        assistant = self._assistant
        if assistant is not None:
            self._start_loading(assistant, lambda: assistant.use_model(name))

    def load(self, name: str | None = None) -> None:
        """Load a model, so that the next question need not wait; None for the usual one."""
        assistant = self._assistant
        if assistant is not None:
            self._start_loading(
                assistant,
                lambda: self._settle(assistant) if name is None else assistant.models.info(name),
            )

    def forecast(self, facts: ModelFacts, chosen: ModelSettings) -> ModelForecast | None:
        """Return what a model would take with other settings; None where that is not known."""
        usual = msgspec.structs.replace(self._settings.current, models={facts.name: chosen})
        return self.forecasts.judged(facts, usual.load_settings(facts.name))

    def forecast_of_file(self, file: str, header: GgufHeader) -> ModelForecast:
        """Return what a model would take that is not here, loaded as the settings say."""
        settings = self._settings.current.load_settings(PurePosixPath(file).name)
        return self.forecasts.judge_header(header, settings)

    def choose_settings(self, facts: ModelFacts, chosen: ModelSettings) -> None:
        """Keep how a model is loaded and chooses its words; one that is loaded is loaded anew."""
        self._settings.set_model_settings(facts.name, chosen)
        # What loads it reads the file.
        self._settings.save_now()
        selected = self._assistant.model.selected if self._assistant is not None else None
        if self._state in ("loading", "ready") and selected and selected[0] == facts.path:
            self.load(facts.name)
        else:
            self.refresh()

    @Slot()
    def cancel_load(self) -> None:
        """Stop loading; the next question loads what it needs."""
        if self._loading is not None:
            self._loading.stop()

    @Slot()
    def unload(self) -> None:
        """Free the memory that the model takes; the next question loads it again."""
        if self._assistant is not None:
            self._want_another()
            self._call("unload a model", self._free, self._assistant)

    def remove(self, name: str) -> None:
        """Take a model out of the library, and offer to bring it back."""
        assistant = self._assistant
        if assistant is None:
            return
        title = next((self.title_of(f) for f in self._installed if f.name == name), name)
        in_use = name == self.current
        if in_use:
            self._want_another()

        def remove() -> str:
            if in_use:
                # A file that is held open cannot be moved on every system.
                self._free(assistant)
            return assistant.remove_model(name)

        self._call(
            "remove a model",
            remove,
            then=lambda token: self._on_removed(title, token, in_use=in_use),
        )

    # --- Reactions ------------------------------------------------------------------------

    def _survey(self, assistant: Assistant) -> _Listed:
        """List the models and judge what they would take; in a thread of its own."""
        installed = assistant.models.list()
        survey = self.forecasts.survey(
            installed,
            assistant.models.header,
            assistant.load_settings,
            assistant.model.speed_of,
            assistant.memory.room(),
        )
        return _Listed(installed, assistant.current_model(), survey)

    @staticmethod
    def _settle(assistant: Assistant) -> ModelFacts | None:
        """Return the model that answers, which stays it when a larger one comes."""
        facts = assistant.current_model()
        if facts is not None and assistant.settings.current.model is None:
            assistant.settings.update(model=facts.name)
        return facts

    def _steps(
        self, assistant: Assistant, wanted: int, choose: Callable[[], ModelFacts | None]
    ) -> Generator[LoadProgress, None, LoadedModel | None]:
        # Threads may come here in another order than the person chose in.
        with self._ordering:
            if wanted != self._wanted:
                return None
            facts = choose()
            if facts is None:
                return None
            job = assistant.model.load(facts.path, assistant.settled_settings(facts))
        return (yield from job.stream())

    def _free(self, assistant: Assistant) -> None:
        with self._ordering:
            pass  # what was to be loaded before has been asked for, and is freed too
        assistant.model.unload()

    def _want_another(self) -> int:
        self.cancel_load()
        self._wanted += 1
        return self._wanted

    def _start_loading(self, assistant: Assistant, choose: Callable[[], ModelFacts | None]) -> None:
        wanted = self._want_another()
        self._problem = ""
        run = self._bridge.start("load a model", lambda: self._steps(assistant, wanted, choose))
        self._loading = run
        run.events.connect(lambda events: self._on_load_events(run, events))
        run.finished.connect(self._on_loaded)
        run.failed.connect(lambda error: self._on_load_failed(run, error))
        run.ended.connect(lambda: self._on_load_over(run))
        self.refresh()

    def _on_load_events(self, run: Run, events: list[LoadProgress]) -> None:
        if run is self._loading:
            self._fraction = events[-1].fraction
            self.changed.emit()

    @Slot(object)
    def _on_loaded(self, _: LoadedModel | None) -> None:
        # By the time this is delivered it may have been freed, or another be in its place.
        self._on_state_told("")

    def _on_load_failed(self, run: Run, error: Exception) -> None:
        if run is self._loading and not run.stop_asked:  # nobody waits for another
            self._problem = explain(error)
            self._set_state("failed")
            self._notices.show(self._problem)

    def _on_load_over(self, run: Run) -> None:
        if self._loading is run:
            self._loading = None
            self._fraction = None
            if self._state == "loading":
                # It was stopped: what the model's process says now is how it is.
                self._on_state_told("")
            self.refresh()

    @Slot()
    def _wait_until_idle(self) -> None:
        """Begin to wait for a time in which nobody asks anything."""
        minutes = self._settings.idle_minutes
        if minutes and self._state == "ready":
            self._idle.start(minutes * 60_000)
        else:
            self._idle.stop()

    @Slot()
    def _on_idle(self) -> None:
        # What is being loaded is wanted.
        if self._loading is None:
            self.unload()

    @Slot(str)
    def _on_state_told(self, _: str) -> None:
        if self._assistant is None:
            return
        state, loaded = self._assistant.model.state, self._assistant.model.loaded
        if self._problem and (state != "ready" or loaded is self._loaded):
            return
        self._problem = ""
        self._loaded = loaded or self._loaded
        # To the process, a model that was freed is none; the next question loads it again.
        self._set_state("unloaded" if state == "none" and self._current is not None else state)

    def _set_state(self, state: State) -> None:
        self._state = state
        self._wait_until_idle()
        self.changed.emit()

    @Slot(object)
    def _on_listed(self, listed: _Listed) -> None:
        self._installed, self._current = listed.installed, listed.current
        self.forecasts.take(listed.survey)
        self._listed = True
        if self._current is None and self._state != "failed":
            self._state = "none"
        elif self._current is not None and self._state == "none":
            # It was told before this one was known.
            self._state = "unloaded"
        self.changed.emit()

    def _on_removed(self, title: str, token: str, *, in_use: bool) -> None:
        if in_use:
            self._loaded = None
            self.load()
        else:
            self.refresh()
        self._notices.show(
            self.tr("Removed {name}.").format(name=title),
            self.tr("Undo"),
            lambda: self._restore(token),
        )

    def _restore(self, token: str) -> None:
        if self._assistant is not None:
            restore = self._assistant.models.restore
            self._call("restore a model", restore, token, then=self._on_restored)

    @Slot(object)
    def _on_restored(self, _: ModelFacts) -> None:
        # It may be the one that was chosen, and then it answers again.
        self.load()
