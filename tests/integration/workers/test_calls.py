"""Calls to a worker: what goes there and back, and what goes wrong with it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from assistant.errors import (
    FrameTooLarge,
    NetworkDenied,
    ProtocolError,
    WorkerGaveUp,
    WorkerJobFailed,
)
from assistant.workers import protocol
from assistant.workers.supervisor import Worker
from tests.integration.worker_objects import Note, Report, Step
from tests.integration.workers.support import Make
from tests.waiting import PATIENCE_S

NOTHING = type(None)


# --- Calls ----------------------------------------------------------------------------------------


def test_calls_return_typed_results(make: Make) -> None:
    worker = make(arguments={"greeting": "good day"})
    assert worker.status == "idle"
    assert worker.submit("hello", "Ann", result=str).result(PATIENCE_S) == "good day Ann"
    assert worker.submit("echo", b"\x00\xff", result=bytes).result(PATIENCE_S) == b"\x00\xff"
    assert worker.submit("suffix", Path("a/b.pdf"), result=str).result(PATIENCE_S) == ".pdf"
    assert worker.submit("pid", result=int).result(PATIENCE_S) == worker.pid != os.getpid()
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
    after = worker.submit("count", 0, 0.0, "b", events=Step, result=Report).result(PATIENCE_S)
    assert after.closed == ("a",)


def test_listeners_hear_everything_once_and_in_order(worker: Worker) -> None:
    heard: list[object] = []
    ended = threading.Event()
    job = worker.submit("count", 200, 0.0, events=Step, result=Report)
    time.sleep(0.3)  # some events have come before anybody listens
    job.add_listener(heard.append, lambda job: (heard.append(job.state), ended.set()))
    assert ended.wait(PATIENCE_S)
    assert heard == [*(Step(number) for number in range(200)), "finished"]


def test_a_failing_listener_disturbs_nobody(worker: Worker) -> None:
    heard: list[Step] = []
    job = worker.submit("count", 3, 0.01, events=Step, result=Report)
    job.add_listener(lambda event: 1 / 0)
    job.add_listener(heard.append)
    assert job.result(PATIENCE_S) == Report(3)
    assert len(heard) == 3
    assert worker.submit("hello", "Bob", result=str).result(PATIENCE_S) == "hello Bob"


# --- Failures -------------------------------------------------------------------------------------


def test_own_errors_arrive_as_themselves(worker: Worker) -> None:
    with pytest.raises(NetworkDenied) as caught:
        worker.submit("deny", result=NOTHING).result(PATIENCE_S)
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
        worker.submit(method, result=NOTHING).result(PATIENCE_S)
    assert caught.value.kind == "builtins.TypeError"


def test_arguments_are_checked_against_the_annotations(worker: Worker) -> None:
    for arguments in ([1], [], ["a", "b"]):
        with pytest.raises(WorkerJobFailed):
            worker.submit("hello", *arguments, result=str).result(PATIENCE_S)
    with pytest.raises(TypeError):
        worker.submit("hello", object(), result=str)


def test_what_cannot_travel_fails_its_job_alone(worker: Worker) -> None:
    with pytest.raises(WorkerJobFailed):
        worker.submit("odd", result=NOTHING).result(PATIENCE_S)
    # A POSIX file name that is no Unicode.
    with pytest.raises(WorkerJobFailed):
        worker.submit("hello", "\udcff", result=str).result(PATIENCE_S)
    with pytest.raises(ProtocolError):
        worker.submit("hello", "x", result=int).result(PATIENCE_S)
    with pytest.raises(ProtocolError):
        worker.submit("wrong", events=Step, result=int).result(PATIENCE_S)
    assert worker.submit("hello", "Bob", result=str).result(PATIENCE_S) == "hello Bob"


# --- The channel ----------------------------------------------------------------------------------


def test_what_libraries_print_goes_to_the_log(worker: Worker) -> None:
    assert worker.submit("print_natively", result=int).result(PATIENCE_S) == 0
    log = worker.spec.log_file.read_text()
    for line in ("garbage from a native library", "complaint", "from a grandchild", "from Python"):
        assert line in log


def test_large_messages_travel_both_ways(worker: Worker) -> None:
    data = bytes(30_000_000)
    assert worker.submit("echo", data, result=bytes).result(60) == data


def test_too_large_messages_fail_their_job_alone(make: Make) -> None:
    worker = make(frame_limit=10_000)
    with pytest.raises(FrameTooLarge) as caught:
        worker.submit("big", 20_000, result=bytes).result(PATIENCE_S)
    assert caught.value.limit == 10_000
    with pytest.raises(FrameTooLarge):
        worker.submit("echo", bytes(20_000), result=bytes).result(PATIENCE_S)
    assert len(worker.submit("big", 5_000, result=bytes).result(PATIENCE_S)) == 5_000


def test_submitting_never_waits_for_the_worker(worker: Worker) -> None:
    assert worker.wait_ready(PATIENCE_S)
    process = psutil.Process(worker.pid)
    process.suspend()
    try:
        waiting = [worker.submit("echo", bytes(1_000_000), result=bytes) for _ in range(20)]
        assert not any(job.ended for job in waiting)
    finally:
        process.resume()
    assert all(len(job.result(PATIENCE_S)) == 1_000_000 for job in waiting)


def test_a_worker_of_another_version_is_given_up_at_once(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "PROTOCOL_VERSION", protocol.PROTOCOL_VERSION + 1)
    worker = make()
    with pytest.raises(WorkerGaveUp) as caught:
        worker.submit("hello", "x", result=str).result(PATIENCE_S)
    assert caught.value.deaths == 1
    assert "version" in caught.value.detail


def test_the_working_directory_shadows_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assistant").mkdir()
    (tmp_path / "assistant" / "__init__.py").write_text("raise SystemExit(9)")
    (tmp_path / "msgspec.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert make().submit("hello", "x", result=str).result(PATIENCE_S) == "hello x"
