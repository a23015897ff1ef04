"""Threads follow the cores this process may use."""

from __future__ import annotations

import os

import psutil
import pytest

from models.engine import hardware


def machine(
    monkeypatch: pytest.MonkeyPatch,
    *,
    physical: int | None,
    logical: int,
    allowed: int,
    quota: int | None = None,
) -> int:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: physical)
    monkeypatch.setattr(os, "cpu_count", lambda: logical)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(allowed)), raising=False)
    monkeypatch.setattr(hardware, "_cgroup_limit", lambda: quota)
    return hardware.compute_threads()


@pytest.mark.parametrize(
    ("facts", "threads"),
    [
        ({"physical": 8, "logical": 16, "allowed": 16}, 8),
        ({"physical": 8, "logical": 16, "allowed": 4}, 4),
        ({"physical": 8, "logical": 16, "allowed": 16, "quota": 2}, 2),
        ({"physical": None, "logical": 16, "allowed": 16}, 8),
        ({"physical": None, "logical": 1, "allowed": 1}, 1),
    ],
)
def test_threads(monkeypatch, facts, threads):
    assert machine(monkeypatch, **facts) == threads


def test_this_machine_gives_at_least_one():
    assert 1 <= hardware.compute_threads() <= (os.cpu_count() or 1)
