"""How many compute threads this process may really use."""

from __future__ import annotations

import os
from pathlib import Path

import psutil


def _cgroup_limit() -> int | None:
    """CPU quota of the container in whole cores, None without one."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # no cgroup v2, or "max": no limit
        return None


def compute_threads() -> int:
    """Physical cores, less where affinity or a container's quota gives fewer.

    Decoding is bound by memory: a second thread on the same core only adds waiting.
    """
    logical = os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or max(1, logical // 2)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    limits = [physical, allowed]
    quota = _cgroup_limit()
    if quota is not None:
        limits.append(quota)
    return max(1, min(limits))
