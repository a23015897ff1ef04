"""The index process with the real embedder and its reader, really killed."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from assistant.paths import DataPaths
from assistant.services.index import IndexService
from indexing.errors import DocumentNotFound, EmbedderMissing, FileUnreadable, StoreBusy
from tests.integration.services.support import kill
from tests.waiting import PATIENCE_S, wait_until


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
    report = job.result(PATIENCE_S)
    assert [row.status for row in report.documents] == ["ready"] * 12
    assert index.worker.pid != first
    hits = index.search("Locker 1139", k=3).hits
    assert any(hit.path == files[11] for hit in hits)


@pytest.mark.model
def test_its_reader_dies_with_it(index, tmp_path):
    index.add(notes(tmp_path / "in", 1)).result(PATIENCE_S)
    family = psutil.Process(index.worker.pid).children(recursive=True)
    assert family
    kill(index.worker.pid)
    wait_until(lambda: not any(each.is_running() for each in family))


@pytest.mark.model
def test_a_search_is_answered_in_the_midst_of_a_run(index, tmp_path):
    index.add(notes(tmp_path / "one", 2)).result(PATIENCE_S)
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
    assert job.wait(PATIENCE_S)
    assert job.state == "cancelled"
    index.worker.resume_background()
    index.forget_queued()


def test_two_apps_cannot_hold_one_index_and_are_told(index, paths):
    index.worker.start()
    assert index.worker.wait_ready(PATIENCE_S)
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
