"""What models compute on: the threads there really are, and the cards llama.cpp was built for."""

from __future__ import annotations

import functools
import importlib.util
import os
from pathlib import Path
from typing import Final

import psutil

# Parts of llama.cpp that compute on a graphics card, by the names of their libraries.
_OFFLOAD: Final = {
    "ggml-cuda": "cuda",
    "ggml-metal": "metal",
    "ggml-vulkan": "vulkan",
    "ggml-hip": "hip",
    "ggml-sycl": "sycl",
}


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


def may_have_cards() -> bool:
    """Whether llama.cpp may compute on cards with memory of their own, which Metal's have not."""
    return bool(set(offload_kinds() or ()) - {"metal"})


@functools.cache
def offload_kinds() -> tuple[str, ...] | None:
    """The cards that llama.cpp was built for; None where it is not installed.

    The libraries beside it tell: loading it takes a second.
    """
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "lib"
    names = [file.name.lower() for file in folder.glob("*ggml*")] if folder.is_dir() else []
    return tuple(
        sorted({kind for part, kind in _OFFLOAD.items() if any(part in name for name in names)})
    )
