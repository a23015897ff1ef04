from __future__ import annotations

import base64
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


def test_names_of_utf_8_are_told_though_they_are_not_said_to_be(pack, folder):
    path = pack((zipfile.ZipInfo("Verträge/Miete €.txt"), "Words"), ("plain.txt", "More"))
    version, said = b"\x14\x00", b"\x00\x08"
    path.write_bytes(path.read_bytes().replace(version + said, version + bytes(2)))
    with zipfile.ZipFile(path) as archive:
        assert not archive.infolist()[0].flag_bits & 0x800
    names = [member.name for member in end_of(unpack(path, folder)).members]
    assert names == ["Verträge/Miete €.txt", "plain.txt"]


def test_a_long_path_ends_as_its_file_does(pack, folder):
    path = pack(("deep folder/" * 40 + "lease.txt", "Words"))
    [member] = end_of(unpack(path, folder)).members
    assert member.name.endswith("/deep folder/lease.txt")
    assert content(folder, member) == b"Words"


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


@pytest.mark.parametrize("version", ["AE-1", "AE-2"])
def test_an_archive_that_is_locked_with_aes_is_opened(tmp_path, folder, version):
    path = tmp_path / "locked.zip"
    path.write_bytes(AES_LOCKED[version])
    with pytest.raises(PasswordNeeded) as caught:
        end_of(unpack(path, folder))
    assert not caught.value.wrong
    with pytest.raises(PasswordNeeded) as caught:
        end_of(unpack(path, folder, "guess"))
    assert (caught.value.wrong, caught.value.path) == (True, str(path))

    members = end_of(unpack(path, folder, AES_PASSWORD)).members
    assert {member.name: content(folder, member) for member in members} == {
        "letter.txt": b"The rent is 940 euros. " * 4,
        "key.csv": b"Crop,Euro\nPeas,3\n",
    }
    assert not any(member.reason for member in members)


def test_of_one_within_another_the_outermost_is_the_one_that_is_locked(pack, folder):
    path = pack(("inner.zip", AES_LOCKED["AE-2"]), ("open.txt", "Open"))
    with pytest.raises(PasswordNeeded) as caught:
        end_of(unpack(path, folder))
    assert caught.value.path == str(path)
    found = end_of(unpack(path, folder, AES_PASSWORD))
    names = ["inner.zip/letter.txt", "inner.zip/key.csv", "open.txt"]
    assert [member.name for member in found.members] == names


def test_what_is_damaged_of_an_archive_that_is_locked_with_aes(tmp_path, folder):
    path = tmp_path / "locked.zip"
    data = bytearray(AES_LOCKED["AE-1"])
    data[data.index(b"letter.txt") + 60] ^= 1
    path.write_bytes(data)
    found = end_of(unpack(path, folder, AES_PASSWORD))
    assert [(member.name, member.reason[:11]) for member in found.members] == [
        ("letter.txt", "unreadable:"),
        ("key.csv", ""),
    ]
    data = bytearray(AES_LOCKED["AE-1"])
    extra = data.rindex(b"\x01\x99")
    data[extra + 8] = 9  # The strength of the key, of which there are three.
    path.write_bytes(data)
    assert end_of(unpack(path, folder, AES_PASSWORD)).members[1].reason.startswith("unreadable: ")
    data[extra + 2] = 6  # The length of what tells it.
    path.write_bytes(data)
    with pytest.raises(FileUnreadable):
        end_of(unpack(path, folder, AES_PASSWORD))


def test_what_is_locked_with_aes_is_bounded_as_well(tmp_path, folder, monkeypatch):
    path = tmp_path / "locked.zip"
    path.write_bytes(AES_LOCKED["AE-2"])
    monkeypatch.setattr(nested, "MOST_BYTES", 50)
    with pytest.raises(TooLarge):
        end_of(unpack(path, folder, AES_PASSWORD))


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
    # Of the mail that lies deepest the words are read, and what is attached to it is not.
    reason = f"too_large: {nested.DEEPEST + 1} files within one another"
    deepest = "message.eml/" * nested.DEEPEST
    assert {member.name: member.reason for member in found.members if member.reason} == {
        f"{deepest}message.eml": reason,
        f"{deepest}5.txt": reason,
    }
    read = [member.name for member in found.members if not member.reason]
    assert len([name for name in read if name.endswith(".txt")]) == nested.DEEPEST
    assert deepest.removesuffix("/") in read
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


AES_PASSWORD = "Herring"
# Two files: AE-1 (128 bits, not compressed) and AE-2 (256 bits, deflated).
AES_LOCKED = {
    "AE-1": base64.b85decode(
        b"P)h>@6aWDLV*qO%cU^D8W0P<I003M7000UA3jl0obaZ8ME_8Tw0htE?0RTZo0RR9zB;?;E6_Nrjs09{pcnl"
        b"@cwoCq~*G5&0eGiu9WKxwo1c-JOlXUqb{L{z_tSYL{-lD2=xw7nKRJ<$`%JLd-2y#XqYByLdN<V<q`(*#o^"
        b"51^^5hGTA{kc&d%9fk_L}{%Y8dSbVX#`I~j<lOlO9KQH0097F0Baq0U9hqy4kZ8p01*HH00#gI0BdD=E@N|"
        b"c0htE?0RTZo0RRADQGpR+A=Y;I$`6$fZ6V)22J1w<c^AcEitf%HZ%BKrzo1deP)h*<6ay3h0RUqFYaMr8Z^"
        b"L7gZ~y=RTmS$73IGcL0000000000fB^si003-dbaZ8ME_8Tw0htE?0RTZo0RR9{O928D0~7!O0Am1a9d})@"
        b"vL+5C0000H0000701E&B000000001h0iyr_0BdD=E@N|c0htE?0RTZo0RR9{O9ci10000200IDm0002^000"
        b"0000"
    ),
    "AE-2": base64.b85decode(
        b"P)h>@6aWDLV*qO%cU=Gg001}u003M7000UA3jl0obaZ8ME_8Tw0htE?0suip0|)@9$Z*t^)YCShhTVuaKOG"
        b"5q6XDxd!Dg-hV)xIS=UI331kR^MT9gTlr(xewaEs|<$>x09LmvfDO9KQH0097F0Baq0T>t<8051Rl01*HH0"
        b"0#gI0BdD=E@N|c0htE?0suip0|)>%NG$fdp5$w1!bJmMJMN2FrK-nZoG*td*~ktI;-4zS2(Mq>Cs8fZUM;1"
        b"j6B<xU0Rj{Q6aWDLV*qO%cU=Gg001}u003M7000UA3jhEB00000004ji00000Y-MzGWpXZbcys}o2LJ*9K}"
        b"7=y08mQ-0u%!j0097F0Baq0T>t<8051Rl01*HH00#gI00000000000Du8&0001MWqB@Rb9Mol2LJ*9K}7=y"
        b"08mQ>1^@s600IC40D}Mk0LlOW0000"
    ),
}
