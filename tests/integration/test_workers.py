"""Workers: real child processes, really killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from assistant.compute import ComputeGate
from assistant.errors import (
    FrameTooLarge,
    JobCancelled,
    NetworkDenied,
    ProtocolError,
    WorkerClosed,
    WorkerDied,
    WorkerGaveUp,
    WorkerJobFailed,
)
from assistant.workers import protocol
from assistant.workers.process import RestartPolicy, WorkerSpec
from assistant.workers.supervisor import Worker
from tests.integration.worker_objects import Note, Report, Step

NOTHING = type(None)
CHECKOUT = Path(__file__).resolve().parents[2]
Make = Callable[..., Worker]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    workers: list[Worker] = []

    def make_worker(factory: str = "create", **changes: object) -> Worker:
        spec = {
            "name": "machine",
            "factory": f"tests.integration.worker_objects:{factory}",
            "log_file": tmp_path / "machine.log",
            "restart": RestartPolicy(delays=(0.05,)),
            **changes,
        }
        workers.append(Worker(WorkerSpec(**spec)))  # pyright: ignore[reportArgumentType]
        return workers[-1]

    yield make_worker
    for worker in workers:
        worker.close()


@pytest.fixture
def worker(make: Make) -> Worker:
    return make()


def wait_until(condition: Callable[[], bool], timeout: float = 5.0) -> bool:
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


# --- Calls ----------------------------------------------------------------------------------------


def test_calls_return_typed_results(make: Make) -> None:
    worker = make(arguments={"greeting": "good day"})
    assert worker.status == "idle"
    assert worker.submit("hello", "Ann", result=str).result(20) == "good day Ann"
    assert worker.submit("echo", b"\x00\xff", result=bytes).result(20) == b"\x00\xff"
    assert worker.submit("suffix", Path("a/b.pdf"), result=str).result(20) == ".pdf"
    assert worker.submit("pid", result=int).result(20) == worker.pid != os.getpid()
    assert worker.status == "ready"


def test_generators_stream_their_events(worker: Worker) -> None:
    job = worker.submit("count", 3, 0.0, events=Step, result=Report)
    assert list(job) == [Step(0), Step(1), Step(2)]
    assert job.result(0) == Report(3)
    assert job.state == "finished"
    mixed = worker.submit("mixed", events=(Step, Note), result=NOTHING)
    assert list(mixed) == [Step(1), Note("é\u2028")]
    delegated = worker.submit("delegate", 2, events=Step, result=Report)
    assert list(delegated) == [Step(0), Step(1)]


def test_stream_is_the_generator_itself(worker: Worker) -> None:
    stream = worker.submit("count", 2, 0.0, events=Step, result=Report).stream()
    assert [next(stream), next(stream)] == [Step(0), Step(1)]
    with pytest.raises(StopIteration) as end:
        next(stream)
    assert end.value.value == Report(2)


def test_closing_a_stream_closes_the_generator_in_the_worker(worker: Worker) -> None:
    stream = worker.submit("count", 10_000, 0.001, "a", events=Step, result=Report).stream()
    next(stream)
    stream.close()
    after = worker.submit("count", 0, 0.0, "b", events=Step, result=Report).result(20)
    assert after.closed == ("a",)


def test_listeners_hear_everything_once_and_in_order(worker: Worker) -> None:
    heard: list[object] = []
    ended = threading.Event()
    job = worker.submit("count", 200, 0.0, events=Step, result=Report)
    time.sleep(0.3)  # some events have come before anybody listens
    job.add_listener(heard.append, lambda job: (heard.append(job.state), ended.set()))
    assert ended.wait(20)
    assert heard == [*(Step(number) for number in range(200)), "finished"]


def test_a_failing_listener_disturbs_nobody(worker: Worker) -> None:
    heard: list[Step] = []
    job = worker.submit("count", 3, 0.01, events=Step, result=Report)
    job.add_listener(lambda event: 1 / 0)
    job.add_listener(heard.append)
    assert job.result(20) == Report(3)
    assert wait_until(lambda: len(heard) == 3)
    assert worker.submit("hello", "Bob", result=str).result(20) == "hello Bob"


# --- Failures -------------------------------------------------------------------------------------


def test_own_errors_arrive_as_themselves(worker: Worker) -> None:
    with pytest.raises(NetworkDenied) as caught:
        worker.submit("deny", result=NOTHING).result(20)
    assert caught.value.host == "example.org"


def test_foreign_errors_arrive_wrapped_and_are_not_quoted_in_logs(worker: Worker) -> None:
    job = worker.submit("fail", 1, events=Step, result=NOTHING)
    assert next(job) == Step(0)
    with pytest.raises(WorkerJobFailed) as caught:
        next(job)
    assert caught.value.method == "fail"
    assert caught.value.kind == "builtins.LookupError"
    assert caught.value.detail == "a secret from a document"
    log = worker.spec.log_file.read_text()
    assert "LookupError" in log
    assert "worker_objects.py" in log
    assert "secret" not in log


@pytest.mark.parametrize("method", ["no_such", "_secret", "__init__", "greeting"])
def test_only_public_methods_can_be_called(worker: Worker, method: str) -> None:
    with pytest.raises(WorkerJobFailed) as caught:
        worker.submit(method, result=NOTHING).result(20)
    assert caught.value.kind == "builtins.TypeError"


def test_arguments_are_checked_against_the_annotations(worker: Worker) -> None:
    for arguments in ([1], [], ["a", "b"]):
        with pytest.raises(WorkerJobFailed):
            worker.submit("hello", *arguments, result=str).result(20)
    with pytest.raises(TypeError):
        worker.submit("hello", object(), result=str)


def test_what_cannot_travel_fails_its_job_alone(worker: Worker) -> None:
    with pytest.raises(WorkerJobFailed):
        worker.submit("odd", result=NOTHING).result(20)
    # A POSIX file name that is no Unicode.
    with pytest.raises(WorkerJobFailed):
        worker.submit("hello", "\udcff", result=str).result(20)
    with pytest.raises(ProtocolError):
        worker.submit("hello", "x", result=int).result(20)
    with pytest.raises(ProtocolError):
        worker.submit("wrong", events=Step, result=int).result(20)
    assert worker.submit("hello", "Bob", result=str).result(20) == "hello Bob"


# --- The channel ----------------------------------------------------------------------------------


def test_what_libraries_print_goes_to_the_log(worker: Worker) -> None:
    assert worker.submit("print_natively", result=int).result(20) == 0
    log = worker.spec.log_file.read_text()
    for line in ("garbage from a native library", "complaint", "from a grandchild", "from Python"):
        assert line in log


def test_large_messages_travel_both_ways(worker: Worker) -> None:
    data = bytes(30_000_000)
    assert worker.submit("echo", data, result=bytes).result(60) == data


def test_too_large_messages_fail_their_job_alone(make: Make) -> None:
    worker = make(frame_limit=10_000)
    with pytest.raises(FrameTooLarge) as caught:
        worker.submit("big", 20_000, result=bytes).result(20)
    assert caught.value.limit == 10_000
    with pytest.raises(FrameTooLarge):
        worker.submit("echo", bytes(20_000), result=bytes).result(20)
    assert len(worker.submit("big", 5_000, result=bytes).result(20)) == 5_000


def test_submitting_never_waits_for_the_worker(worker: Worker) -> None:
    assert worker.wait_ready(20)
    stuck = worker.submit("stubborn", 2, events=Step, result=NOTHING)
    next(stuck)
    started = time.monotonic()
    waiting = [worker.submit("echo", bytes(1_000_000), result=bytes) for _ in range(20)]
    assert time.monotonic() - started < 1.0
    assert all(len(job.result(20)) == 1_000_000 for job in waiting)


def test_a_worker_of_another_version_is_given_up_at_once(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "PROTOCOL_VERSION", protocol.PROTOCOL_VERSION + 1)
    worker = make()
    with pytest.raises(WorkerGaveUp) as caught:
        worker.submit("hello", "x", result=str).result(20)
    assert caught.value.deaths == 1
    assert "version" in caught.value.detail


def test_the_working_directory_shadows_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assistant").mkdir()
    (tmp_path / "assistant" / "__init__.py").write_text("raise SystemExit(9)")
    (tmp_path / "msgspec.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert make().submit("hello", "x", result=str).result(20) == "hello x"


# --- Order ----------------------------------------------------------------------------------------


def test_plain_calls_come_between_the_steps_of_a_generator(worker: Worker) -> None:
    job = worker.submit("count", 1000, 0.01, "long", events=Step, result=Report)
    next(job)
    started = time.monotonic()
    assert worker.submit("hello", "Ann", result=str).result(20) == "hello Ann"
    assert time.monotonic() - started < 2.0
    assert not job.ended
    job.cancel()


def test_calls_in_order_wait_for_the_generators_before_them(worker: Worker) -> None:
    first = worker.submit("count", 20, 0.01, "first", events=Step, result=Report)
    last = worker.submit("hello", "last", result=str, in_order=True)
    now = worker.submit("hello", "now", result=str)
    last.result(20)
    assert first.ended
    now.result(20)
    order, _ = worker.submit("seen", result=tuple[list[str], list[str]]).result(20)
    assert order == ["now", "first", "last"]


def test_foreground_overtakes_background(worker: Worker) -> None:
    slow = worker.submit("count", 1000, 0.01, "slow", events=Step, result=Report, background=True)
    next(slow)
    first = worker.submit("count", 10, 0.01, "first", events=Step, result=Report)
    second = worker.submit("count", 10, 0.01, "second", events=Step, result=Report)
    first.result(20)
    second.result(20)
    assert not slow.ended
    slow.cancel()
    slow.wait(20)
    order, closed = worker.submit("seen", result=tuple[list[str], list[str]]).result(20)
    assert order == ["first", "second", "slow"]
    assert closed == ["slow"]


def test_paused_background_stands_still_and_goes_on(worker: Worker) -> None:
    gate = ComputeGate(worker)
    job = worker.submit("count", 60, 0.01, events=Step, result=Report, background=True)
    next(job)
    with gate.answering(), gate.answering():
        time.sleep(0.2)  # the step that was going on, and events on their way
        while True:
            try:
                job.next_event(0.1)
            except TimeoutError:
                break
        with pytest.raises(TimeoutError):
            job.next_event(0.5)
        assert worker.submit("hello", "Ann", result=str).result(20) == "hello Ann"
    assert job.result(20) == Report(60)


def test_background_stays_paused_through_a_restart(worker: Worker) -> None:
    worker.pause_background()
    job = worker.submit("count", 3, 0.0, events=Step, result=Report, background=True)
    assert worker.wait_ready(20)
    kill(worker)
    assert worker.submit("hello", "Ann", result=str).result(20) == "hello Ann"
    with pytest.raises(TimeoutError):
        job.result(0.5)
    worker.resume_background()
    assert job.result(20) == Report(3)


def test_paused_background_can_be_cancelled(worker: Worker) -> None:
    worker.pause_background()
    job = worker.submit("count", 3, 0.0, events=Step, result=Report, background=True)
    assert worker.wait_ready(20)
    job.cancel()
    assert job.wait(5)
    assert job.state == "cancelled"


def test_a_window_holds_the_generator_back(worker: Worker) -> None:
    job = worker.submit("count", 100, 0.0, "held", events=Step, result=Report, window=4)
    assert next(job) == Step(0)
    time.sleep(0.5)
    order, _ = worker.submit("seen", result=tuple[list[str], list[str]]).result(20)
    assert order == []
    assert [step.number for step in job] == list(range(1, 100))
    assert job.result(20) == Report(100)


# --- Cancelling -----------------------------------------------------------------------------------


def test_cancelling_closes_the_generator_and_keeps_the_process(worker: Worker) -> None:
    job = worker.submit("count", 10_000, 0.01, "a", events=Step, result=Report)
    next(job)
    pid = worker.pid
    job.cancel()
    assert job.wait(5)
    assert job.state == "cancelled"
    with pytest.raises(JobCancelled):
        job.result()
    with pytest.raises(JobCancelled):
        list(job)
    assert worker.submit("pid", result=int).result(20) == pid
    _, closed = worker.submit("seen", result=tuple[list[str], list[str]]).result(20)
    assert closed == ["a"]


def test_a_job_that_waits_is_cancelled_at_once_and_never_runs(worker: Worker) -> None:
    first = worker.submit("count", 30, 0.01, "first", events=Step, result=Report)
    second = worker.submit("count", 1, 0.0, "second", events=Step, result=Report)
    next(first)
    second.cancel()
    assert second.state == "cancelled"
    first.result(20)
    order, _ = worker.submit("seen", result=tuple[list[str], list[str]]).result(20)
    assert order == ["first"]


def test_what_does_not_stop_is_killed_and_replaced(worker: Worker) -> None:
    job = worker.submit("stubborn", 60, events=Step, result=NOTHING)
    other = worker.submit("count", 2, 0.0, events=Step, result=Report)
    next(job)
    pid = worker.pid
    time.sleep(0.2)
    started = time.monotonic()
    job.cancel(deadline_s=0.3)
    assert job.wait(5)
    assert 0.2 < time.monotonic() - started < 3
    assert job.state == "cancelled"
    # It had not begun, so the next process runs it.
    assert other.result(20) == Report(2)
    assert worker.pid != pid


def test_a_job_that_waits_behind_a_stuck_one_does_not_kill_it(worker: Worker) -> None:
    stuck = worker.submit("stubborn", 1, events=Step, result=NOTHING)
    next(stuck)
    pid = worker.pid
    waiting = worker.submit("count", 2, 0.0, events=Step, result=Report)
    waiting.cancel(deadline_s=0.1)
    assert waiting.state == "cancelled"
    assert stuck.result(20) is None
    assert worker.pid == pid


# --- Death ----------------------------------------------------------------------------------------


def kill(worker: Worker) -> int:
    pid = worker.pid
    assert pid is not None
    psutil.Process(pid).kill()
    assert wait_until(lambda: worker.pid != pid)
    return pid


def test_a_kill_fails_the_running_job_and_nothing_else(worker: Worker) -> None:
    running = worker.submit("count", 10_000, 0.01, events=Step, result=Report)
    waiting = worker.submit("count", 2, 0.0, events=Step, result=Report)
    assert next(running) == Step(0)
    kill(worker)
    with pytest.raises(WorkerDied) as caught:
        list(running)
    assert caught.value.worker == "machine"
    if sys.platform != "win32":
        assert caught.value.exit_code == -signal.SIGKILL
    assert waiting.result(20) == Report(2)


def test_a_repeatable_job_survives_a_kill(worker: Worker) -> None:
    job = worker.submit("count", 50, 0.01, events=Step, result=Report, repeatable=True)
    next(job)
    kill(worker)
    assert job.result(20) == Report(50)


@pytest.mark.parametrize(("method", "arguments"), [("die", [3]), ("crash", [])])
def test_exits_and_crashes_are_deaths_with_an_exit_code(
    worker: Worker, method: str, arguments: list[object]
) -> None:
    with pytest.raises(WorkerDied) as caught:
        worker.submit(method, *arguments, result=NOTHING).result(20)
    assert caught.value.exit_code not in (0, None)
    if method == "crash":
        assert "worker_objects.py" in worker.spec.log_file.read_text()  # faulthandler's words
    assert worker.submit("hello", "Ann", result=str).result(20) == "hello Ann"


def test_it_gives_up_after_deaths_in_a_row_and_can_be_revived(worker: Worker) -> None:
    heard: list[str] = []
    worker.add_status_listener(heard.append)
    for _ in range(2):
        with pytest.raises(WorkerDied):
            worker.submit("die", 1, result=NOTHING).result(20)
    worker.submit("hello", "Ann", result=str).result(20)  # a finished job starts the count anew
    for _ in range(3):
        with pytest.raises(WorkerDied):
            worker.submit("die", 1, result=NOTHING).result(20)
    assert wait_until(lambda: worker.status == "failed")
    with pytest.raises(WorkerGaveUp) as caught:
        worker.submit("hello", "Ann", result=str).result(20)
    assert caught.value.deaths == 3
    assert Path(caught.value.log_file) == worker.spec.log_file
    assert heard[:4] == ["starting", "ready", "restarting", "ready"]
    assert heard[-1] == "failed"
    worker.restart()
    assert worker.submit("hello", "Ann", result=str).result(20) == "hello Ann"


def test_a_poisonous_repeatable_job_does_not_go_round_for_ever(worker: Worker) -> None:
    job = worker.submit("die", 1, result=NOTHING, repeatable=True)
    with pytest.raises(WorkerGaveUp):
        job.result(30)


def test_a_worker_that_refuses_to_start_is_asked_again_only_when_it_is_needed(
    make: Make, tmp_path: Path
) -> None:
    worker = make("picky", arguments={"flag": tmp_path / "flag"})
    for _ in range(2):
        with pytest.raises(NetworkDenied) as caught:
            worker.submit("hello", "Ann", result=str).result(20)
        assert caught.value.host == "start"
    assert worker.status == "failed"
    (tmp_path / "flag").touch()
    assert worker.submit("hello", "Ann", result=str).result(20) == "hello Ann"


@pytest.mark.parametrize("factory", ["broken", "no_such"])
def test_a_worker_that_cannot_start_says_why(make: Make, factory: str) -> None:
    worker = make(factory, restart=RestartPolicy(delays=(0.0,), give_up_after=None))
    with pytest.raises(WorkerGaveUp) as caught:
        worker.submit("hello", "Ann", result=str).result(30)
    assert caught.value.deaths == 3
    assert ("OverflowError" if factory == "broken" else "AttributeError") in caught.value.detail
    assert not worker.wait_ready(1)


def test_restart_replaces_the_process(worker: Worker) -> None:
    assert worker.wait_ready(20)
    pid = worker.pid
    worker.restart()
    assert worker.submit("pid", result=int).result(20) != pid


def test_close_ends_everything_and_leaves_nothing(worker: Worker) -> None:
    job = worker.submit("count", 10_000, 0.01, events=Step, result=Report)
    next(job)
    pid = worker.pid
    worker.close()
    assert job.state == "cancelled"
    assert worker.status == "closed"
    assert not psutil.pid_exists(pid or 0)
    with pytest.raises(WorkerClosed):
        worker.submit("hello", "Ann", result=str).result()
    worker.close()


def test_close_does_not_wait_for_the_stubborn(worker: Worker) -> None:
    job = worker.submit("stubborn", 60, events=Step, result=NOTHING)
    next(job)
    started = time.monotonic()
    worker.close(timeout=0.3)
    assert time.monotonic() - started < 3
    assert job.state == "cancelled"


# --- Orphans --------------------------------------------------------------------------------------

_PARENT = """
import sys, time
from pathlib import Path
from assistant.workers.process import WorkerSpec
from assistant.workers.supervisor import Worker

