"""The index as a whole: real files, the real embedder, real stores, real kills."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from indexing.catalog import Catalog
from indexing.database import database_path
from indexing.errors import FileUnreadable, PasswordNeeded, StoreBusy
from indexing.index import Index
from indexing.readers import pdf
from indexing.readers.read import read

pytestmark = pytest.mark.model

LEASE = """# Lease

## Rent

The monthly rent is 940 euros and is due on the third working day of each month.

## Notice

Either side may end the lease with three months' notice in writing.

## Pets

Cats are allowed. Dogs need the landlord's consent, which may not be refused without reason.
"""
BREAD = """# Sourdough

Feed the starter at eight in the evening. In the morning mix it with flour, water and salt.
Bake the loaf for forty minutes at 230 degrees, the first half of it under a lid.
"""
SCRIPT = Path(__file__).with_name("index_script.py")


def end_of(steps):
    """The events and the result of a generator."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


@pytest.fixture
def papers(tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "lease.md").write_text(LEASE)
    (folder / "bread.md").write_text(BREAD)
    return folder


@pytest.fixture
def index(data_dir, embedder_path):
    with closing(Index(data_dir, embedder_path, read)) as opened:
        yield opened


@pytest.fixture
def catalog(data_dir):
    with closing(Catalog(data_dir)) as view:
        yield view


def consistent(data_dir, index):
    """Every passage of SQLite has one vector and one row of words, and nothing is left over."""
    with closing(sqlite3.connect(database_path(data_dir))) as db:
        passages = {row[0] for row in db.execute("SELECT id FROM passages WHERE embedded = 1")}
        assert {row[0] for row in db.execute("SELECT id FROM passages")} == passages
        assert {row[0] for row in db.execute("SELECT rowid FROM passage_words")} == passages
        hashes = {row[0] for row in db.execute("SELECT sha256 FROM contents")}
    vectors = [passage for page in index.embedders.answering.vectors.ids() for passage in page]
    assert len(vectors) == len(set(vectors))
    assert set(vectors) == passages
    files = [path for path in (data_dir / "files").rglob("*") if path.is_file()]
    assert {path.stem for path in files} == hashes
    return passages


def test_files_are_added_found_and_quoted_exactly(index, catalog, papers, data_dir):
    events, report = end_of(index.add([str(papers)], "home"))
    assert [(row.title, row.status, row.collection) for row in report.documents] == [
        ("Sourdough", "ready", "home"),
        ("Lease", "ready", "home"),
    ]
    assert {event.stage for event in events} == {
        "queued", "reading", "embedding", "finished", "comparing",
    }  # fmt: skip
    assert events[-1].files_left == 0
    assert events[-1].passages_left == 0
    assert consistent(data_dir, index)

    for query, title, words in [
        ("How much do I pay for the flat?", "Lease", "940 euros"),
        ("940", "Lease", "940 euros"),
        ("oven temperature for a loaf", "Sourdough", "230 degrees"),
    ]:
        result = index.search(query, k=3)
        best = result.hits[0]
        assert (best.rank, best.title) == (1, title)
        assert words in best.text
        for hit in result.hits:
            assert catalog.text(hit.document)[hit.start : hit.end] == hit.text

    lease = next(row.id for row in report.documents if row.title == "Lease")
    assert {hit.document for hit in index.search("bread", documents=[lease]).hits} == {lease}
    assert index.search("bread", collection="elsewhere").hits == ()
    assert index.search("bread", documents=[]).hits == ()
    assert index.search("", k=3).query == ""


