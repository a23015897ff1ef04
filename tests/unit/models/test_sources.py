"""Models are found where other programs keep them, and never changed there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import FolderNotUsable, InvalidModelFile, ModelNotFound
from models.library import ModelLibrary
from models.other_programs import other_programs
from models.sources import Place
from tests.unit.models.conftest import KEYS, build, string, u32
from tests.unit.models.test_library import run

MODEL = build()
DIGEST = "ab" * 32


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    def put(name: str, content: bytes | str = MODEL) -> Path:
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


def library_of(tmp_path: Path, environment: dict[str, str] | None = None, platform="linux"):
    home = tmp_path / "home"
    return ModelLibrary(
        tmp_path / "models", lambda: other_programs(environment or {}, home, platform)
    )


def listed(library: ModelLibrary) -> dict[str, str]:
    return {facts.name: facts.source for facts in library.list()}


@pytest.mark.parametrize(
    ("platform", "file", "name"),
    [
        ("linux", ".lmstudio/models/ann/Tiny-GGUF/Tiny.gguf", "lmstudio/ann/Tiny-GGUF/Tiny.gguf"),
        ("win32", ".cache/lm-studio/models/ann/T/Tiny.gguf", "lmstudio/ann/T/Tiny.gguf"),
        ("linux", ".local/share/Jan/data/llamacpp/models/ann/tiny/model.gguf", "jan/ann/tiny"),
        ("darwin", "Library/Application Support/Jan/data/llamacpp/models/t/model.gguf", "jan/t"),
        ("win32", "AppData/Roaming/Jan/data/llamacpp/models/t/model.gguf", "jan/t"),
        ("linux", ".local/share/nomic.ai/GPT4All/Tiny.gguf", "gpt4all/Tiny.gguf"),
        ("darwin", "Library/Application Support/nomic.ai/GPT4All/T.gguf", "gpt4all/T.gguf"),
        ("win32", "AppData/Local/nomic.ai/GPT4All/T.gguf", "gpt4all/T.gguf"),
        (
            "linux",
            ".cache/huggingface/hub/models--ann--Tiny-GGUF/snapshots/c0ffee/sub/Tiny.gguf",
            "huggingface/ann/Tiny-GGUF/sub/Tiny.gguf",
        ),
    ],
)
def test_default_folders_of_each_platform(tmp_path, put, platform, file, name):
    path = put(file)
    library = library_of(tmp_path, platform=platform)
    (facts,) = library.list()
    assert (facts.name, facts.path, facts.problem) == (name, str(path.resolve()), None)
    assert library.info(name.rpartition("/")[2]) == facts


def test_folders_that_were_moved(tmp_path, put):
    put("a/ann/x/A.gguf")
    put(".lmstudio-home-pointer", str(tmp_path / "home" / "lm") + "\n")
    put("lm/settings.json", json.dumps({"downloadsFolder": str(tmp_path / "home" / "a")}))
    put("b/llamacpp/models/B/model.gguf")
    put(".local/share/Jan/settings.json", json.dumps({"data_folder": str(tmp_path / "home" / "b")}))
    put("c/C.gguf")
    put(".config/nomic.ai/GPT4All.ini", f"[General]\nmodelPath={tmp_path / 'home' / 'c'}\n")
    put("hf/hub/models--d--D/snapshots/1/D.gguf")
    library = library_of(tmp_path, {"HF_HOME": str(tmp_path / "home" / "hf")})
    assert list(listed(library)) == [
        "lmstudio/ann/x/A.gguf", "jan/B", "gpt4all/C.gguf", "huggingface/d/D/D.gguf",
    ]  # fmt: skip


def ollama_model(put, name: str, digest: str = DIGEST, *, layers: list[dict] | None = None) -> None:
    put(f"ollama/blobs/sha256-{digest}")
    model = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
    put(f"ollama/manifests/{name}", json.dumps({"schemaVersion": 2, "layers": layers or [model]}))


def test_ollamas_manifests_and_blobs(tmp_path, put):
    ollama_model(put, "registry.ollama.ai/library/tiny/1b")
    ollama_model(put, "registry.ollama.ai/ann/tiny/latest", "cd" * 32)
    ollama_model(put, "hub.example/ann/Tiny-GGUF/Q4_K_M", "ef" * 32)
    library = library_of(tmp_path, {"OLLAMA_MODELS": str(tmp_path / "home" / "ollama")})
    assert listed(library) == {
        "ollama/tiny:1b": "ollama",
        "ollama/ann/tiny:latest": "ollama",
        "ollama/hub.example/ann/Tiny-GGUF:Q4_K_M": "ollama",
    }
    facts = library.info("ollama/tiny:1b")
    assert (facts.problem, facts.sha256, facts.title) == (None, DIGEST, "Tiny")
    assert Path(facts.path).name == f"sha256-{DIGEST}"


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../etc/x"}],
        [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "0" * 64}],
        [{"mediaType": "application/vnd.ollama.image.tensor", "digest": f"sha256:{DIGEST}"}],
        [{"digest": 7}],
    ],
)
def test_a_manifest_that_leads_nowhere_is_passed_over(tmp_path, put, layers):
    ollama_model(put, "registry.ollama.ai/library/whole/1b")
    ollama_model(put, "registry.ollama.ai/library/broken/1b", layers=layers or [{"digest": "x"}])
    put("ollama/manifests/registry.ollama.ai/library/text/1b", "no manifest at all")
    library = library_of(tmp_path, {"OLLAMA_MODELS": str(tmp_path / "home" / "ollama")})
    assert list(listed(library)) == ["ollama/whole:1b"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_the_hub_caches_links_count_once_and_tell_the_digest(tmp_path, put):
    cache = "hf/models--ann--Tiny"
    blob = put(f"{cache}/blobs/{DIGEST}")
    for revision in ("aaa", "bbb"):
        snapshot = tmp_path / "home" / cache / "snapshots" / revision
        snapshot.mkdir(parents=True)
        (snapshot / "Tiny.gguf").symlink_to(blob)
    (tmp_path / "home" / cache / "snapshots" / "aaa" / "cut.gguf").symlink_to(blob.parent / "none")
    put(f"{cache}/refs/main", "bbb")
    library = library_of(tmp_path, {"HF_HUB_CACHE": str(tmp_path / "home" / "hf")})
    (facts,) = library.list()
    assert facts.name == "huggingface/ann/Tiny/Tiny.gguf"
    assert (facts.sha256, facts.repository) == (DIGEST, "ann/Tiny")
    assert "bbb" in facts.path


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_in_a_circle_and_deep_trees_end(tmp_path, put):
    put("mine/a/Tiny.gguf")
    put("mine/1/2/3/4/5/6/7/8/TooDeep.gguf")
    (tmp_path / "home/mine/a/again").symlink_to(tmp_path / "home/mine")
    library = ModelLibrary(tmp_path / "models")
    library.add_folder(str(tmp_path / "home/mine"))
    assert list(listed(library)) == ["mine/a/Tiny.gguf"]


def test_folders_of_the_person(tmp_path, put):
    put("mine/Tiny.gguf")
    put("mine/sub/Tiny.gguf")
    put("other/mine/Tiny.gguf")
    library = ModelLibrary(tmp_path / "models")
    folder = str(tmp_path / "home" / "mine")
    library.add_folder(folder)
    library.add_folder(folder)
    library.add_folder(str(tmp_path / "home" / "other" / "mine"))
    assert listed(library) == dict.fromkeys(
        ["mine/sub/Tiny.gguf", "mine/Tiny.gguf", "mine/Tiny.gguf (2)"], "folder"
    )
    # Another process sees them as well.
    assert Place("folder", folder) in ModelLibrary(tmp_path / "models").places()
    library.remove_folder(folder)
    assert list(listed(library)) == ["mine/Tiny.gguf"]
    for path, problem in ((folder, "not_added"), ("/none/such", "not_added")):
        with pytest.raises(FolderNotUsable) as caught:
            library.remove_folder(path)
        assert caught.value.problem == problem
    for path, problem in (("/none/such", "missing"), (str(tmp_path / "models"), "library")):
        (tmp_path / "models").mkdir(exist_ok=True)
        with pytest.raises(FolderNotUsable) as caught:
            library.add_folder(path)
        assert caught.value.problem == problem


def test_its_own_models_come_first_and_keep_their_names(tmp_path, put, make_gguf):
    make_gguf("models/Tiny.gguf")
    put(".lmstudio/models/Tiny.gguf")
    library = library_of(tmp_path)
    assert listed(library) == {"Tiny.gguf": "library", "lmstudio/Tiny.gguf": "lmstudio"}
    assert library.info("Tiny").source == "library"
    assert library.info("lmstudio/Tiny").source == "lmstudio"


def test_removing_what_is_elsewhere_only_hides_it(tmp_path, put):
    path = put(".lmstudio/models/Tiny.gguf")
    library = library_of(tmp_path)
    (before,) = library.list()
    token = library.remove("Tiny")
    assert library.list() == []
    assert path.read_bytes() == MODEL
    with pytest.raises(ModelNotFound):
        library.info("lmstudio/Tiny")
    assert library.restore(token) == before
    assert library.list() == [before]
    with pytest.raises(ModelNotFound):
        library.restore(token)


def test_importing_what_was_hidden_shows_it_again_without_a_copy(tmp_path, put):
    path = put(".lmstudio/models/Tiny.gguf")
    library = library_of(tmp_path)
    library.remove("Tiny")
    events, facts = run(library.import_file(str(path)))
    assert events == []
    assert facts.source == "lmstudio"
    # What is not hidden is copied: the other program may go one day.
    _, facts = run(library.import_file(str(path)))
    assert facts.source == "library"


def split_parts(count: int = 3) -> list[bytes]:
    keys = {"split.count": u32(count), "general.architecture": string("llama")}
    parts = [build({**KEYS, "split.no": u32(0), **keys})]
    return parts + [
        build({"split.no": u32(number), "split.count": u32(count)}) for number in range(1, count)
    ]


def write_split(put, folder: str, *, without: int | None = None) -> list[Path]:
    return [
        put(f"{folder}/Big-{number:05}-of-00003.gguf", content)
        for number, content in enumerate(split_parts(), 1)
        if number != without
    ]


def test_a_split_model_is_one(tmp_path, put):
    paths = write_split(put, "mine/Big")
    library = ModelLibrary(tmp_path / "models")
    library.add_folder(str(tmp_path / "home" / "mine"))
    (facts,) = library.list()
    assert (facts.problem, facts.kind) == (None, "chat")
    assert facts.files == [str(path) for path in paths]
    assert facts.path == str(paths[0])
    assert facts.parameters == 3 * 128
    assert facts.bytes == sum(path.stat().st_size for path in paths)
    # What it takes in memory is judged by all of them.
    header = library.header(facts)
    assert header is not None
    assert (header.bytes, header.parameters) == (facts.bytes, facts.parameters)
    assert (header.architecture, header.splits) == ("llama", 3)

    # Any part stands for all of them.
    events, facts = run(library.import_file(str(paths[1])))
    assert events[-1].done == facts.bytes
    assert [Path(file).name for file in facts.files] == [path.name for path in paths]
    assert library.restore(library.remove(facts.name)) == facts
    paths[2].write_bytes(build({"split.no": u32(2), "split.count": u32(3)}, data=b"\1" * 256))
    _, other = run(library.import_file(str(paths[0])))
    assert Path(other.path).name == "Big-2-00001-of-00003.gguf"
    assert other.problem is None


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_split_model_without_a_part_says_so(tmp_path, put, missing):
    paths = write_split(put, "mine/Big", without=missing)
    library = ModelLibrary(tmp_path / "models")
    library.add_folder(str(tmp_path / "home" / "mine"))
    assert [facts.problem for facts in library.list()] == ["missing_part"]
    with pytest.raises(InvalidModelFile) as caught:
        run(library.import_file(str(paths[0])))
    assert caught.value.problem == "missing_part"


def test_a_part_cut_short_is_noticed(tmp_path, put):
    paths = write_split(put, "mine/Big")
    paths[1].write_bytes(paths[1].read_bytes()[:-300])
    library = ModelLibrary(tmp_path / "models")
    library.add_folder(str(tmp_path / "home" / "mine"))
    assert [facts.problem for facts in library.list()] == ["truncated"]


def test_what_cannot_chat_is_known_for_what_it_is(tmp_path, put):
    kinds = {
        "projector": {**KEYS, "general.architecture": string("clip")},
        "adapter": {**KEYS, "general.type": string("adapter")},
        "embedding": {**KEYS, "general.architecture": string("bert"), "bert.block_count": u32(1)},
        "reranker": {**KEYS, "llama.pooling_type": u32(4)},
    }
    for kind, keys in kinds.items():
        put(f"mine/see/{'mmproj-' if kind == 'projector' else ''}{kind}.gguf", build(keys))
    put("mine/see/Tiny.gguf")
    library = ModelLibrary(tmp_path / "models")
    library.add_folder(str(tmp_path / "home" / "mine"))
    rows = {facts.kind: facts for facts in library.list()}
    assert {kind: row.problem for kind, row in rows.items()} == {
        **{kind: kind for kind in kinds},
        "chat": None,
    }
    assert Path(rows["chat"].projector or "").name == "mmproj-projector.gguf"
    assert rows["projector"].projector is None


def test_listing_again_reads_no_header(tmp_path, put, monkeypatch):
    put(".lmstudio/models/Tiny.gguf")
    before = library_of(tmp_path).list()
    monkeypatch.setattr("models.facts.read_header", lambda path: pytest.fail("read again"))
    library = library_of(tmp_path)
    assert library.list() == before
    header = library.header(before[0])
    assert header is not None
    assert header.title == before[0].title


@pytest.mark.parametrize("content", [b"", b"no msgpack", b"{}", b"\xff" * 100])
def test_damaged_notes_of_the_library_cost_nothing_but_time(tmp_path, put, content):
    put(".lmstudio/models/Tiny.gguf")
    before = library_of(tmp_path).list()
    for note in (tmp_path / "models").iterdir():
        note.write_bytes(content)
    assert library_of(tmp_path).list() == before


def test_a_record_that_cannot_be_read_is_set_aside(tmp_path, put):
    put("mine/Tiny.gguf")
    record = tmp_path / "models" / ".library.json"
    record.parent.mkdir()
    record.write_text('{"folders": ["/precious"')
    ModelLibrary(tmp_path / "models").add_folder(str(tmp_path / "home" / "mine"))
    assert list(listed(ModelLibrary(tmp_path / "models"))) == ["mine/Tiny.gguf"]
    assert "/precious" in (tmp_path / "models" / ".library.json.broken").read_text()


def test_a_checksum_on_demand(tmp_path, put):
    import hashlib

    digest = hashlib.sha256(MODEL).hexdigest()
    ollama_model(put, "registry.ollama.ai/library/sound/1b", digest)
    ollama_model(put, "registry.ollama.ai/library/rotten/1b", DIGEST)
    put("mine/Tiny.gguf")
    library = library_of(tmp_path, {"OLLAMA_MODELS": str(tmp_path / "home" / "ollama")})
    library.add_folder(str(tmp_path / "home" / "mine"))
    states = {}
    for name in ("sound:1b", "rotten:1b", "Tiny"):
        events, (checksum,) = run(library.verify(name))
        assert events[-1].done == events[-1].total == len(MODEL)
        assert checksum.sha256 == digest
        states[name] = checksum.state
    assert states == {"sound:1b": "matches", "rotten:1b": "differs", "Tiny": "unknown"}
