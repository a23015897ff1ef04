"""The model, index and reader processes with their real libraries, really killed."""

from __future__ import annotations

import io
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from assistant.compute import ComputeGate
from assistant.errors import WorkerDied
from assistant.paths import DataPaths
from assistant.services.index import IndexService
from assistant.services.model import ModelService
from assistant.services.reader import Reader
from indexing.errors import (
    DocumentNotFound,
    EmbedderMissing,
    FileMissing,
    FileUnreadable,
    ReadTimeout,
    StoreBusy,
    UnsupportedFormat,
)
from indexing.types import CanonicalDocument, ReadProgress
from models.engine.types import (
    ChatMessage,
    LoadSettings,
    PrefillProgress,
    Sampling,
    TextDelta,
)
from models.errors import ContextOverflow, InvalidModelFile, NoModelLoaded
from tests.waiting import wait_until

SETTINGS = LoadSettings(context_tokens=1024)
QUESTION = [ChatMessage("user", "Count from one to a hundred, one number in each line.")]
HEAVY = {"llama_cpp", "torch", "transformers", "sentence_transformers", "chromadb"}


@pytest.fixture(autouse=True)
def _nothing_heavy_is_loaded_here() -> Iterator[None]:
    # Tests of the libraries themselves may have loaded some into this process before.
    before = HEAVY & set(sys.modules)
    yield
    assert HEAVY & set(sys.modules) == before


def kill(pid: int | None) -> None:
    assert pid is not None
    psutil.Process(pid).kill()


@pytest.fixture
def paths(data_dir: Path) -> DataPaths:
    return DataPaths(data_dir).create()


# --- The model process ----------------------------------------------------------------------------


@pytest.fixture
def model(paths: DataPaths) -> Iterator[ModelService]:
    service = ModelService(paths)
    yield service
    service.close()


@pytest.mark.model
def test_a_model_loads_and_answers(model, smollm_path):
    states: list[str] = []
    model.add_state_listener(states.append)
    assert model.state == "none"
    job = model.load(str(smollm_path), SETTINGS)
    fractions = [event.fraction for event in job]
    assert fractions == sorted(fractions)
    assert model.loaded == job.result()
    assert model.state == "ready"
    size = model.prompt_size(QUESTION)
    assert 10 < size.tokens < 100
    assert model.count_tokens(["", "one two three"])[0] == 0
    job = model.generate(QUESTION, Sampling(max_tokens=12), [])
    events = list(job)
    assert isinstance(events[0], PrefillProgress)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text == job.result().text
    assert job.result().answer_tokens == 12
    model.unload()
    assert model.state == "none"
    assert model.loaded is None
    with pytest.raises(NoModelLoaded):
        model.prompt_size(QUESTION)
    assert states == ["loading", "ready", "none"]


@pytest.mark.model
def test_loading_what_is_loaded_costs_nothing(model, smollm_path):
    first = model.ensure_loaded(str(smollm_path), SETTINGS)
    assert list(model.load(str(smollm_path), SETTINGS)) == []
    assert model.ensure_loaded(str(smollm_path), SETTINGS) == first


@pytest.mark.model
def test_a_file_that_is_no_model_is_refused_and_the_one_in_memory_stays(
    model, smollm_path, tmp_path
):
    model.ensure_loaded(str(smollm_path), SETTINGS)
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model")
    with pytest.raises(InvalidModelFile) as caught:
        model.ensure_loaded(str(bad), SETTINGS)
    assert caught.value.path == str(bad)
    assert list(model.load(str(smollm_path), SETTINGS)) == []


@pytest.mark.model
def test_a_prompt_that_does_not_fit_is_said_and_the_next_one_works(model, smollm_path):
    model.ensure_loaded(str(smollm_path), SETTINGS)
    with pytest.raises(ContextOverflow) as caught:
        model.generate([ChatMessage("user", "word " * 3000)], Sampling(), []).result(60)
    assert caught.value.context_tokens == 1024
    assert caught.value.prompt_tokens > 3000
    assert model.generate(QUESTION, Sampling(max_tokens=2), []).result(60).answer_tokens == 2


