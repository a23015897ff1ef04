"""Downloads a file from the model hub, going on where an earlier download stopped."""

from __future__ import annotations

import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DEFAULT_HUB = "https://huggingface.co"
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
TRIES = 4
CHUNK = 1 << 18
HEADERS = {"User-Agent": "studiolo-setup"}
HTTP_OK = 200
HTTP_PARTIAL = 206

Failures = (urllib.error.URLError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True)
class HubFile:
    """A file on the hub, as it has to be.

    Attributes:
        repository: As the hub names it, "owner/name".
        file: The file's name in the repository.
        bytes: Its size.
        sha256: Its digest, by which another version is told before it is downloaded.
    """

    repository: str
    file: str
    bytes: int
    sha256: str

    def url(self) -> str:
        """Return where the file is, on the hub that the environment names or the usual one."""
        hub = os.environ.get("HF_ENDPOINT") or DEFAULT_HUB
        return f"{hub.rstrip('/')}/{self.repository}/resolve/main/{self.file}"


def fetch_from_hub(file: HubFile, target: Path, show: Callable[[float], None]) -> bool:
    """Try to have a whole file at `target`; what arrives is kept there for another try.

    Args:
        file: What is wanted.
        target: Where it is written to, and where it is gone on with.
        show: Called often with the bytes that are there.

    Returns:
        Whether the file is whole. False when the hub does not answer, gives up in between, or
        has another file by that name: there is another way to get it.
    """
    url, count = file.url(), file.bytes
    if not url.startswith(("https://", "http://")) or not _has_it(url, count, file.sha256):
        return False
    for attempt in range(TRIES):
        if attempt:
            time.sleep(attempt)
        try:
            _go_on(url, count, target, show)
        except Failures:
            continue
        if target.exists() and target.stat().st_size == count:
            return True
    return False


def _has_it(url: str, count: int, sha256: str) -> bool:
    """Ask, without waiting long, whether the very file is there."""
    request = urllib.request.Request(url, method="HEAD", headers=HEADERS)  # noqa: S310
    opener = urllib.request.build_opener(_KeepFirstAnswer)
    try:
        with opener.open(request, timeout=CONNECT_TIMEOUT_S) as reply:
            headers = reply.headers
    except urllib.error.HTTPError as error:
        # The hub answers with a redirection to where the bytes are, and says in the headers of
        # that answer what they are.
        if not 300 <= error.code < 400:
            return False
        headers = error.headers
    except Failures:
        return False
    said_size = headers.get("X-Linked-Size") or headers.get("Content-Length")
    said_digest = (headers.get("X-Linked-Etag") or "").strip('"')
    return said_size in (None, str(count)) and said_digest in ("", sha256)


def _go_on(url: str, count: int, target: Path, show: Callable[[float], None]) -> None:
    there = target.stat().st_size if target.exists() else 0
    if there >= count:
        if there > count:
            target.unlink()
        return
    headers = HEADERS | ({"Range": f"bytes={there}-"} if there else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http(s), checked above
    with urllib.request.urlopen(request, timeout=READ_TIMEOUT_S) as reply:  # noqa: S310
        if reply.status not in (HTTP_OK, HTTP_PARTIAL):
            return
        # A server that knows no ranges sends all of it again.
        with target.open("ab" if reply.status == HTTP_PARTIAL else "wb") as out:
            while block := reply.read(CHUNK):
                out.write(block)
                show(out.tell())


class _KeepFirstAnswer(urllib.request.HTTPRedirectHandler):
    """Does not follow redirections."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        """Make no request, which has the opener raise the answer as an HTTPError."""
