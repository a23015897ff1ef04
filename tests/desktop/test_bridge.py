from __future__ import annotations

import threading
import time

import pytest

from desktop.bridge import BATCH_MS, Bridge, Run
from desktop.presenters.base import Presenter


class Heard:
    """Everything that a run emits, in order."""

    def __init__(self, run):
        self.events: list[list[object]] = []
        self.ends: list[tuple[str, object]] = []
        self.threads: set[int] = set()
        run.events.connect(self._on_events)
        run.finished.connect(lambda value: self.ends.append(("finished", value)))
        run.failed.connect(lambda error: self.ends.append(("failed", error)))
        run.stopped.connect(lambda: self.ends.append(("stopped", None)))

    def _on_events(self, events):
        self.threads.add(threading.get_ident())
        self.events.append(events)


def test_all_events_come_in_order_on_this_thread_and_then_one_end(bridge, until):
    def count():
        yield from range(10_000)
        return "done"

    heard = Heard(bridge.start("count", count))
    until(lambda: heard.ends)
    assert [number for batch in heard.events for number in batch] == list(range(10_000))
    assert heard.ends == [("finished", "done")]
    assert heard.threads == {threading.get_ident()}
    assert not bridge.running


def test_events_come_in_batches_not_one_by_one(bridge, until):
    arrived = threading.Event()

    def drip():
        for number in range(200):
            time.sleep(0.002)
            if number % 50 == 49:
                # What was told before has come while there is more.
                assert arrived.wait(60)
                arrived.clear()
            yield number

    started = time.monotonic()
    run = bridge.start("drip", drip)
    run.events.connect(lambda _: arrived.set())
    heard = Heard(run)
    until(lambda: heard.ends)
    lasted_ms = (time.monotonic() - started) * 1000
    assert sum(map(len, heard.events)) == 200
    assert 2 < len(heard.events) <= lasted_ms / BATCH_MS + 3


def test_a_failure_brings_what_came_before_it(bridge, until):
    def fail():
        yield 1
        raise ValueError("no")

    heard = Heard(bridge.start("fail", fail))
    until(lambda: heard.ends)
    assert heard.events == [[1]]
    [(end, error)] = heard.ends
    assert end == "failed"
    assert isinstance(error, ValueError)


def test_stopping_closes_the_generator_in_its_own_thread(bridge, until):
    closed_in: list[int] = []
    worked_in: list[int] = []

    def endless():
        try:
            while True:
                worked_in.append(threading.get_ident())
                time.sleep(0.005)
                yield 0
        finally:
            closed_in.append(threading.get_ident())

    run = bridge.start("endless", endless)
    heard = Heard(run)
    until(lambda: heard.events)
    run.stop()
    run.stop()
    until(lambda: heard.ends)
    assert heard.ends == [("stopped", None)]
    assert closed_in == worked_in[:1]
    assert closed_in != [threading.get_ident()]


def test_what_was_begun_is_ended_also_where_it_is_stopped_while_it_is_made(bridge, until):
    # As a job in another process, which nobody else would cancel.
    begun, go_on, ended = threading.Event(), threading.Event(), []

    def steps():
        try:
            yield from range(1000)
        finally:
            ended.append(True)

    def make():
        begun.set()
        assert go_on.wait(60)
        return steps()

    run = bridge.start("slow to make", make)
    heard = Heard(run)
    assert begun.wait(60)
    run.stop()
    go_on.set()
    until(lambda: heard.ends)
    assert heard.ends == [("stopped", None)]
    assert ended


def test_what_a_person_did_just_before_the_end_is_kept(qapp):
    bridge, kept = Bridge(), []
    for number in range(20):
        bridge.call("keep", kept.append, number)
    assert bridge.close(60)
    assert sorted(kept) == list(range(20))


def test_what_was_done_last_is_kept_last(bridge, until):
    kept = []
    first, second = (bridge.in_turn("keep", kept.append) for _ in range(2))
    # Threads take calls up in any order.
    runs = [bridge.call("second", second, 2), bridge.call("first", first, 1)]
    until(lambda: all(run.is_over for run in runs))
    assert kept == [1, 2]


def test_what_was_looked_up_earlier_never_follows_what_was_looked_up_later(bridge, said, until):
    presenter, shown = Presenter(bridge, said[0]), []
    later_shown = threading.Event()

    def earlier():
        assert later_shown.wait(60)
        return "as it was"

    def show(found):
        shown.append(found)
        later_shown.set()

    first = presenter._look("look", earlier, then=show)
    presenter._look("look", lambda: "as it is", then=show)
    until(lambda: first.is_over)
    assert shown == ["as it is"]


def test_a_plain_call_brings_its_result(bridge, until):
    heard = Heard(bridge.call("add", int.__add__, 2, 3))
    until(lambda: heard.ends)
    assert heard.ends == [("finished", 5)]
    assert heard.events == []


@pytest.mark.parametrize("late", [False, True])
def test_closing_ends_everything_and_leaves_no_thread(qapp, qtbot, late):
    bridge = Bridge()

    def endless():
        while True:
            time.sleep(0.005)
            yield 0

    heard = [Heard(bridge.start(f"endless {n}", endless)) for n in range(3)]
    qtbot.wait(50)
    assert bridge.close(60)
    assert [h.ends for h in heard] == [[("stopped", None)]] * 3
    assert not [t for t in threading.enumerate() if t.name.startswith("run-endless")]
    if late:
        after = Heard(bridge.start("after", endless))
        qtbot.waitUntil(lambda: bool(after.ends))
        assert after.ends == [("stopped", None)]


def test_many_at_once_do_not_mix(bridge, until):
    def tagged(tag):
        def make():
            for number in range(300):
                yield (tag, number)
            return tag

        return make

    heard = [Heard(bridge.start(str(tag), tagged(tag))) for tag in range(8)]
    until(lambda: all(h.ends for h in heard))
    for tag, h in enumerate(heard):
        assert h.ends == [("finished", tag)]
        assert [e for batch in h.events for e in batch] == [(tag, n) for n in range(300)]


def test_what_is_over_is_gone_when_the_bridge_is_closed(qapp):
    bridge = Bridge()
    bridge.call("look", lambda: 1)
    assert bridge.close()
    # What a run held might else be let go of in the midst of something else.
    assert bridge.findChildren(Run) == []
