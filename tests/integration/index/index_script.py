"""A process that indexes a folder: DATA_DIR EMBEDDER FOLDER [LEAST].

With LEAST it kills itself in the midst of things, soon after so many documents are ready.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from indexing.index import Index
from indexing.readers.read import read

# Far less than what is left takes, so that the kill falls anywhere among the steps.
_SOON_S = 0.05

if __name__ == "__main__":
    data_dir, embedder, folder, *rest = sys.argv[1:]
    least = int(rest[0]) if rest else None
    ready: set[int] = set()
    index = Index(Path(data_dir), Path(embedder), read)
    for event in index.add([folder]):
        if event.document.status != "ready" or event.document.id in ready:
            continue
        ready.add(event.document.id)
        if len(ready) == least:
            threading.Timer(_SOON_S, os.kill, (os.getpid(), signal.SIGKILL)).start()
    index.close()
