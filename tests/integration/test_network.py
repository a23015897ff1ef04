"""The guard, in processes of their own: once it stands, it stands for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import network
from assistant.workers.process import WorkerSpec
from assistant.workers.supervisor import Worker

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("network_script.py"))],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_way_out_is_denied(report):
    # urllib wraps every OSError; all others see the guard's own.
    assert set(report["denied"]) == {"NetworkDenied", "URLError"}
    assert report["denied"].count("URLError") == 1


def test_this_machine_is_not_the_network(report):
    assert set(report["local"]) == {"done"}


def test_attempts_are_counted_by_host_without_what_was_asked(report):
    assert report["hosts"] == ["192.0.2.1", "2001:db8::1", "name.example"]
    assert report["count"] == len(report["denied"])


def test_a_download_is_let_through_and_counted_and_nothing_beside_it(report):
    assert report["allowed"] != "NetworkDenied"
    assert report["other_thread"] == "NetworkDenied"
    assert report["granted"] == {"192.0.2.1": 1}
    assert report["after"] == "NetworkDenied"


def test_a_workers_attempts_are_denied_and_counted_here(tmp_path):
    """A worker's worker too, as the reader is the index's."""
    outer = Worker(
        WorkerSpec(
            name="outer",
            factory="tests.integration.worker_objects:create_parent",
            arguments={"log_file": str(tmp_path / "inner.log")},
            log_file=tmp_path / "outer.log",
        )
    )
    heard = []
    network.add_listener(heard.append)
    try:
        before = network.attempts().denied.get("worker.example", 0)
        assert outer.submit("inner_reach", "worker.example", result=str).result(120) == (
            "NetworkDenied"
        )
        # Told before the job's end, on the same channels.
        assert network.attempts().denied["worker.example"] == before + 1
        assert "worker.example" in heard
    finally:
        outer.close()


def test_workers_tell_libraries_that_they_are_offline(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    worker = Worker(
        WorkerSpec(
            name="machine",
            factory="tests.integration.worker_objects:create",
            log_file=tmp_path / "machine.log",
        )
    )
    try:
        for name, value in network.OFFLINE_ENVIRONMENT.items():
            job = worker.submit("environment", name, result=str)
            assert job.result(120) == value
    finally:
        worker.close()
