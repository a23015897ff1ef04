"""The library keeps model files whole, named, and removable with undo."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from models.catalogue import find_entry, read_catalogue
from models.errors import ImportFailed, InvalidModelFile, ModelNotFound
from models.library import ImportProgress, ModelFacts, ModelLibrary
from models.record import Origin

R = TypeVar("R")


def run(generator: Generator[Any, None, R]) -> tuple[list[Any], R]:
    events: list[Any] = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            return events, end.value


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    return ModelLibrary(tmp_path / "models")


def names(library: ModelLibrary) -> list[str]:
    return [facts.name for facts in library.list()]


def test_an_absent_folder_is_an_empty_library(library):
    assert library.list() == []
    with pytest.raises(ModelNotFound):
        library.info("x")


def test_import_copies_and_reports(library, make_gguf, tmp_path):
    source = make_gguf("other/Tiny.gguf")
    events, facts = run(library.import_file(str(source)))
    size = source.stat().st_size
    assert events == [ImportProgress(done=size, total=size)]
    assert facts.name == "Tiny.gguf"
    assert facts.path == str(tmp_path / "models" / "Tiny.gguf")
    assert (facts.architecture, facts.quantization, facts.has_template) == ("llama", "F16", True)
    assert library.list() == [facts]
    assert library.info("Tiny") == library.info("Tiny.gguf") == facts
    assert source.exists()


def test_the_same_file_is_not_copied_twice_and_another_gets_a_number(library, make_gguf):
    run(library.import_file(str(make_gguf("a/Tiny.gguf"))))
    run(library.import_file(str(make_gguf("b/Tiny.gguf"))))
    assert names(library) == ["Tiny.gguf"]
    _, facts = run(library.import_file(str(make_gguf("c/Tiny.gguf", data=b"\1" * 256))))
    assert facts.name == "Tiny-2.gguf"
    assert names(library) == ["Tiny-2.gguf", "Tiny.gguf"]


def test_importing_from_the_library_itself_changes_nothing(library, make_gguf):
    path = make_gguf("models/Tiny.gguf")
    events, facts = run(library.import_file(str(path)))
    assert events == []
    assert facts == library.info("Tiny")


def test_a_stopped_import_leaves_nothing(library, make_gguf, tmp_path):
    source = make_gguf("big.gguf", data=b"\0" * 20_000_000)
    generator = library.import_file(str(source))
    first = next(generator)
    assert isinstance(first, ImportProgress)
    assert first.done < first.total
    generator.close()
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"data": b""}, "truncated"),
        ({"magic": b"text"}, "not_gguf"),
        ({"keys": {}}, "not_a_language_model"),
    ],
)
def test_unusable_files_are_refused_before_anything_is_copied(
    library, make_gguf, tmp_path, changes, problem
):
    with pytest.raises(InvalidModelFile) as caught:
        run(library.import_file(str(make_gguf("bad.gguf", **changes))))
    assert caught.value.problem == problem
    assert not (tmp_path / "models").exists()


def test_a_full_disk_is_said_before_copying(library, make_gguf, monkeypatch):
    usage = shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ImportFailed) as caught:
        run(library.import_file(str(make_gguf("a/Tiny.gguf"))))
    assert caught.value.problem == "disk_full"
    assert caught.value.free_bytes == 1000
    assert caught.value.needed_bytes > 1000
    assert library.list() == []


def test_a_broken_file_in_the_folder_is_listed_with_its_problem(library, make_gguf):
    make_gguf("models/whole.gguf")
    make_gguf("models/cut.gguf", data=b"")
    make_gguf("models/notes.txt")
    assert {facts.name: facts.problem for facts in library.list()} == {
        "whole.gguf": None,
        "cut.gguf": "truncated",
    }


def test_a_changed_file_is_read_again(library, make_gguf):
    make_gguf("models/Tiny.gguf")
    assert library.info("Tiny").problem is None
    make_gguf("models/Tiny.gguf", magic=b"oops", data=b"")
    assert library.info("Tiny").problem == "not_gguf"


def test_a_model_goes_by_its_name_in_the_catalogue_too(library, make_gguf):
    entry = find_entry("qwen3-0.6b")
    with pytest.raises(ModelNotFound):
        library.info(entry.name)
    make_gguf(f"models/{Path(entry.file).name}")
    assert library.info(entry.name).name == Path(entry.file).name
    # One whose file is called so comes first.
    make_gguf(f"models/{entry.name}.gguf")
    assert library.info(entry.name).name == f"{entry.name}.gguf"


def test_removing_can_be_undone(library, make_gguf):
    make_gguf("models/Tiny.gguf")
    before = library.info("Tiny")
    token = library.remove("Tiny")
    assert library.list() == []
    assert library.restore(token) == before
    assert library.list() == [before]
    with pytest.raises(ModelNotFound):
        library.restore(token)


def test_emptying_the_trash_frees_it(library, make_gguf):
    size = make_gguf("models/Tiny.gguf").stat().st_size
    token = library.remove("Tiny")
    make_gguf("models/Tiny.gguf")
    library.remove("Tiny")
    assert library.empty_trash() == 2 * size
    with pytest.raises(ModelNotFound):
        library.restore(token)


@pytest.mark.parametrize(
    "name", ["../secret", "../secret.gguf", "/etc/passwd", "", ".", "sub/x.gguf"]
)
def test_a_name_is_no_way_out_of_the_folder(library, make_gguf, name):
    make_gguf("secret.gguf")
    make_gguf("models/sub/x.gguf")
    for method in (library.info, library.remove, library.restore):
        with pytest.raises(ModelNotFound):
            method(name)


def test_rows_can_be_sent_to_another_process(library, make_gguf):
    import msgspec

    make_gguf("models/Tiny.gguf")
    raw = msgspec.msgpack.encode(library.list())
    assert msgspec.msgpack.decode(raw, type=list[ModelFacts]) == library.list()


def test_where_a_file_came_from_is_not_said_of_another_of_its_name(library, make_gguf, tmp_path):
    part = make_gguf("models/.downloads/x/0.part")
    size = part.stat().st_size
    facts = library.adopt([part], [Origin("ann/tiny", "sub/Tiny.gguf", "c0ffee", "ab" * 32, size)])
    assert (facts.name, facts.repository, facts.sha256) == ("Tiny.gguf", "ann/tiny", "ab" * 32)
    token = library.remove("Tiny")
    _, other = run(library.import_file(str(make_gguf("o/Tiny.gguf", data=b"\1" * 512))))
    assert (other.name, other.repository, other.sha256) == ("Tiny.gguf", "", "")
    library.remove("Tiny")
    assert library.restore(token) == facts


@pytest.mark.model
def test_the_starter_is_known_however_it_got_here(tmp_path, qwen_small_path):
    # By its name and size: only what stands in the header is read.
    entry = next(entry for entry in read_catalogue() if entry.sha256)
    file = tmp_path / "models" / entry.file
    file.parent.mkdir()
    with qwen_small_path.open("rb") as other:
        file.write_bytes(other.read(16 * 2**20))
    os.truncate(file, entry.bytes)
    facts = ModelLibrary(tmp_path / "models").info(entry.file)
    assert facts.repository == "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF"
    assert facts.sha256.startswith("cc324af0")