@pytest.mark.model
def test_killed_in_mid_answer_it_keeps_the_text_and_answers_the_next_question(model, smollm_path):
    model.ensure_loaded(str(smollm_path), SETTINGS)
    stream = model.stream(QUESTION, Sampling(max_tokens=500), [])
    for event in stream:
        if isinstance(event, TextDelta):
            assert event.text
            break
    kill(model.worker.pid)
    with pytest.raises(WorkerDied) as caught:
        list(stream)
    if sys.platform != "win32":
        assert caught.value.exit_code == -signal.SIGKILL
    wait_until(lambda: model.state == "unloaded")
    # No load is asked for: whoever asks the question need not know of the death.
    assert model.generate(QUESTION, Sampling(max_tokens=3), []).result(60).answer_tokens == 3
    wait_until(lambda: model.state == "ready")
    assert model.loaded is not None
    kill(model.worker.pid)
    wait_until(lambda: model.state == "unloaded")
    assert model.prompt_size(QUESTION).tokens > 10


@pytest.mark.model
def test_stopping_an_answer_is_quick_and_keeps_the_model(model, smollm_path):
    model.ensure_loaded(str(smollm_path), SETTINGS)
    pid = model.worker.pid
    long = [ChatMessage("user", "Say something of foxes. " * 80)]
    stream = model.stream(long, Sampling(max_tokens=400), [])
    while not isinstance(next(stream), TextDelta):
        pass
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 30
    assert model.worker.pid == pid
    assert model.state == "ready"
    assert model.prompt_size(long).cached_tokens > 200


@pytest.mark.model
def test_background_work_is_held_back_while_it_answers(paths, smollm_path):
    changes: list[str] = []

    class Background:
        def pause_background(self) -> None:
            changes.append("pause")

        def resume_background(self) -> None:
            changes.append("resume")

    model = ModelService(paths, ComputeGate(Background()))
    try:
        model.ensure_loaded(str(smollm_path), SETTINGS)
        assert changes == []
        job = model.generate(QUESTION, Sampling(max_tokens=3), [])
        assert changes == ["pause"]
        job.result(60)
        wait_until(lambda: changes == ["pause", "resume"])
        job = model.generate(QUESTION, Sampling(max_tokens=500), [])
        next(job)
        kill(model.worker.pid)
        job.wait(60)
        wait_until(lambda: changes == ["pause", "resume"] * 2)
    finally:
        model.close()


# --- The reader process ---------------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader.log", tmp_path / "scratch")
    yield made
    made.close()


def read(reader: Reader, path: Path) -> CanonicalDocument:
    steps = reader.read(path)
    try:
        while True:
            assert isinstance(next(steps), ReadProgress)
    except StopIteration as end:
        return end.value


def test_it_reads_what_the_library_reads(reader, tmp_path):
    from indexing.readers.read import read as read_here

    path = tmp_path / "note.md"
    path.write_text("# Rent\n\nThe rent is 900 € from May on.\n" * 200, encoding="utf-8")
    steps = read_here(path)
    expected = None
    while expected is None:
        try:
            next(steps)
        except StopIteration as end:
            expected = end.value
    assert read(reader, path) == expected


def test_its_findings_arrive_as_what_they_are(reader, tmp_path):
    with pytest.raises(FileMissing):
        read(reader, tmp_path / "nothing.txt")
    (tmp_path / "program.exe").write_bytes(b"MZ\x90\x00")
    with pytest.raises(UnsupportedFormat) as caught:
        read(reader, tmp_path / "program.exe")
    assert caught.value.suffix == ".exe"
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\n" + bytes(range(256)) * 10)
    with pytest.raises(FileUnreadable):
        read(reader, tmp_path / "broken.pdf")


def big_text(folder: Path, paragraphs: int = 400_000) -> Path:
    path = folder / "big.txt"
    path.write_text("The quick brown fox jumps over the lazy dog.\n\n" * paragraphs)
    return path


