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

import msgspec

from assistant import network
from assistant.cli.arguments import parse
from assistant.cli.console import BAD_USAGE, FAILED, INTERRUPTED, Console
from assistant.cli.errors import UsageError
from assistant.paths import DataPaths

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

    with contextlib.closing(Assistant(paths)) as assistant:
        match arguments.command:
            case "index":
                from assistant.cli import index_commands as command
            case "search":
                from assistant.cli import search_commands as command
            case "ask":
                from assistant.cli import ask_commands as command
            case "chat":
                from assistant.cli import chat_command as command
            case _:
                from assistant.cli import models_commands as command
        return command.run(assistant, console, arguments)


def _open_window(paths: DataPaths, arguments: Namespace) -> int:
    # By name: the layers below the window do not depend on it.
    from importlib import import_module

    window = import_module("desktop.app")
    return window.main(paths, [file.absolute() for file in arguments.files])


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
