"""A model hub on this machine, for tests: it speaks the protocol of the real one, and can fail.

Like the real one it tells what a repository has under /api/models, and answers a request for a
file with a redirection to where the bytes are, which can be asked for from any byte on.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
_BLOCK = 64 * 1024


@dataclass
class Faults:
    """What goes wrong. Counts go down as it happens.

    Attributes:
        cut_after: For each coming request for bytes, after how many of them the line breaks.
        limited: How many coming requests are refused because there were too many.
        retry_after: What those are told to wait, in seconds.
        errors: How many coming requests fail in the server.
        gated: Whether the files are for those who have agreed to terms.
        token: The only access token that is known; None where none is looked at.
        corrupt: Whether the bytes are others than announced.
        no_ranges: Whether every answer begins at the first byte.
        no_digests: Whether digests are kept back.
        pause_s: Time between two blocks of an answer.
    """

    cut_after: list[int] = field(default_factory=list)
    limited: int = 0
    retry_after: str = "0"
    errors: int = 0
    gated: bool = False
    token: str | None = None
    corrupt: bool = False
    no_ranges: bool = False
    no_digests: bool = False
    pause_s: float = 0.0


class HubServer:
    """The hub. Attributes may be changed while it runs.

    Attributes:
        files: Content of each file by "owner/name/path".
        faults: What goes wrong.
        served: From which byte on each answer with bytes began, in order.
        tokens: The access token of each request for a file; None without one.
        lost: Files that are announced and then not found.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults = Faults()
        self.served: list[int] = []
        self.tokens: list[str | None] = []
        self.lost: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def repository(self, name: str) -> dict[str, object] | None:
        """A repository as the interface tells it; None where there is none."""
        names = sorted(path for path in self.files if path.startswith(f"{name}/"))
        if not names:
            return None
        siblings = []
        for path in names:
            content = self.files[path]
            lfs = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
                   "pointerSize": 135}  # fmt: skip
            row = {"rfilename": path.removeprefix(f"{name}/"), "size": len(content)}
            siblings.append(row if self.faults.no_digests else {**row, "lfs": lfs})
        return {
            "id": name, "sha": REVISION, "siblings": siblings, "downloads": len(name), "likes": 3,
            "gated": "auto" if self.faults.gated else False, "tags": ["gguf"],
            "lastModified": "2026-11-01T10:00:00.000Z", "cardData": {"license": "apache-2.0"},
            "gguf": {"total": 135_000_000, "architecture": "llama"},
        }  # fmt: skip


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            path = unquote(url.path).strip("/")
            faults = hub.faults
            if faults.errors > 0:
                faults.errors -= 1
                self._refuse(503, "", "Service unavailable")
            elif faults.limited > 0:
                faults.limited -= 1
                self._refuse(429, "", "Too many requests", {"Retry-After": faults.retry_after})
            elif path == "api/models":
                self._search(parse_qs(url.query))
            elif path.startswith("api/models/"):
                self._repository(path.removeprefix("api/models/").partition("/revision/")[0])
            elif "/resolve/" in path:
                self._resolve(path)
            elif path.startswith("bytes/"):
                self._bytes(path.removeprefix("bytes/"))
            else:
                self._refuse(404, "", "Not found")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def _search(self, query: dict[str, list[str]]) -> None:
            wanted = query.get("search", [""])[0].lower()
            names = {"/".join(path.split("/")[:2]) for path in hub.files}
            rows = [hub.repository(name) for name in sorted(names) if wanted in name.lower()]
            self._json(rows[: int(query.get("limit", ["1000"])[0])])

        def _repository(self, name: str) -> None:
            row = hub.repository(name)
            if row is None:
                # The real one says so to whoever has not said who they are.
                self._refuse(401, "RepoNotFound", "Invalid username or password.")
            else:
                self._json(row)

        def _resolve(self, path: str) -> None:
            repository, _, rest = path.partition("/resolve/")
            file = rest.partition("/")[2]
            token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
            hub.tokens.append(token)
            faults = hub.faults
            if token is not None and faults.token is not None and token != faults.token:
                self._refuse(401, "", "Invalid credentials in Authorization header")
            elif faults.gated and (token is None or token != faults.token):
                self._refuse(
                    401 if token is None else 403,
                    "GatedRepo",
                    f"Access to {repository} is restricted",
                )
            elif f"{repository}/{file}" not in hub.files or file in hub.lost:
                self._refuse(404, "EntryNotFound", "Entry not found")
            else:
                content = hub.files[f"{repository}/{file}"]
                self.send_response(302)
                self.send_header("Location", f"/bytes/{repository}/{file}")
                self.send_header("X-Repo-Commit", REVISION)
                self.send_header("X-Linked-Size", str(len(content)))
                self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("Content-Length", "0")
                self.end_headers()

        def _bytes(self, path: str) -> None:
            content = hub.files[path]
            faults = hub.faults
            if faults.corrupt:
                content = content[:-1] + bytes([content[-1] ^ 1])
            said = self.headers.get("Range", "").removeprefix("bytes=").partition("-")[0]
            start = int(said) if said.isdecimal() and not faults.no_ranges else 0
            hub.served.append(start)
            self.send_response(206 if start else 200)
            if start:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = start + faults.cut_after.pop(0) if faults.cut_after else len(content)
            for at in range(start, min(end, len(content)), _BLOCK):
                try:
                    self.wfile.write(content[at : min(at + _BLOCK, end)])
                except OSError:
                    break
                if faults.pause_s:
                    time.sleep(faults.pause_s)
            if end < len(content):
                self.close_connection = True

        def _json(self, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _refuse(
            self, status: int, code: str, message: str, headers: dict[str, str] | None = None
        ) -> None:
            data = json.dumps({"error": message}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-Error-Message", message)
            if code:
                self.send_header("X-Error-Code", code)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler
