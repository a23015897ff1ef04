"""Logging of the app process: one rotating file, and a file for crashes.

Workers log to standard error, which the supervisor has pointed at a file of their own.
Logs hold what happened, never prompts, answers or document text.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import TextIO

_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_MAX_BYTES = 1_000_000
_BACKUPS = 2

# Kept open for as long as faulthandler may write to it.
_crash_files: list[TextIO] = []


def set_up_app(log_file: Path, level: int = logging.INFO) -> None:
    """Log to `log_file`, crashes of native code to `<name>.crash.log` beside it.

    Also logs exceptions that nothing caught, in any thread.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        log_file, maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter(_FORMAT))
    _replace_handlers(handler, level)
    _crash_files.append(crash_file(log_file).open("a", encoding="utf-8"))
    faulthandler.enable(_crash_files[-1])
    for old in _crash_files[:-1]:
        old.close()
    del _crash_files[:-1]
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def set_up_worker(level: int = logging.INFO) -> None:
    """Log to standard error, crashes too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    _replace_handlers(handler, level)
    faulthandler.enable()


def crash_file(log_file: Path) -> Path:
    """Where crashes of native code are written, for a log file."""
    return log_file.with_suffix(".crash.log")


def rotate(log_file: Path, max_bytes: int = _MAX_BYTES) -> None:
    """Set a log file aside that has grown too large, before a process starts writing to it."""
    # Two processes may do this at once, and one of them find the file gone.
    with contextlib.suppress(OSError):
        if log_file.stat().st_size > max_bytes:
            log_file.replace(log_file.with_name(log_file.name + ".1"))


def frames(trace: TracebackType | None) -> str:
    """Say where an exception came from, without its text, which may quote a document."""
    return "".join(traceback.format_tb(trace)).rstrip()


def _replace_handlers(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    for old in list(root.handlers):
        # Ours from an earlier call only: a test runner has handlers of its own here.
        if old.get_name() == __name__:
            root.removeHandler(old)
            old.close()
    handler.set_name(__name__)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, Exception):
        logging.getLogger(__name__).error("uncaught %s\n%s", kind.__qualname__, frames(trace))
    sys.__excepthook__(kind, error, trace)


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
