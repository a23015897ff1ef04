"""The data folder is where the person said, and holds everything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from assistant.paths import DataPaths


def test_the_argument_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIOLO_DATA_DIR", str(tmp_path / "environment"))
    assert DataPaths.default(tmp_path / "argument").root == tmp_path / "argument"
    assert DataPaths.default().root == tmp_path / "environment"


def test_without_either_it_is_the_systems_place(monkeypatch):
    monkeypatch.delenv("STUDIOLO_DATA_DIR")
    root = DataPaths.default().root
    assert root.is_absolute()
    assert root.name == "Studiolo"


def test_a_relative_folder_is_fixed_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = DataPaths.default("here").root
    monkeypatch.chdir("/")
    assert root == tmp_path / "here"


def test_everything_lies_inside(tmp_path):
    paths = DataPaths(tmp_path / "data").create()
    names = ["database", "vectors", "files", "models", "embedder", "logs", "settings_file"]
    for name in names:
        place: Path = getattr(paths, name)
        assert place.is_relative_to(tmp_path / "data")
    assert paths.log_file("model").parent == paths.logs
    assert paths.files.is_dir()
    assert paths.create() is paths


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_others_may_not_look(tmp_path):
    paths = DataPaths(tmp_path / "data").create()
    assert paths.root.stat().st_mode & 0o077 == 0
