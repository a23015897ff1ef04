from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import pytest

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, TooLarge
from indexing.places import place_at
from indexing.readers import formats, nested
from indexing.readers.read import read
from indexing.types import Block, CanonicalDocument, ReadProgress
from tests.unit.indexing.readers.conftest import shown


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """Packs files; what readers unpack goes to a folder that must be empty in the end."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def write(*members, name="files.zip"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members:
                archive.writestr(member, content)
        return path

    yield write
    assert list(scratch.iterdir()) == []


def zipped(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_each_member_is_a_section_under_its_name(pack, finish):
    path = pack(
        ("letters/one.txt", "First words"),
        ("two.csv", "Crop,Euro\nPeas,3\n"),
        ("__MACOSX/._one.txt", "junk"),
    )

    document = finish(read(path))

    assert document.kind == "zip"
    assert shown(document) == [
        ("heading", "letters/one.txt"),
        ("paragraph", "First words"),
        ("heading", "two.csv"),
        ("table", "Crop | Euro\nCrop: Peas | Euro: 3"),
    ]
    start = document.text.index("Crop: Peas")
    place = place_at(document.places, start, start + 5)
    assert place is not None
    assert (place.file, place.cells) == ("two.csv", "A2:B2")


def test_pages_of_a_member_are_cited_with_its_name(pack, make_pdf, finish):
    pdf = make_pdf(lambda c: c.drawString(72, 700, "One"), lambda c: c.drawString(72, 700, "Two"))
    document = finish(read(pack(("a.pdf", pdf.read_bytes()))))
    start = document.text.index("Two")
    place = place_at(document.places, start, start + 3)
    assert place is not None
    assert (place.kind, place.number, place.file) == ("page", 2, "a.pdf")


def test_scanned_pages_are_counted_for_the_whole_archive(pack, monkeypatch):
    def scan(path, _password):
        yield ReadProgress(0, 2)
        yield ReadProgress(1, 2, 1)
        yield ReadProgress(2, 2, 2)
        return CanonicalDocument("Scan", "pdf", "Words", (Block(0, 5, "paragraph"),))

    monkeypatch.setitem(formats.READERS, ".txt", scan)
    events = list(read(pack(("a.txt", "x"), ("b.txt", "x"))))
    counts = [event.scanned for event in events]
    assert counts == sorted(counts)
    assert counts[-1] == 4


def test_what_cannot_be_read_is_told_and_the_rest_is_kept(pack, finish):
    document = finish(read(pack(("a.txt", "Words"), ("b.bin", b"\x00\x01"), ("c.docx", b"no"))))
    assert "Words" in document.text
    assert [warning.split(":")[0] for warning in document.warnings] == ["b.bin", "c.docx"]


def test_a_name_that_leads_elsewhere_is_only_a_label(pack, tmp_path, finish):
    document = finish(read(pack(("../../etc/passwd.txt", "Words"), ("/abs/x.txt", "More"))))
    assert [text for kind, text in shown(document) if kind == "heading"] == [
        "etc/passwd.txt",
        "abs/x.txt",
    ]
    assert not list(tmp_path.rglob("passwd.txt"))
    assert not Path("/abs").exists()


def test_archives_within_archives_end_somewhere(pack, finish):
    content = zipped(("deepest.txt", "The bottom"))
    for _ in range(10):
        content = zipped(("inner.zip", content), ("note.txt", "A note"))

    document = finish(read(pack(("outer.zip", content))))

    assert document.text.count("A note") == nested.DEEPEST - 1
    assert "The bottom" not in document.text
    assert any("within one another" in warning for warning in document.warnings)


def test_a_bomb_is_not_unpacked(pack, finish):
    path = pack(("bomb.txt", "0" * (80 << 20)), ("note.txt", "A note"))
    document = finish(read(path))
    assert document.text.endswith("A note")
    assert document.warnings == (f"bomb.txt: unpacks to {80 << 20} bytes",)


@pytest.mark.parametrize(("name", "value"), [("MOST_FILES", 3), ("MOST_BYTES", 300)])
def test_an_archive_of_too_much_is_refused(pack, finish, monkeypatch, name, value):
    monkeypatch.setattr(nested, name, value)
    inner = zipped(*((f"{number}.txt", "x" * 100) for number in range(4)))
    with pytest.raises(TooLarge):
        finish(read(pack(("a.zip", inner))))


def test_a_password_opens_and_its_lack_is_told(pack, finish, tmp_path):
    path = tmp_path / "locked.zip"
    path.write_bytes(LOCKED)
    with pytest.raises(PasswordNeeded):
        finish(read(path))
    with pytest.raises(PasswordNeeded) as caught:
        finish(read(path, "guess"))
    assert caught.value.wrong


def test_empty_and_unreadable_archives_say_so(pack, tmp_path, finish):
    with pytest.raises(EmptyDocument):
        finish(read(pack()))
    with pytest.raises(FileUnreadable) as caught:
        finish(read(pack(("a.bin", bytes(range(20))))))
    assert "a.bin" in caught.value.problem
    odd = tmp_path / "odd.zip"
    odd.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(FileUnreadable):
        finish(read(odd))


def _locked() -> bytes:
    """An archive whose member says of itself that it is encrypted (its bytes are noise)."""
    data = bytearray(zipped(("secret.txt", "x" * 200)))
    data[6] |= 1
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    return bytes(data)


LOCKED = _locked()
