"""Objects that the worker tests serve from real child processes."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import msgspec

from assistant.errors import NetworkDenied
from assistant.workers.process import WorkerSpec
from assistant.workers.supervisor import Worker

SECRET = "a secret from a document"


class Step(msgspec.Struct, frozen=True, tag=True):
    number: int


class Note(msgspec.Struct, frozen=True, tag=True):
    text: str


class Report(msgspec.Struct, frozen=True):
    steps: int
    closed: tuple[str, ...] = ()


class Machine:
    """Does small things in every way a library object may do them."""

    def __init__(self, greeting: str) -> None:
        self.greeting = greeting
        self.closed: list[str] = []
        self.order: list[str] = []

    def hello(self, name: str) -> str:
        self.order.append(name)
        return f"{self.greeting} {name}"

    def echo(self, data: bytes) -> bytes:
        return data

    def suffix(self, path: Path) -> str:
        return path.suffix

    def count(self, steps: int, pause_s: float, name: str = "") -> Generator[Step, None, Report]:
        done = False
        try:
            for number in range(steps):
                time.sleep(pause_s)
                yield Step(number)
            done = True
        finally:
            if not done:
                self.closed.append(name)
            self.order.append(name)
        return Report(steps, tuple(self.closed))

    def delegate(self, steps: int) -> Generator[Step, None, Report]:
        return self.count(steps, 0)

    def mixed(self) -> Generator[Step | Note, None, None]:
        yield Step(1)
        yield Note("é\u2028")

    def stubborn(self, seconds: int) -> Generator[Step, None, None]:
        yield Step(0)
        native_sleep(seconds)
        yield Step(1)

    def seen(self) -> tuple[list[str], list[str]]:
        return self.order, self.closed

    def fail(self, steps: int) -> Generator[Step, None, None]:
        for number in range(steps):
            yield Step(number)
        raise LookupError(SECRET)

    def deny(self) -> None:
        raise NetworkDenied("example.org")

    def die(self, code: int) -> None:
        os._exit(code)

    def crash(self) -> None:
        ctypes.string_at(0)

    def print_natively(self) -> int:
        os.write(1, b"garbage from a native library\n" * 1000)
        os.write(2, b"complaint\n")
        subprocess.run(["echo", "from a grandchild"], check=True)
        print("from Python")  # noqa: T201
        sys.stdout.flush()
        return len(sys.stdin.read())

    def big(self, size: int) -> bytes:
        return bytes(size)

    def odd(self) -> object:
        return object()

    def wrong(self) -> Generator[str, None, int]:
        yield "not a step"
        return 1

    def reach(self, host: str) -> str:
        try:
            socket.create_connection((host, 80), timeout=5)
        except OSError as error:
            return type(error).__name__
        return "connected"

    def environment(self, name: str) -> str | None:
        return os.environ.get(name)

    def modules(self) -> list[str]:
        return sorted(sys.modules)

    def grab(self, size: int) -> int:
        return len(bytearray(size))

    def niceness(self) -> int:
        return os.nice(0)

    def pid(self) -> int:
        return os.getpid()


def native_sleep(seconds: int) -> None:
    """Sleep as native code that nothing in Python can interrupt."""
    if sys.platform == "win32":
        ctypes.windll.kernel32.Sleep(seconds * 1000)
    else:
        ctypes.CDLL(None).sleep(seconds)


def create(greeting: str = "hello") -> Machine:
    return Machine(greeting)


def broken() -> Machine:
    raise OverflowError


def picky(flag: Path) -> Machine:
    if not flag.exists():
        raise NetworkDenied("start")
    return Machine("hello")


class Parent:
    """Supervises a worker of its own, as the index process does with the reader."""

    def __init__(self, log_file: str) -> None:
        self.worker = Worker(
            WorkerSpec(
                name="inner",
                factory="tests.integration.worker_objects:create",
                log_file=Path(log_file),
            )
        )

    def inner_pid(self) -> int:
        return self.worker.submit("pid", result=int).result(120)

    def inner_stubborn(self) -> None:
        job = self.worker.submit("stubborn", 60, events=Step, result=type(None))
        next(job)

    def inner_reach(self, host: str) -> str:
        return self.worker.submit("reach", host, result=str).result(120)

    def close(self) -> None:
        self.worker.close()


def create_parent(log_file: str) -> Parent:
    return Parent(log_file)
