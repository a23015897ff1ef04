"""Downloads in a process of their own: killed, paused, taken up again, and by command."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from assistant import network
from assistant.assistant import Assistant
from assistant.errors import JobCancelled, NetworkDenied
from assistant.paths import DataPaths
from assistant.services.downloads import Download, DownloadService
from models.errors import DownloadFailed
from tests.integration.hub_server import HubServer
from tests.integration.studio import Studio
from tests.unit.models.conftest import build
from tests.waiting import wait_until

REPOSITORY, FILE = "ann/Tiny-GGUF", "Tiny.Q4_0.gguf"
MODEL = build(data=random.Random(7).randbytes(3_000_000))
WAIT_S = 60.0


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    server = HubServer()
    server.files[f"{REPOSITORY}/{FILE}"] = MODEL
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    yield server
    server.close()


@pytest.fixture
def paths(data_dir: Path) -> DataPaths:
    return DataPaths.default(data_dir).create()


@pytest.fixture
def service(paths: DataPaths, hub: HubServer) -> Iterator[DownloadService]:
    service = DownloadService(paths)
    yield service
    service.close()


def arrived(service: DownloadService) -> int:
    return sum(row.progress.done for row in service.list() if row.state == "running")


def test_a_download_and_what_is_told_of_it(service, hub):
    told: list[Download] = []
    service.add_listener(told.append)
    facts = service.start(REPOSITORY, FILE).result(WAIT_S)
    assert Path(facts.path).read_bytes() == MODEL
    wait_until(lambda: told[-1].state == "finished")
    assert [told[0].state, told[-1].state] == ["waiting", "finished"]
    assert told[-1].model == facts
    assert "running" in {row.state for row in told}
    assert service.list() == []


def test_a_killed_process_is_replaced_and_goes_on_from_its_bytes(service, hub):
    hub.faults.pause_s = 0.05
    job = service.start(REPOSITORY, FILE)
    wait_until(lambda: arrived(service) > 1_000_000)
    psutil.Process(service.worker.pid).kill()
    hub.faults.pause_s = 0.0
    assert Path(job.result(WAIT_S).path).read_bytes() == MODEL
    assert hub.served[-1] >= 1_000_000


def test_pausing_and_going_on_in_another_run_of_the_program(service, hub, paths):
    hub.faults.pause_s = 0.05
    job = service.start(REPOSITORY, FILE)
    assert service.start(REPOSITORY, FILE) is job
    wait_until(lambda: arrived(service) > 500_000)
    (row,) = service.list()
    service.pause(row.id)
    with pytest.raises(JobCancelled):
        job.result(WAIT_S)
    wait_until(lambda: [row.state for row in service.list()] == ["paused"])
    service.close()

    again = DownloadService(paths)
    try:
        (found,) = again.list()
        assert (found.id, found.state, found.repository) == (row.id, "paused", REPOSITORY)
        assert found.progress.done > 500_000
        assert found.progress.total == len(MODEL)
        hub.faults.pause_s = 0.0
        again.start(found.repository, found.file).result(WAIT_S)
        assert hub.served[-1] == found.progress.done
        wait_until(lambda: again.list() == [])
    finally:
        again.close()


def test_a_failure_stays_until_it_is_tried_again(service, hub):
    hub.faults.gated = True
    with pytest.raises(DownloadFailed) as caught:
        service.start(REPOSITORY, FILE).result(WAIT_S)
    assert (caught.value.problem, caught.value.repository) == ("gated", REPOSITORY)
    wait_until(lambda: [row.state for row in service.list()] == ["failed"])
    (row,) = service.list()
    assert row.error is caught.value
    hub.faults.gated = False
    service.start(REPOSITORY, FILE).result(WAIT_S)


def test_discarding_leaves_nothing(service, hub, paths):
    hub.faults.pause_s = 0.05
    service.start(REPOSITORY, FILE)
    wait_until(lambda: arrived(service) > 500_000)
    service.discard(service.list()[0].id)
    assert service.list() == []
    assert not any(path.suffix == ".part" for path in paths.models.rglob("*"))


def test_a_search_is_answered_while_something_downloads(service, hub):
    hub.faults.pause_s = 0.05
    job = service.start(REPOSITORY, FILE)
    wait_until(lambda: arrived(service) > 0)
    assert [row.repository for row in service.search("tiny")] == [REPOSITORY]
    assert service.repository(REPOSITORY).models[0].file == FILE
    assert not job.ended


def test_only_its_process_reaches_out_and_the_counter_shows_where_to(paths, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://192.0.2.1:9")
    before = network.attempts()
    service = DownloadService(paths)
    try:
        with pytest.raises(DownloadFailed) as caught:
            service.search("tiny")
    finally:
        service.close()
    # It was let out: that nobody is there is another matter.
    assert caught.value.problem == "offline"
    after = network.attempts()
    assert after.allowed["192.0.2.1"] > before.allowed.get("192.0.2.1", 0)
    assert after.denied == before.denied


def test_the_process_is_denied_everything_but_what_was_asked_for(paths, hub, monkeypatch):
    import socket

    network.install()
    with pytest.raises(NetworkDenied):
        socket.create_connection(("hub.example", 80), 1)
    with closing(Assistant(paths)) as assistant:
        assistant.downloads.start(REPOSITORY, FILE).result(WAIT_S)
        with pytest.raises(NetworkDenied):
            socket.create_connection(("hub.example", 80), 1)


# --- By command -----------------------------------------------------------------------------------


@pytest.fixture
def studio(data_dir: Path) -> Studio:
    return Studio(data_dir)


def test_models_are_found_fetched_and_checked_by_command(studio, hub):
    found = studio.run("models", "search", "tiny", "--json").json
    assert [row["repository"] for row in found["repositories"]] == [REPOSITORY]
    assert f"{REPOSITORY}/{FILE}" in studio.run("models", "search", REPOSITORY).out

    info = studio.run("models", "search", f"{REPOSITORY}/{FILE}", "--json").json
    assert (info["model"]["title"], info["model"]["hyperparameters"]["block_count"]) == ("Tiny", 1)
    assert info["memory"]["fit"] == "well"
    assert 0 < info["memory"]["needed_bytes"] < info["memory"]["free_bytes"]

    done = studio.run("models", "download", f"{REPOSITORY}/{FILE}", "--json")
    assert (done.status, done.json["model"]["name"]) == (0, FILE), done.err
    assert done.json["model"]["repository"] == REPOSITORY
    assert done.json["current"] is True

    (checked,) = studio.run("models", "verify", FILE, "--json").json["files"]
    assert checked["state"] == "matches"
    path = Path(checked["file"])
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    damaged = studio.run("models", "verify", FILE)
    assert damaged.status == 1
    assert "damaged" in damaged.out


def test_a_download_that_fails_says_why(studio, hub):
    hub.faults.gated = True
    done = studio.run("models", "download", f"{REPOSITORY}/{FILE}")
    assert done.status == 1
    assert "agree to their terms" in done.err
    unknown = studio.run("models", "download", "no-such-model", "--json")
    assert (unknown.status, unknown.json["error"]["kind"]) == (1, "ModelNotFound")
    assert "'studiolo models catalogue' shows" in unknown.json["error"]["message"]
    hub.files[f"{REPOSITORY}/Other.gguf"] = MODEL
    several = studio.run("models", "download", REPOSITORY)
    assert several.status == 2
    assert f"{REPOSITORY}/Other.gguf" in several.err


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_control_c_pauses_a_download(studio, hub, paths):
    hub.faults.pause_s = 0.05
    running = studio.start("models", "download", f"{REPOSITORY}/{FILE}")
    service = DownloadService(paths)
    wait_until(lambda: any(row.progress.done > 500_000 for row in service.list()))
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=WAIT_S)
    assert running.returncode == 130
    assert "goes on from what has arrived" in err
    kept = service.list()[0].progress.done
    (row,) = studio.run("models", "downloads", "--json").json["downloads"]
    assert (row["repository"], row["file"], row["bytes"]) == (REPOSITORY, FILE, kept)
    assert studio.run("models", "downloads", "--discard", "a/b/c.gguf").status == 2
    hub.faults.pause_s = 0.0
    assert studio.run("models", "download", f"{REPOSITORY}/{FILE}").status == 0
    assert hub.served[-1] == kept


def test_an_unfinished_download_is_given_up_by_command(studio, hub, paths):
    hub.faults.pause_s = 0.05
    with closing(DownloadService(paths)) as service:
        service.start(REPOSITORY, FILE)
        wait_until(lambda: arrived(service) > 500_000)
    done = studio.run("models", "downloads", "--discard", f"{REPOSITORY}/{FILE}", "--json")
    assert (done.status, done.json["downloads"]) == (0, []), done.err
    assert not [path for path in (paths.models / ".downloads").rglob("*") if path.is_file()]


def test_the_catalogue_and_folders_by_command(studio, tmp_path):
    offers = studio.run("models", "catalogue", "--json").json["models"]
    assert {offer["model"]["kind"] for offer in offers} == {"chat", "embedding", "reranker"}
    listing = studio.run("models", "catalogue").out.splitlines()
    fits = {line.split()[0]: " ".join(line.split()[3:5]) for line in listing[1:]}
    assert fits["qwen3-0.6b"] in ("fits well", "is tight")

    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "Tiny.gguf").write_bytes(build())
    added = studio.run("models", "folders", "add", folder, "--json").json["folders"]
    assert {"source": "folder", "folder": str(folder)} in added
    (row,) = studio.run("models", "list", "--json").json["models"]
    assert (row["name"], row["source"]) == ("mine/Tiny.gguf", "folder")
    removed = studio.run("models", "remove", "Tiny", "--json").json
    assert removed["trash"] == str(folder / "Tiny.gguf")
    assert studio.run("models", "list", "--json").json["models"] == []
    hidden = studio.run("models", "folders", "list", "--json").json["hidden"]
    assert hidden == [removed["trash"]]
    assert studio.run("models", "restore", "Tiny").status == 0
    (row,) = studio.run("models", "list", "--json").json["models"]
    assert row["path"] == hidden[0]
    assert str(folder) not in studio.run("models", "folders", "remove", folder).out
    missing = studio.run("models", "folders", "add", tmp_path / "none")
    assert (missing.status, "There is no folder" in missing.err) == (1, True)
