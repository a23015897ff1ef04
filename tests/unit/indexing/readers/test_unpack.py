from __future__ import annotations

import email
import email.policy
import hashlib
import io
import tempfile
import zipfile
from email.message import EmailMessage

import pytest

from indexing.errors import EmptyDocument, FileUnreadable, PasswordNeeded, TooLarge
from indexing.readers import nested
from indexing.readers.unpack import unpack
from indexing.unpacked import find_unpacked
from tests.unit.indexing.readers.test_archive import LOCKED, zipped


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where members go; what is used on the way must be gone in the end."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield tmp_path / "unpacked"
    assert list(scratch.iterdir()) == []


@pytest.fixture
def pack(tmp_path):
    def write(*members, name="files.zip"):
        path = tmp_path / name
        path.write_bytes(zipped(*members))
        return path

    return write


def end_of(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def mail(*attached, subject="Plans"):
    """A message as bytes, with files, and with messages where no name is given."""
    made = EmailMessage()
    made["Subject"] = subject
    made.set_content("See below.")
    for name, data in attached:
        if name is None:
            made.add_attachment(email.message_from_bytes(data, policy=email.policy.default))
        else:
            file = data.encode() if isinstance(data, str) else data
            made.add_attachment(file, maintype="application", subtype="x", filename=name)
    return made.as_bytes()


def content(folder, member):
    file = find_unpacked(folder, member.sha256, member.name)
    return file.read_bytes() if file is not None else None


def test_each_member_is_a_file_under_its_own_name(pack, folder):
    path = pack(
        ("letters/One of Two.TXT", "First words"),
        ("two.csv", "Crop,Euro\nPeas,3\n"),
        ("__MACOSX/._two.csv", "junk"),
        ("b.bin", b"\x00\x01"),
    )
    found = end_of(unpack(path, folder))
    assert found.is_archive
    assert [member.name for member in found.members] == ["letters/One of Two.TXT", "two.csv"]
    assert found.left_out == ("b.bin",)
    first = found.members[0]
    assert (first.bytes, first.reason) == (11, "")
    assert first.sha256 == hashlib.sha256(b"First words").hexdigest()
    assert content(folder, first) == b"First words"
    file = find_unpacked(folder, first.sha256, first.name)
    assert file.name == "One of Two.txt"
    # What a person changed in it would be lost.
    assert not file.stat().st_mode & 0o222


def test_members_of_archives_within_are_among_them(pack, folder):
    inner = zipped(("prices.csv", "Crop,Euro\nPeas,3\n"))
    path = pack(("a.txt", "A"), ("old.zip", inner), ("cut.zip", b"PK\x03\x04 cut short"))
    found = end_of(unpack(path, folder))
    assert [member.name for member in found.members] == ["a.txt", "old.zip/prices.csv", "cut.zip"]
    assert content(folder, found.members[1]) == b"Crop,Euro\nPeas,3\n"
    assert found.members[2].reason.startswith("unreadable: ")


def test_only_what_is_wanted_is_unpacked(pack, folder):
    inner = zipped(("one.txt", "One"), ("two.txt", "Two"))
    path = pack(("a.txt", "A"), ("old.zip", inner), ("other.zip", zipped(("x.txt", "X"))))
    found = end_of(unpack(path, folder, wanted=frozenset({"old.zip/two.txt"})))
    assert [member.name for member in found.members] == ["old.zip/two.txt"]
    assert [content(folder, member) for member in found.members] == [b"Two"]
    assert len(list(folder.iterdir())) == 1


def test_members_called_alike_are_told_apart(pack, folder):
    path = pack(("../a.txt", "One"), ("a.txt", "Two"), ("x/../a.txt", "Three"))
    found = end_of(unpack(path, folder))
    names = {member.name: content(folder, member) for member in found.members}
    assert names == {"a.txt": b"One", "a (2).txt": b"Two", "x/a.txt": b"Three"}


def test_a_name_that_leads_elsewhere_is_only_a_label(pack, folder, tmp_path):
    path = pack(("../../etc/passwd.txt", "Words"), ("/abs/x.txt", "More"), ("c:\\y.txt", "Y"))
    found = end_of(unpack(path, folder))
    assert [member.name for member in found.members] == ["etc/passwd.txt", "abs/x.txt", "c:/y.txt"]
    files = [file for file in tmp_path.rglob("*.txt") if file.is_file()]
    assert len(files) == 3
    assert all(file.is_relative_to(folder) for file in files)


def test_a_link_is_a_file_that_holds_where_it_leads(tmp_path, folder):
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("secret.txt")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/hostname")
    [member] = end_of(unpack(path, folder)).members
    assert content(folder, member) == b"/etc/hostname"
    assert not find_unpacked(folder, member.sha256, member.name).is_symlink()


def test_archives_within_archives_end_somewhere(pack, folder):
    inner = zipped(("deepest.txt", "The bottom"))
    for number in range(10):
        inner = zipped(("inner.zip", inner), (f"{number}.txt", f"Note {number}"))
    found = end_of(unpack(pack(("outer.zip", inner)), folder))
    reasons = [member.reason for member in found.members if member.reason]
    assert reasons == [f"too_large: {nested.DEEPEST + 1} files within one another"]
    assert len(found.members) == nested.DEEPEST


def test_a_bomb_is_not_unpacked(pack, folder):
    found = end_of(unpack(pack(("bomb.txt", "0" * (80 << 20)), ("note.txt", "A note")), folder))
    assert [(member.name, member.reason) for member in found.members] == [
        ("bomb.txt", f"too_large: {80 << 20} unpacked bytes"),
        ("note.txt", ""),
    ]


@pytest.mark.parametrize(("name", "value"), [("MOST_FILES", 3), ("MOST_BYTES", 300)])
def test_an_archive_of_too_much_is_refused(pack, folder, monkeypatch, name, value):
    monkeypatch.setattr(nested, name, value)
    inner = zipped(*((f"{number}.txt", "x" * 100) for number in range(4)))
    path = pack(("a.zip", inner))
    with pytest.raises(TooLarge) as caught:
        end_of(unpack(path, folder))
    assert caught.value.path == str(path)


def test_a_password_opens_and_its_lack_is_told(tmp_path, folder):
    path = tmp_path / "locked.zip"
    path.write_bytes(LOCKED)
    with pytest.raises(PasswordNeeded):
        end_of(unpack(path, folder))
    with pytest.raises(PasswordNeeded) as caught:
        end_of(unpack(path, folder, "guess"))
    assert caught.value.wrong


def test_empty_and_unreadable_archives_say_so(pack, tmp_path, folder):
    for members in ((), (("a.bin", b"\x00\x07"),)):
        with pytest.raises(EmptyDocument):
            end_of(unpack(pack(*members), folder))
    odd = tmp_path / "odd.zip"
    odd.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(FileUnreadable):
        end_of(unpack(odd, folder))


def test_a_damaged_member_does_not_cost_the_others(pack, folder):
    path = pack(("a.txt", "Words " * 50), ("b.txt", "More"))
    data = bytearray(path.read_bytes())
    at = data.index(b"a.txt") + 8
    data[at] ^= 0xFF
    path.write_bytes(bytes(data))
    found = end_of(unpack(path, folder))
    assert [bool(member.reason) for member in found.members] == [True, False]


def test_what_is_no_archive_is_said_to_be_none(tmp_path, folder):
    buffer = io.BytesIO(zipped(("word/document.xml", "<w:document/>")))
    path = tmp_path / "letter.zip"
    path.write_bytes(buffer.getvalue())
    assert not end_of(unpack(path, folder)).is_archive


def test_what_is_attached_to_a_mail_is_a_file_and_so_is_a_mail_within(tmp_path, folder):
    path = tmp_path / "letter.eml"
    inner = mail(("plan.txt", "Oats in April"), subject="Then")
    old = zipped(("then.eml", inner), ("prices.csv", "Crop,Euro\nPeas,3\n"))
    path.write_bytes(
        mail(("plan.txt", "Peas in March"), ("old.zip", old), ("x.bin", b"\0"), (None, inner))
    )
    found = end_of(unpack(path, folder))
    assert not found.is_archive
    assert found.left_out == ("x.bin",)
    texts = {member.name: content(folder, member) for member in found.members}
    assert list(texts) == [
        "plan.txt",
        "old.zip/then.eml",
        "old.zip/then.eml/plan.txt",
        "old.zip/prices.csv",
        "message.eml",
        "message.eml/plan.txt",
    ]
    assert texts["plan.txt"] == b"Peas in March"
    assert texts["old.zip/then.eml"] == inner
    assert texts["message.eml/plan.txt"] == b"Oats in April"

    wanted = frozenset({"old.zip/then.eml/plan.txt"})
    found = end_of(unpack(path, tmp_path / "again", wanted=wanted))
    assert "old.zip/then.eml/plan.txt" in {member.name for member in found.members}
    path.write_bytes(mail())
    assert end_of(unpack(path, folder)).members == ()


def test_what_is_wrong_with_an_attachment_is_its_own_affair(tmp_path, folder):
    path = tmp_path / "letter.eml"
    path.write_bytes(
        mail(
            ("locked.zip", LOCKED),
            ("cut.zip", b"PK\x03\x04 cut short"),
            ("no.eml", "just words"),
            ("note.txt", "A note"),
        )
    )
    found = end_of(unpack(path, folder))
    reasons = {member.name: member.reason.split(":")[0] for member in found.members}
    assert reasons == {
        "locked.zip": "password_needed",
        "cut.zip": "unreadable",
        "no.eml": "unreadable",
        "note.txt": "",
    }
    found = end_of(unpack(path, folder, "guess"))
    assert found.members[0].reason == "password_needed: wrong"
    path.write_bytes(b"just words")
    with pytest.raises(FileUnreadable):
        end_of(unpack(path, folder))


def test_mails_within_mails_end_somewhere(tmp_path, folder, monkeypatch):
    inner = mail(("deepest.txt", "The bottom"))
    for number in range(10):
        inner = mail((None, inner), (f"{number}.txt", f"Note {number}"))
    path = tmp_path / "outer.eml"
    path.write_bytes(inner)
    found = end_of(unpack(path, folder))
    reasons = [member.reason for member in found.members if member.reason]
    assert reasons == [f"too_large: {nested.DEEPEST + 1} files within one another"]
    assert len([one for one in found.members if one.name.endswith(".txt")]) == nested.DEEPEST
    for name, value in (("MOST_FILES", 5), ("MOST_BYTES", 3000)):
        with monkeypatch.context() as less:
            less.setattr(nested, name, value)
            with pytest.raises(TooLarge) as caught:
                end_of(unpack(path, folder))
            assert caught.value.path == str(path)


def test_stopped_in_the_midst_it_leaves_nothing_half(pack, folder):
    path = pack(("a.txt", "A" * 5_000_000), ("b.txt", "B"))
    steps = unpack(path, folder)
    for _ in range(3):
        next(steps)
    steps.close()
    assert not list(folder.rglob("*")) if folder.exists() else True
