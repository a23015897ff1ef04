"""RTF: striprtf gives the words; notes and headings, which it drops, are taken out before."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

from striprtf import striprtf  # pyright: ignore[reportMissingTypeStubs]

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler, clean
from indexing.readers.package import load
from indexing.readers.tables import guess_header, table_lines
from indexing.types import CanonicalDocument, ReadProgress

_HEAD = re.compile(r"\{\\rtf\d*.{0,400}?(?=\\fonttbl|\{|\n)", re.DOTALL)
_ASIDE = re.compile(
    r"\{\\(?:\*\\)?(footnote|annotation|headerl|headerr|headerf|header|footerl|footerr|footerf|footer)\b"
)
_TITLE = re.compile(r"\{\\title\b\s?")
_LEVEL = re.compile(r"\\outlinelevel([0-8])(?!\d)")
_BRACE = re.compile(r"\\[\\{}]|[{}]")
_FONTS = re.compile(r"\{\\fonttbl")
# What was deleted while changes were tracked, behind other words on its looks.
_DELETED = re.compile(r"\{(?:\\[a-z]+-?\d*\s?){0,40}?\\deleted(?![a-z\d])")
_BINARY = re.compile(r"\\bin(\d{1,9}) ?")
_LABELS = {"f": "Footnote", "a": "Comment", "h": "Header"}
# Signs of private use stand for what striprtf would not let through.
_NOTE, _OUTLINE = "\ue700", "\ue710"


class _Aside(NamedTuple):
    label: str
    raw: str


def read_rtf(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read an RTF file.

    Raises:
        TooLarge: Over the size of a file.
        FileUnreadable: No RTF.
        EmptyDocument: No text in it.
    """
    yield ReadProgress(0, None)
    # RTF is ASCII; other signs are written as such, and stray bytes are those of Windows.
    raw = load(path).decode("cp1252", errors="replace")
    if not raw.lstrip().startswith("{\\rtf"):
        raise FileUnreadable(str(path), "no RTF")
    yield ReadProgress(0, None)
    raw, asides = _taken_out(_without_deleted(_without_binary(raw)))
    head = _head_of(raw)
    marked = _LEVEL.sub(lambda m: f"{m.group()} \\u{ord(_OUTLINE) + int(m.group(1))}?", raw)
    text = _plain(marked)
    yield ReadProgress(0, None)
    assembler = Assembler()
    rows: list[list[str]] = []
    notes = iter(asides)
    edges: list[str] = []
    counted = 0
    for line in text.split("\n"):
        stripped = line.strip(" \t")
        if "|" in stripped and stripped.endswith("|"):
            rows.append([clean(cell) for cell in stripped[:-1].split("|")])
            continue
        _flush(assembler, rows)
        called: list[str] = []
        pieces = line.split(_NOTE)
        for index in range(1, len(pieces)):
            aside = next(notes, _Aside("", ""))
            note = clean(_plain(f"{head}{aside.raw}}}"))
            if aside.label == "Footnote" and note:
                counted += 1
                pieces[index] = f"[{counted}]{pieces[index]}"
                called.append(f"[Footnote {counted}] {note}")
            elif aside.label == "Comment" and note:
                called.append(f"[Comment] {note}")
            elif any(character.isalpha() for character in note):
                edges.append(f"[{aside.label}] {note}")
        _paragraph(assembler, "".join(pieces))
        for note in called:
            assembler.block(note, "paragraph")
    _flush(assembler, rows)
    assembler.leave(1)
    for edge in dict.fromkeys(edges):
        assembler.block(edge, "paragraph")
    return assembler.finish(path, "rtf", _title(raw, head))


def _paragraph(assembler: Assembler, line: str) -> None:
    level = next((ord(c) - ord(_OUTLINE) for c in line if 0 <= ord(c) - ord(_OUTLINE) <= 8), None)
    text = clean("".join(c for c in line if not 0 <= ord(c) - ord(_OUTLINE) <= 8))
    if level is not None and len(text) <= 400:
        assembler.heading(" ".join(text.split()), level + 1)
    elif text[:1] in ("•", "·", "\u25aa") and len(text) > 1:
        assembler.block(f"• {text[1:].strip()}", "list_item")
    else:
        assembler.block(text, "paragraph")


def _flush(assembler: Assembler, rows: list[list[str]]) -> None:
    if rows:
        lines = table_lines(rows, guess_header(rows))
        assembler.table([line for line in lines if line])
        rows.clear()


def _taken_out(raw: str) -> tuple[str, list[_Aside]]:
    """The file with a sign in the place of each note, comment, header and footer; and these."""
    asides: list[_Aside] = []
    pieces: list[str] = []
    position = 0
    for match in _ASIDE.finditer(raw):
        if match.start() < position:
            continue
        end = _end_of_group(raw, match.start())
        kind = match.group(1)
        label = "Footer" if kind.startswith("footer") else _LABELS[kind[0]]
        asides.append(_Aside(label, f"{{{raw[match.end() : end - 1]}}}"))
        pieces += [raw[position : match.start()], f"\\u{ord(_NOTE)}?"]
        position = end
    return "".join([*pieces, raw[position:]]), asides


def _without_binary(raw: str) -> str:
    """The file without pictures kept as bare bytes, in which braces mean nothing."""
    pieces: list[str] = []
    position = 0
    for match in _BINARY.finditer(raw):
        if match.start() >= position:
            pieces.append(raw[position : match.start()])
            position = match.end() + int(match.group(1))
    return "".join([*pieces, raw[position:]])


def _without_deleted(raw: str) -> str:
    """The file without what was deleted while changes were tracked."""
    pieces: list[str] = []
    position = 0
    for match in _DELETED.finditer(raw):
        if match.start() >= position:
            pieces.append(raw[position : match.start()])
            position = _end_of_group(raw, match.start())
    return "".join([*pieces, raw[position:]])


def _end_of_group(raw: str, start: int) -> int:
    """The offset behind the brace that closes the one at `start`."""
    depth = 0
    for brace in _BRACE.finditer(raw, start):
        if brace.group() == "{":
            depth += 1
        elif brace.group() == "}":
            depth -= 1
            if depth == 0:
                return brace.end()
    return len(raw)


def _head_of(raw: str) -> str:
    """An opening with the file's code page and fonts, to read a part of it alone."""
    match = _HEAD.match(raw.lstrip())
    fonts = _FONTS.search(raw)
    table = raw[fonts.start() : _end_of_group(raw, fonts.start())] if fonts else ""
    opening = match.group() if match else "{\\rtf1\\ansi"
    return opening + table


def _title(raw: str, head: str) -> str:
    match = _TITLE.search(raw)
    if match is None:
        return ""
    end = _end_of_group(raw, match.start())
    return clean(_plain(f"{head}{{{raw[match.end() : end - 1]}}}}}"))


def _plain(rtf: str) -> str:
    library: Any = striprtf
    text = library.rtf_to_text(rtf, errors="replace")
    return str(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
