"""Runs that are stopped, cancelled or killed, and what else may happen meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from indexing.catalog import Catalog
from indexing.errors import StoreBusy
from indexing.index import Index
from indexing.readers.read import read
from tests.integration.index.support import consistent, end_of

pytestmark = pytest.mark.model

SCRIPT = Path(__file__).with_name("index_script.py")
CHECKOUT = SCRIPT.parents[3]


def test_a_stopped_run_goes_on_where_it_was(index, papers, data_dir):
    adding = index.add([str(papers)])
    for event in adding:
        if event.stage == "embedding":
            break
    adding.close()
    assert index.search("sourdough", k=1).hits  # Its words are there already.
    _, report = end_of(index.resume())
    assert [row.status for row in report.documents] == ["ready", "ready"]
    consistent(data_dir, index)
    assert end_of(index.resume())[1].documents == ()


def test_a_cancelled_run_can_be_forgotten(index, papers, catalog, data_dir):
    end_of(index.add([str(papers / "bread.md")]))
    adding = index.add([str(papers)])
    next(adding)
    adding.close()
    index.forget_queued()
    assert [row.title for row in catalog.documents()] == ["Sourdough"]
    consistent(data_dir, index)


def test_a_document_may_be_removed_while_it_is_indexed(index, papers, data_dir):
    seen = set()
    for event in index.add([str(papers)]):
        if event.stage == "embedding" and event.document.id not in seen:
            seen.add(event.document.id)
            index.remove([event.document.id])
    assert seen
    assert consistent(data_dir, index) == set()


def test_two_runs_may_take_turns(index, papers, data_dir):
    one, other = index.add([str(papers)]), index.add([str(papers)])
    running = [one, other]
    while running:
        for steps in list(running):
            if next(steps, None) is None:
                running.remove(steps)
    assert [row.status for row in index.add([str(papers)]) and Catalog(data_dir).documents()] == [
        "ready",
        "ready",
    ]
    consistent(data_dir, index)


def test_vectors_are_mended_against_the_database(index, papers, data_dir):
    end_of(index.add([str(papers)]))
    passages = consistent(data_dir, index)
    lost = min(passages)
    index.embedders.answering.vectors.remove([lost])
    index.embedders.answering.vectors.put(
        [99_999], index.embedders.answering.embedder.encode(["left over"]), [1]
    )
    end_of(index.resume())
    assert consistent(data_dir, index) == passages


def test_a_second_process_is_told_that_the_store_is_busy(index, data_dir, embedder_path):
    with pytest.raises(StoreBusy) as caught:
        Index(data_dir, embedder_path, read)
    assert caught.value.pid == os.getpid()
    done = subprocess.run(
        [sys.executable, SCRIPT, data_dir, embedder_path, data_dir],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StoreBusy" in done.stderr


def test_copies_that_a_kill_left_unfinished_go(data_dir, embedder_path):
    unfinished = data_dir / "files" / "4711-7f.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half of")
    Index(data_dir, embedder_path, read).close()
    assert not unfinished.exists()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_process_loses_and_doubles_nothing(data_dir, embedder_path, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(60):
        body = "\n\n".join(
            f"Clause {n}.{m} concerns lot number {n * 100 + m}. " + "It binds both sides. " * 25
            for m in range(6)
        )
        (folder / f"contract-{n:02}.txt").write_text(f"Contract {n}\n\n{body}")
    catalog = Catalog(data_dir)
    ready_before = 0
    for least in (1, 30):
        done = subprocess.run(
            [sys.executable, SCRIPT, data_dir, embedder_path, folder, str(least)],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        ready = sum(row.status == "ready" for row in catalog.documents())
        assert max(least, ready_before) <= ready < 60
        ready_before = ready
    catalog.close()

    with closing(Index(data_dir, embedder_path, read)) as index:
        end_of(index.resume())
        rows = Catalog(data_dir).documents()
        assert [row.status for row in rows] == ["ready"] * 60
        assert len(consistent(data_dir, index)) == sum(row.passages for row in rows)
        hit = index.search("lot number 4205", k=1).hits[0]
        assert "4205" in hit.text
