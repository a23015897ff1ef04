"""What the tests of the processes do alike."""

from __future__ import annotations

import psutil


def kill(pid: int | None) -> None:
    assert pid is not None
    psutil.Process(pid).kill()
