"""Runs generators in threads and hands what they yield to the window's thread, in batches.

A window repaints some dozens of times a second; a signal for each token would only hold it
up. So a thread puts its events into one queue, wakes the window at most once, and the window
takes all there is every `BATCH_MS`. Each run ends in exactly one of finished, failed and
stopped, and after that nothing more comes from it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Final, Literal, NamedTuple, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal, Slot

BATCH_MS: Final = 33
IDLE: Final = "run-nothing"
MOST_IDLE: Final = 4

_log = logging.getLogger(__name__)

End = Literal["finished", "failed", "stopped"]
AnyGenerator = Generator[Any, None, Any]
R = TypeVar("R")


class Run(QObject):
    """One generator at work, or one call.

    Signals:
        events: A list of what was yielded since the last batch.
        finished: The generator's result. The last signal.
        failed: The exception it raised. The last signal.
        stopped: It was stopped before its end. The last signal.
        ended: Follows each of these three, for whoever only waits.
    """

    events = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    stopped = Signal()
    ended = Signal()

    def __init__(self, name: str, parent: QObject, *, has_steps: bool) -> None:
        super().__init__(parent)
        self.name = name
        self.is_over = False
        self._has_steps = has_steps
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the generator to end at its next step. Safe to call at any time, repeatedly.

        A call has no steps: it is made even where the window closes before its thread has come
        to it, for it may keep what a person has just done.
        """
        if self._has_steps:
            self._stop.set()

    @property
    def stop_asked(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def end(self, end: End, value: Any) -> None:
        """Emit the run's one end. Called by the bridge, on the window's thread."""
        if self.is_over:
            return
        self.is_over = True
        if end == "finished":
            self.finished.emit(value)
        elif end == "failed":
            self.failed.emit(value)
        else:
            self.stopped.emit()
        self.ended.emit()


class _Turns:
    """Numbers for those that wait, and whose turn it is."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0
        self._next = 0

    def take(self) -> int:
        """Return the next number."""
        with self._changed:
            self._taken += 1
            return self._taken - 1

    @contextmanager
    def come(self, turn: int) -> Generator[None, None, None]:
        """Wait for a number's turn, which is over with the `with` block."""
        with self._changed:
            self._changed.wait_for(lambda: self._next == turn)
        try:
            yield
        finally:
            with self._changed:
                self._next += 1
                self._changed.notify_all()


def _made_at_first_step(make: Callable[[], AnyGenerator]) -> AnyGenerator:
    return (yield from make())


class _Item(NamedTuple):
    run: Run
    end: End | None
    value: Any


class Bridge(QObject):
    """Starts runs and delivers what comes of them. Lives on the window's thread."""

    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()  # the queue of events
        self._pool = threading.Lock()  # the threads
        self._queue: list[_Item] = []
        self._woken = False
        self._closed = False
        self._live: set[Run] = set()
        self._jobs: SimpleQueue[tuple[Run, Callable[[], AnyGenerator]] | None] = SimpleQueue()
        self._threads: set[threading.Thread] = set()
        self._lines: dict[str, _Turns] = {}
        self._idle = 0
        self._delivered_at = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_deliver)
        self._wake.connect(self._on_wake, Qt.ConnectionType.QueuedConnection)
        self._add_thread()

    def start(self, name: str, make: Callable[[], AnyGenerator]) -> Run:
        """Run a generator in a thread that it has to itself meanwhile.

        `make` is called in that thread, so that making the generator may take its time too. One
        that is stopped before its thread has come to it is never made.
        """
        return self._start(Run(name, self, has_steps=True), make)

    def call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Run:
        """Run a plain function in a thread; `finished` brings its result."""

        def make() -> AnyGenerator:
            return function(*arguments)
            yield  # what makes this a generator

        return self._start(Run(name, self, has_steps=False), make)

    def in_turn(self, line: str, function: Callable[..., R]) -> Callable[..., R]:
        """Let a function for `call` wait until all before it in the same line have returned.

        Threads take up calls in any order; what a person did last has to hold in the end. Such
        functions have to be quick, and each has to be called, once.
        """
        turns = self._lines.setdefault(line, _Turns())
        turn = turns.take()

        def wait_and_do(*arguments: Any) -> R:
            with turns.come(turn):
                return function(*arguments)

        return wait_and_do

    def _start(self, run: Run, make: Callable[[], AnyGenerator]) -> Run:
        if self._closed:
            # A page may still ask while the window closes; it only has to hear an end.
            QTimer.singleShot(0, run, lambda: run.end("stopped", None))
            return run
        self._live.add(run)
        self._jobs.put((run, make))
        return run

    @property
    def running(self) -> list[Run]:
        """The runs that are not over."""
        return [run for run in self._live if not run.is_over]

    def close(self, timeout_s: float = 5.0) -> bool:
        """Stop all runs and wait for their threads; whether all of them ended in time."""
        with self._pool:
            self._closed = True
            threads = list(self._threads)
        for run in self.running:
            run.stop()
        deadline = time.monotonic() + timeout_s
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._timer.stop()
        left = [thread.name for thread in threads if thread.is_alive()]
        if left:
            _log.warning("still running at close: %s", ", ".join(left))
        self._on_deliver()
        # Now, and not at the next turn of the loop: what a run still holds may hold this bridge
        # last, which would then be gone in the midst of its run's deletion, and delete it again.
        for run in self.findChildren(Run):
            QCoreApplication.sendPostedEvents(run, QEvent.Type.DeferredDelete.value)
        return not left

    # --- In the threads -------------------------------------------------------------------

    def _add_thread(self) -> None:
        with self._pool:
            if self._closed:
                return
            thread = threading.Thread(target=self._serve, name=IDLE, daemon=True)
            self._threads.add(thread)
            self._idle += 1
            thread.start()

    def _serve(self) -> None:
        """Do one job after another. Whoever takes the last idle place makes another.

        Starting a thread waits until it runs, which on a busy machine takes long: so the
        window's thread never does it, the threads do it among themselves.
        """
        me = threading.current_thread()
        while (job := self._jobs.get()) is not None:
            with self._pool:
                self._idle -= 1
                alone = self._idle == 0
            if alone:
                self._add_thread()
            me.name = f"run-{job[0].name}"
            self._work(*job)
            me.name = IDLE
            del job
            with self._pool:
                if self._idle >= MOST_IDLE and not self._closed:
                    self._threads.discard(me)
                    return
                self._idle += 1

    def _work(self, run: Run, make: Callable[[], AnyGenerator]) -> None:
        end: End
        value: Any = None
        try:
            # Not made before its first step: one that is closed before that would not see to it
            # that what was begun in making it is ended.
            generator = _made_at_first_step(make)
            while True:
                if run.stop_asked:
                    generator.close()
                    end = "stopped"
                    break
                try:
                    self._put(_Item(run, None, next(generator)))
                except StopIteration as finished:
                    end, value = "finished", finished.value
                    break
        except Exception as error:  # noqa: BLE001 - every run has an end
            # Whatever it is belongs to whoever started the run; its words are not logged,
            # since they might hold a document's text.
            _log.info("%s failed: %s", run.name, type(error).__name__)
            _log.debug("%s failed", run.name, exc_info=True)
            end, value = "failed", error
        self._put(_Item(run, end, value))

    def _put(self, item: _Item) -> None:
        with self._lock:
            self._queue.append(item)
            if self._woken:
                return
            self._woken = True
        try:
            self._wake.emit()
        except RuntimeError:
            _log.debug("the window was gone before %s ended", item.run.name)

    # --- On the window's thread -----------------------------------------------------------

    @Slot()
    def _on_wake(self) -> None:
        due = self._delivered_at + BATCH_MS / 1000 - time.monotonic()
        if due <= 0:
            self._on_deliver()
        else:
            self._timer.start(max(1, round(due * 1000)))

    @Slot()
    def _on_deliver(self) -> None:
        with self._lock:
            items, self._queue = self._queue, []
            self._woken = False
        self._delivered_at = time.monotonic()
        batches: dict[Run, list[Any]] = {}
        ends: list[_Item] = []
        for item in items:
            if item.end is None:
                batches.setdefault(item.run, []).append(item.value)
            else:
                ends.append(item)
        for run, events in batches.items():
            run.events.emit(events)
        for run, end, value in ends:
            if end is not None:
                run.end(end, value)
            self._live.discard(run)
            run.deleteLater()
