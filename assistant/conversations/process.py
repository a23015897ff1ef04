"""Which process writes a message, and whether it still lives."""

from __future__ import annotations

import os
from functools import cache

import psutil


@cache
def own_token() -> str:
    """Return what tells this process from every other that ever had its number."""
    return _token(psutil.Process(os.getpid()))


def is_alive(token: str) -> bool:
    """Say whether the process that this token was made for still runs."""
    number, _, started = token.partition(":")
    try:
        process = psutil.Process(int(number))
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # The start is reckoned from the clock, which may have been set since.
        return abs(process.create_time() - float(started)) < 2.0
    except (ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _token(process: psutil.Process) -> str:
    return f"{process.pid}:{process.create_time():.2f}"
