"""That one process alone has a data folder's index: a lock, and who holds it."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from indexing.errors import StoreBusy

LOCK_NAME = "index.lock"
OWNER_NAME = "index.owner"


def take_lock(data_dir: Path) -> FileLock:
    """Takes a data folder's index for this process; it is let go with it.

    Raises:
        StoreBusy: Another process has it.
    """
    lock = FileLock(data_dir / LOCK_NAME)
    owner = data_dir / OWNER_NAME
    try:
        lock.acquire(blocking=False)
    except Timeout:
        pid = None
        if owner.is_file() and (digits := owner.read_text().strip()).isdecimal():
            pid = int(digits)
        raise StoreBusy(str(data_dir), pid) from None
    owner.write_text(str(os.getpid()))
    return lock


def release_lock(data_dir: Path, lock: FileLock) -> None:
    """Lets another process have it."""
    (data_dir / OWNER_NAME).unlink(missing_ok=True)
    lock.release()
