"""Archives and mails with documents in them: real files, the real embedder, real kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from indexing.embedder import Embedder
from indexing.errors import DocumentNotFound
from indexing.index import Index
from indexing.readers.read import read
from indexing.types import FolderPart
from tests.integration.index.support import BREAD, LEASE, end_of
from tests.unit.indexing.readers.test_archive import LOCKED, zipped

pytestmark = pytest.mark.model

SCRIPT = Path(__file__).with_name("index_script.py")
CHECKOUT = SCRIPT.parents[3]


class KeptEmbedder(Embedder):
    """The real embedder, which is loaded once for all of these tests."""

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def embedder(embedder_path):
    facts = {}
    return KeptEmbedder(embedder_path, facts.get, facts.__setitem__)


@pytest.fixture
def index(data_dir, embedder_path, embedder):
    with closing(Index(data_dir, embedder_path, read, open_embedder=lambda *_: embedder)) as opened:
        yield opened


@pytest.fixture
def papers(tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    return folder


def pack(path, *members):
    path.write_bytes(zipped(*members))
    return path


def post(path, body, *attached):
    """A mail with files."""
    made = EmailMessage()
    made["From"] = "Anna <anna@example.org>"
    made["Subject"] = "The flat"
    made.set_content(body)
    for name, data in attached:
        data_bytes = data.encode() if isinstance(data, str) else data
        made.add_attachment(data_bytes, maintype="application", subtype="x", filename=name)
    path.write_bytes(made.as_bytes())
    return path


def embedded(index, monkeypatch):
    """The texts that are embedded from now on."""
    texts = []
    encode = index.embedders.answering.embedder.encode
    monkeypatch.setattr(
        index.embedders.answering.embedder,
        "encode",
        lambda some: texts.extend(some) or encode(some),
    )
    return texts


def standing(catalog):
    """Each document by the end of its path: how it stands, and why."""
    return {
        "/".join(Path(row.path).parts[-2:]): (row.status, row.reason) for row in catalog.documents()
    }


def caught_up(index, catalog):
    """What a look at the watched folder comes to, however fresh its files are."""
    [folder] = catalog.folders()
    _, report = end_of(index.folders._run().run([FolderPart(folder.id)], settle_s=0))
    return report


def consistent(index, catalog, data_dir):
    """Nothing is twice, nothing is left over, and Chroma has what SQLite has."""
    rows = catalog.documents()
    assert len({row.path for row in rows}) == len(rows)
    assert {row.status for row in rows} <= {"ready", "failed", "skipped"}
    vectors = [number for page in index.embedders.answering.vectors.ids() for number in page]
    assert len(vectors) == len(set(vectors)) == sum(row.passages for row in rows)
    assert not list(data_dir.rglob("*.part"))
    assert not list(data_dir.rglob("unfinished"))


def test_each_member_is_a_document_that_is_cited_by_itself(index, catalog, papers, data_dir):
    old = zipped(("prices.csv", "Crop,Euro\nHerring,3\n"))
    path = pack(
        papers / "contracts.zip",
        ("lease.md", LEASE),
        ("food/bread.md", BREAD),
        ("lease again.md", LEASE),
        ("old.zip", old),
        ("torn.docx", b"no"),
        ("tool.exe", b"MZ"),
    )
    events, report = end_of(index.add([str(papers)], "home"))
    ends = {row.path.removeprefix(f"{path}"): row.status for row in report.documents}
    assert ends == {
        "": "ready",
        "/lease.md": "ready",
        "/food/bread.md": "ready",
        "/lease again.md": "skipped",
        "/old.zip/prices.csv": "ready",
        "/torn.docx": "failed",
    }
    archive = catalog.document(str(path))
    assert (archive.kind, archive.members, archive.passages) == ("zip", 5, 0)
    assert archive.reason == "not of a kind that is read: tool.exe"
    assert "food/bread.md" in catalog.text(archive.id)
    assert events[-1].files_left == 0
    assert {row.collection for row in catalog.documents()} == {"home"}

    [hit, *_] = index.search("How much is the monthly rent?", k=2).hits
    assert hit.path == f"{path}/lease.md"
    assert catalog.text(hit.document)[hit.start : hit.end] == hit.text
    inside = catalog.document(f"{path}/old.zip/prices.csv")
    found = {hit.document for hit in index.search("monthly rent", documents=[archive.id]).hits}
    assert inside.id in found
    assert archive.id not in found
    read = {row.id for row in catalog.documents() if row.status != "skipped"}
    assert catalog.searched([archive.id]) == sorted(read)

    # Its file can be opened, also when it is unpacked no longer.
    for _ in range(2):
        _, file = end_of(index.archives.file_of(inside.id))
        assert (file.name, file.read_text()) == ("prices.csv", "Crop,Euro\nHerring,3\n")
        assert catalog.stored_file(inside.id) == file
        shutil.rmtree(data_dir / "unpacked")
    with pytest.raises(DocumentNotFound):
        catalog.stored_file(inside.id)

    end_of(index.archives.file_of(inside.id))
    index.remove([archive.id])
    assert catalog.documents() == []
    assert index.search("rent").hits == ()
    consistent(index, catalog, data_dir)
    assert not [file for file in (data_dir / "files").rglob("*") if file.is_file()]
    assert not list((data_dir / "unpacked").iterdir())


def test_of_an_archive_that_changed_only_what_changed_is_read(
    index, catalog, papers, data_dir, monkeypatch
):
    path = pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD), ("x.txt", "Ebb tide"))
    end_of(index.add([str(path)]))
    ids = {Path(row.path).name: row.id for row in catalog.documents()}
    texts = embedded(index, monkeypatch)

    pack(
        path,
        ("lease.md", LEASE.replace("940 euros", "1,100 euros")),
        ("moved/loaf.md", BREAD),
        ("new.txt", "Herring is salted on board."),
    )
    end_of(index.add([str(path)]))
    assert {Path(row.path).name: row.id for row in catalog.documents()} == {
        "all.zip": ids["all.zip"],
        "lease.md": ids["lease.md"],
        "loaf.md": ids["bread.md"],
        "new.txt": max(row.id for row in catalog.documents()),
    }
    assert all("1,100" in text or "Herring" in text for text in texts)
    assert texts
    assert "1,100" in index.search("monthly rent").hits[0].text
    consistent(index, catalog, data_dir)

    # A moved archive takes its members along.
    texts.clear()
    monkeypatch.setattr(index, "_read", lambda *_: pytest.fail("read"))
    (papers / "moved").mkdir()
    path.rename(papers / "moved" / "renamed.zip")
    _, report = end_of(index.add([str(papers)]))
    assert {row.id for row in report.documents} == {row.id for row in catalog.documents()}
    assert (
        catalog.document(str(papers / "moved" / "renamed.zip" / "lease.md")).id == ids["lease.md"]
    )
    assert texts == []
    consistent(index, catalog, data_dir)


def test_a_copy_elsewhere_outlives_the_archive(index, catalog, papers, data_dir, monkeypatch):
    path = pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD))
    end_of(index.add([str(path)]))
    loose = papers / "my lease.md"
    loose.write_text(LEASE)
    end_of(index.add([str(loose)]))
    assert catalog.document(str(loose)).status == "skipped"
    texts = embedded(index, monkeypatch)
    index.remove([catalog.document(str(path)).id])
    assert [(row.path, row.status) for row in catalog.documents()] == [(str(loose), "ready")]
    assert texts == []
    assert index.search("monthly rent").hits[0].path == str(loose)
    consistent(index, catalog, data_dir)

    # The other way round it is the file that the person wants gone, and what is left of it.
    end_of(index.add([str(path)]))
    assert standing(catalog)["all.zip/lease.md"][0] == "skipped"
    index.remove([catalog.document(str(loose)).id])
    assert set(standing(catalog)) == {"papers/all.zip", "all.zip/bread.md"}
    end_of(index.add([str(path)]))
    assert standing(catalog)["all.zip/lease.md"][0] == "ready"
    consistent(index, catalog, data_dir)


def test_members_in_a_watched_folder_are_followed_with_their_archive(
    index, catalog, papers, data_dir
):
    path = pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD))
    (papers / "loose.md").write_text(LEASE)
    end_of(index.folders.watch(str(papers)))
    [copy] = [name for name, (status, _) in standing(catalog).items() if status == "skipped"]
    assert copy in ("all.zip/lease.md", "papers/loose.md")
    assert {row.collection for row in catalog.documents()} == {"papers"}
    before = catalog.documents()

    report = caught_up(index, catalog)
    assert (report.gone, report.documents) == ((), ())
    assert catalog.documents() == before

    # What a person takes out of an archive stays out, until the archive is added again.
    index.remove([catalog.document(f"{path}/bread.md").id])
    pack(path, ("lease.md", LEASE), ("bread.md", BREAD), ("new.txt", "Herring is salted."))
    caught_up(index, catalog)
    assert "all.zip/bread.md" not in standing(catalog)
    assert standing(catalog)["all.zip/new.txt"] == ("ready", None)
    end_of(index.add([str(path)]))
    assert standing(catalog)["all.zip/bread.md"] == ("ready", None)

    path.rename(papers / "renamed.zip")
    assert caught_up(index, catalog).gone == ()
    assert "renamed.zip/new.txt" in standing(catalog)
    (papers / "loose.md").unlink()
    (papers / "renamed.zip").rename(papers.parent / "elsewhere.zip")
    gone = [row.id for row in caught_up(index, catalog).gone]
    index.drop_gone(gone)
    assert catalog.documents() == []
    consistent(index, catalog, data_dir)


def test_a_copy_in_an_archive_outlives_a_file_that_is_gone(index, catalog, papers, data_dir):
    (papers / "a lease.md").write_text(LEASE)
    end_of(index.folders.watch(str(papers)))
    pack(papers / "all.zip", ("lease.md", LEASE), ("bread.md", BREAD))
    caught_up(index, catalog)
    assert standing(catalog)["all.zip/lease.md"][0] == "skipped"
    (papers / "a lease.md").unlink()
    index.drop_gone([row.id for row in caught_up(index, catalog).gone])
    assert set(standing(catalog)) == {"papers/all.zip", "all.zip/lease.md", "all.zip/bread.md"}
    assert "all.zip" in index.search("monthly rent").hits[0].path
    consistent(index, catalog, data_dir)


def test_what_is_attached_to_a_mail_is_a_document_that_is_cited_by_itself(
    index, catalog, papers, data_dir
):
    then = post(papers / "then.eml", "The boiler was mended.", ("bill.txt", "It cost 71 euros."))
    old = zipped(("then.eml", then.read_bytes()))
    then.unlink()
    path = post(
        papers / "letter.eml",
        "Herring is served on Friday.",
        ("lease.md", LEASE),
        ("old.zip", old),
        ("tool.exe", b"MZ"),
    )
    _, report = end_of(index.add([str(papers)], "home"))
    assert {row.path.removeprefix(str(path)): row.status for row in report.documents} == {
        "": "ready",
        "/lease.md": "ready",
        "/old.zip/then.eml": "ready",
        "/old.zip/then.eml/bill.txt": "ready",
    }
    mail = catalog.document(str(path))
    assert (mail.kind, mail.title, mail.members, mail.attachments) == ("eml", "The flat", None, 3)
    assert mail.reason == "tool.exe: .exe: not a format that is read"
    assert "[Attachment: lease.md]" in catalog.text(mail.id)
    assert "940 euros" not in catalog.text(mail.id)
    for question, place in (
        ("How much is the monthly rent?", "lease.md"),
        ("What is served on Friday?", ""),
        ("Which bill was 71 euros?", "old.zip/then.eml/bill.txt"),
    ):
        # It stands for itself and for what is attached to it.
        [hit, *_] = index.search(question, k=4, documents=[mail.id]).hits
        assert hit.path == str(path / place)
        assert catalog.text(hit.document)[hit.start : hit.end] == hit.text
    lease = catalog.document(f"{path}/lease.md")
    _, file = end_of(index.archives.file_of(lease.id))
    assert (file.name, file.read_text()) == ("lease.md", LEASE)

    index.remove([mail.id])
    assert catalog.documents() == []
    consistent(index, catalog, data_dir)
    assert not list((data_dir / "unpacked").iterdir())


def test_of_a_mail_that_changed_only_what_changed_is_read(
    index, catalog, papers, data_dir, monkeypatch
):
    path = post(papers / "letter.eml", "Herring on Friday.", ("lease.md", LEASE), ("b.md", BREAD))
    post(papers / "short.eml", "Cod on Monday.")
    end_of(index.folders.watch(str(papers)))
    ids = {row.path: row.id for row in catalog.documents()}
    before = catalog.documents()
    with monkeypatch.context() as untouched:
        untouched.setattr(index.archives, "_unpack", lambda *_: pytest.fail("unpacked"))
        untouched.setattr(index, "_read", lambda *_: pytest.fail("read"))
        end_of(index.add([str(papers)]))
        end_of(index.add([str(path), str(papers / "short.eml")]))
    assert [msgspec.structs.replace(row, collection="papers") for row in before] == (
        catalog.documents()
    )

    texts = embedded(index, monkeypatch)
    post(path, "Perch on Friday.", ("lease.md", LEASE), ("new.txt", "The cat is called Ada."))
    caught_up(index, catalog)
    assert len(texts) == 2
    assert catalog.document(str(path)).id == ids[str(path)]
    assert catalog.document(f"{path}/lease.md").id == ids[f"{path}/lease.md"]
    assert set(standing(catalog)) == {
        "papers/letter.eml",
        "papers/short.eml",
        "letter.eml/lease.md",
        "letter.eml/new.txt",
    }
    assert "Perch" in index.search("What is eaten on Friday?").hits[0].text
    consistent(index, catalog, data_dir)

    texts.clear()
    path.rename(papers / "renamed.eml")
    caught_up(index, catalog)
    assert catalog.document(f"{papers}/renamed.eml/lease.md").id == ids[f"{path}/lease.md"]
    assert texts == []
    (papers / "renamed.eml").unlink()
    index.drop_gone([row.id for row in caught_up(index, catalog).gone])
    assert set(standing(catalog)) == {"papers/short.eml"}
    consistent(index, catalog, data_dir)


def test_a_mail_can_be_read_though_what_is_attached_is_locked(index, catalog, papers, data_dir):
    path = post(papers / "letter.eml", "The key follows.", ("locked.zip", LOCKED))
    end_of(index.add([str(path)]))
    locked = {
        "papers/letter.eml": ("ready", None),
        "letter.eml/locked.zip": ("failed", "password_needed"),
    }
    assert standing(catalog) == locked
    member = path / "locked.zip"
    for named in (path, member):
        end_of(index.add([str(named)], password="guess"))
        assert standing(catalog)["letter.eml/locked.zip"] == ("failed", "password_needed: wrong")
        assert standing(catalog)["papers/letter.eml"] == ("ready", None)
    consistent(index, catalog, data_dir)


def test_what_is_locked_is_opened_with_its_password(index, catalog, papers, data_dir):
    path = papers / "locked.zip"
    path.write_bytes(LOCKED)
    end_of(index.add([str(path)]))
    assert standing(catalog) == {"papers/locked.zip": ("failed", "password_needed")}
    end_of(index.add([str(path)], password="guess"))
    assert standing(catalog) == {"papers/locked.zip": ("failed", "password_needed: wrong")}
    consistent(index, catalog, data_dir)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_process_loses_and_doubles_no_member(
    data_dir, embedder_path, papers, catalog, tmp_path
):
    members = []
    for n in range(60):
        body = "\n\n".join(
            f"Clause {n}.{m} concerns lot number {n * 100 + m}. " + "It binds both sides. " * 25
            for m in range(6)
        )
        members.append((f"part {n % 3}/contract-{n:02}.txt", f"Contract {n}\n\n{body}"))
    path = pack(papers / "contracts.zip", *members)
    ready_before = 0
    for least in (1, 5):
        done = subprocess.run(
            [sys.executable, SCRIPT, data_dir, embedder_path, papers, str(least)],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "TMPDIR": str(tmp_path)},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        ready = sum(row.status == "ready" for row in catalog.documents())
        assert max(least, ready_before) <= ready < 61
        ready_before = ready
    with closing(Index(data_dir, embedder_path, read)) as index:
        end_of(index.resume())
        end_of(index.add([str(path)]))
        rows = catalog.documents()
        assert [row.status for row in rows] == ["ready"] * 61
        assert [row.path for row in rows[1:]] == [f"{path}/{name}" for name, _ in members]
        consistent(index, catalog, data_dir)
        assert "5902" in index.search("lot number 5902", k=1).hits[0].text