def test_evidence_is_exact_joined_and_within_its_budget(index, catalog, tmp_path):
    parts = [
        f"## Part {n}\n\nPart {n} of the treaty is about {topic}. " + "It says so at length. " * 40
        for n, topic in enumerate(("grain", "herring", "bells", "salt", "amber", "tolls"), start=1)
    ]
    path = tmp_path / "treaty.md"
    path.write_text("# Treaty\n\n" + "\n\n".join(parts))
    end_of(index.add([str(path)]))
    for budget in (200, 900, 1500, 4000, 100_000):
        found = index.evidence(["What does the treaty say about herring?", "herring"], budget)
        assert found
        assert sum(len(item.text) for item in found) <= budget
        for item in found:
            assert catalog.text(item.document)[item.start : item.end] == item.text
        assert "herring" in found[0].text
        spans = sorted((item.start, item.end) for item in found)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
        assert [item.score for item in found] == sorted((i.score for i in found), reverse=True)
    related = index.evidence(["What does the treaty say about herring?"], 3000)[0].relevance
    foreign = index.evidence(["Who won the ice hockey match last night?"], 3000)[0].relevance
    assert related > 0.4 > foreign
    assert index.evidence([], 1000) == []
    assert index.evidence(["herring"], 0) == []


def pages_of(count, changed=()):
    """A text of `count` pages' length, some of them changed."""
    sections = []
    for number in range(count):
        sentences = [
            f"On page {number} the {word} of the archive is item {number * 7 + place}, kept dry."
            for place, word in enumerate(("map", "seal", "deed", "ledger", "letter", "will"))
        ]
        if number in changed:
            sentences[2] = "This line was written anew, and nothing else on the page was."
        sections.append(" ".join(sentences * 2))
    return "\n\n".join(sections)


def test_only_what_has_changed_is_embedded_again(index, data_dir, tmp_path, monkeypatch):
    path = tmp_path / "archive.txt"
    path.write_text(pages_of(60))
    end_of(index.add([str(path)]))
    embedded = []
    encode = index.embedders.answering.embedder.encode
    monkeypatch.setattr(
        index.embedders.answering.embedder,
        "encode",
        lambda texts: embedded.extend(texts) or encode(texts),
    )
    path.write_text(pages_of(60, changed={30}))
    _, report = end_of(index.add([str(path)]))
    assert report.documents[0].status == "ready"
    assert any("written anew" in text for text in embedded)
    assert len(embedded) < report.documents[0].passages / 5
    assert "written anew" in index.search("the line that was written anew").hits[0].text
    assert consistent(data_dir, index)

    embedded.clear()
    # The same words in another file, and all of a file twice.
    (tmp_path / "copy.txt").write_text(pages_of(60, changed={30}))
    (tmp_path / "part.txt").write_text(pages_of(20))
    _, report = end_of(index.add([str(tmp_path)]))
    assert {row.status for row in report.documents} == {"ready", "skipped"}
    assert all("part" in text for text in embedded)


def test_moved_and_renamed_files_keep_their_ids_and_are_not_read(
    index, catalog, papers, data_dir, monkeypatch
):
    _, before = end_of(index.add([str(papers)], "home"))
    ids = {Path(row.path).name: row.id for row in before.documents}
    new = papers.parent / "elsewhere"
    papers.rename(new)
    (new / "bread.md").rename(new / "loaf.md")
    monkeypatch.setattr(
        index.embedders.answering.embedder, "encode", lambda texts: pytest.fail("embedded")
    )
    monkeypatch.setattr(index, "_read", lambda *_: pytest.fail("read"))
    _, after = end_of(index.add([str(new)]))
    assert {Path(row.path).name: row.id for row in after.documents} == {
        "loaf.md": ids["bread.md"],
        "lease.md": ids["lease.md"],
    }
    assert {(row.status, row.collection) for row in after.documents} == {("ready", "home")}
    assert {row.path for row in catalog.documents()} == {row.path for row in after.documents}
    assert consistent(data_dir, index)


def test_what_has_not_changed_is_left_alone(index, papers):
    _, first = end_of(index.add([str(papers)]))
    (papers / "lease.md").touch()
    read_again = []
    index._read = lambda path, *more: read_again.append(path) or read(path, *more)
    _, second = end_of(index.add([str(papers)]))
    assert second.documents == first.documents
    assert read_again == []


