"""MHTML: a web page as a browser saves it, in one file with its pictures."""

from __future__ import annotations

import email
from collections.abc import Generator
from pathlib import Path

from indexing.errors import EmptyDocument, FileUnreadable
from indexing.readers.assemble import Assembler
from indexing.readers.html import decode_html, main_part, parse_html, title_of, walk_html
from indexing.readers.package import load
from indexing.types import CanonicalDocument, ReadProgress


def read_mhtml(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a saved page: its first HTML part, which is the page itself.

    Raises:
        TooLarge: Over the size of a file.
        FileUnreadable: There is no page in it.
        EmptyDocument: Nothing to read on it.
    """
    yield ReadProgress(0, None)
    message = email.message_from_bytes(load(path))
    yield ReadProgress(0, None)
    for part in message.walk():
        content = part.get_payload(decode=True)
        if part.get_content_type() in ("text/html", "application/xhtml+xml") and content:
            break
    else:
        raise FileUnreadable(str(path), "no page in it")
    assert isinstance(content, bytes)
    try:
        text = content.decode(str(part.get_content_charset() or "utf-8"))
    except (LookupError, ValueError):
        text = decode_html(path, content)
    root = yield from parse_html(path, text)
    if root is None:
        raise EmptyDocument(str(path))
    assembler = Assembler()
    walker = yield from walk_html(assembler, main_part(root))
    return assembler.finish(path, "html", title_of(root) or walker.first_heading)
