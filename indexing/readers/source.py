"""Source code and what is laid out like it: the text itself, with its lines as places."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path

from indexing.readers.own_text import OwnText
from indexing.readers.plain import read_text
from indexing.types import CanonicalDocument, Place, ReadProgress

_NAMES = """
py pyi pyx ipy js mjs cjs jsx ts tsx vue svelte java kt kts scala groovy gradle c h cc cpp cxx hpp
hh hxx cs fs vb go rs swift m mm rb php pl pm lua r jl dart ex exs erl hs ml mli clj lisp el scm
asm s f f90 f95 pas ada cob cobol sql sh bash zsh fish ps1 bat cmd awk sed tcl make mk cmake
dockerfile tf proto graphql thrift css scss sass less sol zig nim v vhd vhdl sv ino
"""
SUFFIXES = tuple(f".{name}" for name in _NAMES.split())
# An empty line before what is not indented: where one thing ends and the next begins.
_TOP = re.compile(r"\n(?:[^\S\n]*\n)+(?=[^\s})\]])")


def read_source(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read source code; a block is what stands together at the outermost level.

    Raises:
        TooLarge, FileUnreadable, EmptyDocument: As for plain text.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    own = OwnText(text)
    position = 0
    for gap in _TOP.finditer(text):
        own.add(position, gap.start(), "code")
        position = gap.end()
        if len(text) > 1_000_000:
            yield ReadProgress(position, len(text))
    own.add(position, len(text), "code")
    return own.finish(path, "source", None, [(0, Place("line"))])