def test_a_changed_file_is_searchable_as_it_was_until_it_is_ready(index, catalog, papers, data_dir):
    end_of(index.add([str(papers / "lease.md")]))
    (papers / "lease.md").write_text(LEASE.replace("940 euros", "1,100 euros"))
    [row] = catalog.documents()
    for event in index.add([str(papers / "lease.md")]):
        [hit] = [h for h in index.search("monthly rent in euros").hits if "euros" in h.text]
        over = event.stage in ("finished", "comparing")
        new_is_ready = over and event.document.status == "ready"
        assert ("1,100" if new_is_ready else "940") in hit.text
    assert "1,100" in catalog.text(row.id)
    consistent(data_dir, index)


def test_the_same_content_twice_is_indexed_once(index, papers, data_dir):
    (papers / "copy of lease.md").write_text(LEASE)
    _, report = end_of(index.add([str(papers)]))
    by_name = {Path(row.path).name: row for row in report.documents}
    assert by_name["lease.md"].status == "skipped"
    assert by_name["lease.md"].reason == f"duplicate of {papers / 'copy of lease.md'}"
    consistent(data_dir, index)
    removed = index.remove([by_name["copy of lease.md"].id])
    assert set(removed) == {by_name["copy of lease.md"].id, by_name["lease.md"].id}
    consistent(data_dir, index)


