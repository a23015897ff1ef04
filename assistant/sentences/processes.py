"""Sentences for what can go wrong with the processes that do the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from assistant.sentences.facts import Facts


def _worker(facts: Facts) -> str:
    return {
        "model": "The model",
        "index": "The library's process",
        "reader": "The process that reads files",
    }.get(str(facts.get("worker")), "A part of Studiolo")


def _worker_died(facts: Facts) -> str:
    code = facts.get("exit_code")
    why = ""
    if code == -9:
        why = ", most likely because the memory ran out"
    elif isinstance(code, int) and code < 0:
        why = f" (signal {-code})"
    elif code is not None:
        why = f" (exit status {code})"
    return (
        f"{_worker(facts)} stopped unexpectedly{why}. It starts again by itself and what had come "
        "is kept: ask again, or choose a smaller model if it keeps happening."
        if facts.get("worker") == "model"
        else f"{_worker(facts)} stopped unexpectedly{why}. It starts again by itself, and what was "
        "finished is kept: try again."
    )


def _worker_gave_up(facts: Facts) -> str:
    return (
        f"{_worker(facts)} failed {facts.get('deaths')} times in a row, so Studiolo stopped "
        f"trying. The log {facts.get('log_file')} says why; 'studiolo doctor' checks this machine."
    )


def _worker_job_failed(facts: Facts) -> str:
    kind = str(facts.get("kind") or "").rpartition(".")[2]
    return (
        f"{_worker(facts)} failed in a way that Studiolo did not foresee ({kind}). Try again; "
        "'studiolo doctor' names the logs."
    )


def _worker_closed(_: Facts) -> str:
    return "Studiolo was closing, so this was not finished."


def _protocol(_: Facts) -> str:
    return "Studiolo was updated while it ran. Close it and start it again."


def _frame_too_large(_: Facts) -> str:
    return "This is too much at once for Studiolo. Ask about fewer documents."


def _cancelled(_: Facts) -> str:
    return "Stopped."


def _network_denied(facts: Facts) -> str:
    return (
        f"Something tried to reach {facts.get('host')} and was refused: Studiolo stays off the "
        "network unless you ask for a download."
    )


def _memory(_: Facts) -> str:
    return "There was not enough memory. Close other programs, or choose a smaller model."


PROCESS_SENTENCES: Final[dict[str, Callable[[Facts], str]]] = {
    "WorkerDied": _worker_died,
    "WorkerGaveUp": _worker_gave_up,
    "WorkerJobFailed": _worker_job_failed,
    "WorkerClosed": _worker_closed,
    "ProtocolError": _protocol,
    "ProtocolMismatch": _protocol,
    "FrameTooLarge": _frame_too_large,
    "JobCancelled": _cancelled,
    "NetworkDenied": _network_denied,
    "MemoryError": _memory,
}
