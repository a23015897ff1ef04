"""The command `studiolo`: reads the arguments, keeps the network off, runs one command.

Imports are few and late: `studiolo --help` and the lists answer in a fraction of a second.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

import msgspec

from assistant import network
from assistant.cli.arguments import parse
from assistant.cli.console import BAD_USAGE, FAILED, INTERRUPTED, Console
from assistant.cli.errors import UsageError
from assistant.paths import DataPaths

_WINDOW_LIBRARIES = ("PySide6", "shiboken6", "qtawesome")

_log = logging.getLogger(__name__)


class _Error(msgspec.Struct, frozen=True):
    kind: str
    message: str


class _Failed(msgspec.Struct, frozen=True):
    error: _Error


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    network.install()
    _speak_utf8()
    arguments = parse(sys.argv[1:] if argv is None else argv)
    paths = DataPaths.default(arguments.data_dir)
    if arguments.command is None:
        return _open_window(paths, arguments)
    console = Console(json=arguments.json)
    try:
        return _run(paths, console, arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left: what is still in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except UsageError as error:
        console.note(f"studiolo: {error}")
        return BAD_USAGE
    except Exception as error:  # noqa: BLE001 - the last place that can say what happened
        return _fail(console, error)


def _run(paths: DataPaths, console: Console, arguments: Namespace) -> int:
    from assistant import logs

    if arguments.command == "doctor":
        from assistant.cli import doctor_command

        return doctor_command.run(paths, console)
    paths.create()
    logs.set_up_app(paths.log_file("studiolo"))
    from assistant.assistant import Assistant
    from assistant.cli.fitting import warn_when_short

    with contextlib.closing(Assistant(paths)) as assistant:
        warn_when_short(assistant, console)
        match arguments.command:
            case "index":
                from assistant.cli import index_commands as command
            case "search":
                from assistant.cli import search_commands as command
            case "ask":
                from assistant.cli import ask_commands as command
            case "chat":
                from assistant.cli import chat_command as command
            case "study":
                from assistant.cli import study_command as command
            case _:
                from assistant.cli import models_commands as command
        return command.run(assistant, console, arguments)


def _open_window(paths: DataPaths, arguments: Namespace) -> int:
    from assistant import logs

    if _has_no_screen():
        return _say(
            "There is no screen to open a window on. 'studiolo chat' talks in the terminal, and "
            "'studiolo --help' shows what else works without a window."
        )
    logs.set_up_app(paths.log_file("studiolo"))
    try:
        # By name: the layers below the window do not depend on it.
        window = import_module("desktop.app")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _WINDOW_LIBRARIES:
            raise
        return _say(
            f"The window needs {error.name}, which is not installed. "
            "'python packaging/studiolo.py run' installs it."
        )
    return window.main(paths, [str(file.absolute()) for file in arguments.files])


def _has_no_screen() -> bool:
    # Qt would end the process without a word that a person could use.
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return False
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _say(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return FAILED


def _fail(console: Console, error: Exception) -> int:
    from assistant.wording import explain

    sentence = explain(error)
    _log.error("%s", type(error).__name__, exc_info=None)
    console.note(sentence)
    if console.json:
        console.document(_Failed(_Error(type(error).__name__, sentence)))
    return FAILED


def _speak_utf8() -> None:
    """Write UTF-8 and bare line ends everywhere: results are read by programs."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
