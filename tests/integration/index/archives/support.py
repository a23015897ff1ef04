"""What the tests of archives and mails share."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from indexing.types import FolderPart
from tests.integration.index.support import end_of
from tests.unit.indexing.readers.test_archive import zipped


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
