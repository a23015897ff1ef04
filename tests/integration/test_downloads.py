"""Models are fetched whole or not at all, whatever the hub, the line and the disk do."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.downloads.fetch import Downloader, Patience
from models.downloads.hub import Hub
from models.downloads.peek import peek_header
from models.downloads.pending import FOLDER, PendingDownloads, download_id
from models.downloads.types import DownloadProgress
from models.errors import DownloadFailed
from models.facts import ModelFacts
from models.gguf_header import read_header
from models.library import ModelLibrary
from tests.integration.hub_server import REVISION, HubServer
from tests.unit.models.conftest import KEYS, build, u32

REPOSITORY, FILE = "ann/Tiny-GGUF", "Tiny.Q4_0.gguf"
SIZE = 3_000_000
MODEL = build(data=random.Random(7).randbytes(SIZE))
HURRY = Patience(waits_s=(0.01, 0.01), longest_s=0.5)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    server = HubServer()
    server.files[f"{REPOSITORY}/{FILE}"] = MODEL
    server.files[f"{REPOSITORY}/README.md"] = b"# Tiny"
    yield server
    server.close()


class Fetcher:
    """Downloads into one folder, as one process after another would."""

    def __init__(self, hub: HubServer, folder: Path) -> None:
        self.hub, self.folder = hub, folder
        self.library = ModelLibrary(folder)
        self.pending = PendingDownloads(folder)

    def steps(self, file: str = FILE, repository: str = REPOSITORY):
        client = Hub(self.hub.endpoint)
        return Downloader(self.library, self.folder, client, HURRY).download(repository, file)

    def __call__(self, file: str = FILE) -> tuple[list[DownloadProgress], ModelFacts]:
        events, steps = [], self.steps(file)
        while True:
            try:
                events.append(next(steps))
            except StopIteration as end:
                return events, end.value

    def fails(self, file: str = FILE) -> DownloadFailed:
        with pytest.raises(DownloadFailed) as caught:
            self(file)
        return caught.value

    @property
    def kept(self) -> int:
        """Bytes that wait to be gone on with."""
        return sum(row.done for row in self.pending.list())


@pytest.fixture
def fetch(hub: HubServer, tmp_path: Path) -> Fetcher:
    return Fetcher(hub, tmp_path / "models")


def test_a_model_arrives_whole_and_tells_where_it_is_from(fetch, hub):
    events, facts = fetch()
    assert Path(facts.path).read_bytes() == MODEL
    assert (facts.name, facts.problem, facts.repository) == (FILE, None, REPOSITORY)
    assert fetch.library.list() == [facts]
    assert {event.phase for event in events} >= {"asking", "checking"}
    assert events[-1].done == events[-1].total == len(MODEL)
    assert fetch.pending.list() == []
    *_, checksum = list_result(fetch.library.verify(FILE))
    assert checksum[0].state == "matches"


def list_result(steps):
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return [*events, end.value]


def test_a_model_that_is_there_is_not_fetched_again(fetch, hub):
    _, first = fetch()
    hub.served.clear()
    _, again = fetch()
    assert (again, hub.served) == (first, [])
    # Unless it is damaged: then it is fetched beside what is left of it.
    Path(first.path).write_bytes(MODEL[:-1] + bytes([MODEL[-1] ^ 1]))
    _, other = fetch()
    assert Path(other.path).read_bytes() == MODEL
    assert other.path != first.path


def test_a_connection_that_breaks_is_gone_on_with_from_its_bytes(fetch, hub):
    hub.faults.cut_after = [1_000_000, 500_000]
    events, facts = fetch()
    assert Path(facts.path).read_bytes() == MODEL
    assert hub.served == [0, 1_000_000, 1_500_000]
    assert "waiting" in {event.phase for event in events}


def test_a_connection_that_breaks_again_and_again_keeps_what_arrived(fetch, hub):
    hub.faults.cut_after = [1_000_000, 0, 0, 0]
    error = fetch.fails()
    assert error.problem == "connection_lost"
    assert fetch.kept == 1_000_000
    assert fetch.library.list() == []
    hub.faults.cut_after = []
    fetch()
    assert hub.served[-1] == 1_000_000


def test_pausing_keeps_the_bytes_and_going_on_begins_there(fetch, hub):
    hub.faults.pause_s = 0.02
    steps = fetch.steps()
    event = next(steps)
    while event.phase != "downloading" or event.done <= 500_000:
        event = next(steps)
    assert event.bytes_per_s > 0
    assert event.seconds_left is not None
    steps.close()
    (row,) = fetch.pending.list()
    assert (row.repository, row.file, row.total) == (REPOSITORY, FILE, len(MODEL))
    assert 500_000 < row.done < len(MODEL)
    assert fetch.library.list() == []
    # What happens to the branch meanwhile does not matter: the commit is asked for.
    assert row.revision == REVISION
    hub.faults.pause_s = 0.0
    _, facts = fetch()
    assert hub.served[-1] == row.done
    assert Path(facts.path).read_bytes() == MODEL


def test_a_server_without_ranges_begins_anew(fetch, hub):
    hub.faults.cut_after = [1_000_000]
    hub.faults.no_ranges = True
    _, facts = fetch()
    assert hub.served == [0, 0]
    assert Path(facts.path).read_bytes() == MODEL


def test_a_wrong_checksum_is_never_taken_in(fetch, hub):
    hub.faults.corrupt = True
    assert fetch.fails().problem == "wrong_checksum"
    assert fetch.library.list() == []
    assert fetch.kept == 0
    hub.faults.corrupt = False
    _, facts = fetch()
    assert facts.problem is None


def test_a_file_without_a_checksum_is_not_fetched(fetch, hub):
    hub.faults.no_digests = True
    assert fetch.fails().problem == "no_checksum"
    assert hub.served == []


def test_a_gated_repository(fetch, hub, monkeypatch):
    hub.faults.gated = True
    hub.faults.token = "hf_known"
    assert fetch.fails().problem == "gated"
    monkeypatch.setenv("HF_TOKEN", "hf_stranger")
    assert fetch.fails().problem == "token_rejected"
    monkeypatch.setenv("HF_TOKEN", "hf_known")
    fetch()
    assert hub.tokens == [None, "hf_stranger", "hf_known"]


def test_agreed_to_nothing(fetch, hub, monkeypatch):
    """Known to the hub, but not among those who may have it: 403."""
    hub.faults.gated = True
    monkeypatch.setenv("HF_TOKEN", "hf_known")
    assert fetch.fails().problem == "gated"


def test_too_many_requests_are_waited_out(fetch, hub):
    hub.faults.limited = 2
    events, facts = fetch()
    assert "waiting" in {event.phase for event in events}
    assert facts.problem is None


def test_a_long_pause_is_told_and_not_waited_for(fetch, hub):
    hub.faults.cut_after = [1_000_000]
    steps = fetch.steps()
    for event in steps:
        if event.phase == "waiting":
            hub.faults.limited, hub.faults.retry_after = 1, "300"
            break
    with pytest.raises(DownloadFailed) as caught:
        list(steps)
    assert (caught.value.problem, caught.value.retry_after_s) == ("rate_limited", 300.0)
    assert fetch.kept == 1_000_000


def test_an_error_of_the_server_is_waited_out_or_told(fetch, hub):
    hub.faults.errors = 2
    fetch()
    shutil.rmtree(fetch.folder)
    hub.faults.errors = 99
    assert fetch.fails().problem == "server"


def test_a_renamed_file_is_told(fetch, hub):
    assert fetch.fails("Tiny.Q8_0.gguf").problem == "file_not_found"
    hub.lost.add(FILE)
    error = fetch.fails()
    assert (error.problem, error.file) == ("file_not_found", FILE)
    hub.lost.clear()
    fetch()


def test_an_unknown_repository_is_told(fetch):
    with pytest.raises(DownloadFailed) as caught:
        list(fetch.steps(repository="ann/none"))
    assert caught.value.problem == "repository_not_found"
    with pytest.raises(DownloadFailed) as caught:
        list(fetch.steps(repository="no repository/at/all"))
    assert caught.value.problem == "repository_not_found"


def test_no_hub_at_all(tmp_path):
    server = HubServer()
    server.close()
    assert Fetcher(server, tmp_path / "models").fails().problem == "offline"


def test_a_full_disk_is_told_before_a_byte_is_asked_for(fetch, hub, monkeypatch):
    usage = shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    error = fetch.fails()
    assert (error.problem, error.free_bytes) == ("disk_full", 1000)
    assert error.needed_bytes > len(MODEL)
    assert hub.served == []


@pytest.mark.skipif(os.name == "nt", reason="no such limit there")
def test_a_disk_that_fills_up_meanwhile_keeps_what_fitted(fetch, hub):
    import resource
    import signal

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
        assert fetch.fails().problem == "disk_full"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert 0 < fetch.kept <= 2_000_000
    kept = fetch.kept
    _, facts = fetch()
    assert hub.served[-1] == kept
    assert Path(facts.path).read_bytes() == MODEL


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold there")
def test_a_folder_that_may_not_be_written(fetch, tmp_path):
    fetch.folder.mkdir()
    fetch.folder.chmod(0o500)
    try:
        assert fetch.fails().problem == "not_writable"
    finally:
        fetch.folder.chmod(0o700)


def test_what_is_no_model_is_not_taken_in(fetch, hub):
    hub.files[f"{REPOSITORY}/Text.gguf"] = b"a text with another suffix" * 100
    assert fetch.fails("Text.gguf").problem == "not_a_model"
    assert fetch.library.list() == []
    assert fetch.pending.list() == []


def test_a_split_model_is_one_download(fetch, hub):
    names = [f"Q4/Big-0000{number}-of-00002.gguf" for number in (1, 2)]
    for number, name in enumerate(names):
        keys = {**KEYS, "split.no": u32(number), "split.count": u32(2)}
        hub.files[f"{REPOSITORY}/{name}"] = build(keys, data=random.Random(name).randbytes(600_000))
    total = sum(len(hub.files[f"{REPOSITORY}/{name}"]) for name in names)
    # What it takes is judged by all its parts.
    assert peek_header(Hub(hub.endpoint), REPOSITORY, names[1]).bytes == total
    hub.faults.cut_after = [500_000, 0, 0, 0]
    fetch.fails(names[1])
    assert fetch.kept == 500_000
    events, facts = fetch(names[0])
    assert facts.problem is None
    assert fetch.pending.list() == []
    assert [Path(file).name for file in facts.files] == [Path(name).name for name in names]
    assert facts.bytes == total == events[-1].total
    done = [event.done for event in events if event.phase == "downloading"]
    assert done == sorted(done)


def test_two_at_once_do_not_mix(fetch, hub):
    hub.faults.pause_s = 0.02
    steps = fetch.steps()
    while next(steps).phase != "downloading":
        pass
    assert fetch.fails().problem == "busy"
    with pytest.raises(DownloadFailed):
        fetch.pending.discard(download_id(REPOSITORY, FILE))
    steps.close()
    hub.faults.pause_s = 0.0
    fetch()


def test_a_download_that_is_discarded_leaves_nothing(fetch, hub):
    hub.faults.cut_after = [1_000_000, 0, 0, 0]
    fetch.fails()
    fetch.pending.discard(download_id(REPOSITORY, FILE))
    assert fetch.pending.list() == []
    assert list((fetch.folder / FOLDER).glob("*.part")) == []


def test_a_proxy_is_gone_through(fetch, hub, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", hub.endpoint)
    # Nobody knows this name: only by the proxy can anything arrive.
    downloader = Downloader(fetch.library, fetch.folder, Hub("http://hub.example"), HURRY)
    *_, facts = list_result(downloader.download(REPOSITORY, FILE))
    assert Path(facts.path).read_bytes() == MODEL


def test_search_and_what_a_repository_has(hub):
    hub.files["bob/Other-GGUF/Other.gguf"] = MODEL
    hub.files[f"{REPOSITORY}/Q8/Tiny-00001-of-00002.gguf"] = MODEL
    hub.files[f"{REPOSITORY}/Q8/Tiny-00002-of-00002.gguf"] = MODEL
    client = Hub(hub.endpoint)
    assert [row.repository for row in client.search("gguf", 1)] == [REPOSITORY]
    (row,) = client.search("OTHER", 10)
    assert (row.repository, row.licence, row.gated) == ("bob/Other-GGUF", "apache-2.0", False)
    assert (row.updated, row.parameters) == ("2026-11-01", 135_000_000)
    there = client.repository(REPOSITORY)
    assert [(model.file, len(model.files)) for model in there.models] == [
        (FILE, 1),
        ("Q8/Tiny-00001-of-00002.gguf", 2),
    ]
    assert there.models[1].bytes == 2 * len(MODEL)
    assert there.revision == REVISION


def test_what_a_model_is_before_it_is_fetched(hub, smollm_path):
    whole = smollm_path.read_bytes()
    hub.files[f"{REPOSITORY}/Smol.gguf"] = whole
    assert peek_header(Hub(hub.endpoint), REPOSITORY, "Smol.gguf") == read_header(smollm_path)
    hub.files[f"{REPOSITORY}/Text.gguf"] = b"a text with another suffix" * 100
    hub.files[f"{REPOSITORY}/Cut.gguf"] = whole[:5000]
    for file in ("Text.gguf", "Cut.gguf"):
        with pytest.raises(DownloadFailed) as caught:
            peek_header(Hub(hub.endpoint), REPOSITORY, file)
        assert caught.value.problem == "not_a_model"
    hub.faults.cut_after = [1000]
    with pytest.raises(DownloadFailed) as caught:
        peek_header(Hub(hub.endpoint), REPOSITORY, FILE)
    assert caught.value.problem == "connection_lost"
