"""Workers for the tests: child processes that serve a machine made for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.workers.process import RestartPolicy, WorkerSpec
from assistant.workers.supervisor import Worker
from tests.integration.workers.support import Make


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
