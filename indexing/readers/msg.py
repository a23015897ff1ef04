"""MSG: a message as Outlook keeps it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Generator, Iterator
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable, ReadError
from indexing.readers.assemble import clean
from indexing.readers.html import decode_html
from indexing.readers.letters import Attachment, Letter, read_letter
from indexing.readers.nested import Inside
from indexing.readers.package import load
from indexing.types import CanonicalDocument, ReadProgress

# The storage in which an attachment that is a message of Outlook's itself is kept.
_MESSAGE = "__substg1.0_3701000D"
_PROPERTIES = "__properties_version1.0"
# The properties of a message within another begin where those of a file have 8 bytes more.
_HEAD = 24
_DISPLAY_NAME = 0x3001


def read_msg(path: Path, inside: Inside) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read an Outlook message, in another file with its attachments.

    Raises:
        TooLarge: Over the size of a file, or more is attached than may be read.
        FileUnreadable: Damaged, or no message.
        EmptyDocument: Nothing in it.
    """
    yield ReadProgress(0, None)
    return (yield from read_letter(path, "msg", load_msg(path), inside))


def load_msg(path: Path) -> Letter:
    """An Outlook message out of its file.

    Raises:
        TooLarge: Over the size of a file.
        FileUnreadable: Damaged, or no message.
    """
    import olefile as ole  # pyright: ignore[reportMissingTypeStubs]
    from oxmsg import storage as library

    olefile: Any = ole
    storages: Any = library.Storage
    data = load(path)
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            storage = storages.from_ole(container)
        return _letter(path, storage)
    except MemoryError:
        raise
    except Exception as error:  # A damaged container raises anything.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error


def _letter(path: Path, storage: Any) -> Letter:
    import oxmsg

    message: Any = oxmsg.Message(storage)
    headers: dict[str, str] = message.message_headers
    recipients = ", ".join(_person(r.name, r.email_address) for r in message.recipients)
    date = message.sent_date
    head = [
        ("From", str(message.sender or headers.get("From") or "")),
        ("To", headers.get("To") or recipients),
        ("Cc", headers.get("Cc") or ""),
        ("Date", date.isoformat(" ", "seconds") if date else headers.get("Date") or ""),
    ]
    return Letter(
        clean(str(message.subject or "")),
        head,
        str(message.body or ""),
        _html(path, message),
        list(_attachments(path, storage)),
    )


def _html(path: Path, message: Any) -> str:
    """The message as HTML; its letters may be others than it says."""
    from oxmsg.domain.constants import PID_HTML

    try:
        return str(message.html_body or "")
    except (ValueError, LookupError):
        data: bytes = message.properties.binary_prop_value(PID_HTML) or b""
    try:
        return decode_html(path, data)
    except ReadError:
        return data.decode("utf-8", "replace")


def _attachments(path: Path, storage: Any) -> Iterator[Attachment]:
    """The files of a message, and as files the messages that are attached to it."""
    from oxmsg.attachment import Attachment as Attached
    from oxmsg.domain.constants import PID_ATTACH_FILENAME

    for number, attached in enumerate(storage.iter_attachment_storages(), 1):
        inner = next((one for one in attached.storages if one.name == _MESSAGE), None)
        file = Attached(attached)
        text = file.properties.str_prop_value
        name = str(
            file.file_name
            or text(PID_ATTACH_FILENAME)
            or text(_DISPLAY_NAME)
            or f"attachment {number}"
        )
        if inner is None:
            yield Attachment(name, file.file_bytes or b"")
            continue
        letter = _letter(path, _as_file(inner))
        name = (letter.subject or name).replace("/", "-").replace("\\", "-")
        yield Attachment(f"{name}.eml", _mail(letter))


def _as_file(storage: Any) -> Any:
    """A message within another one, as it would be in a file of its own."""
    streams = [
        dataclasses.replace(one, bytes_=one.bytes_[:_HEAD] + bytes(8) + one.bytes_[_HEAD:])
        if one.name == _PROPERTIES
        else one
        for one in storage.streams
    ]
    return dataclasses.replace(storage, streams=tuple(streams))


def _mail(letter: Letter) -> bytes:
    """A message as the file of one, which any program opens."""
    made = MIMEMultipart()
    for name, value in (("Subject", letter.subject), *letter.head):
        if value:
            made[name] = Header(_letters(" ".join(value.split())), "utf-8").encode()
    words = MIMEMultipart("alternative")
    for kind, text in (("plain", letter.plain), ("html", letter.html)):
        if text:
            words.attach(MIMEText(_letters(text), kind, "utf-8"))
    made.attach(words)
    for attachment in letter.attachments:
        part = MIMEApplication(attachment.data)
        name = _letters(" ".join(attachment.name.split()))
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
        made.attach(part)
    return made.as_bytes()


def _letters(text: str) -> str:
    """A text without halves of letters, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _person(name: str | None, address: str | None) -> str:
    if name and address and name != address:
        return f"{name} <{address}>"
    return name or address or ""
