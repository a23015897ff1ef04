"""Plain text of any encoding: the canonical text is the file's own, line ends apart."""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from pathlib import Path

import charset_normalizer

from indexing.errors import EmptyDocument, FileUnreadable, TooLarge
from indexing.readers.assemble import sound
from indexing.types import Block, CanonicalDocument, ReadProgress

MAX_BYTES = 64 * 1024 * 1024
_SAMPLE = 48 * 1024
_YIELD_S = 0.1

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Encodings of one byte a character whose letters are Latin, the most usual first.
_LATIN = ["cp1252", "cp1250", "cp1254", "cp1257", "iso8859_15", "iso8859_2", "mac_roman", "cp850"]
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_ASCII_LETTERS = re.compile(rb"[A-Za-z]")
# Letters beyond ASCII in a text of Western Europe: a few, or this share of all.
_WESTERN_FEW, _WESTERN_SHARE = 10, 0.1
# Signs that stand in no word there, apostrophes, dashes and quotation marks aside; and the letters
# of Iceland, in whose place others write in Turkey and around the Baltic Sea.
_NOT_WESTERN = re.compile(r"(?<=[^\W\d_])[^\w\s\x00-\x7f’‘´–—…·\xad“”«»°](?=[^\W\d_])|[ðþÐÞ]")
_NEWLINES = re.compile("\r\n|\r")
_GAP = re.compile(r"\n[^\S\n]*\n\s*|\f\s*")
# Bytes that text does not hold, whatever its encoding of one byte a character.
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 26, 27})


def read_plain(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a text file; its paragraphs are what empty lines part.

    Raises:
        TooLarge: Over `MAX_BYTES`.
        FileUnreadable: Binary, or of no encoding that can be told.
        EmptyDocument: Nothing but white space.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    blocks: list[Block] = []
    due = time.monotonic() + _YIELD_S
    position = 0
    for gap in _GAP.finditer(text):
        _add(blocks, text, position, gap.start())
        position = gap.end()
        if time.monotonic() > due:
            yield ReadProgress(0, None)
            due = time.monotonic() + _YIELD_S
    _add(blocks, text, position, len(text))
    return CanonicalDocument(
        title=sound(path.stem) or sound(path.name), kind="text", text=text, blocks=tuple(blocks)
    )


def _add(blocks: list[Block], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        begin = start + len(piece) - len(piece.lstrip())
        blocks.append(Block(begin, begin + len(stripped), "paragraph"))


def read_text(path: Path) -> Generator[ReadProgress, None, str]:
    """The decoded text of a file with its line ends unified.

    Raises:
        TooLarge: Over `MAX_BYTES`.
        FileUnreadable: Binary, or of no encoding that can be told.
        EmptyDocument: Nothing but white space.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    data = path.read_bytes()
    yield ReadProgress(0, None)
    text = decode(path, data)
    yield ReadProgress(0, None)
    # NUL is the one character that databases and C libraries stumble over.
    text = sound(_NEWLINES.sub("\n", text)).replace("\x00", "\ufffd")
    if not text.replace("\ufffd", "").replace("\ufeff", "").strip():
        raise EmptyDocument(str(path))
    return text


def decode(path: Path, data: bytes, declared: str | None = None) -> str:
    """Decode the bytes of a text file of unknown encoding.

    Args:
        path: Named in errors.
        data: The whole file.
        declared: An encoding that the file itself claims, tried after UTF-8.

    Raises:
        FileUnreadable: Binary, or of no encoding that can be told.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace").lstrip("\ufeff")
    if (wide := _utf16_without_mark(data)) is not None:
        return wide
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > max(2, len(data) // 200):
        raise FileUnreadable(str(path), "binary data")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # One bad byte in a long file is damage, not another encoding.
        good = data.decode("utf-8", errors="replace")
        if good.count("\ufffd") * 1000 < len(good) and _multibyte(data) > 5 * good.count("\ufffd"):
            return good
        position = error.start
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeDecodeError):
            pass
    # The interesting bytes are where UTF-8 failed: a sample from the start may be all ASCII.
    start = max(0, position - _SAMPLE // 2)
    sample = data[start : start + _SAMPLE]
    is_latin = _is_latin(sample)
    best = None
    if not (is_latin and _is_western(sample)):
        best = charset_normalizer.from_bytes(
            sample, cp_isolation=_LATIN if is_latin else None
        ).best()
    for encoding in (best.encoding if best else None, "cp1252", "latin-1"):
        if encoding is None:
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:  # pragma: no cover - latin-1 decodes anything
        raise FileUnreadable(str(path), "unknown encoding")
    if best is None and not _looks_like_text(text):
        raise FileUnreadable(str(path), "unknown encoding")
    return text


def _is_latin(sample: bytes) -> bool:
    """Whether a text of another encoding than UTF-8 has the letters of Latin script.

    Those beyond ASCII stand alone in its words; in others they come in pairs, or whole words.
    """
    runs = [len(run) for run in _BEYOND_ASCII.findall(sample)]
    letters = len(_ASCII_LETTERS.findall(sample))
    return runs.count(1) > 0.8 * len(runs) and sum(runs) < 0.3 * letters


def _is_western(sample: bytes) -> bool:
    """Whether a text of Latin script is in the encoding of Windows for Western Europe.

    In a few words no statistics tells it from its relatives. Its languages have less letters
    beyond ASCII than those further east have, whose letters are signs in it, in the midst of words.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = sum(character.isalpha() and not character.isascii() for character in text)
    letters = sum(map(str.isalpha, text))
    most = max(_WESTERN_FEW, _WESTERN_SHARE * letters)
    return beyond <= most and _NOT_WESTERN.search(text) is None


def _multibyte(data: bytes) -> int:
    """Bytes that can begin a character of several bytes in UTF-8."""
    return len(data) - len(data.translate(None, bytes(range(0xC2, 0xF5))))


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[:4096]
    if len(sample) < 8 or len(data) % 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > 0.6 * half and others < 0.02 * half:
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                return None
    return None


def _looks_like_text(text: str) -> bool:
    sample = text[:_SAMPLE]
    letters = sum(character.isalnum() or character.isspace() for character in sample)
    return letters > 0.6 * len(sample)
