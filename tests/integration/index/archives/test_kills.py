"""A process that is killed while it reads an archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from indexing.index import Index
from indexing.readers.read import read
from tests.integration.index.archives.support import consistent, pack
from tests.integration.index.support import end_of

pytestmark = pytest.mark.model

SCRIPT = Path(__file__).parents[1] / "index_script.py"
CHECKOUT = SCRIPT.parents[3]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_process_loses_and_doubles_no_member(
    data_dir, embedder_path, papers, catalog, tmp_path
):
    members = []
    for n in range(60):
        body = "\n\n".join(
            f"Clause {n}.{m} concerns lot number {n * 100 + m}. " + "It binds both sides. " * 25
            for m in range(6)
        )
        members.append((f"part {n % 3}/contract-{n:02}.txt", f"Contract {n}\n\n{body}"))
    path = pack(papers / "contracts.zip", *members)
    ready_before = 0
    for least in (1, 5):
        done = subprocess.run(
            [sys.executable, SCRIPT, data_dir, embedder_path, papers, str(least)],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "TMPDIR": str(tmp_path)},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        ready = sum(row.status == "ready" for row in catalog.documents())
        assert max(least, ready_before) <= ready < 61
        ready_before = ready
    with closing(Index(data_dir, embedder_path, read)) as index:
        end_of(index.resume())
        end_of(index.add([str(path)]))
        rows = catalog.documents()
        assert [row.status for row in rows] == ["ready"] * 61
        assert [row.path for row in rows[1:]] == [f"{path}/{name}" for name, _ in members]
        consistent(index, catalog, data_dir)
        assert "5902" in index.search("lot number 5902", k=1).hits[0].text
