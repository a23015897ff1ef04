"""What is served when, step by step, without a process around it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from assistant.workers import protocol
from assistant.workers.scheduler import Scheduler, argument_hints, argument_types


class Recorder:
    """A target that notes what it does, and can ask for more in the midst of a step."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.at: dict[str, list[protocol.Request]] = {}
        self.scheduler: Scheduler | None = None

    def note(self, what: str) -> None:
        self.done.append(what)
        for request in self.at.pop(what, []):
            assert self.scheduler is not None
            self.scheduler.put(request)

    def steps(self, name: str, count: int) -> Generator[int, None, str]:
        try:
            for number in range(count):
                self.note(f"{name}{number}")
                yield number
        finally:
            self.note(f"{name}.")
        return name

    def clinging(self) -> Generator[int, None, None]:
        while True:
            try:
                yield 1
            except GeneratorExit:
                yield 2

    def close(self) -> None:
        self.done.append("closed")


def submit(job: int, method: str, *arguments: object, **options: object) -> protocol.Submit:
    values = tuple(map(protocol.pack, arguments))
    return protocol.Submit(job, method, values, **options)  # pyright: ignore[reportArgumentType]


def serve(
    *requests: protocol.Request, at: dict[str, list[protocol.Request]] | None = None
) -> tuple[list[str], list[protocol.Reply]]:
    target, replies = Recorder(), []
    target.at = dict(at or {})
    scheduler = target.scheduler = Scheduler(replies.append, background_paused=False)
    for request in requests:
        scheduler.put(request)
    scheduler.run(target)
    return target.done, replies


STOP = protocol.Shutdown()


def test_a_plain_call_goes_between_two_steps():
    done, _ = serve(
        submit(1, "steps", "a", 3),
        at={"a1": [submit(2, "note", "x")], "a.": [STOP]},
    )
    assert done == ["a0", "a1", "x", "a2", "a.", "closed"]


def test_foreground_generators_take_turns_whole_and_background_waits():
    done, _ = serve(
        submit(1, "steps", "b", 3, background=True),
        at={
            "b0": [submit(2, "steps", "f", 2), submit(3, "steps", "g", 1)],
            "b.": [STOP],
        },
    )
    assert done == ["b0", "f0", "f1", "f.", "g0", "g.", "b1", "b2", "b.", "closed"]


def test_in_order_waits_its_turn():
    done, _ = serve(
        submit(1, "steps", "f", 2),
        submit(2, "note", "last", in_order=True),
        submit(3, "note", "now"),
        at={"last": [STOP]},
    )
    assert done == ["now", "f0", "f1", "f.", "last", "closed"]


def test_paused_background_takes_no_step_until_it_may():
    done, _ = serve(
        submit(1, "steps", "b", 2, background=True),
        at={
            "b0": [protocol.SetBackground(True), submit(2, "note", "x")],
            "x": [protocol.SetBackground(False)],
            "b.": [STOP],
        },
    )
    assert done == ["b0", "x", "b1", "b.", "closed"]


def test_without_credit_it_takes_no_step():
    done, replies = serve(
        submit(1, "steps", "a", 3, credit=2),
        submit(2, "steps", "b", 1, background=True),
        at={"b0": [protocol.Credit(1, 2)], "b.": [STOP]},
    )
    assert done == ["a0", "a1", "b0", "a2", "a.", "b.", "closed"]
    assert sum(isinstance(each, protocol.Event) for each in replies) == 4


def test_cancelling_closes_it_and_says_so_once():
    done, replies = serve(
        submit(1, "steps", "a", 5),
        at={"a1": [protocol.Cancel(1), protocol.Cancel(1)], "a.": [STOP]},
    )
    assert done == ["a0", "a1", "a.", "closed"]
    assert [type(each).__name__ for each in replies] == ["Began", "Event", "Event", "Cancelled"]


def test_a_generator_that_clings_is_cancelled_all_the_same():
    _, replies = serve(submit(1, "clinging"), protocol.Cancel(1), STOP)
    assert isinstance(replies[-1], protocol.Cancelled)
    # Once begun, too.
    _, replies = serve(
        submit(1, "clinging", background=True),
        submit(2, "steps", "f", 1),
        at={"f.": [protocol.Cancel(1), STOP]},
    )
    assert protocol.Cancelled(1) in replies


def test_shutting_down_closes_what_is_going_on():
    done, replies = serve(submit(1, "steps", "a", 9), at={"a1": [STOP]})
    assert done == ["a0", "a1", "a.", "closed"]
    assert not any(isinstance(each, protocol.Finished) for each in replies)


@pytest.mark.parametrize("method", ["nothing", "_private", "done"])
def test_what_is_no_public_method_fails(method):
    _, replies = serve(submit(1, method), submit(2, "note", "x"), at={"x": [STOP]})
    failed = [each for each in replies if isinstance(each, protocol.Failed)]
    assert [each.failure.kind for each in failed] == ["TypeError"]


def test_types_come_from_annotations_but_not_what_is_returned():
    def function(first: int, second: list[str] | None = None) -> NoSuchName:  # noqa: F821  # pyright: ignore[reportUndefinedVariable]
        raise NotImplementedError

    assert argument_types(function, 1) == [int]
    assert argument_types(function, 2) == [int, list[str] | None]
    assert set(argument_hints(function)) == {"first", "second"}
    with pytest.raises(TypeError):
        argument_types(function, 3)
    with pytest.raises(TypeError):
        argument_types(lambda bare: bare, 1)
