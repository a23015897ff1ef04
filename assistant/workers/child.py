"""The worker process: `python -m assistant.workers.child`, started by the supervisor.

Before anything else is imported, it moves the channel away from standard input and output,
which native libraries print to, and shuts the network. Then it makes the object it is told
to and serves it. It lives exactly as long as its standard input is open: the thread that
reads it ends the process at once when the app is gone, whatever native code is running.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn

from assistant import logs, network
from assistant.errors import ProtocolError
from assistant.workers import protocol
from assistant.workers.failures import describe
from assistant.workers.scheduler import Scheduler, argument_hints

_log = logging.getLogger(__name__)

EXIT_PROTOCOL = 70
EXIT_START = 71


def main() -> None:
    """Serve until told to stop; never returns."""
    source, sink = _take_channel()
    network.install()
    logs.set_up_worker()
    # Control-C in a terminal reaches every process of the group; the app decides for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sink.write(protocol.greeting())
    sink.flush()
    try:
        protocol.check_greeting(source)
        start = protocol.read_request(source, protocol.DEFAULT_FRAME_LIMIT)
    except EOFError:
        _exit(0)
    except ProtocolError as error:
        _log.error("%s", error)
        _exit(EXIT_PROTOCOL)
    if not isinstance(start, protocol.Start):
        _exit(EXIT_PROTOCOL)
    _serve(start, source, sink)


def _serve(start: protocol.Start, source: BinaryIO, sink: BinaryIO) -> None:
    send = _sender(sink, start.frame_limit)
    scheduler = Scheduler(send, start.background_paused)
    network.add_listener(
        lambda host: send(protocol.Denied(host)), lambda host: send(protocol.Granted(host))
    )
    threading.Thread(
        target=_read, args=(source, start.frame_limit, scheduler), name="requests", daemon=True
    ).start()
    try:
        _limit(start)
        target = _create(start)
    except BaseException as error:  # noqa: BLE001 - whatever a library may raise
        _log.error(
            "starting %s: %s\n%s",
            start.factory,
            type(error).__qualname__,
            logs.frames(error.__traceback__),
        )
        send(protocol.StartFailed(describe(error)))
        _exit(EXIT_START)
    send(protocol.Ready())
    scheduler.run(target)
    _exit(0)


def _take_channel() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for ourselves; standard input becomes empty, standard output the log.

    Standard error is the log file already: the supervisor has opened it, so that it also
    gets what a process says that cannot start. Done on file descriptors, because native
    libraries know nothing of `sys.stdout`.
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (incoming, outgoing):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


def _sender(sink: BinaryIO, limit: int) -> Callable[[protocol.Reply], None]:
    lock = threading.Lock()

    def send(reply: protocol.Reply) -> None:
        frame = protocol.encode(reply, limit)
        try:
            with lock:
                sink.write(frame)
                sink.flush()
        except OSError:
            _exit(0)  # nobody is left to work for

    return send


def _read(source: BinaryIO, limit: int, scheduler: Scheduler) -> None:
    try:
        while True:
            scheduler.put(protocol.read_request(source, limit))
    except (EOFError, OSError):
        _exit(0)
    except ProtocolError as error:
        _log.error("%s", error)
        _exit(EXIT_PROTOCOL)


def _limit(start: protocol.Start) -> None:
    """Bound what the process may use, where the system lets it."""
    if sys.platform == "win32":
        return
    import resource

    # A core dump would hold documents and conversations.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if start.memory_bytes is not None:
        # macOS knows the limit but refuses it.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (start.memory_bytes, start.memory_bytes))
    if start.low_priority:
        os.nice(10)


def _create(start: protocol.Start) -> object:
    module, _, name = start.factory.partition(":")
    factory: Callable[..., Any] = getattr(importlib.import_module(module), name)
    hints = argument_hints(factory)
    return factory(**{k: protocol.decoder(hints[k]).decode(v) for k, v in start.arguments.items()})


def _exit(code: int) -> NoReturn:
    # Not sys.exit: that would wait for threads of native libraries, and run their farewells.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