def kill_while_reading(reader: Reader, path: Path, times: int) -> CanonicalDocument:
    """Reads a file whose reader is killed so many times, each in the midst of it."""
    killed: set[int | None] = set()
    assert reader.worker.wait_ready(20)
    steps = reader.read(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            assert len(killed) == times
            return end.value
        pid = reader.worker.pid
        if reader.worker.status == "ready" and pid not in killed and len(killed) < times:
            kill(pid)
            killed.add(pid)


def test_a_file_whose_reader_dies_is_read_once_more(reader, tmp_path):
    path = big_text(tmp_path, 40_000)
    assert kill_while_reading(reader, path, 1) == read(reader, path)


def test_a_reader_that_dies_again_fails_its_file_and_reads_the_next(reader, tmp_path):
    path = big_text(tmp_path)
    (tmp_path / "small.txt").write_text("It is all right.")
    for _ in range(2):  # more often than a worker may die that is not a reader
        with pytest.raises(FileUnreadable) as caught:
            kill_while_reading(reader, path, 2)
        assert caught.value.problem == "reader_crashed"
    assert read(reader, tmp_path / "small.txt").text.strip() == "It is all right."


def test_a_file_that_takes_too_long_is_given_up(tmp_path):
    reader = Reader(tmp_path / "reader.log", tmp_path / "scratch", time_limit=0.01)
    try:
        path = big_text(tmp_path)
        reader.worker.wait_ready(20)
        started = time.monotonic()
        with pytest.raises(ReadTimeout) as caught:
            read(reader, path)
        assert caught.value.seconds == 0.01
        assert time.monotonic() - started < 60
    finally:
        reader.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds to the limit")
def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path, monkeypatch):
    from assistant.services import reader as module

    monkeypatch.setattr(module, "_MEMORY_BYTES", 300 * 1024**2)
    reader = Reader(tmp_path / "reader.log", tmp_path / "scratch")
    try:
        with pytest.raises(FileUnreadable) as caught:
            read(reader, big_text(tmp_path))
        assert caught.value.problem == "reader_crashed"
        (tmp_path / "small.txt").write_text("It is all right.")
        assert read(reader, tmp_path / "small.txt").text.strip() == "It is all right."
    finally:
        reader.close()


def test_a_reader_that_is_killed_leaves_nothing_unpacked(reader, tmp_path):
    archive = tmp_path / "letters.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        package.write(big_text(tmp_path), "big.txt")
    assert reader.worker.wait_ready(20)
    steps = reader.read(archive)
    scratch = tmp_path / "scratch"
    while not any(scratch.iterdir()):
        next(steps)
    kill(reader.worker.pid)
    steps.close()
    assert reader.worker.wait_ready(20)
    assert not any(scratch.iterdir())
    reader.close()
    assert not scratch.exists()


def test_closing_a_read_stops_it(reader, tmp_path):
    steps = reader.read(big_text(tmp_path))
    next(steps)
    started = time.monotonic()
    steps.close()
    assert time.monotonic() - started < 30
    (tmp_path / "small.txt").write_text("It is all right.")
    assert read(reader, tmp_path / "small.txt").text.strip() == "It is all right."


# --- The index process ----------------------------------------------------------------------------


@pytest.fixture
def index(paths: DataPaths, embedder_path: Path) -> Iterator[IndexService]:
    paths.embedder.parent.mkdir(parents=True)
    paths.embedder.symlink_to(embedder_path)
    service = IndexService(paths)
    yield service
    service.close()


def notes(folder: Path, count: int, sentences: int = 3) -> list[str]:
    folder.mkdir()
    made = []
    for number in range(count):
        path = folder / f"note{number}.txt"
        lines = [f"Locker {number}{line} holds {line} blue umbrellas." for line in range(sentences)]
        path.write_text("\n\n".join(lines))
        made.append(str(path))
    return made


@pytest.mark.model
def test_files_are_indexed_and_found_and_only_in_the_index_process(index, tmp_path, monkeypatch):
    files = notes(tmp_path / "in", 3)
    monkeypatch.chdir(tmp_path / "in")
    job = index.add(["note0.txt", "../in/note1.txt", files[2], "missing.txt"], "lockers")
    events = list(job)
    assert {event.stage for event in events} >= {"queued", "reading", "finished"}
    report = job.result()
    assert [row.status for row in report.documents] == ["ready"] * 3 + ["failed"]
    assert [row.path for row in report.documents][:3] == files
    found = index.search("Which locker holds umbrellas?", k=2)
    assert len(found.hits) == 2
    assert index.search("umbrellas", collection="nothing of that name").hits == ()
    evidence = index.evidence(["blue umbrellas"], 500)
    assert 0 < sum(len(each.text) for each in evidence) <= 500
    (vector,) = index.embed(["umbrella"])
    assert len(vector) == 384
    assert abs(sum(x * x for x in vector) - 1) < 1e-3
    gone = report.documents[0].id
    assert index.remove([gone, 10_000]) == [gone]


