from __future__ import annotations

import io
import re
import zipfile
from email.message import EmailMessage

import docx
import pytest

from indexing.errors import FileUnreadable
from indexing.places import place_at
from indexing.readers.read import read
from indexing.readers.unpack import unpack
from indexing.types import Place
from indexing.unpacked import find_unpacked
from tests.unit.indexing.readers.conftest import shown
from tests.unit.indexing.readers.outlook import message, outlook_file
from tests.unit.indexing.readers.test_unpack import end_of


@pytest.fixture
def letter():
    made = EmailMessage()
    made["From"] = "Anna Müller <anna@example.org>"
    made["To"] = "bob@example.org"
    made["Date"] = "Fri, 21 Nov 1997 09:55:06 -0600"
    made["Subject"] = "Grüße aus Ulm"
    made.set_content("Hello Bob,\n\nsee the plan.\n\n> as you said\n")
    return made


@pytest.fixture
def save(tmp_path):
    def write(message, name="letter.eml"):
        path = tmp_path / name
        path.write_bytes(message if isinstance(message, bytes) else message.as_bytes())
        return path

    return write


def word_file(text):
    document = docx.Document()
    document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def zipped(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def test_head_body_and_quotes(letter, save, finish):
    document = finish(read(save(letter)))

    assert document.kind == "eml"
    assert document.title == "Grüße aus Ulm"
    assert shown(document) == [
        ("heading", "Grüße aus Ulm"),
        (
            "table",
            (
                "From: Anna Müller <anna@example.org>\nTo: bob@example.org\n"
                "Date: Fri, 21 Nov 1997 09:55:06 -0600"
            ),
        ),
        ("paragraph", "Hello Bob,"),
        ("paragraph", "see the plan."),
        ("quote", "> as you said"),
    ]


def test_the_html_part_is_read_where_the_plain_one_says_nothing(letter, save, finish):
    letter.set_content("See the HTML part.")
    words = "The plan is to sow peas in March and to water them every day until they grow."
    letter.add_alternative(f"<p>Hello</p><p>{words}</p>", subtype="html")
    text = finish(read(save(letter))).text
    assert words in text
    assert "See the HTML part" not in text


def mailbox(*letters):
    return b"\n".join(
        b"From a@b Thu Jan  1 00:00:00 1970\n" + letter.as_bytes() for letter in letters
    )


def test_of_a_mail_by_itself_attachments_are_named_for_they_are_documents(letter, save, finish):
    letter.add_attachment(b"Peas", maintype="text", subtype="x", filename="plan.txt")
    letter.add_attachment(b"\x00\x01", maintype="application", subtype="x", filename="odd.bin")
    document = finish(read(save(letter)))
    assert shown(document)[-2:] == [
        ("paragraph", "[Attachment: plan.txt]"),
        ("paragraph", "[Attachment: odd.bin]"),
    ]
    assert document.warnings == ("odd.bin: .bin: not a format that is read",)


def test_a_picture_is_attached_where_the_text_does_not_show_it(letter, save, finish):
    letter.add_alternative('<p>Hello, see it.</p><img src="cid:logo@here">', subtype="html")
    letter.make_mixed()
    for name, identity in (("logo.png", "<logo@here>"), ("scan.png", "<other@here>")):
        letter.add_attachment(
            b"\x89PNG", "image", "png", disposition="inline", filename=name, cid=identity
        )
    letter.add_attachment(b"\xff\xd8\xff", "image", "jpeg", disposition="inline")
    text = finish(read(save(letter))).text
    assert re.findall(r"Attachment: (\S+)\]", text) == ["scan.png", "unnamed.jpeg"]


def test_a_name_that_is_no_ascii_is_read_as_it_was_written(save, finish):
    raw = (
        "Subject: One\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello.\r\n"
        "--x\r\nContent-Type: text/plain; name=ciële.txt\r\n"
        "Content-Disposition: attachment; filename=ciële.txt\r\n\r\nHi there.\r\n--x--\r\n"
    )
    for encoding in ("utf-8", "latin-1"):
        assert "[Attachment: ciële.txt]" in finish(read(save(raw.encode(encoding)))).text


def test_in_a_mailbox_attachments_are_read_and_cited_by_their_name(letter, save, finish):
    letter.add_attachment(
        word_file("Peas in March"), maintype="application", subtype="x", filename="plan.docx"
    )
    letter.add_attachment(
        zipped("deep/notes.txt", "Kept inside"),
        maintype="application",
        subtype="zip",
        filename="old.zip",
    )
    letter.add_attachment(b"\x00\x01", maintype="application", subtype="x", filename="odd.bin")

    document = finish(read(save(mailbox(letter), "all.mbox")))

    assert document.warnings == ("odd.bin: .bin: not a format that is read",)
    assert "[Attachment: odd.bin]" in document.text
    start = document.text.index("Peas in March")
    assert place_at(document.places, start, start + 4) == Place("file", file="plan.docx")
    block = next(b for b in document.blocks if b.start == start)
    assert block.headings == ("Grüße aus Ulm", "Attachment: plan.docx")
    inner = document.text.index("Kept inside")
    place = place_at(document.places, inner, inner + 4)
    assert place is not None
    assert place.file == "old.zip/deep/notes.txt"


def test_a_message_in_a_message_is_an_attachment(letter, save, finish):
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("See below.")
    outer.add_attachment(letter)
    text = finish(read(save(mailbox(outer), "all.mbox"))).text
    assert "see the plan." in text
    assert "Subject" not in text


def test_damaged_parts_do_not_cost_the_rest(save, finish):
    raw = (
        b"Subject: =?utf-8?b?broken?=\r\nFrom: caf\xe9 <a@b>\r\n"
        b"Content-Type: text/plain; charset=no-such\r\n\r\nSome w\xf6rds here.\r\n"
    )
    document = finish(read(save(raw)))
    assert "café" in document.text
    assert "Some wörds here." in document.text


def test_a_mailbox_is_its_messages(save, finish):
    raw = (
        b"From a@b Thu Jan  1 00:00:00 1970\nSubject: One\n\nHello.\n\n>From here on.\n\n"
        b"From c@d Thu Jan  1 00:00:00 1970\nSubject: Two\n\nSecond.\n"
    )
    document = finish(read(save(raw, "all.mbox")))

    assert shown(document) == [
        ("heading", "One"),
        ("paragraph", "Hello."),
        ("paragraph", "From here on."),
        ("heading", "Two"),
        ("paragraph", "Second."),
    ]
    start = document.text.index("Second")
    assert place_at(document.places, start, start + 3) == Place("message", 2, "Two")
    assert document.page_starts == (0, document.text.index("Two"))


def test_a_message_of_outlook_with_a_message_in_it(save, finish, tmp_path):
    bill = ("bill.txt", b"71 euros")
    then = message("Re: then/now", "The boiler is mended. – Ö", attached=(bill,), head=24)
    raw = outlook_file(
        message("Pläne", "See the plan.", attached=(("plan.txt", b"Peas"), ("old", then)))
    )
    path = save(raw, "letter.msg")
    document = finish(read(path))
    assert shown(document) == [
        ("heading", "Pläne"),
        ("table", 'From: "Anna Müller" <anna@example.org>'),
        ("paragraph", "See the plan."),
        ("paragraph", "[Attachment: plan.txt]"),
        ("paragraph", "[Attachment: Re: then-now.eml]"),
    ]
    assert document.warnings == ()
    folder = tmp_path / "unpacked"
    found = end_of(unpack(path, folder))
    assert [(one.name, one.reason) for one in found.members] == [
        ("plan.txt", ""),
        ("Re: then-now.eml", ""),
        ("Re: then-now.eml/bill.txt", ""),
    ]
    inner = found.members[1]
    file = find_unpacked(folder, inner.sha256, inner.name)
    assert file is not None
    text = finish(read(file)).text
    assert "Anna Müller" in text
    assert "The boiler is mended. – Ö" in text


def test_of_a_message_of_outlook_no_letter_costs_the_rest(save, finish):
    words = "The herring is salted on board, and it is cheap. " * 3
    html = f"<p>{words}</p>".encode() + b"<p>caf\xe9</p>"
    text = finish(read(save(outlook_file(message("Fish", html=html)), "letter.msg"))).text
    assert "The herring is salted on board" in text


def test_a_saved_page_is_the_page(save, finish):
    raw = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n<title>Garden news</title><p>Peas =C3=BCberall</p>\r\n--x\r\n"
        b"Content-Type: image/png\r\n\r\nxxxx\r\n--x--\r\n"
    )
    document = finish(read(save(raw, "page.mhtml")))
    assert document.title == "Garden news"
    assert document.text == "Peas überall"


@pytest.mark.parametrize("name", ["a.eml", "a.mbox", "a.mhtml"])
def test_what_is_no_mail_says_so(save, finish, name):
    with pytest.raises(FileUnreadable):
        finish(read(save(b"just words\nand more words", name)))


def test_a_damaged_outlook_message_is_unreadable(save, finish):
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "__properties_version1.0".encode("utf-16-le")
    with pytest.raises(FileUnreadable):
        finish(read(save(ole + bytes(600), "a.msg")))
