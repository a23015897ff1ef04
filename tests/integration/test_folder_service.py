"""Watched folders with real processes: one that watches, one that indexes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.paths import DataPaths
from assistant.services.folders import FolderService
from assistant.services.index import IndexService
from indexing.catalog import Catalog
from indexing.folders.scan import mount_of
from indexing.types import FolderNews, FolderPart, WatchedFolder
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.model

MANY = 24


@pytest.fixture
def catalog(data_dir: Path) -> Iterator[Catalog]:
    with closing(Catalog(data_dir)) as view:
        yield view


@pytest.fixture
def folders(data_dir: Path, embedder_path: Path, catalog: Catalog) -> Iterator[FolderService]:
    paths = DataPaths(data_dir).create()
    paths.embedder.parent.mkdir(parents=True, exist_ok=True)
    paths.embedder.symlink_to(embedder_path, target_is_directory=True)
    with (
        closing(IndexService(paths)) as index,
        closing(FolderService(paths, index, catalog, lambda _: None)) as service,
    ):
        yield service


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    a_minute_ago = time.time() - 60
    os.utime(path, (a_minute_ago, a_minute_ago))
    return path


def test_moving_many_files_embeds_nothing(folders, catalog, tmp_path):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for number in range(MANY):
        write(shelf / f"{number}.txt", f"Card {number} of the catalogue is about {number * 7}.")
    report = folders.watch(str(shelf)).result(PATIENCE_S * 2)
    assert sum(row.passages for row in report.documents) == MANY
    ids = {row.id for row in report.documents}
    passages = {one: catalog.passages(one) for one in ids}

    boxes = [shelf / f"box {number}" for number in range(4)]
    for box in boxes:
        box.mkdir()
    for number in range(MANY):
        (shelf / f"{number}.txt").rename(boxes[number % 4] / f"card {number}.txt")
    job = folders.catch_up([FolderPart(folders.list()[0].id)])
    stages = {event.stage for event in job}
    report = job.result()
    assert stages <= {"looking", "comparing", "finished"}, "something was read or embedded"
    assert {row.id for row in report.documents} == ids
    assert report.gone == ()
    assert {Path(row.path).parent for row in catalog.documents()} == set(boxes)
    assert {one: catalog.passages(one) for one in ids} == passages


def test_changes_are_told_and_so_is_that_a_folder_went(folders, tmp_path):
    shelf, other = tmp_path / "shelf", tmp_path / "other"
    for folder in (shelf, other):
        folder.mkdir()
        write(folder / "card.txt", f"A card that lies in {folder.name}.")
    first, second = 1, 2
    watched = [
        WatchedFolder(number, str(folder), None, mount=mount_of(str(folder)))
        for number, folder in ((first, shelf), (second, other))
    ]
    job = folders.changes(watched)
    heard: list[FolderNews] = []
    job.add_listener(on_event=heard.append)

    def told(folder: int) -> set[str] | None:
        """The places that were told of since it was last cleared; None for the whole folder."""
        parts = [part for news in heard for part in news.changed if part.folder == folder]
        if not all(part.paths for part in parts):
            return None
        return {path for part in parts for path in part.paths}

    # Whatever changed before anybody watched.
    wait_until(lambda: told(first) is None and told(second) is None, PATIENCE_S)
    heard.clear()
    (shelf / ".git").mkdir()
    write(shelf / ".git" / "index.txt", "not meant")
    write(shelf / "new.txt", "A new card.")
    wait_until(lambda: told(first), PATIENCE_S)
    assert told(first) == {str(shelf / "new.txt")}
    assert told(second) == set()

    heard.clear()
    away = shelf.rename(tmp_path / "away")
    wait_until(lambda: heard and heard[-1].unavailable == {first: "missing"}, PATIENCE_S)
    away.rename(shelf)
    heard.clear()
    # Back, and looked at as a whole.
    wait_until(lambda: heard and heard[-1].unavailable == {} and told(first) is None, PATIENCE_S)
    job.cancel()
    assert job.wait(PATIENCE_S)
