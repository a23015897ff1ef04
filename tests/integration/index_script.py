"""A process that indexes a folder, to be killed: DATA_DIR EMBEDDER FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

from indexing.index import Index
from indexing.readers.read import read

if __name__ == "__main__":
    data_dir, embedder, folder = sys.argv[1:]
    index = Index(Path(data_dir), Path(embedder), read)
    for _ in index.add([folder]):
        pass
    index.close()
