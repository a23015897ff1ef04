"""What a worker process is held to."""

from __future__ import annotations

import os
import sys

import pytest

from assistant.errors import (
    WorkerJobFailed,
)
from assistant.workers.supervisor import Worker
from tests.integration.workers.support import Make
from tests.waiting import PATIENCE_S


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds to the limit")
def test_memory_is_bounded(make: Make) -> None:
    worker = make(memory_bytes=1024**3)
    assert worker.submit("grab", 100 * 1024**2, result=int).result(PATIENCE_S) == 100 * 1024**2
    with pytest.raises(WorkerJobFailed) as caught:
        worker.submit("grab", 2 * 1024**3, result=int).result(PATIENCE_S)
    assert caught.value.kind == "builtins.MemoryError"


@pytest.mark.skipif(sys.platform == "win32", reason="there it is a flag of the process")
def test_low_priority(make: Make) -> None:
    niceness = make(low_priority=True).submit("niceness", result=int).result(PATIENCE_S)
    assert niceness == min(os.nice(0) + 10, 19)


def test_a_worker_loads_nothing_that_its_object_does_not_need(worker: Worker) -> None:
    modules = set(worker.submit("modules", result=list[str]).result(PATIENCE_S))
    assert not modules & {"PySide6", "llama_cpp", "torch", "transformers", "chromadb", "numpy"}
