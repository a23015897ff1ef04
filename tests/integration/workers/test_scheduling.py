"""In which order a worker does its jobs, and how they are cancelled."""

from __future__ import annotations

import contextlib
import time

import pytest

from assistant.compute import ComputeGate
from assistant.errors import (
    JobCancelled,
)
from assistant.workers.supervisor import Worker
from tests.integration.worker_objects import Report, Step
from tests.integration.workers.support import kill
from tests.waiting import PATIENCE_S

NOTHING = type(None)


# --- Order ----------------------------------------------------------------------------------------


def test_plain_calls_come_between_the_steps_of_a_generator(worker: Worker) -> None:
    job = worker.submit("count", 100_000, 0.01, "long", events=Step, result=Report)
    next(job)
    assert worker.submit("hello", "Ann", result=str).result(PATIENCE_S) == "hello Ann"
    assert not job.ended
    job.cancel()


def test_calls_in_order_wait_for_the_generators_before_them(worker: Worker) -> None:
    first = worker.submit("count", 20, 0.01, "first", events=Step, result=Report)
    last = worker.submit("hello", "last", result=str, in_order=True)
    now = worker.submit("hello", "now", result=str)
    last.result(PATIENCE_S)
    assert first.ended
    now.result(PATIENCE_S)
    order, _ = worker.submit("seen", result=tuple[list[str], list[str]]).result(PATIENCE_S)
    assert order == ["now", "first", "last"]


def test_foreground_overtakes_background(worker: Worker) -> None:
    slow = worker.submit(
        "count", 100_000, 0.01, "slow", events=Step, result=Report, background=True
    )
    next(slow)
    first = worker.submit("count", 10, 0.01, "first", events=Step, result=Report)
    second = worker.submit("count", 10, 0.01, "second", events=Step, result=Report)
    first.result(PATIENCE_S)
    second.result(PATIENCE_S)
    assert not slow.ended
    slow.cancel()
    slow.wait(PATIENCE_S)
    order, closed = worker.submit("seen", result=tuple[list[str], list[str]]).result(PATIENCE_S)
    assert order == ["first", "second", "slow"]
    assert closed == ["slow"]


def test_paused_background_stands_still_and_goes_on(worker: Worker) -> None:
    gate = ComputeGate(worker)
    # Held back where nobody takes its events, so that it is not done before it is paused.
    job = worker.submit("count", 60, 0.01, events=Step, result=Report, background=True, window=8)
    steps = [next(job)]
    with gate.answering(), gate.answering():
        # Once this is answered the pause has arrived, and so have the events from before it.
        assert worker.submit("hello", "Ann", result=str).result(PATIENCE_S) == "hello Ann"
        with contextlib.suppress(TimeoutError):
            while True:
                steps.append(job.next_event(0))
        with pytest.raises(TimeoutError):
            job.next_event(0.5)
    steps += job
    assert steps == [Step(number) for number in range(60)]
    assert job.result(PATIENCE_S) == Report(60)


def test_background_stays_paused_through_a_restart(worker: Worker) -> None:
    worker.pause_background()
    job = worker.submit("count", 3, 0.0, events=Step, result=Report, background=True)
    assert worker.wait_ready(PATIENCE_S)
    kill(worker)
    assert worker.submit("hello", "Ann", result=str).result(PATIENCE_S) == "hello Ann"
    with pytest.raises(TimeoutError):
        job.result(0.5)
    worker.resume_background()
    assert job.result(PATIENCE_S) == Report(3)


def test_paused_background_can_be_cancelled(worker: Worker) -> None:
    worker.pause_background()
    job = worker.submit("count", 3, 0.0, events=Step, result=Report, background=True)
    assert worker.wait_ready(PATIENCE_S)
    job.cancel()
    assert job.wait(PATIENCE_S)
    assert job.state == "cancelled"


def test_a_window_holds_the_generator_back(worker: Worker) -> None:
    job = worker.submit("count", 100, 0.0, "held", events=Step, result=Report, window=4)
    assert next(job) == Step(0)
    time.sleep(0.5)
    order, _ = worker.submit("seen", result=tuple[list[str], list[str]]).result(PATIENCE_S)
    assert order == []
    assert [step.number for step in job] == list(range(1, 100))
    assert job.result(PATIENCE_S) == Report(100)


# --- Cancelling -----------------------------------------------------------------------------------


def test_cancelling_closes_the_generator_and_keeps_the_process(worker: Worker) -> None:
    job = worker.submit("count", 10_000, 0.01, "a", events=Step, result=Report)
    next(job)
    pid = worker.pid
    job.cancel()
    assert job.wait(PATIENCE_S)
    assert job.state == "cancelled"
    with pytest.raises(JobCancelled):
        job.result()
    with pytest.raises(JobCancelled):
        list(job)
    assert worker.submit("pid", result=int).result(PATIENCE_S) == pid
    _, closed = worker.submit("seen", result=tuple[list[str], list[str]]).result(PATIENCE_S)
    assert closed == ["a"]


def test_a_job_that_waits_is_cancelled_at_once_and_never_runs(worker: Worker) -> None:
    first = worker.submit("count", 30, 0.01, "first", events=Step, result=Report)
    second = worker.submit("count", 1, 0.0, "second", events=Step, result=Report)
    next(first)
    second.cancel()
    assert second.state == "cancelled"
    first.result(PATIENCE_S)
    order, _ = worker.submit("seen", result=tuple[list[str], list[str]]).result(PATIENCE_S)
    assert order == ["first"]


def test_what_does_not_stop_is_killed_and_replaced(worker: Worker) -> None:
    job = worker.submit("stubborn", 60, events=Step, result=NOTHING)
    other = worker.submit("count", 2, 0.0, events=Step, result=Report)
    next(job)
    pid = worker.pid
    time.sleep(0.2)
    started = time.monotonic()
    job.cancel(deadline_s=0.3)
    assert job.wait(PATIENCE_S)
    assert 0.2 < time.monotonic() - started < 30
    assert job.state == "cancelled"
    # It had not begun, so the next process runs it.
    assert other.result(PATIENCE_S) == Report(2)
    assert worker.pid != pid


def test_a_job_that_waits_behind_a_stuck_one_does_not_kill_it(worker: Worker) -> None:
    stuck = worker.submit("stubborn", 1, events=Step, result=NOTHING)
    next(stuck)
    pid = worker.pid
    waiting = worker.submit("count", 2, 0.0, events=Step, result=Report)
    waiting.cancel(deadline_s=0.1)
    assert waiting.state == "cancelled"
    assert stuck.result(PATIENCE_S) is None
    assert worker.pid == pid
