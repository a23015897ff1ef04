"""MSG: a message as Outlook keeps it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable
from indexing.readers.assemble import clean
from indexing.readers.letters import Attachment, Letter, read_letter
from indexing.readers.nested import Inside
from indexing.readers.package import load
from indexing.types import CanonicalDocument, ReadProgress


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
    import oxmsg

    data = load(path)
    try:
        return _letter(oxmsg.Message.load(data))
    except MemoryError:
        raise
    except Exception as error:  # A damaged container raises anything.
        raise FileUnreadable(str(path), f"{type(error).__name__}: {error}"[:300]) from error


def _letter(message: Any) -> Letter:
    headers: dict[str, str] = message.message_headers
    recipients = ", ".join(_person(r.name, r.email_address) for r in message.recipients)
    date = message.sent_date
    head = [
        ("From", str(message.sender or headers.get("From") or "")),
        ("To", headers.get("To") or recipients),
        ("Cc", headers.get("Cc") or ""),
        ("Date", date.isoformat(" ", "seconds") if date else headers.get("Date") or ""),
    ]
    attachments: list[Attachment] = []
    for number, attached in enumerate(message.attachments, 1):
        content = attached.file_bytes
        name = attached.file_name or f"attachment {number}"
        attachments.append(Attachment(str(name), content or b""))
    return Letter(
        clean(str(message.subject or "")),
        head,
        str(message.body or ""),
        str(message.html_body or ""),
        attachments,
    )


def _person(name: str | None, address: str | None) -> str:
    if name and address and name != address:
        return f"{name} <{address}>"
    return name or address or ""
