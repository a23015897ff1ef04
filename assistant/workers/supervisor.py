"""A worker as the app sees it: a child process that serves one object, kept alive.

One thread starts the process, reads what it says and, when it dies, fails the jobs that were
running in it and starts the next one; another thread writes, so that no caller ever waits
for a pipe. Both end with `close`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast, overload

from assistant import network
from assistant.errors import (
    FrameTooLarge,
    ProtocolError,
    ProtocolMismatch,
    WorkerClosed,
    WorkerDied,
    WorkerGaveUp,
    WorkerJobFailed,
)
from assistant.workers import protocol
from assistant.workers.failures import rebuild
from assistant.workers.jobs import Job
from assistant.workers.process import WorkerProcess, WorkerSpec

_log = logging.getLogger(__name__)

E = TypeVar("E")
R = TypeVar("R")

WorkerStatus = Literal["idle", "starting", "ready", "restarting", "failed", "closed"]

# A worker that cannot even start is given up after so many tries, whatever its policy.
_START_TRIES = 3


class _Open:
    """A job that the process still owes an end, though its submitter may have it already."""

    def __init__(self, job: Job[Any, Any], frame: bytes, *, repeatable: bool) -> None:
        self.job = job
        self.frame = frame
        self.repeatable = repeatable
        self.sent = False
        self.began = False
        self.deadline: threading.Timer | None = None


class Worker:
    """A supervised child process that serves the methods of one object.

    It starts at the first `submit` or at `start`. A factory that raises one of the packages'
    own errors has said all there is to say: waiting jobs fail with just that, nothing is tried
    again by itself, and the next `submit` tries again. Every method may be called from any thread
    and returns at once, but for `close` and `wait_ready`.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self.spec = spec
        self._changed = threading.Condition()
        self._status: WorkerStatus = "idle"
        self._listeners: list[Callable[[WorkerStatus], None]] = []
        self._thread: threading.Thread | None = None
        self._process: WorkerProcess | None = None
        self._open: dict[int, _Open] = {}
        self._last_job = 0
        self._deaths = 0
        self._detail = ""
        self._refusal: Exception | None = None
        self._paused = False
        self._closing = False

    @property
    def status(self) -> WorkerStatus:
        """How it is."""
        return self._status

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is no process."""
        process = self._process
        return process.pid if process is not None else None

    def add_status_listener(self, listener: Callable[[WorkerStatus], None]) -> None:
        """Have changes of `status` reported, on whatever thread makes them."""
        with self._changed:
            self._listeners.append(listener)

    def start(self) -> None:
        """Start the process unless it runs or was given up."""
        with self._changed:
            if self._thread is None and self._status == "idle":
                self._launch()

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Start it and wait until it serves jobs; return whether it does."""
        self.start()
        with self._changed:
            self._changed.wait_for(lambda: self._status in ("ready", "failed", "closed"), timeout)
            return self._status == "ready"

    @overload
    def submit(
        self,
        method: str,
        *arguments: object,
        result: type[R],
        background: bool = False,
        in_order: bool = False,
        repeatable: bool = False,
        window: int | None = None,
    ) -> Job[None, R]: ...

    @overload
    def submit(
        self,
        method: str,
        *arguments: object,
        events: type[E] | tuple[type[E], ...],
        result: type[R],
        background: bool = False,
        in_order: bool = False,
        repeatable: bool = False,
        window: int | None = None,
    ) -> Job[E, R]: ...

    def submit(
        self,
        method: str,
        *arguments: object,
        events: Any = None,
        result: Any,
        background: bool = False,
        in_order: bool = False,
        repeatable: bool = False,
        window: int | None = None,
    ) -> Job[Any, Any]:
        """Call a method of the object.

        Args:
            method: Its name; a plain method or one that returns a generator.
            arguments: By position, of the types that the method's annotations say.
            events: Type of what the generator yields, or a tuple of such types.
            result: Type of what the method returns.
            background: Run only while no other job waits, and not while held back.
            in_order: Let a plain method wait for the generators submitted before it,
                instead of running between their steps.
            repeatable: Call it again in the next process should this one die meanwhile,
                instead of failing; its events then start over.
            window: Events that may wait to be taken before the generator is held back.

        Raises:
            TypeError: An argument is of a type that does not travel.
        """
        if isinstance(events, tuple):
            union: Any = None
            for each in cast("tuple[Any, ...]", events):
                union = each if union is None else union | each
            events = union
        with self._changed:
            self._last_job += 1
            number = self._last_job
        job: Job[Any, Any] = Job(number, method, self, events=events, result=result, window=window)
        try:
            values = tuple(protocol.pack(each) for each in arguments)
            request = protocol.Submit(number, method, values, background, in_order, window)
            frame = protocol.encode(request, self.spec.frame_limit)
        except FrameTooLarge as error:
            job.fail(error)
        except ValueError as error:  # a file name that is no Unicode, for one
            kind = f"builtins.{type(error).__qualname__}"
            job.fail(WorkerJobFailed(self.spec.name, method, kind, str(error)))
        else:
            self._enter(_Open(job, frame, repeatable=repeatable))
        return job

    def pause_background(self) -> None:
        """Hold back background jobs from their next step on."""
        self._set_background(paused=True)

    def resume_background(self) -> None:
        """Go on with background jobs."""
        self._set_background(paused=False)

    def restart(self) -> None:
        """End the process and start a new one, also after it was given up.

        Jobs that were running fail with `WorkerDied` unless they are repeatable; those that
        waited go on waiting.
        """
        with self._changed:
            if self._closing:
                return
            self._deaths = 0
            if self._process is not None:
                self._process.kill()
            elif self._thread is None:
                self._status = "idle"
                self._launch()
            self._changed.notify_all()

    def close(self, timeout: float = 2.0) -> None:
        """End the process, by force after `timeout` seconds; open jobs end as cancelled."""
        with self._changed:
            self._closing = True
            process, thread = self._process, self._thread
            if process is not None:
                process.send(protocol.Shutdown())
            self._changed.notify_all()
        if process is not None and not process.wait(timeout):
            process.kill()
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._end_all(lambda entry: entry.job.mark_cancelled())
        self._set_status("closed")

    # What follows is for `Job`.

    def cancel_job(self, job: int, deadline_s: float) -> None:
        """See `Job.cancel`."""
        with self._changed:
            entry = self._open.get(job)
            if entry is None or entry.deadline is not None:
                return
            if entry.sent and self._process is not None:
                self._process.send(protocol.Cancel(job))
                entry.deadline = threading.Timer(deadline_s, self._kill_for, (entry,))
                entry.deadline.name = f"{self.spec.name}-cancel"
                entry.deadline.daemon = True
                entry.deadline.start()
            else:
                del self._open[job]
        if not entry.began:
            # It has had no effect, so it need not wait for the worker to agree.
            entry.job.mark_cancelled()

    def credit_job(self, job: int, events: int) -> None:
        """See `Job` and `window`."""
        with self._changed:
            if job in self._open and self._process is not None:
                self._process.send(protocol.Credit(job, events))

    # What follows runs on the caller's thread.

    def _launch(self) -> None:
        self._thread = threading.Thread(
            target=self._supervise, name=f"{self.spec.name}-worker", daemon=True
        )
        self._thread.start()

    def _enter(self, entry: _Open) -> None:
        refusal: Exception | None = None
        with self._changed:
            if self._closing:
                refusal = WorkerClosed(self.spec.name)
            elif self._status == "failed" and self._refusal is None:
                refusal = self._gave_up()
            else:
                # What its factory refused it for may be mended by now, so it is asked again.
                if self._thread is None:
                    self._status = "idle"
                self._open[entry.job.id] = entry
                if self._process is not None and self._process.ready:
                    entry.sent = True
                    self._process.send_frame(entry.frame)
                elif self._thread is None:
                    self._launch()
        if refusal is not None:
            entry.job.fail(refusal)

    def _set_background(self, *, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            if self._process is not None:
                self._process.send(protocol.SetBackground(paused))

    def _kill_for(self, entry: _Open) -> None:
        """The last step of cancelling: the job has not ended in time."""
        with self._changed:
            # One that has not begun waits for others, which must not die for it.
            if self._open.get(entry.job.id) is not entry or not entry.began:
                return
            process = self._process
        if process is not None:
            _log.warning("%s does not stop %s: killing it", self.spec.name, entry.job.method)
            process.kill()

    def _gave_up(self) -> Exception:
        return self._refusal or WorkerGaveUp(
            self.spec.name, self._deaths, str(self.spec.log_file), self._detail
        )

    def _set_status(self, status: WorkerStatus) -> None:
        with self._changed:
            if status == self._status:
                return
            self._status = status
            listeners = list(self._listeners)
            self._changed.notify_all()
        for listener in listeners:
            try:
                listener(status)
            except Exception:  # noqa: BLE001 - it is foreign code
                _log.exception("a status listener of %s failed", self.spec.name)

    def _end_all(self, end: Callable[[_Open], None]) -> None:
        with self._changed:
            entries = list(self._open.values())
            self._open.clear()
        for entry in entries:
            self._settle(entry)
            end(entry)

    @staticmethod
    def _settle(entry: _Open) -> None:
        if entry.deadline is not None:
            entry.deadline.cancel()

    # What follows runs on the supervising thread.

    def _supervise(self) -> None:
        starts_failed = 0
        while not self._closing:
            again = self._status in ("ready", "restarting")
            self._set_status("restarting" if again else "starting")
            process, hopeless = None, False
            self._refusal = None
            try:
                process = self._spawn()
                self._serve(process)
            except EOFError:
                pass
            except ProtocolMismatch as error:
                hopeless, self._detail = True, error.detail
            except (ProtocolError, OSError) as error:
                self._detail = str(error)
            was_ready = process is not None and process.ready
            by_us = process is not None and process.killed_by_us
            starts_failed = 0 if was_ready or by_us else starts_failed + 1
            self._bury(process)
            if self._closing:
                break
            if by_us:
                continue
            with self._changed:
                self._deaths += 1
                most = self.spec.restart.give_up_after if was_ready else None
                hopeless = hopeless or self._refusal is not None
                hopeless = hopeless or starts_failed >= _START_TRIES
                hopeless = hopeless or (most is not None and self._deaths >= most)
                if hopeless:
                    self._thread = None
            if hopeless:
                self._set_status("failed")
                self._end_all(lambda entry: entry.job.fail(self._gave_up()))
                return
            self._set_status("restarting")
            delays = self.spec.restart.delays
            with self._changed:
                delay = delays[min(self._deaths, len(delays)) - 1] if delays else 0.0
                self._changed.wait_for(lambda: self._closing or self._deaths == 0, delay)

    def _spawn(self) -> WorkerProcess:
        process = WorkerProcess(self.spec, background_paused=self._paused)
        with self._changed:
            self._process = process
            closing = self._closing
        if closing:
            process.kill()
        return process

    def _serve(self, process: WorkerProcess) -> None:
        """Hear the process out. Ends by an exception: EOFError when it is dead."""
        protocol.check_greeting(process.output)
        while True:
            reply = protocol.read_reply(process.output, self.spec.frame_limit)
            match reply:
                case protocol.Ready():
                    self._become_ready(process)
                case protocol.StartFailed(failure):
                    self._detail = f"{failure.kind}: {failure.detail}"
                    error = rebuild(failure, self.spec.name, self.spec.factory)
                    if not isinstance(error, WorkerJobFailed):
                        self._refusal = error
                case protocol.Denied(host):
                    network.record_denied(host)
                case protocol.Granted(host):
                    network.record_granted(host)
                case _:
                    self._hear(reply)

    def _become_ready(self, process: WorkerProcess) -> None:
        self._set_status("ready")
        with self._changed:
            process.ready = True
            # What was asked for while it started; it may have been paused since, too.
            process.send(protocol.SetBackground(self._paused))
            for entry in self._open.values():
                if not entry.sent:
                    entry.sent = True
                    process.send_frame(entry.frame)

    def _hear(
        self,
        reply: protocol.Began
        | protocol.Event
        | protocol.Finished
        | protocol.Failed
        | protocol.Cancelled,
    ) -> None:
        with self._changed:
            entry = self._open.get(reply.job)
            if entry is None:
                return
            if isinstance(reply, protocol.Began):
                entry.began = True
            elif not isinstance(reply, protocol.Event):
                del self._open[reply.job]
                if not isinstance(reply, protocol.Cancelled):
                    self._deaths = 0
        job = entry.job
        try:
            match reply:
                case protocol.Began():
                    job.mark_running()
                case protocol.Event(data=data):
                    job.accept_event(data)
                case protocol.Finished(data=data):
                    self._settle(entry)
                    job.accept_result(data)
                case protocol.Failed(failure=failure):
                    self._settle(entry)
                    job.fail(rebuild(failure, self.spec.name, job.method))
                case protocol.Cancelled():
                    self._settle(entry)
                    job.mark_cancelled()
        except ProtocolError as error:
            # The library and its caller disagree about a type. The job is lost, not the worker.
            job.fail(error)
            self.cancel_job(job.id, 10.0)

    def _dies_with_process(self, entry: _Open) -> bool:
        if entry.job.ended or entry.deadline is not None:
            return True  # it was to be cancelled
        return entry.began and not entry.repeatable

    def _bury(self, process: WorkerProcess | None) -> None:
        """See to what a dead process leaves behind."""
        if process is None:
            return
        exit_code = process.reap()
        with self._changed:
            self._process = None
            dead = [entry for entry in self._open.values() if self._dies_with_process(entry)]
            for entry in dead:
                del self._open[entry.job.id]
            for entry in self._open.values():
                entry.sent = entry.began = False
                entry.job.mark_waiting()
        if not self._closing:
            _log.warning(
                "%s ended with %s, %d jobs with it; see %s",
                self.spec.name,
                exit_code,
                len(dead),
                self.spec.log_file,
            )
        for entry in dead:
            self._settle(entry)
            if entry.deadline is not None or self._closing:
                entry.job.mark_cancelled()
            else:
                entry.job.fail(WorkerDied(self.spec.name, exit_code))
