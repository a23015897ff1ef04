"""The worker's side of jobs: one thread that serves them step by step.

Long methods are generators, and every yield is a place to stop, to pause and to let something
more urgent through. Urgent first, the order is: plain methods; foreground generators, one
after the other; background jobs, one after the other, while they are not held back. So a
search is answered between two steps of an indexing run, and the size of a prompt between two
words of an answer. A plain method that must not run in the midst of a generator (unloading a
model that generates) is submitted with `in_order` and takes its turn among them.
"""

from __future__ import annotations

import inspect
import logging
import threading
import typing
from collections import deque
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

from assistant.logs import frames
from assistant.workers import protocol
from assistant.workers.failures import describe

_log = logging.getLogger(__name__)

_Steps = Generator[Any, None, Any]


class _Task:
    """A submitted job and how far it is."""

    def __init__(self, request: protocol.Submit, method: Callable[..., Any] | None) -> None:
        self.request = request
        self.method = method
        self.steps: _Steps | None = None
        self.credit = request.credit

    @property
    def may_step(self) -> bool:
        return self.steps is None or self.credit is None or self.credit > 0


class Scheduler:
    """Serves the methods of `target`, replying through `send`.

    `put` may be called from any thread, `run` is the one thread that touches the target.
    """

    def __init__(self, send: Callable[[protocol.Reply], None], background_paused: bool) -> None:
        self._send = send
        self._target: object = None
        self._inbox: deque[protocol.Request] = deque()
        self._arrived = threading.Condition()
        self._calls: deque[_Task] = deque()
        self._foreground: deque[_Task] = deque()
        self._background: deque[_Task] = deque()
        self._paused = background_paused
        self._shut_down = False

    def put(self, request: protocol.Request) -> None:
        """Take a request; it has its effect before the next step."""
        with self._arrived:
            self._inbox.append(request)
            self._arrived.notify()

    def run(self, target: object) -> None:
        """Serve `target` until a shutdown is asked for; then close it."""
        self._target = target
        while not self._shut_down:
            task = self._next_task()
            with self._arrived:
                if task is None and not self._inbox:
                    self._arrived.wait()
                requests = list(self._inbox)
                self._inbox.clear()
            for request in requests:
                self._take(request)
            # What has just come may be more urgent than what was next.
            task = self._next_task() if requests else task
            if task is not None and not self._shut_down:
                self._step(task)
        self._close()

    def _next_task(self) -> _Task | None:
        if self._calls:
            return self._calls[0]
        if self._foreground and self._foreground[0].may_step:
            return self._foreground[0]
        if self._background and not self._paused and self._background[0].may_step:
            return self._background[0]
        return None

    def _line(self, task: _Task) -> deque[_Task]:
        """The queue that a newly submitted task belongs to."""
        if task.request.background:
            return self._background
        if task.request.in_order or inspect.isgeneratorfunction(task.method):
            return self._foreground
        return self._calls

    def _take(self, request: protocol.Request) -> None:
        match request:
            case protocol.Submit():
                name = request.method
                method = None if name.startswith("_") else getattr(self._target, name, None)
                task = _Task(request, method)
                self._line(task).append(task)
            case protocol.Cancel():
                self._cancel(request.job)
            case protocol.Credit():
                task = self._find(request.job)
                if task is not None and task.credit is not None:
                    task.credit += request.events
            case protocol.SetBackground():
                self._paused = request.paused
            case protocol.Shutdown():
                self._shut_down = True
            case protocol.Start():
                _log.error("started twice")

    def _find(self, job: int) -> _Task | None:
        for line in (self._calls, self._foreground, self._background):
            for task in line:
                if task.request.job == job:
                    return task
        return None

    def _drop(self, task: _Task) -> None:
        for line in (self._calls, self._foreground, self._background):
            if task in line:
                line.remove(task)

    def _cancel(self, job: int) -> None:
        task = self._find(job)
        if task is None:
            return  # it ended while the request was on its way
        self._drop(task)
        self._close_steps(task)
        self._send(protocol.Cancelled(job))

    def _close_steps(self, task: _Task) -> None:
        if task.steps is None:
            return
        try:
            task.steps.close()
        except BaseException as error:  # noqa: BLE001 - whatever a library may raise
            # It is stopped all the same, which is what was asked for.
            _log_failure("closing", task, error)

    def _step(self, task: _Task) -> None:
        job = task.request.job
        try:
            if task.steps is None:
                self._send(protocol.Began(job))
                value = self._call(task)
                if isinstance(value, Generator):
                    task.steps = typing.cast("_Steps", value)
                    if task in self._calls:
                        self._calls.remove(task)
                        self._foreground.append(task)
                    return
            else:
                try:
                    event = next(task.steps)
                except StopIteration as stop:
                    value = stop.value
                else:
                    if task.credit is not None:
                        task.credit -= 1
                    self._send(protocol.Event(job, protocol.pack(event)))
                    return
            reply = protocol.Finished(job, protocol.pack(value))
            self._drop(task)
            self._send(reply)
        except BaseException as error:  # noqa: BLE001 - whatever a library may raise
            self._fail(task, error)

    def _call(self, task: _Task) -> object:
        method = task.method
        if not callable(method):
            raise TypeError(f"no method {task.request.method!r}")
        values = task.request.arguments
        types = argument_types(method, len(values))
        return method(*(protocol.decoder(t).decode(v) for t, v in zip(types, values, strict=True)))

    def _fail(self, task: _Task, error: BaseException) -> None:
        self._drop(task)
        self._close_steps(task)
        failure = describe(error)
        if failure.facts is None:
            _log_failure("running", task, error)
        self._send(protocol.Failed(task.request.job, failure))

    def _close(self) -> None:
        for line in (self._calls, self._foreground, self._background):
            for task in line:
                self._close_steps(task)
        close = getattr(self._target, "close", None)
        if callable(close):
            close()


def argument_types(function: Callable[..., Any], count: int) -> list[Any]:
    """Find the types of a function's first `count` positional arguments.

    Its return type is left alone: it may name what only a type checker imports.

    Raises:
        TypeError: It takes fewer, or one of them has no annotation.
    """
    plain = inspect.unwrap(getattr(function, "__func__", function))
    names = [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ]
    if count > len(names):
        raise TypeError(f"{count} arguments given, {len(names)} taken")
    hints = argument_hints(plain)
    try:
        return [hints[name] for name in names[:count]]
    except KeyError as error:
        raise TypeError(f"argument {error} has no annotation") from None


def argument_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Evaluate a function's annotations but for that of what it returns."""
    annotations = dict(getattr(function, "__annotations__", {}))
    annotations.pop("return", None)
    holder = SimpleNamespace(__annotations__=annotations)
    return typing.get_type_hints(holder, globalns=getattr(function, "__globals__", {}))


def _log_failure(doing: str, task: _Task, error: BaseException) -> None:
    _log.error(
        "%s %s: %s.%s\n%s",
        doing,
        task.request.method,
        type(error).__module__,
        type(error).__qualname__,
        frames(error.__traceback__),
    )
