"""The guard that keeps this process off the network unless a person asked for a download.

Python reports every attempt to resolve a name or to connect to its audit hooks before it is
made, whichever library makes it; the guard's hook refuses it there. What stays allowed is
this machine itself: loopback addresses and Unix sockets. An audit hook can never be taken
out again, and that is what is wanted.

Native code that opens sockets without going through Python is not seen here. None of the
libraries in use does so, which the integration tests check from outside the process.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass, field

from assistant.errors import NetworkDenied

_log = logging.getLogger(__name__)

# Libraries that ask these do not even try; for the others there is the guard.
OFFLINE_ENVIRONMENT = {
    "ANONYMIZED_TELEMETRY": "False",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "OTEL_SDK_DISABLED": "true",
    "TRANSFORMERS_OFFLINE": "1",
}

_LOCAL_FAMILIES = frozenset(
    int(family)
    for family in (getattr(socket, name, None) for name in ("AF_UNIX", "AF_NETLINK"))
    if family is not None
)
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)

_allowed: ContextVar[bool] = ContextVar("network_allowed", default=False)


@dataclass(frozen=True)
class Attempts:
    """Attempts to reach out since the process started, by host, its workers' included."""

    denied: dict[str, int] = field(default_factory=dict[str, int])
    allowed: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def total(self) -> int:
        """All of them, both kinds."""
        return sum(self.denied.values()) + sum(self.allowed.values())


_lock = threading.Lock()
_denied: Counter[str] = Counter()
_granted: Counter[str] = Counter()
_Listener = Callable[[str], None]
_listeners: list[_Listener] = []
_granted_listeners: list[_Listener] = []
_state = {"installed": False}


def install() -> None:
    """Deny the network to this process for good, and tell libraries that they are offline.

    Call it before anything else is imported. Calling it again does nothing.
    """
    os.environ.update(OFFLINE_ENVIRONMENT)
    with _lock:
        if _state["installed"]:
            return
        _state["installed"] = True
    sys.addaudithook(_hook)


def installed() -> bool:
    """Whether the guard stands in this process."""
    return _state["installed"]


@contextlib.contextmanager
def allow() -> Generator[None, None, None]:
    """Let this thread (or asynchronous task) reach out: for a download a person asked for."""
    token = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(token)


def attempts() -> Attempts:
    """Count the attempts so far. Hosts only: never what was asked of them."""
    with _lock:
        return Attempts(dict(_denied), dict(_granted))


def add_listener(on_denied: _Listener, on_granted: _Listener | None = None) -> None:
    """Have `on_denied(host)` called at each attempt that is refused, on the thread that made it.

    Likewise `on_granted(host)` at each one that is let through.
    """
    with _lock:
        _listeners.append(on_denied)
        if on_granted is not None:
            _granted_listeners.append(on_granted)


def record_denied(host: str) -> None:
    """Count an attempt that was refused, here or in a worker, and tell the listeners."""
    with _lock:
        _denied[host] += 1
        listeners = list(_listeners)
    _log.warning("an attempt to reach %s was refused", host)
    for listener in listeners:
        listener(host)


def record_granted(host: str) -> None:
    """Count an attempt that was let through, here or in a worker, and tell the listeners."""
    with _lock:
        _granted[host] += 1
        listeners = list(_granted_listeners)
    for listener in listeners:
        listener(host)


def is_local(host: object) -> bool:
    """Whether a host name or address means this machine itself."""
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host == "":
        return True
    if not isinstance(host, str):
        return False
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback or address.is_unspecified


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    # Called for every import, open and much else: leave at the first comparison.
    if not event.startswith("socket."):
        return
    if event in _CONNECTING:
        host = _destination(*arguments[:2])
    elif event in _RESOLVING:
        host = arguments[0]
        if isinstance(host, tuple):
            host = _first(host)  # pyright: ignore[reportUnknownArgumentType]
    else:
        return
    if is_local(host):
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if _allowed.get():
        record_granted(name)
        return
    record_denied(name)
    raise NetworkDenied(name)


def _destination(source: object, address: object = None) -> object:
    """Whom a socket is about to reach; None where that is on this machine."""
    if address is None or int(getattr(source, "family", -1)) in _LOCAL_FAMILIES:
        # No address: a connected socket, which passed here when it was connected.
        return None
    if isinstance(address, tuple):
        return _first(address)  # pyright: ignore[reportUnknownArgumentType]
    return "?"


def _first(values: tuple[object, ...]) -> object:
    return values[0] if values else None
