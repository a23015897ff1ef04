"""EML and MBOX: messages as they went over the wire, one to a file or many."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Generator, Iterator
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any, cast

from indexing.errors import FileUnreadable, ReadError
from indexing.readers.assemble import Assembler, clean
from indexing.readers.html import decode_html
from indexing.readers.letters import Attachment, Letter, add_letter, read_letter
from indexing.readers.nested import Inside
from indexing.readers.package import load
from indexing.readers.plain import decode
from indexing.types import CanonicalDocument, Place, ReadProgress

_HEAD = ("From", "To", "Cc", "Bcc", "Reply-To", "Date")
# Where the name of an attachment stands.
_NAMING = ("content-disposition", "content-type")
_HEADER_LINE = re.compile(rb"^[!-9;-~]{1,100}[ \t]*:", re.MULTILINE)
# Where the next message of a mailbox begins.
_NEXT = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n")
_STUFFED = re.compile(rb"^>(>*From )", re.MULTILINE)


def read_eml(path: Path, inside: Inside) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a message, in another file with its attachments.

    Raises:
        TooLarge: Over the size of a file, or more is attached than may be read.
        FileUnreadable: No message.
        EmptyDocument: Nothing in it.
    """
    yield ReadProgress(0, None)
    return (yield from read_letter(path, "eml", load_eml(path), inside))


def load_eml(path: Path) -> Letter:
    """A message out of its file.

    Raises:
        TooLarge: Over the size of a file.
        FileUnreadable: No message.
    """
    data = load(path)
    if _HEADER_LINE.search(data[:4096]) is None:
        raise FileUnreadable(str(path), "no message")
    return letter_of(path, data)


def read_mbox(path: Path, inside: Inside) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a mailbox, its messages with their attachments; its pages are its messages.

    Raises:
        TooLarge, FileUnreadable, EmptyDocument: As for a message.
    """
    yield ReadProgress(0, None)
    data = load(path)
    starts = list(_NEXT.finditer(data))
    if not starts:
        raise FileUnreadable(str(path), "no mailbox")
    assembler = Assembler()
    for number, start in enumerate(starts, 1):
        end = starts[number].start() if number < len(starts) else len(data)
        letter = letter_of(path, _STUFFED.sub(rb"\1", data[start.end() : end]))
        assembler.begin_page()
        assembler.at(Place("message", number, letter.subject))
        yield from add_letter(path, assembler, letter, inside)
        yield ReadProgress(number, len(starts))
    return assembler.finish(path, "mbox", None, warnings=tuple(inside.warnings))


def letter_of(path: Path, data: bytes) -> Letter:
    """A message out of its bytes; damaged parts are taken as far as they can be."""
    message = cast("EmailMessage", email.message_from_bytes(data, policy=email.policy.compat32))
    plain: list[str] = []
    html: list[str] = []
    attachments: list[Attachment] = []
    pictures: list[tuple[str, Attachment]] = []
    for part in _leaves(message):
        name = _file_name(part)
        kind = part.get_content_type()
        attached = part.get_content_disposition() == "attachment"
        if kind == "message/rfc822":
            attachments.append(Attachment(name or "message.eml", _message_bytes(part)))
            continue
        content = _bytes(part)
        if not attached and not name and kind in ("text/plain", "text/html"):
            if content.strip():
                text = _text(path, part, content, is_html=kind == "text/html")
                (html if kind == "text/html" else plain).append(text)
        elif kind.startswith("image/") and not attached:
            picture = Attachment(name or f"unnamed.{part.get_content_subtype()}", content)
            pictures.append((str(part.get("Content-ID") or "").strip("<> "), picture))
        elif attached or name or kind == "text/calendar":
            attachments.append(Attachment(name or f"unnamed{_SUFFIXES.get(kind, '')}", content))
    # What is shown in the midst of the text is a part of it, and mostly the sender's logo.
    attachments += [
        picture
        for identity, picture in pictures
        if not identity or not any(f"cid:{identity}" in text for text in html)
    ]
    head = [(field, _header(message, field)) for field in _HEAD]
    return Letter(
        _header(message, "Subject"), head, "\n\n".join(plain), "\n".join(html), attachments
    )


_SUFFIXES = {"text/calendar": ".ics", "text/plain": ".txt", "text/html": ".html",
             "application/pdf": ".pdf", "text/csv": ".csv"}  # fmt: skip


def _leaves(message: Message) -> Iterator[Any]:
    """The parts that hold something, messages within it whole, in their order."""
    pending: list[Any] = [message]
    while pending:
        part = pending.pop()
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            pending.extend(reversed(cast("list[Any]", inner)))
        else:
            yield part


def _bytes(part: Any) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        content = None
    if isinstance(content, bytes):
        return content
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _message_bytes(part: Any) -> bytes:
    """A message within a message, as it would be alone."""
    inner = part.get_payload()
    if not isinstance(inner, list) or not inner:
        return _bytes(part)
    try:
        return cast("Message", inner[0]).as_bytes()
    except (ValueError, LookupError, AssertionError, TypeError):
        return b""


def _text(path: Path, part: Any, content: bytes, is_html: bool) -> str:
    charset = part.get_content_charset()
    if charset:
        try:
            return content.decode(str(charset))
        except (LookupError, ValueError):
            pass
    try:
        return decode_html(path, content) if is_html else decode(path, content)
    except ReadError:
        return content.decode("utf-8", "replace")


def _file_name(part: Any) -> str:
    # As they were parsed: see `_header`.
    for field, value in list(part.raw_items()):
        if field.lower() in _NAMING and not str(value).isascii():
            part.replace_header(field, _with_letters(str(value)))
    try:
        name = part.get_filename()
    except (ValueError, LookupError, TypeError, AttributeError):
        return "unnamed"
    return _decoded(str(name)) if name else ""


def _header(message: Message, field: str) -> str:
    # As they were parsed: what is no ASCII is lost where the message itself decodes it.
    values = [str(value) for name, value in message.raw_items() if name.lower() == field.lower()]
    return clean(", ".join(map(_decoded, values)))


def _decoded(value: str) -> str:
    """A header's value, its encoded words as text."""
    value = " ".join(value.split())
    try:
        decoded = str(make_header(decode_header(value)))
    except (ValueError, LookupError, AssertionError):
        return value
    return _with_letters(decoded)


def _with_letters(value: str) -> str:
    """A header's value with letters for bytes that are no ASCII: they are lone surrogates in it."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
