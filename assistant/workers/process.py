"""The operating system's side of a worker: its process, its pipes, its limits."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import assistant
from assistant import logs, network
from assistant.workers import protocol

_REAP_S = 2.0


@dataclass(frozen=True)
class RestartPolicy:
    """What to do when a worker dies by itself.

    Attributes:
        delays: Seconds before each restart in a row; the last one holds for all further.
        give_up_after: Deaths in a row, with no job ended in between, after which it stays
            down; None never gives up on a worker that does start.
    """

    delays: tuple[float, ...] = (0.2, 1.0, 5.0)
    give_up_after: int | None = 3


@dataclass(frozen=True)
class WorkerSpec:
    """How to start a worker.

    Attributes:
        name: Its name in errors, logs and the list of processes.
        factory: "package.module:function", called in the worker; what it returns is served.
        arguments: The factory's arguments by name.
        environment: Variables that it has beside those of this process.
        log_file: Where its output goes, native libraries' too.
        frame_limit: Largest message in bytes.
        memory_bytes: Address space it may have; None for no limit. Not held on Windows, macOS.
        low_priority: Run below everything else on the machine.
    """

    name: str
    factory: str
    log_file: Path
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    frame_limit: int = protocol.DEFAULT_FRAME_LIMIT
    memory_bytes: int | None = None
    low_priority: bool = False
    restart: RestartPolicy = RestartPolicy()


class WorkerProcess:
    """One life of a worker's process, and the thread that writes to it.

    Raises:
        OSError: The process or its log file cannot be made.
    """

    def __init__(self, spec: WorkerSpec, *, background_paused: bool) -> None:
        start = protocol.Start(
            name=spec.name,
            factory=spec.factory,
            arguments={key: protocol.pack(value) for key, value in spec.arguments.items()},
            frame_limit=spec.frame_limit,
            memory_bytes=spec.memory_bytes,
            low_priority=spec.low_priority,
            background_paused=background_paused,
        )
        self.ready = False
        # Its death was our doing: it does not count, and the next one starts at once.
        self.killed_by_us = False
        self._limit = spec.frame_limit
        self._popen = _popen(spec)
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name=f"{spec.name}-writer", daemon=True)
        self._writer.start()
        self.send_frame(protocol.greeting())
        self.send_frame(protocol.encode(start, protocol.DEFAULT_FRAME_LIMIT))

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    @property
    def output(self) -> BinaryIO:
        """What it says."""
        return cast("BinaryIO", self._popen.stdout)

    def send(self, request: protocol.Request) -> None:
        """Have a request written; returns at once."""
        self.send_frame(protocol.encode(request, self._limit))

    def send_frame(self, frame: bytes) -> None:
        """Have an encoded request written; returns at once."""
        self._outgoing.put(frame)

    def kill(self) -> None:
        """End it by force. Its own children end with it, for their channels close."""
        self.killed_by_us = True
        self._popen.kill()

    def wait(self, timeout: float) -> bool:
        """Wait for its end; return whether it came."""
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def reap(self) -> int | None:
        """Wait for the end of a process that is ending, hurry it if need be; its exit code."""
        self._outgoing.put(None)
        if not self.wait(_REAP_S):
            self._popen.kill()
            self._popen.wait()
        self._writer.join()
        self.output.close()
        return self._popen.returncode

    def _write(self) -> None:
        pipe = cast("BinaryIO", self._popen.stdin)
        # An error means that it is dead, which whoever reads from it finds out.
        with contextlib.suppress(OSError):
            while (frame := self._outgoing.get()) is not None:
                pipe.write(frame)
                pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()


def _popen(spec: WorkerSpec) -> subprocess.Popen[bytes]:
    spec.log_file.parent.mkdir(parents=True, exist_ok=True)
    logs.rotate(spec.log_file)
    root = str(Path(assistant.__file__).resolve().parents[1])
    path = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        **network.OFFLINE_ENVIRONMENT,
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONUTF8": "1",
        **spec.environment,
    }
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
        if spec.low_priority:
            flags |= subprocess.BELOW_NORMAL_PRIORITY_CLASS
    with spec.log_file.open("ab") as log:
        return subprocess.Popen(
            # -P: a package in the working directory must never stand in for one of ours.
            [sys.executable, "-P", "-m", "assistant.workers.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=root,
            env=environment,
            creationflags=flags,
        )