def test_a_file_that_fails_says_why_and_the_rest_goes_on(index, catalog, papers, data_dir):
    (papers / "empty.txt").write_text("  \n")
    (papers / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")

    def guarded(path, password, rest):
        if path.read_bytes() == BREAD.encode():
            raise PasswordNeeded(str(path))
        return (yield from read(path, password, rest))

    index._read = guarded
    _, report = end_of(index.add([str(papers), str(papers / "gone.md")]))
    ends = {
        Path(row.path).name: (row.status, (row.reason or "").split(":")[0])
        for row in report.documents
    }
    assert ends == {
        "bread.md": ("failed", "password_needed"),
        "broken.pdf": ("failed", "unreadable"),
        "empty.txt": ("failed", "no_text"),
        "lease.md": ("ready", ""),
        "gone.md": ("failed", "missing"),
    }
    consistent(data_dir, index)
    index._read = read
    _, again = end_of(index.add([str(papers / "bread.md")]))
    assert again.documents[0].status == "ready"


def test_a_reader_that_trips_fails_one_file_only(index, papers):
    def tripping(path, password, rest):
        if path.read_bytes() == BREAD.encode():
            raise RuntimeError("a parser's own trouble")
        return (yield from read(path, password, rest))

    index._read = tripping
    _, report = end_of(index.add([str(papers)]))
    assert [(row.status, row.reason) for row in report.documents] == [
        ("failed", "unreadable: RuntimeError"),
        ("ready", None),
    ]


def test_what_failed_is_tried_again_only_where_that_may_help(index, papers):
    (papers / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")
    tried = []

    def reading(path, password, rest):
        tried.append(path.suffix)
        if path.read_bytes() == BREAD.encode() and password is None:
            raise PasswordNeeded(str(path))
        return (yield from read(path, password, rest))

    def add(*paths, password=None):
        tried.clear()
        _, report = end_of(index.add([str(path) for path in paths], password=password))
        rows = {Path(row.path).name: (row.status, row.reason) for row in report.documents}
        return sorted(tried), rows

    index._read = reading
    conditions = ["as ever"]
    index._intake.conditions = lambda: conditions[0]
    assert add(papers)[0] == [".md", ".md", ".pdf"]
    found, rows = add(papers)
    assert found == []
    assert rows["bread.md"] == ("failed", "password_needed")
    assert rows["broken.pdf"][0] == "failed"
    assert add(papers / "broken.pdf")[0] == [".pdf"]
    conditions[0] = "LibreOffice is there"
    assert add(papers)[0] == [".md", ".pdf"]
    assert add(papers, password="sesame")[0] == [".md"]
    (papers / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else either")
    assert add(papers)[0] == [".pdf"]


BOOK_PAGES = 20


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A PDF of so many pages that it is read in several parts."""
    monkeypatch.setattr(pdf, "PART_WEIGHT", 6)
    path = tmp_path / "book.pdf"
    canvas = Canvas(str(path))
    for number in range(1, BOOK_PAGES + 1):
        canvas.drawString(72, 760, f"Letter {number} was sent from harbour {number * 7}.")
        canvas.drawString(72, 700, f"It told of ship {number * 13}, and of the weather at sea.")
        canvas.showPage()
    canvas.save()
    return path


def test_a_long_book_is_found_from_its_first_pages_on(index, catalog, book, data_dir):
    rests = []

    def reading(path, password, rest):
        rests.append(rest)
        return read(path, password, rest)

    index._read = reading
    adding = index.add([str(book)])
    while len(rests) < 2:
        next(adding)
    row = catalog.documents()[0]
    assert row.is_partly_read
    assert 0 < row.pages < BOOK_PAGES
    assert "harbour 14." in index.search("letter from harbour 14", k=1).hits[0].text
    before = catalog.text(row.id)
    adding.close()  # As after a kill: what is stored is all that is known.

    events, report = end_of(index.resume())
    assert [(row.status, row.pages, row.reason) for row in report.documents] == [
        ("ready", BOOK_PAGES, None)
    ]
    assert catalog.text(row.id).startswith(before)
    assert [rest.read for rest in rests[1:]] == sorted(rest.read for rest in rests[1:])
    assert rests.count(None) == 1
    read_of = [event.done for event in events if event.stage == "reading" and event.total]
    assert read_of == sorted(read_of)
    for number in (1, 9, BOOK_PAGES):
        assert f"ship {number * 13}," in catalog.text(row.id, page=number)
        [hit] = index.search(f"What was told of ship {number * 13}?", k=1).hits
        assert f"ship {number * 13}," in hit.text
        assert catalog.text(row.id)[hit.start : hit.end] == hit.text
    consistent(data_dir, index)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (
            FileUnreadable("book.pdf", "reader_crashed"),
            "ready",
            "not read from page 6 on (unreadable: reader_crashed)",
        ),
        (FileNotFoundError(2, "gone"), "failed", "missing"),
    ],
)
def test_a_book_that_cannot_be_read_to_its_end(
    index, catalog, book, data_dir, error, status, reason
):
    def reading(path, password, rest):
        if rest is not None:
            raise error
        return (yield from read(path, password, rest))

    index._read = reading
    _, report = end_of(index.add([str(book)]))
    [row] = report.documents
    assert (row.status, row.reason) == (status, reason)
    assert bool(index.search("harbour", k=1).hits) == (status == "ready")
    index._read = read
    _, report = end_of(index.add([str(book)]))
    assert [(row.status, row.reason, row.pages) for row in report.documents] == [
        ("ready", None, BOOK_PAGES)
    ]
    assert "ship 260," in catalog.text(row.id, page=BOOK_PAGES)
    consistent(data_dir, index)


def test_a_book_may_be_removed_while_it_is_read(index, book, data_dir):
    for event in index.add([str(book)]):
        if event.document.is_partly_read:
            index.remove([event.document.id])
    assert consistent(data_dir, index) == set()


def test_removed_documents_leave_nothing(index, catalog, papers, data_dir):
    _, report = end_of(index.add([str(papers)]))
    numbers = [row.id for row in report.documents]
    assert index.remove([*numbers, 4711]) == numbers
    assert index.search("rent").hits == ()
    assert catalog.documents() == []
    assert consistent(data_dir, index) == set()


def test_a_stopped_run_goes_on_where_it_was(index, papers, data_dir):
    adding = index.add([str(papers)])
    for event in adding:
        if event.stage == "embedding":
            break
    adding.close()
    assert index.search("sourdough", k=1).hits  # Its words are there already.
    _, report = end_of(index.resume())
    assert [row.status for row in report.documents] == ["ready", "ready"]
    consistent(data_dir, index)
    assert end_of(index.resume())[1].documents == ()


def test_a_cancelled_run_can_be_forgotten(index, papers, catalog, data_dir):
    end_of(index.add([str(papers / "bread.md")]))
    adding = index.add([str(papers)])
    next(adding)
    adding.close()
    index.forget_queued()
    assert [row.title for row in catalog.documents()] == ["Sourdough"]
    consistent(data_dir, index)


def test_a_document_may_be_removed_while_it_is_indexed(index, papers, data_dir):
    seen = set()
    for event in index.add([str(papers)]):
        if event.stage == "embedding" and event.document.id not in seen:
            seen.add(event.document.id)
            index.remove([event.document.id])
    assert seen
    assert consistent(data_dir, index) == set()


def test_two_runs_may_take_turns(index, papers, data_dir):
    one, other = index.add([str(papers)]), index.add([str(papers)])
    running = [one, other]
    while running:
        for steps in list(running):
            if next(steps, None) is None:
                running.remove(steps)
    assert [row.status for row in index.add([str(papers)]) and Catalog(data_dir).documents()] == [
        "ready",
        "ready",
    ]
    consistent(data_dir, index)


def test_vectors_are_mended_against_the_database(index, papers, data_dir):
    end_of(index.add([str(papers)]))
    passages = consistent(data_dir, index)
    lost = min(passages)
    index.embedders.answering.vectors.remove([lost])
    index.embedders.answering.vectors.put(
        [99_999], index.embedders.answering.embedder.encode(["left over"]), [1]
    )
    end_of(index.resume())
    assert consistent(data_dir, index) == passages


def test_a_second_process_is_told_that_the_store_is_busy(index, data_dir, embedder_path):
    with pytest.raises(StoreBusy) as caught:
        Index(data_dir, embedder_path, read)
    assert caught.value.pid == os.getpid()
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, SCRIPT, data_dir, embedder_path, data_dir],
        cwd=SCRIPT.parents[2],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StoreBusy" in done.stderr
    assert time.monotonic() - begin < 60


def test_embed_gives_unit_vectors_in_the_order_of_the_texts(index):
    texts = ["a long sentence about the rent of a flat in the city " * 9, "cats", "\ud800", ""]
    together = index.embed(texts)
    assert [len(vector) for vector in together] == [384] * 4
    assert all(abs(sum(x * x for x in vector) - 1) < 1e-3 for vector in together)
    [cats] = index.embed(["cats"])
    assert sum(a * b for a, b in zip(cats, together[1], strict=True)) > 0.995
    assert index.embed([]) == []


def test_copies_that_a_kill_left_unfinished_go(data_dir, embedder_path):
    unfinished = data_dir / "files" / "4711-7f.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half of")
    Index(data_dir, embedder_path, read).close()
    assert not unfinished.exists()


@pytest.mark.slow
def test_a_killed_process_loses_and_doubles_nothing(data_dir, embedder_path, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(60):
        body = "\n\n".join(
            f"Clause {n}.{m} concerns lot number {n * 100 + m}. " + "It binds both sides. " * 25
            for m in range(6)
        )
        (folder / f"contract-{n:02}.txt").write_text(f"Contract {n}\n\n{body}")
    catalog = Catalog(data_dir)
    ready_before = 0
    for least in (1, 30):
        process = subprocess.Popen(
            [sys.executable, SCRIPT, data_dir, embedder_path, folder],
            cwd=SCRIPT.parents[2],
            env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
            stdout=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None:
                ready = [row for row in catalog.documents() if row.status == "ready"]
                if len(ready) >= least:
                    break
                time.sleep(0.02)
        finally:
            process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            process.wait()
        still = [row for row in catalog.documents() if row.status == "ready"]
        assert len(still) >= max(least, ready_before)
        ready_before = len(still)
    catalog.close()
    assert ready_before < 60, "the kill came too late to show anything"

    with closing(Index(data_dir, embedder_path, read)) as index:
        end_of(index.resume())
        rows = Catalog(data_dir).documents()
        assert [row.status for row in rows] == ["ready"] * 60
        assert len(consistent(data_dir, index)) == sum(row.passages for row in rows)
        hit = index.search("lot number 4205", k=1).hits[0]
        assert "4205" in hit.text
