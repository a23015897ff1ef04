"""The catalogue says of each model what a person wants to know before a download."""

from __future__ import annotations

import tomllib
from collections import Counter

import pytest

from models.catalogue import find_entry, read_catalogue
from models.errors import ModelNotFound
from tests.conftest import CHECKOUT


def test_there_is_something_for_each_purpose_and_machine():
    entries = read_catalogue()
    kinds = Counter(entry.kind for entry in entries)
    assert kinds["chat"] >= 12
    assert kinds["embedding"] == 3
    assert kinds["reranker"] == 2
    sizes = [entry.bytes for entry in entries if entry.kind == "chat"]
    assert sizes == sorted(sizes)
    assert sizes[0] < 10**9
    assert sizes[-1] > 15 * 10**9


def test_every_entry_is_whole_and_stands_for_one_file():
    entries = read_catalogue()
    assert len({entry.name for entry in entries}) == len(entries)
    assert len({(entry.repository, entry.file) for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.repository.count("/") == 1
        assert entry.file.endswith(".gguf")
        assert entry.licence
        assert entry.good_for.endswith(".")
        assert len(entry.sha256) in (0, 64)
        assert find_entry(entry.name.upper()) == entry
    with pytest.raises(ModelNotFound):
        find_entry("qwen")


def test_the_starter_is_the_file_that_set_up_fetches():
    starters = tomllib.loads((CHECKOUT / "packaging" / "starter_models.toml").read_text("utf-8"))
    files = {file["file"]: file for file in starters["file"]}
    entry = find_entry("qwen2.5-coder-1.5b")
    starter = files[entry.file]
    assert (entry.repository, entry.bytes) == (starter["hub_repo"], starter["bytes"])
    assert entry.sha256 == starter["sha256"]
