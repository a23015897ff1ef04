"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable

# Only a failing test waits so long.
PATIENCE_S = 120.0


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so; fail if it does not become so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
