"""What this machine has for Studiolo, and what is missing: facts and kinds of problems.

Nothing heavy is imported and no worker is started, so that it also works where they do not.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import msgspec
import psutil

from assistant import network
from assistant.embedders import chosen_embedder, missing_files
from assistant.model_library import model_library
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from indexing.database import connect_to_read
from models.engine.hardware import compute_threads, offload_kinds

State = Literal["ok", "note", "problem"]
Facts = dict[str, str | int | float | bool | list[str] | None]

# What the starter model and its context take, and what a first set of documents takes.
ENOUGH_MEMORY: Final = 4 * 10**9
ENOUGH_DISK: Final = 2 * 10**9
OLDEST_PYTHON: Final = (3, 11)

_LIBRARIES: Final = (
    "llama-cpp-python", "torch", "sentence-transformers", "chromadb", "pypdfium2", "pypdf",
    "PySide6-Essentials",
)  # fmt: skip
_MODULES: Final = {
    "llama-cpp-python": "llama_cpp",
    "torch": "torch",
    "sentence-transformers": "sentence_transformers",
    "chromadb": "chromadb",
    "pypdfium2": "pypdfium2",
    "pypdf": "pypdf",
    "PySide6-Essentials": "PySide6",
}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        name: What: a fixed word such as "python" or "disk".
        state: Whether it will do.
        kind: What is the matter, as a fixed word; "" where nothing is.
        facts: What was found.
    """

    name: str
    state: State
    kind: str = ""
    facts: Facts = {}


def examine(paths: DataPaths) -> list[Finding]:
    """Look at everything that Studiolo needs, in the order in which it is needed."""
    return [
        _python(),
        _processor(),
        _memory(),
        _disk(paths),
        _data_folder(paths),
        _database(paths),
        *(_library(name) for name in _LIBRARIES),
        _offload(),
        _models(paths),
        _embedder(paths),
        _network(),
    ]


def _python() -> Finding:
    facts: Facts = {
        "version": platform.python_version(),
        "executable": sys.executable,
        "system": platform.platform(terse=True),
    }
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", "problem", "too_old", facts)
    return Finding("python", "ok", "", facts)


def _processor() -> Finding:
    return Finding(
        "processor",
        "ok",
        "",
        {
            "machine": platform.machine(),
            "cores": psutil.cpu_count(logical=False) or 0,
            "logical": os.cpu_count() or 0,
            "threads_used": compute_threads(),
        },
    )


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    facts: Facts = {
        "total_bytes": memory.total,
        "free_bytes": memory.available,
    }
    if memory.available < ENOUGH_MEMORY:
        return Finding("memory", "note", "little", facts)
    return Finding("memory", "ok", "", facts)


def _disk(paths: DataPaths) -> Finding:
    folder = paths.root
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    state: State = "ok" if usage.free >= ENOUGH_DISK else "problem"
    return Finding(
        "disk", state, "" if state == "ok" else "little",
        {"free_bytes": usage.free, "total_bytes": usage.total},
    )  # fmt: skip


def _data_folder(paths: DataPaths) -> Finding:
    root = paths.root
    facts: Facts = {
        "path": str(root),
        "logs": str(paths.logs),
        "exists": root.exists(),
    }
    if not root.exists():
        return Finding("data folder", "ok", "", facts)
    if not root.is_dir() or not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        return Finding("data folder", "problem", "not_writable", facts)
    return Finding("data folder", "ok", "", facts)


def _database(paths: DataPaths) -> Finding:
    if not paths.database.is_file():
        return Finding("database", "ok", "", {"documents": 0})
    try:
        connection = connect_to_read(paths.root)
        if connection is None:
            return Finding("database", "ok", "", {"documents": 0})
        with closing(connection):
            problem = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            documents = 0
            if "documents" in tables:
                documents = connection.execute("SELECT count(*) FROM documents").fetchone()[0]
    except sqlite3.Error as error:
        return Finding("database", "problem", "damaged", {"problem": str(error)})
    if problem != "ok":
        return Finding("database", "problem", "damaged", {"problem": problem})
    return Finding("database", "ok", "", {"documents": documents, "path": str(paths.database)})


def _library(name: str) -> Finding:
    if importlib.util.find_spec(_MODULES[name]) is None:
        return Finding(name, "problem", "missing")
    try:
        return Finding(name, "ok", "", {"version": metadata.version(name)})
    except metadata.PackageNotFoundError:
        return Finding(name, "ok", "", {"version": "unknown"})


def _offload() -> Finding:
    """Say what llama.cpp was built for, and whether there is a card it could use."""
    built = offload_kinds()
    if built is None:
        return Finding("graphics card", "note", "no_llama")
    card = any(Path(path).exists() for path in ("/dev/nvidia0", "/dev/nvidiactl")) or bool(
        shutil.which("nvidia-smi")
    )
    facts: Facts = {
        "built_for": list(built),
        "nvidia": card,
        "compiler": shutil.which("c++") or shutil.which("cl") or shutil.which("clang++"),
    }
    if card and "cuda" not in built:
        return Finding("graphics card", "note", "unused", facts)
    return Finding("graphics card", "ok", "", facts)


def _models(paths: DataPaths) -> Finding:
    rows = model_library(paths).list()
    names = [row.name for row in rows]
    if not rows:
        return Finding("models", "problem", "none", {"folder": str(paths.models), "names": names})
    return Finding("models", "ok", "", {"folder": str(paths.models), "names": names})


def _embedder(paths: DataPaths) -> Finding:
    chosen = SettingsFile(paths.settings_file).current.embedder
    path = chosen_embedder(paths, chosen, model_library(paths))
    facts: Facts = {"folder": str(path)}
    if not path.is_file() and (missing := missing_files(path)):
        return Finding("embedder", "problem", "missing", {**facts, "missing": missing})
    return Finding("embedder", "ok", "", facts)


def _network() -> Finding:
    attempts = network.attempts()
    facts: Facts = {
        "guard": network.installed(),
        "denied": sum(attempts.denied.values()),
        "allowed": sum(attempts.allowed.values()),
    }
    if not network.installed():
        return Finding("network", "problem", "no_guard", facts)
    return Finding("network", "ok", "", facts)