folder = Path(sys.argv[1])
worker = Worker(WorkerSpec(
    name="outer",
    factory="tests.integration.worker_objects:create_parent",
    arguments={"log_file": str(folder / "inner.log")},
    log_file=folder / "outer.log",
))
inner = worker.submit("inner_pid", result=int).result()
worker.submit("inner_stubborn", result=type(None)).result()
print(worker.pid, inner, flush=True)
time.sleep(60)
"""


def test_nothing_outlives_an_app_that_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_PARENT), str(tmp_path)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        outer, inner = map(int, parent.stdout.readline().split())
        assert psutil.pid_exists(outer)
        assert psutil.pid_exists(inner)
        parent.kill()  # the inner one is in the midst of a native call just now
    assert wait_until(lambda: not psutil.pid_exists(outer) and not psutil.pid_exists(inner), 2.0)


def test_nothing_outlives_a_worker_that_is_killed(make: Make, tmp_path: Path) -> None:
    worker = make("create_parent", arguments={"log_file": str(tmp_path / "inner.log")})
    inner = worker.submit("inner_pid", result=int).result(20)
    kill(worker)
    assert wait_until(lambda: not psutil.pid_exists(inner), 2.0)
    assert worker.submit("inner_pid", result=int).result(20) != inner


# --- Limits ---------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds to the limit")
def test_memory_is_bounded(make: Make) -> None:
    worker = make(memory_bytes=1024**3)
    assert worker.submit("grab", 100 * 1024**2, result=int).result(20) == 100 * 1024**2
    with pytest.raises(WorkerJobFailed) as caught:
        worker.submit("grab", 2 * 1024**3, result=int).result(20)
    assert caught.value.kind == "builtins.MemoryError"


@pytest.mark.skipif(sys.platform == "win32", reason="there it is a flag of the process")
def test_low_priority(make: Make) -> None:
    niceness = make(low_priority=True).submit("niceness", result=int).result(20)
    assert niceness == min(os.nice(0) + 10, 19)


def test_a_worker_loads_nothing_that_its_object_does_not_need(worker: Worker) -> None:
    modules = set(worker.submit("modules", result=list[str]).result(20))
    assert not modules & {"PySide6", "llama_cpp", "torch", "transformers", "chromadb", "numpy"}


# --- Everything at once ---------------------------------------------------------------------------


def test_every_job_ends_exactly_once_whatever_happens(make: Make) -> None:
    chance = random.Random(20261122)
    worker = make(restart=RestartPolicy(delays=(0.0,), give_up_after=None))
    ends: dict[int, list[str]] = {}
    jobs = []
    stop = threading.Event()

    def killer() -> None:
        while not stop.wait(chance.uniform(0.3, 0.8)):
            pid = worker.pid
            if pid is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()

    killing = threading.Thread(target=killer)
    killing.start()
    try:
        for _ in range(400):
            kind = chance.choice(["count", "hello", "fail", "background", "odd"])
            if kind == "hello":
                job = worker.submit("hello", "x", result=str)
            elif kind == "odd":
                job = worker.submit("odd", result=NOTHING, in_order=True)
            elif kind == "fail":
                job = worker.submit("fail", 2, events=Step, result=NOTHING)
            else:
                job = worker.submit(
                    "count",
                    chance.randrange(20),
                    0.001,
                    events=Step,
                    result=Report,
                    background=kind == "background",
                    repeatable=chance.random() < 0.5,
                    window=chance.choice([None, 2]),
                )
            jobs.append(job)
            job.add_listener(
                lambda event: None, lambda job: ends.setdefault(job.id, []).append(job.state)
            )
            if chance.random() < 0.3:
                threading.Timer(chance.uniform(0, 0.3), job.cancel, (0.5,)).start()
            time.sleep(chance.uniform(0, 0.02))
    finally:
        stop.set()
        killing.join()
    assert all(job.wait(60) for job in jobs)
    assert wait_until(lambda: len(ends) == len(jobs))
    assert {len(states) for states in ends.values()} == {1}
    assert {state for states in ends.values() for state in states} == {
        "finished",
        "failed",
        "cancelled",
    }
    assert all(ends[job.id] == [job.state] for job in jobs)
