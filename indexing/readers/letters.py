"""A message as text, whatever kept it: its head, its body, its attachments."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from indexing.readers.assemble import Assembler, clean
from indexing.readers.html import main_part, parse_html, walk_html
from indexing.readers.nested import Inside, shown_name
from indexing.types import CanonicalDocument, ReadProgress

_GAP = re.compile(r"\n[^\S\n]*\n\s*")
# A plain text with less than this share of the words says only "see the HTML part".
_PLAIN_SHARE = 0.5
_TAG = re.compile(r"<(?:style|script|head)\b.*?</(?:style|script|head)>|<[^>]*>", re.DOTALL)


class Attachment(NamedTuple):
    """A file that came with a message."""

    name: str
    data: bytes


class Letter(NamedTuple):
    """A message.

    Attributes:
        subject: "" without one.
        head: Names and values of what stands above it: from, to, date.
        plain: Its text without markup, "" without one.
        html: Its HTML, "" without any.
    """

    subject: str
    head: Sequence[tuple[str, str]]
    plain: str
    html: str
    attachments: Sequence[Attachment]


def read_letter(
    path: Path, kind: str, letter: Letter, inside: Inside
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Reads a message that is a file, by itself or within another.

    Args:
        kind: What the file is: "eml" or "msg".

    Raises:
        EmptyDocument: Nothing in it.
    """
    assembler = Assembler()
    yield from add_letter(path, assembler, letter, inside, alone=inside.is_outermost)
    return assembler.finish(path, kind, letter.subject, warnings=tuple(inside.warnings))


def add_letter(
    path: Path,
    assembler: Assembler,
    letter: Letter,
    inside: Inside,
    level: int = 1,
    *,
    alone: bool = False,
) -> Generator[ReadProgress, None, None]:
    """Adds a message as a section; what cannot be read of it is noted in `inside`.

    Args:
        level: The section's level.
        alone: Whether it is a file by itself: then what is attached to it is only named, for
            each is a document of its own (see `unpack`).
    """
    assembler.leave(level)
    if letter.subject:
        assembler.heading(letter.subject, level)
    lines = [f"{name}: {' '.join(clean(value).split())}" for name, value in letter.head]
    assembler.table([line for line in lines if not line.endswith(": ")])
    html_words = len(_TAG.sub(" ", letter.html).split())
    if letter.html and len(letter.plain.split()) < _PLAIN_SHARE * html_words:
        root = yield from parse_html(path, letter.html)
        if root is not None:
            yield from walk_html(assembler, main_part(root))
            assembler.leave(level + 1)
    else:
        for paragraph in _GAP.split(letter.plain.replace("\r\n", "\n").replace("\r", "\n")):
            text = clean(paragraph)
            quoted = bool(text) and all(line.startswith(">") for line in text.split("\n"))
            assembler.block(text, "quote" if quoted else "paragraph")
    for attachment in letter.attachments:
        name = shown_name(attachment.name)
        if alone:
            inside.leave(name)
            assembler.block(f"[Attachment: {name}]", "paragraph")
            continue
        source = io.BytesIO(attachment.data)
        read = yield from inside.add(assembler, name, source, f"Attachment: {name}", level + 1)
        if not read:
            assembler.block(f"[Attachment: {name}]", "paragraph")
        yield ReadProgress(0, None)
