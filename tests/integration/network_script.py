"""Tries to reach out in every way a library might; prints what came of each as JSON."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import json
import socket
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

from assistant import network

ELSEWHERE = "192.0.2.1"  # reserved for documentation: nobody is there


def connect() -> None:
    with socket.socket() as probe:
        probe.settimeout(3)
        probe.connect((ELSEWHERE, 80))


def connect_ex() -> None:
    with socket.socket() as probe:
        probe.settimeout(3)
        probe.connect_ex((ELSEWHERE, 80))


def datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.sendto(b"x", (ELSEWHERE, 53))


def datagram_message() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.sendmsg([b"x"], [], 0, (ELSEWHERE, 53))


def version_six() -> None:
    with socket.socket(socket.AF_INET6) as probe:
        probe.settimeout(3)
        probe.connect(("2001:db8::1", 80))


def open_url() -> None:
    urllib.request.urlopen("https://name.example/secret/path?q=secret", timeout=3)


def https() -> None:
    http.client.HTTPSConnection(ELSEWHERE, timeout=3).request("GET", "/secret")


async def _stream() -> None:
    await asyncio.wait_for(asyncio.open_connection("name.example", 443), 5)


def asynchronous() -> None:
    asyncio.run(_stream())


def in_a_thread() -> None:
    caught: list[BaseException] = []

    def attempt() -> None:
        try:
            connect()
        except OSError as error:
            caught.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    raise caught[0]


def local_server() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        for host in ("127.0.0.1", "localhost"):
            urllib.request.urlopen(f"http://{host}:{server.server_port}/", timeout=60).close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def unix_socket() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        place = str(Path(folder) / "s")
        server.bind(place)
        server.listen()
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(place)


def socket_pair() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"x")


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except Exception as error:  # noqa: BLE001 - its class is what is asked
        return type(error).__name__
    return "done"


def main() -> None:
    network.install()
    network.install()
    denied = [
        connect, connect_ex, datagram, datagram_message, version_six, open_url, https,
        asynchronous, in_a_thread,
        lambda: socket.getaddrinfo("name.example", 80),
        lambda: socket.gethostbyname("name.example"),
        lambda: socket.gethostbyaddr(ELSEWHERE),
        lambda: socket.getnameinfo((ELSEWHERE, 80), 0),
        lambda: socket.create_connection(("name.example", 80), 3),
    ]  # fmt: skip
    local = [local_server, socket_pair]
    if sys.platform != "win32":
        local.append(unix_socket)
    report: dict[str, object] = {
        "denied": [outcome(each) for each in denied],
        "local": [outcome(each) for each in local],
    }
    before = network.attempts()
    report["hosts"] = sorted(before.denied)
    report["count"] = before.total

    # Of a download that a person asked for, only the guard's word is of interest here.
    with network.allow():
        allowed = outcome(connect)
        other_thread = outcome(in_a_thread)
    report["allowed"] = allowed
    report["other_thread"] = other_thread
    report["granted"] = network.attempts().allowed
    report["after"] = outcome(connect)
    print(json.dumps(report))  # noqa: T201 - it is what the test reads


main()
