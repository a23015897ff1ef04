"""A job as its submitter sees it: events, one result, one end."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

import msgspec

from assistant.errors import JobCancelled, ProtocolError
from assistant.workers import protocol

_log = logging.getLogger(__name__)

E = TypeVar("E")
R = TypeVar("R")

JobState = Literal["waiting", "running", "finished", "failed", "cancelled"]

# WORKAROUND https://bugs.python.org/issue35935: on Windows, Control-C does not end a wait
# for a lock, so the wait ends now and then by itself.
_WAIT_S = 0.2 if sys.platform == "win32" else None


class JobOwner(Protocol):
    """What a job asks of the worker it runs in."""

    def cancel_job(self, job: int, deadline_s: float) -> None:
        """End the job at its next step, or by force after `deadline_s` seconds."""
        ...

    def credit_job(self, job: int, events: int) -> None:
        """Let the job send as many more events."""
        ...


class Job(Generic[E, R]):
    """A method call that runs in a worker process, yielding events and returning a result.

    It ends exactly once: finished, failed or cancelled. Take its events either by iterating
    over it or by a listener; a listener for events gets those not yet iterated over, too. Who
    waits for the end goes on once the listeners have heard of it.

    Attributes:
        id: Its number in its worker.
        method: The method that was called.
    """

    def __init__(
        self,
        job: int,
        method: str,
        owner: JobOwner,
        *,
        events: Any,
        result: Any,
        window: int | None = None,
    ) -> None:
        self.id = job
        self.method = method
        self._owner = owner
        self._events = protocol.decoder(events)
        self._results = protocol.decoder(result)
        self._window = window
        self._taken = 0
        self._changed = threading.Condition()
        self._state: JobState = "waiting"
        self._result: R | None = None
        self._error: Exception | None = None
        self._backlog: deque[E] = deque()
        self._listeners: list[_Listener[E, R]] = []
        self._taken_by_listener = False
        self._undelivered: deque[Callable[[], None]] = deque()
        # The thread that calls listeners now.
        self._deliverer: int | None = None

    @property
    def state(self) -> JobState:
        """How far it is."""
        return self._state

    @property
    def ended(self) -> bool:
        """Whether it has come to its one end."""
        return self._state not in ("waiting", "running")

    @property
    def error(self) -> Exception | None:
        """Why it failed; None while it has not."""
        return self._error

    def __iter__(self) -> Iterator[E]:
        return self

    def __next__(self) -> E:
        """Wait for the next event.

        Raises:
            StopIteration: It finished; `result` has what it returned.
            JobCancelled: It was cancelled.
            Exception: What it failed with.
        """
        with self._changed:
            while not self._backlog and not self._is_over():
                self._changed.wait(_WAIT_S)
            if self._backlog:
                event = self._backlog.popleft()
            else:
                self._raise_unless_finished()
                raise StopIteration
        self._took_one()
        return event

    def result(self, timeout: float | None = None) -> R:
        """Wait for the end and return what the method returned.

        Raises:
            TimeoutError: It had not ended after `timeout` seconds; it goes on.
            JobCancelled: It was cancelled.
            Exception: What it failed with.
        """
        if not self.wait(timeout):
            raise TimeoutError
        self._raise_unless_finished()
        return cast("R", self._result)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, `timeout` seconds at most; return whether it has come."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._is_over():
                left = _WAIT_S if end is None else end - time.monotonic()
                if left is not None and end is not None and left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def next_event(self, timeout: float) -> E:
        """Wait for the next event as iteration does, but `timeout` seconds at most.

        Raises:
            TimeoutError: None came; the job goes on.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._backlog or self._is_over(), timeout):
                raise TimeoutError
        return next(self)

    def cancel(self, deadline_s: float = 3.0) -> None:
        """Ask for its end and return at once.

        It ends at its next step. If it has not after `deadline_s` seconds, its process is
        killed and started anew, which fails the other jobs that run there.
        """
        if not self.ended:
            self._owner.cancel_job(self.id, deadline_s)

    def stream(self, cancel_deadline_s: float = 3.0) -> Generator[E, None, R]:
        """Give the job the shape of the generator that runs in the worker.

        It yields the events and returns the result; closing it cancels the job and waits
        until it has ended.
        """
        try:
            yield from self
            return self.result()
        finally:
            self.cancel(cancel_deadline_s)
            self.wait()

    def add_listener(
        self,
        on_event: Callable[[E], object] | None = None,
        on_end: Callable[[Job[E, R]], object] | None = None,
        *,
        take: bool = True,
    ) -> None:
        """Have events and the end reported, in order, on the thread that reads from the worker.

        What has already happened is reported at once, on this thread. Listeners must be
        quick: nothing else is heard from the worker in the meantime.

        Args:
            on_event: Called with each event.
            on_end: Called with the job when it has ended.
            take: False leaves the events to whoever iterates, too.
        """
        take = take and on_event is not None
        listener = _Listener(on_event, on_end)
        with self._changed:
            self._listeners.append(listener)
            self._taken_by_listener = self._taken_by_listener or take
            if on_event is not None:
                for event in self._backlog:
                    self._queue_event(on_event, event, take=take)
            if take:
                self._backlog.clear()
            if self.ended:
                self._queue_end(listener)
        self._deliver()

    # What follows is for the worker alone.

    def mark_running(self) -> None:
        """The method is about to be called."""
        with self._changed:
            if self._state == "waiting":
                self._state = "running"

    def mark_waiting(self) -> None:
        """The process is gone before the method was called; another one will call it."""
        with self._changed:
            if self._state == "running":
                self._state = "waiting"

    def accept_event(self, data: msgspec.Raw) -> None:
        """Take an event. Raises ProtocolError where it is not of the declared type."""
        event = cast("E", self._decode(self._events, data))
        with self._changed:
            if self.ended:
                return
            take = self._taken_by_listener
            for listener in self._listeners:
                if listener.on_event is not None:
                    self._queue_event(listener.on_event, event, take=take)
            if not take:
                self._backlog.append(event)
                self._changed.notify_all()
        self._deliver()

    def accept_result(self, data: msgspec.Raw) -> None:
        """End as finished. Raises ProtocolError where the result is not of the declared type."""
        self._end("finished", cast("R", self._decode(self._results, data)), None)

    def fail(self, error: Exception) -> None:
        """End as failed, unless it has ended."""
        self._end("failed", None, error)

    def mark_cancelled(self) -> None:
        """End as cancelled, unless it has ended."""
        self._end("cancelled", None, None)

    def _decode(self, decoder: msgspec.msgpack.Decoder[Any], data: msgspec.Raw) -> Any:
        try:
            return decoder.decode(data)
        except msgspec.MsgspecError as error:
            raise ProtocolError(f"{self.method}: {error}") from None

    def _end(self, state: JobState, result: R | None, error: Exception | None) -> None:
        with self._changed:
            if self.ended:
                return
            self._state, self._result, self._error = state, result, error
            for listener in self._listeners:
                self._queue_end(listener)
            self._changed.notify_all()
        self._deliver()

    def _is_over(self) -> bool:
        """Whether it has ended and its listeners have heard of it. Within the lock."""
        if self._deliverer is None:
            return self.ended and not self._undelivered
        # A listener that asks would wait for itself.
        return self.ended and self._deliverer == threading.get_ident()

    def _raise_unless_finished(self) -> None:
        if self._state == "cancelled":
            raise JobCancelled(self.method)
        if self._error is not None:
            raise self._error

    def _took_one(self) -> None:
        if self._window is None or self.ended:
            return
        self._taken += 1
        if self._taken * 2 >= self._window:
            taken, self._taken = self._taken, 0
            self._owner.credit_job(self.id, taken)

    def _queue_event(self, on_event: Callable[[E], object], event: E, *, take: bool) -> None:
        def deliver() -> None:
            on_event(event)
            if take:
                self._took_one()

        self._undelivered.append(deliver)

    def _queue_end(self, listener: _Listener[E, R]) -> None:
        def deliver() -> None:
            if listener.on_end is not None:
                listener.on_end(self)

        self._undelivered.append(deliver)

    def _deliver(self) -> None:
        """Call listeners in order and without a lock, so that they may call anything here."""
        with self._changed:
            if self._deliverer is not None:
                return  # whoever does will come to what was just queued
            self._deliverer = threading.get_ident()
        try:
            while (deliver := self._next_delivery()) is not None:
                try:
                    deliver()
                except Exception:  # noqa: BLE001 - it is foreign code
                    # A listener's mistake must not stop what others hear.
                    _log.exception("a listener of %s failed", self.method)
        except BaseException:
            # Control-C ends one listener's work here, and those after it are still to hear.
            self._deliverer = None
            self._deliver()
            raise

    def _next_delivery(self) -> Callable[[], None] | None:
        with self._changed:
            if self._undelivered:
                return self._undelivered.popleft()
            self._deliverer = None
            if self.ended:
                self._changed.notify_all()
            return None


class _Listener(Generic[E, R]):
    def __init__(
        self,
        on_event: Callable[[E], object] | None,
        on_end: Callable[[Job[E, R]], object] | None,
    ) -> None:
        self.on_event = on_event
        self.on_end = on_end