@pytest.mark.model
def test_killed_in_mid_run_it_goes_on_where_it_was(index, tmp_path):
    files = notes(tmp_path / "in", 12, 40)
    job = index.add(files)
    for event in job:
        if event.stage == "embedding" and event.done > 0:
            break
    first = index.worker.pid
    kill(first)
    report = job.result(120)
    assert [row.status for row in report.documents] == ["ready"] * 12
    assert index.worker.pid != first
    hits = index.search("Locker 1139", k=3).hits
    assert any(hit.path == files[11] for hit in hits)


@pytest.mark.model
def test_its_reader_dies_with_it(index, tmp_path):
    index.add(notes(tmp_path / "in", 1)).result(120)
    family = psutil.Process(index.worker.pid).children(recursive=True)
    assert family
    kill(index.worker.pid)
    wait_until(lambda: not any(each.is_running() for each in family))


@pytest.mark.model
def test_a_search_is_answered_in_the_midst_of_a_run(index, tmp_path):
    index.add(notes(tmp_path / "one", 2)).result(120)
    job = index.add(notes(tmp_path / "two", 30, 60))
    for event in job:
        if event.stage == "embedding":
            break
    assert index.search("blue umbrellas", k=1).hits
    assert not job.ended
    index.worker.pause_background()
    while True:
        try:
            job.next_event(1.0)
        except TimeoutError:
            break
    assert index.search("blue umbrellas", k=1).hits
    job.cancel()
    assert job.wait(10)
    assert job.state == "cancelled"
    index.worker.resume_background()
    index.forget_queued()


def test_two_apps_cannot_hold_one_index_and_are_told(index, paths):
    index.worker.start()
    assert index.worker.wait_ready(60)
    other = IndexService(paths)
    try:
        with pytest.raises(StoreBusy):
            other.search("anything")
        index.close()
        assert other.search("anything").hits == ()  # asked again, it gets it
    finally:
        other.close()


def test_a_missing_embedder_is_told(paths):
    service = IndexService(paths)
    try:
        with pytest.raises(EmbedderMissing):
            service.search("anything")
    finally:
        service.close()


def test_page_images_come_from_the_reader(index, tmp_path):
    path = tmp_path / "page.pdf"
    path.write_bytes(one_page_pdf())
    image = index.page_image(path, 1, 300)
    assert image.startswith(b"\x89PNG")
    assert int.from_bytes(image[16:20], "big") == 300
    for page in (0, 2):
        with pytest.raises(FileUnreadable):
            index.page_image(path, page, 300)
    (tmp_path / "no.pdf").write_bytes(b"nothing")
    with pytest.raises(FileUnreadable):
        index.page_image(tmp_path / "no.pdf", 1, 300)


def test_what_is_in_an_archive_is_read_and_drawn_though_its_reader_dies(index, paths, tmp_path):
    path = tmp_path / "contracts.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("leases/lease.pdf", written_pdf("The rent is 940 euros."))
        for number in range(4):
            archive.writestr(f"note {number}.txt", f"Note {number} is about herring.")
    job = index.add([str(path)])
    killed: set[int] = set()
    for event in job:
        at = event.document
        if event.stage == "reading" and at.id not in killed and (at.archive is None or at.id == 3):
            killed.add(at.id)
            for process in psutil.Process(index.worker.pid).children():
                kill(process.pid)
    assert len(killed) == 2
    rows = job.result().documents
    assert [(Path(row.path).name, row.status) for row in rows] == [
        ("contracts.zip", "ready"),
        ("lease.pdf", "ready"),
        *((f"note {number}.txt", "ready") for number in range(4)),
    ]
    for _ in range(2):
        file = index.member_file(rows[1].id)
        assert file.name == "lease.pdf"
        assert index.page_image(file, 1, 300).startswith(b"\x89PNG")
        shutil.rmtree(paths.root / "unpacked")
    assert not list((paths.root / "scratch").iterdir())
    path.unlink()
    assert index.remove([rows[0].id])
    with pytest.raises(DocumentNotFound):
        index.member_file(rows[1].id)


def written_pdf(text: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, text)
    canvas.save()
    return buffer.getvalue()


def one_page_pdf() -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 300)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_nothing_waits_for_a_process_that_only_starts(paths):
    service = IndexService(paths)
    job = service.add([])
    assert service.worker.status != "ready"
    job.cancel()
    assert job.state == "cancelled"
    service.close()
    assert service.worker.status == "closed"
