"""Workers that are killed, crash or cannot start; nothing outlives anything."""

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
from pathlib import Path

import psutil
import pytest

from assistant.errors import (
    NetworkDenied,
    WorkerClosed,
    WorkerDied,
    WorkerGaveUp,
)
from assistant.workers.process import RestartPolicy
from assistant.workers.supervisor import Worker
from tests.integration.worker_objects import Report, Step
from tests.integration.workers.support import CHECKOUT, Make, kill
from tests.waiting import PATIENCE_S, wait_until

NOTHING = type(None)


# --- Death ----------------------------------------------------------------------------------------


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
    assert waiting.result(PATIENCE_S) == Report(2)


def test_a_repeatable_job_survives_a_kill(worker: Worker) -> None:
    job = worker.submit("count", 50, 0.01, events=Step, result=Report, repeatable=True)
    next(job)
    kill(worker)
    assert job.result(PATIENCE_S) == Report(50)


@pytest.mark.parametrize(("method", "arguments"), [("die", [3]), ("crash", [])])
def test_exits_and_crashes_are_deaths_with_an_exit_code(
    worker: Worker, method: str, arguments: list[object]
) -> None:
    with pytest.raises(WorkerDied) as caught:
        worker.submit(method, *arguments, result=NOTHING).result(PATIENCE_S)
    assert caught.value.exit_code not in (0, None)
    if method == "crash":
        assert "worker_objects.py" in worker.spec.log_file.read_text()  # faulthandler's words
    assert worker.submit("hello", "Ann", result=str).result(PATIENCE_S) == "hello Ann"


def test_it_gives_up_after_deaths_in_a_row_and_can_be_revived(worker: Worker) -> None:
    heard: list[str] = []
    worker.add_status_listener(heard.append)
    for _ in range(2):
        with pytest.raises(WorkerDied):
            worker.submit("die", 1, result=NOTHING).result(PATIENCE_S)
    # A finished job starts the count anew.
    worker.submit("hello", "Ann", result=str).result(PATIENCE_S)
    for _ in range(3):
        with pytest.raises(WorkerDied):
            worker.submit("die", 1, result=NOTHING).result(PATIENCE_S)
    wait_until(lambda: worker.status == "failed")
    with pytest.raises(WorkerGaveUp) as caught:
        worker.submit("hello", "Ann", result=str).result(PATIENCE_S)
    assert caught.value.deaths == 3
    assert Path(caught.value.log_file) == worker.spec.log_file
    assert heard[:4] == ["starting", "ready", "restarting", "ready"]
    assert heard[-1] == "failed"
    worker.restart()
    assert worker.submit("hello", "Ann", result=str).result(PATIENCE_S) == "hello Ann"


def test_a_poisonous_repeatable_job_does_not_go_round_for_ever(worker: Worker) -> None:
    job = worker.submit("die", 1, result=NOTHING, repeatable=True)
    with pytest.raises(WorkerGaveUp):
        job.result(PATIENCE_S)


def test_a_worker_that_refuses_to_start_is_asked_again_only_when_it_is_needed(
    make: Make, tmp_path: Path
) -> None:
    worker = make("picky", arguments={"flag": tmp_path / "flag"})
    for _ in range(2):
        with pytest.raises(NetworkDenied) as caught:
            worker.submit("hello", "Ann", result=str).result(PATIENCE_S)
        assert caught.value.host == "start"
    assert worker.status == "failed"
    (tmp_path / "flag").touch()
    assert worker.submit("hello", "Ann", result=str).result(PATIENCE_S) == "hello Ann"


@pytest.mark.parametrize("factory", ["broken", "no_such"])
def test_a_worker_that_cannot_start_says_why(make: Make, factory: str) -> None:
    worker = make(factory, restart=RestartPolicy(delays=(0.0,), give_up_after=None))
    with pytest.raises(WorkerGaveUp) as caught:
        worker.submit("hello", "Ann", result=str).result(30)
    assert caught.value.deaths == 3
    assert ("OverflowError" if factory == "broken" else "AttributeError") in caught.value.detail
    assert not worker.wait_ready(1)


def test_restart_replaces_the_process(worker: Worker) -> None:
    assert worker.wait_ready(PATIENCE_S)
    pid = worker.pid
    worker.restart()
    assert worker.submit("pid", result=int).result(PATIENCE_S) != pid


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
    assert time.monotonic() - started < 30
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
    wait_until(lambda: not psutil.pid_exists(outer) and not psutil.pid_exists(inner))


def test_nothing_outlives_a_worker_that_is_killed(make: Make, tmp_path: Path) -> None:
    worker = make("create_parent", arguments={"log_file": str(tmp_path / "inner.log")})
    inner = worker.submit("inner_pid", result=int).result(PATIENCE_S)
    kill(worker)
    wait_until(lambda: not psutil.pid_exists(inner))
    assert worker.submit("inner_pid", result=int).result(PATIENCE_S) != inner


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
            # One that cannot even start is given up, and starting takes its time.
            if pid is not None and worker.status == "ready":
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
    assert len(ends) == len(jobs)
    assert {len(states) for states in ends.values()} == {1}
    assert {state for states in ends.values() for state in states} == {
        "finished",
        "failed",
        "cancelled",
    }
    assert all(ends[job.id] == [job.state] for job in jobs)
