"""A job's end: who waits for it goes on once its listeners have heard of it."""

from __future__ import annotations

import threading

import msgspec
import pytest

from assistant.errors import JobCancelled, WorkerClosed
from assistant.workers.jobs import Job
from tests.waiting import PATIENCE_S

# Long enough for a thread that does not wait to be caught at it.
_CHANCE_S = 0.2


class Owner:
    """A worker that agrees to everything."""

    def cancel_job(self, job: int, deadline_s: float) -> None:
        pass

    def credit_job(self, job: int, events: int) -> None:
        pass


@pytest.fixture
def job() -> Job[int, int]:
    return Job(1, "count", Owner(), events=int, result=int)


def finish(job: Job[int, int]) -> None:
    job.accept_result(msgspec.Raw(msgspec.msgpack.encode(5)))


def cancel(job: Job[int, int]) -> None:
    job.mark_cancelled()


def fail(job: Job[int, int]) -> None:
    job.fail(WorkerClosed("machine"))


def outcome(job: Job[int, int]) -> object:
    try:
        return job.result(PATIENCE_S)
    except (JobCancelled, WorkerClosed) as error:
        return type(error)


@pytest.mark.parametrize("end", [finish, fail, cancel])
def test_a_result_comes_once_the_listeners_have_heard_of_the_end(job, end):
    heard: list[str] = []
    waiting = threading.Thread(target=lambda: (outcome(job), heard.append("went on")))

    def on_end(ended: Job[int, int]) -> None:
        waiting.join(_CHANCE_S)
        heard.append(ended.state)

    job.add_listener(on_end=on_end)
    job.add_listener(on_end=lambda _: heard.append("second"))
    waiting.start()
    end(job)
    waiting.join(PATIENCE_S)
    assert heard == [job.state, "second", "went on"]


def test_events_end_once_the_listeners_have_heard_of_the_end(job):
    heard: list[str] = []

    def take() -> None:
        heard.extend(f"took {event}" for event in job)
        heard.append("went on")

    waiting = threading.Thread(target=take)

    def on_end(_: Job[int, int]) -> None:
        waiting.join(_CHANCE_S)
        heard.append("heard")

    job.add_listener(on_end=on_end)
    waiting.start()
    job.accept_event(msgspec.Raw(msgspec.msgpack.encode(7)))
    finish(job)
    waiting.join(PATIENCE_S)
    assert heard == ["took 7", "heard", "went on"]


def test_a_listener_may_ask_for_the_result_and_for_more_listeners(job):
    heard: list[object] = []

    def on_end(ended: Job[int, int]) -> None:
        ended.add_listener(on_end=lambda late: heard.append(("late", late.result(0))))
        heard.append(("first", ended.result(0), ended.wait(0), list(ended)))

    job.add_listener(on_end=on_end)
    finish(job)
    assert heard == [("first", 5, True, []), ("late", 5)]
    assert job.result(0) == 5


def test_a_listener_that_fails_or_is_interrupted_keeps_nobody_waiting(job):
    heard: list[str] = []

    def interrupted(_: Job[int, int]) -> None:
        raise KeyboardInterrupt

    job.add_listener(on_end=lambda _: 1 / 0)
    job.add_listener(on_end=interrupted)
    job.add_listener(on_end=lambda ended: heard.append(ended.state))
    with pytest.raises(KeyboardInterrupt):
        finish(job)
    assert heard == ["finished"]
    waiting = threading.Thread(target=lambda: heard.append(str(outcome(job))))
    waiting.start()
    waiting.join(PATIENCE_S)
    assert heard == ["finished", "5"]


def test_what_does_not_end_is_waited_for_no_longer_than_asked(job):
    job.add_listener(on_end=lambda _: None)
    assert not job.wait(0)
    with pytest.raises(TimeoutError):
        job.result(0)
    with pytest.raises(TimeoutError):
        job.next_event(0)
