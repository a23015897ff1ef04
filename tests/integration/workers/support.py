"""What the tests of workers share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil

from assistant.workers.supervisor import Worker
from tests.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parents[3]
Make = Callable[..., Worker]


def kill(worker: Worker) -> int:
    pid = worker.pid
    assert pid is not None
    psutil.Process(pid).kill()
    wait_until(lambda: worker.pid != pid)
    return pid
