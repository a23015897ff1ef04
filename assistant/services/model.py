"""How the app speaks with the model's process.

Every call says which model it is for, so a process that had to be started anew loads the
model again by itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, TypeVar

from assistant.compute import ComputeGate
from assistant.paths import DataPaths
from assistant.services.model_host import ModelEvent
from assistant.workers.jobs import Job
from assistant.workers.process import WorkerSpec
from assistant.workers.supervisor import Worker, WorkerStatus
from models.digests import FileDigests
from models.engine.hardware import may_have_cards
from models.engine.huge_pages import environment_with_huge_pages
from models.engine.types import (
    ChatMessage,
    Generation,
    GenerationEvent,
    LoadedModel,
    LoadProgress,
    LoadSettings,
    PrefillProgress,
    PromptSize,
    Sampling,
    TextDelta,
    ThinkingDelta,
)
from models.errors import NoModelLoaded
from models.speeds import Speed, SpeedBook
from models.states import StoredState

ModelState = Literal["none", "unloaded", "loading", "ready", "failed"]

R = TypeVar("R")

_STOP_S = 10.0
# What was read and is worth keeping is written then: a gigabyte at most, as a rule.
_CLOSE_S = 6.0
# A union is no type to a type checker.
_MAYBE_STATE: Any = StoredState | None
_MAYBE_GENERATION: Any = Generation | None
_EVENTS = (LoadProgress, PrefillProgress, TextDelta, ThinkingDelta)


class ModelService:
    """The one model in use, in a process of its own.

    Methods may be called from any thread; those that return no `Job` wait.
    """

    def __init__(self, paths: DataPaths, gate: ComputeGate | None = None) -> None:
        """Prepare the process; it starts when it is first needed.

        Args:
            paths: Where its log goes.
            gate: Held while it answers.
        """
        self._gate = gate
        self._digests = FileDigests(paths.digests_file)
        self._speeds = SpeedBook(paths.speeds_file)
        self._lock = threading.Lock()
        self._telling = threading.RLock()
        self._selected: tuple[str, LoadSettings] | None = None
        self._loaded: LoadedModel | None = None
        self._loading = 0
        self._learning: Job[int, LoadedModel] | None = None
        self._told: ModelState = "none"
        self._listeners: list[Callable[[ModelState], None]] = []
        self.worker = Worker(
            WorkerSpec(
                name="model",
                factory="assistant.services.model_host:create",
                arguments={"data_dir": str(paths.root)},
                environment=environment_with_huge_pages(os.environ),
                log_file=paths.log_file("model"),
            )
        )
        self.worker.add_status_listener(self._on_worker_status)
        if gate is not None:
            gate.set_student(self.worker)

    @property
    def selected(self) -> tuple[str, LoadSettings] | None:
        """The model in use and how it is loaded, whether or not it is loaded now."""
        return self._selected

    @property
    def loaded(self) -> LoadedModel | None:
        """What is loaded now."""
        return self._loaded

    @property
    def state(self) -> ModelState:
        """How the model in use is; "unloaded" means that the next question loads it."""
        if self.worker.status == "failed":
            return "failed"
        if self._loading:
            return "loading"
        if self._loaded is not None:
            return "ready"
        return "none" if self._selected is None else "unloaded"

    def add_state_listener(self, listener: Callable[[ModelState], None]) -> None:
        """Have changes of `state` reported, on whatever thread they happen."""
        with self._lock:
            self._listeners.append(listener)

    def load(self, path: str, settings: LoadSettings) -> Job[LoadProgress, LoadedModel]:
        """Make this the model in use and load it; done at once where it is loaded.

        By the time that its result comes, `loaded` is this one.
        A worker that was given up gets another chance: a person chose to try.
        """
        if self.worker.status == "failed":
            self.worker.restart()
        with self._lock:
            self._selected = (path, settings)
        self._count_loading(1)
        job = self.worker.submit("load", path, settings, events=LoadProgress, result=LoadedModel)
        job.add_listener(on_end=self._on_load_end)
        return job

    def generate(
        self,
        messages: list[ChatMessage],
        sampling: Sampling,
        stop: list[str],
        owners: Sequence[str] = (),
        *,
        aside: bool = False,
    ) -> Job[ModelEvent, Generation]:
        """Answer with the model in use, loading it first where it is not loaded.

        Should the process die meanwhile, the job fails with `WorkerDied`; the text that came
        before stays with whoever took it, and the next call works.

        Args:
            messages: The conversation.
            sampling: How the answer is chosen.
            stop: Strings that end it.
            owners: What the conversation is made of: see `Engine.generate`.
            aside: Leave what the model holds of the conversation as it is.

        Raises:
            NoModelLoaded: No model is in use.
        """
        path, settings = self._in_use()
        held = ExitStack()
        if self._gate is not None:
            held.enter_context(self._gate.answering())
        job: Job[ModelEvent, Generation] = self.worker.submit(
            "generate",
            path,
            settings,
            messages,
            sampling,
            stop,
            list(owners),
            aside,
            events=_EVENTS,
            result=Generation,
        )
        job.add_listener(on_end=lambda _: held.close())
        if self._loaded is None:
            self._watch_loading(job, path, settings)
        return job

    def stream(
        self,
        messages: list[ChatMessage],
        sampling: Sampling,
        stop: list[str],
        owners: Sequence[str] = (),
        *,
        aside: bool = False,
    ) -> Generator[GenerationEvent, None, Generation]:
        """Do what `generate` does, in the shape of the engine's own generator.

        Closing it stops the model and waits until it has stopped. Loading goes unmentioned.
        """
        job = self.generate(messages, sampling, stop, owners, aside=aside)
        # A prefill step on a slow machine takes its time; killing would cost the model.
        events = job.stream(cancel_deadline_s=_STOP_S)
        try:
            while True:
                try:
                    event = next(events)
                except StopIteration as end:
                    return end.value
                if not isinstance(event, LoadProgress):
                    yield event
        finally:
            events.close()

    def generate_behind(
        self, path: str, settings: LoadSettings, messages: list[ChatMessage], sampling: Sampling
    ) -> Job[ModelEvent, Generation | None]:
        """Answer in the background, behind every question; the model need not be the one in use.

        Returns:
            The job; its result is None where a question came between: it can be asked again.
        """
        return self.worker.submit(
            "generate_behind",
            path,
            settings,
            messages,
            sampling,
            events=_EVENTS,
            result=_MAYBE_GENERATION,
            background=True,
            repeatable=True,
        )

    def prompt_size(self, messages: list[ChatMessage]) -> PromptSize:
        """Say what a prompt would cost, loading the model first where it is not loaded.

        Raises:
            NoModelLoaded: No model is in use.
        """
        return self._with_model("prompt_size", messages, PromptSize)

    def study_size(self, messages: list[ChatMessage]) -> PromptSize:
        """Say what `study` would read, loading the model first where it is not loaded.

        Raises:
            NoModelLoaded: No model is in use.
        """
        return self._with_model("study_size", messages, PromptSize)

    def study(
        self, messages: list[ChatMessage], owners: Sequence[str], window: int | None = None
    ) -> Job[PrefillProgress, StoredState | None]:
        """Read a conversation up to its last message in the background, and keep that on disk.

        It steps aside for every question. It fails with `NoModelLoaded` where another model is
        loaded meanwhile; what was read by then is kept.

        Args:
            messages: The conversation; what its last message says makes no difference.
            owners: What it is made of.
            window: Steps that may be ahead of whoever follows the job.

        Raises:
            NoModelLoaded: No model is in use.
        """
        path, settings = self._in_use()
        return self.worker.submit(
            "study",
            path,
            settings,
            messages,
            list(owners),
            events=PrefillProgress,
            result=_MAYBE_STATE,
            background=True,
            window=window,
        )

    def studied(self, messages: list[ChatMessage], owners: Sequence[str]) -> StoredState | None:
        """Say what `study` kept of that for the model in use as it is loaded; never loads it.

        Raises:
            NoModelLoaded: It is not loaded.
        """
        path, settings = self._in_use()
        job: Job[None, StoredState | None] = self.worker.submit(
            "studied", path, settings, messages, list(owners), result=_MAYBE_STATE
        )
        return job.result()

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Count the tokens of texts, loading the model first where it is not loaded.

        Raises:
            NoModelLoaded: No model is in use.
        """
        return self._with_model("count_tokens", texts, list[int])

    def measured(self, patience_s: float) -> LoadedModel | None:
        """Return what is loaded, once it is known how fast it is.

        Args:
            patience_s: Seconds after which it is returned without that.
        """
        learning, loaded = self._learning, self._loaded
        if learning is not None and loaded is not None and not loaded.read_tokens_per_s:
            learning.wait(patience_s)
        return self._loaded

    def card_memory(self) -> int:
        """Return how many bytes are free on graphics cards; the process is asked for them.

        Raises:
            WorkerError: The process cannot say.
        """
        if not may_have_cards():
            return 0
        return self.worker.submit("card_memory", result=int, repeatable=True).result()

    def speed_of(self, path: str, settings: LoadSettings) -> Speed:
        """Return how fast a model was here, loaded so; zeros while that is not known."""
        digest = self._digests.known(Path(path))
        return self._speeds.get(digest, settings) if digest is not None else Speed()

    def unload(self) -> None:
        """Free the model's memory once it has answered; no model is in use then."""
        with self._lock:
            self._selected = None
        if self.worker.pid is None:
            self._on_unloaded()
            return
        job = self.worker.submit("unload", result=type(None), in_order=True)
        # In the order in which the process did it: another may be loaded by the time that who
        # waits for this goes on.
        job.add_listener(on_end=lambda _: self._on_unloaded())
        job.result()

    def close(self) -> None:
        """End the process, once it has kept what it would take long to read again."""
        self.worker.close(_CLOSE_S)

    def _in_use(self) -> tuple[str, LoadSettings]:
        selected = self._selected
        if selected is None:
            raise NoModelLoaded
        return selected

    def _with_model(self, method: str, what: object, result: type[R]) -> R:
        path, settings = self._in_use()

        def ask() -> R:
            return self.worker.submit(method, path, settings, what, result=result).result()

        try:
            return ask()
        except NoModelLoaded:
            if self._selected is None:
                raise  # its memory was asked back meanwhile
            self.load(path, settings).result()
            return ask()

    def _watch_loading(
        self, job: Job[ModelEvent, Generation], path: str, settings: LoadSettings
    ) -> None:
        """Follow the loading that a generation does first, for `state` and `loaded`."""
        loading = ExitStack()
        loading.callback(self._count_loading, -1)
        self._count_loading(1)

        def on_event(event: ModelEvent) -> None:
            if isinstance(event, LoadProgress) or self._loaded is not None:
                return
            held = self.worker.submit("held", path, settings, result=LoadedModel)
            held.add_listener(on_end=self._learn)
            loading.close()

        job.add_listener(on_event, lambda _: loading.close(), take=False)

    def _on_load_end(self, job: Job[LoadProgress, LoadedModel]) -> None:
        self._learn(job)
        self._count_loading(-1)

    def _learn(self, job: Job[Any, LoadedModel]) -> None:
        if job.state == "finished":
            loaded = job.result()
            with self._lock:
                self._loaded = loaded
                selected = self._selected
            if selected is not None and not (loaded.sha256 and loaded.read_tokens_per_s):
                self._get_to_know(*selected)
        self._tell()

    def _get_to_know(self, path: str, settings: LoadSettings) -> None:
        job: Job[int, LoadedModel] = self.worker.submit(
            "get_to_know", path, settings, events=int, result=LoadedModel, background=True
        )

        def learn(ended: Job[int, LoadedModel]) -> None:
            with self._lock:
                loaded = self._loaded
                if ended.state == "finished" and loaded is not None and loaded.path == path:
                    self._loaded = ended.result()

        job.add_listener(on_end=learn)
        self._learning = job

    def _on_unloaded(self) -> None:
        with self._lock:
            self._loaded = None
        self._tell()

    def _count_loading(self, by: int) -> None:
        with self._lock:
            self._loading += by
        self._tell()

    def _on_worker_status(self, status: WorkerStatus) -> None:
        if status != "ready":
            with self._lock:
                self._loaded = None
        self._tell()

    def _tell(self) -> None:
        # Over the calls too, so that listeners on two threads hear the last state last.
        with self._telling:
            state = self.state
            if state == self._told:
                return
            self._told = state
            with self._lock:
                listeners = list(self._listeners)
            for listener in listeners:
                listener(state)
