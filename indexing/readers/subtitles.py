"""SRT and VTT: what is said, with the time at which it is."""

from __future__ import annotations

import html
import re
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from indexing.errors import FileUnreadable
from indexing.readers.assemble import Assembler, clean
from indexing.readers.plain import read_text
from indexing.types import CanonicalDocument, Place, ReadProgress

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_CUE = re.compile(rf"^[^\S\n]*{_TIME}[^\S\n]*-->[^\S\n]*{_TIME}[^\n]*$", re.MULTILINE)
_SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,100})>")
_TAG = re.compile(r"<[^>]{0,200}>|\{\\[^}]{0,200}\}")
# A silence this long, in seconds, or this much text begins a new paragraph.
_SILENCE = 3
_PARAGRAPH = 1_000


class _Cue(NamedTuple):
    begin: int
    end: int
    text: str


def read_subtitles(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read subtitles; places are times, in seconds.

    Raises:
        FileUnreadable: There are no times in it.
        TooLarge, EmptyDocument: As for plain text.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    cues = _cues(text)
    if not cues:
        raise FileUnreadable(str(path), "no times in it")
    assembler = Assembler()
    together: list[_Cue] = []
    for cue in cues:
        size = sum(len(other.text) for other in together)
        if together and (cue.begin - together[-1].end >= _SILENCE or size > _PARAGRAPH):
            _add(assembler, together)
            together = []
            yield ReadProgress(0, None)
        together.append(cue)
    _add(assembler, together)
    return assembler.finish(path, "subtitles", None)


def _cues(text: str) -> list[_Cue]:
    times = list(_CUE.finditer(text))
    cues: list[_Cue] = []
    for number, time in enumerate(times):
        end = times[number + 1].start() if number + 1 < len(times) else len(text)
        # A cue ends with the empty line; what stands before the next time is its number or name.
        said = text[time.end() : end].lstrip("\n").split("\n\n", 1)[0]
        speaker = _SPEAKER.search(said)
        spoken = " ".join(clean(html.unescape(_TAG.sub("", said))).split())
        if speaker is not None and spoken:
            spoken = f"{clean(speaker.group(1))}: {spoken}"
        if spoken and (not cues or cues[-1].text != spoken):
            cues.append(_Cue(_seconds(time.groups()[:4]), _seconds(time.groups()[4:]), spoken))
    return cues


def _seconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, _ = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds


def _add(assembler: Assembler, cues: list[_Cue]) -> None:
    lines = [cue.text for cue in cues]
    places = [Place("time", cue.begin) for cue in cues]
    assembler.lines(lines, "paragraph", places)
