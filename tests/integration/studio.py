"""A data folder with real models, documents of our own, and the command line as a process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
EMBEDDER = Path("models") / "embedders" / "all-MiniLM-L6-v2"
# Processes start and load models in it; other tests may use every core meanwhile.
PATIENCE_S = 240

LEASE = """\
# Lease of the flat in Harbour Street

## Rent

The monthly rent is 940 euros. It is due on the third working day of each month. The deposit \
is 1,880 euros and was paid on 4 May 2021.

## Garden

The garden may be used by all tenants of the house. Barbecues are allowed on Saturdays until \
ten in the evening.

## Notice

Either side may end the lease with three months' notice in writing. The landlord is Martha Quill.
"""
BOAT = """\
The boat Petrel was built in 1987 in Bergen.
Her engine has 42 horse power, and her sails were renewed in March 2019.
She lies at berth 17 in the old harbour.
"""


@dataclass
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class Studio:
    """A data folder and the command line that works on it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the command line of a command."""
        head = [sys.executable, "-m", "assistant", "--data-dir", str(self.data_dir)]
        return [*head, *map(str, arguments)]

    def run(self, *arguments: str | Path, typed: str | None = None) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=CHECKOUT,
            input=typed,
            stdin=subprocess.DEVNULL if typed is None else None,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_S,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command and leave it running, its streams at hand; it can be interrupted."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # The tests run in the background of a shell, and a child would inherit its deafness.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(
            self.command(*arguments),
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def install(self, *, embedder: Path | None = None, model: Path | None = None) -> None:
        """Put models where they belong."""
        if embedder is not None:
            _link(embedder, self.data_dir / EMBEDDER)
        if model is not None:
            _link(model, self.data_dir / "models" / model.name)

    def canonical(self, document: int) -> str:
        """Return the text that offsets count in, as the command line prints it."""
        done = self.run("index", "text", str(document))
        assert done.status == 0, done.err
        return done.out


def write_documents(folder: Path) -> Path:
    """Write a folder of documents: two that can be read, one that is empty, one unknown."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lease.md").write_text(LEASE, "utf-8")
    (folder / "boat.txt").write_text(BOAT, "utf-8")
    (folder / "empty.txt").write_text("", "utf-8")
    (folder / "thing.xyz").write_text("what is this", "utf-8")
    return folder


def write_long_document(path: Path, sections: int) -> Path:
    """Write a document with a passage or more in each of so many different sections."""
    parts = [
        f"## Room {number}\n\n"
        + " ".join(
            f"In room {number} shelf {shelf} holds {number * shelf + 3} jars of {kind}."
            for shelf, kind in enumerate(("plums", "pears", "beans", "honey", "salt"), 1)
        )
        for number in range(1, sections + 1)
    ]
    path.write_text("# The cellar book\n\n" + "\n\n".join(parts) + "\n", "utf-8")
    return path


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError:  # Windows without the privilege
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
