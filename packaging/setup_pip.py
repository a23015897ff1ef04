"""Runs pip with live progress, and puts its failures into one sentence."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from setup_console import Console, SetUpError

TICK_S = 0.2
KEPT_LINES = 400
NINJA = re.compile(r"^\s*\[(\d+)/(\d+)\] ")
COLLECTING = re.compile(r"^\s*Collecting ([A-Za-z0-9._-]+)")
DOWNLOADING = re.compile(r"^\s*Downloading (\S+?)-\d\S* \(([^)]+)\)")
INSTALLING = re.compile(r"^\s*Installing collected packages: (.*)")

NO_NETWORK = (
    "NameResolutionError", "Failed to resolve", "NewConnectionError", "Network is unreachable",
    "ConnectTimeoutError", "ReadTimeoutError", "Connection refused", "Connection reset",
    "ProxyError", "IncompleteRead", "Connection broken", "SSLError",
)  # fmt: skip
NO_SPACE = ("No space left on device", "[WinError 112]", "Disk quota exceeded")
NOT_COMPILED = ("Failed building wheel for llama", "Failed to build llama", "CMake Error",
                "CMake build failed", "CMake configuration failed")  # fmt: skip
WRONG_HASH = "DO NOT MATCH THE HASHES"
NOT_FOUND = re.compile(r"No matching distribution found for (\S+)")
RESUMES = "run the same command again; it goes on where it was"


def pip_command(python: Path, arguments: list[str]) -> list[str]:
    """Return the command line of one pip run; its settings come from the environment as usual."""
    return [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]


def run_pip(
    python: Path,
    arguments: list[str],
    *,
    console: Console,
    log: Path,
    environment: dict[str, str] | None = None,
) -> None:
    """Run pip to its end, showing what it is at.

    Args:
        python: The interpreter whose pip is run.
        arguments: As after `pip`; without a progress bar of its own.
        console: Where the progress goes.
        log: A file that pip's whole output is appended to.
        environment: Variables added to this process's.

    Raises:
        SetUpError: With the reason of the failure and the way out.
    """
    process = subprocess.Popen(
        pip_command(python, arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"},
        # A group of its own, so that the compilers pip starts can be ended with it.
        start_new_session=True,
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    kept: deque[str] = deque(maxlen=KEPT_LINES)
    doing = "starting pip"
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"\n$ pip {' '.join(arguments)}\n")
            while True:
                try:
                    line = lines.get(timeout=TICK_S)
                except queue.Empty:
                    console.progress(doing)
                    continue
                if line is None:
                    break
                file.write(line)
                kept.append(line.rstrip())
                doing = describe(line) or doing
                console.progress(doing)
        status = process.wait()
    finally:
        # Also on Ctrl-C: nothing goes on installing behind the person's back.
        if process.poll() is None:
            _end(process)
        reader.join(timeout=5)
        if process.stdout:
            process.stdout.close()
    if status < 0:
        raise SetUpError(
            f"pip was ended by signal {-status}, most often because the memory was full: close "
            f"other programs, then {RESUMES}."
        )
    if status:
        raise explain(list(kept), log)


def _end(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def describe(line: str) -> str | None:
    """Say in a few words what a line of pip's output tells; None where it tells nothing new."""
    if match := NINJA.match(line):
        done, total = int(match[1]), int(match[2])
        return f"compiling, {done} of {total} files ({100 * done // total} %)"
    if match := DOWNLOADING.match(line):
        return f"downloading {match[1]} ({match[2]})"
    if match := COLLECTING.match(line):
        return f"looking up {match[1]}"
    if match := INSTALLING.match(line):
        return f"unpacking {match[1].count(',') + 1} packages"
    if "Building wheel" in line or "Installing build dependencies" in line:
        return "preparing to compile"
    return None


def explain(output: list[str], log: Path) -> SetUpError:
    """Turn the output of a failed pip run into a problem with its way out."""
    text = "\n".join(output)
    if any(sign in text for sign in NO_SPACE):
        return SetUpError(f"The disk is full: make room, then {RESUMES}.")
    if WRONG_HASH in text:
        return SetUpError(
            "A downloaded package is not the one that was pinned, so nothing of it was used: "
            f"try again on another network, and if it happens again report it with {log}."
        )
    if any(sign in text for sign in NOT_COMPILED):
        return SetUpError(
            f"llama.cpp could not be compiled: the compiler's words are at the end of {log}; an "
            "outdated compiler is the usual reason, so update it and run the same command again."
        )
    if any(sign in text for sign in NO_NETWORK):
        return SetUpError(
            f"The package index could not be reached: connect to the internet, then {RESUMES}."
        )
    if match := NOT_FOUND.search(text):
        return SetUpError(
            f"There is no build of {match[1]} for this Python on this machine: run this script "
            "with another Python from 3.11 on."
        )
    errors = [line for line in output if "error" in line.lower()] or output
    last = errors[-1].strip() if errors else "it said nothing"
    return SetUpError(f"pip failed ({last}): its whole output is in {log}.")
