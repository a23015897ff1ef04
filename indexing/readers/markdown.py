"""Markdown: the canonical text is the file's own, and blocks point into it.

Only the block structure is parsed, by markdown-it's line numbers, in chunks, so that a
large file neither blocks nor costs more than it must.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import accumulate
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexing.readers.assemble import title_or_name
from indexing.readers.plain import read_text
from indexing.types import Block, BlockKind, CanonicalDocument, ReadProgress

_CHUNK = 48_000
_FENCE = re.compile(r" {0,3}(```|~~~)")
_FRONT = re.compile(r"---[^\S\n]*\n(.*?\n)?(?:---|\.\.\.)[^\S\n]*(?:\n|$)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_MARKUP = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|[*_`]{1,3}|\s+#+\s*$|<[^>\n]*>")


def read_markdown(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read a Markdown file.

    Raises:
        TooLarge, FileUnreadable, EmptyDocument: As for plain text.
    """
    yield ReadProgress(0, None)
    text = yield from read_text(path)
    lines = text.split("\n")
    offsets = [0, *accumulate(len(line) + 1 for line in lines)]
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    found: list[_Found] = []
    title: str | None = None
    first = 0
    if front := _FRONT.match(text):
        first = text.count("\n", 0, front.end())
        found.append(_Found(0, max(first, 1), "code", 0, ""))
        if named := _FRONT_TITLE.search(front.group(1) or ""):
            title = named.group(1)
    for begin, end in _chunks(lines, first):
        tokens = parser.parse("\n".join(lines[begin:end]))
        found.extend(_leaves(tokens, begin))
        yield ReadProgress(end, len(lines))
    blocks, first_heading = _blocks(lines, offsets, found)
    return CanonicalDocument(
        title=title_or_name(title or first_heading, path),
        kind="markdown",
        text=text,
        blocks=tuple(blocks),
    )


class _Found:
    """A block by its lines: `lines[first:last]`."""

    __slots__ = ("first", "kind", "last", "level", "title")

    def __init__(self, first: int, last: int, kind: BlockKind, level: int, title: str) -> None:
        self.first = first
        self.last = last
        self.kind: BlockKind = kind
        self.level = level
        self.title = title


def _chunks(lines: list[str], first: int) -> Iterator[tuple[int, int]]:
    """Runs of lines that can be parsed apart.

    They end at an empty line outside of code, before a line that is not indented and so goes
    on with no list.
    """
    begin, size = first, 0
    fence: str | None = None
    for index in range(first, len(lines)):
        line = lines[index]
        size += len(line) + 1
        if mark := _FENCE.match(line):
            if fence is None:
                fence = mark.group(1)
            elif fence == mark.group(1):
                fence = None
        if size < _CHUNK or fence is not None or line.strip():
            continue
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if following[:1].isalpha() or following[:1] == "#":
            yield begin, index + 1
            begin, size = index + 1, 0
    if begin < len(lines):
        yield begin, len(lines)


def _leaves(tokens: list[Token], base: int) -> Iterator[_Found]:
    containers: list[str] = []
    in_table = 0
    for index, token in enumerate(tokens):
        kind: BlockKind | None = None
        level, title = 0, ""
        match token.type:
            case "bullet_list_open" | "ordered_list_open" | "blockquote_open":
                containers.append(token.type)
            case "bullet_list_close" | "ordered_list_close" | "blockquote_close":
                containers.pop()
            case "table_open":
                in_table += 1
                kind = "table"
            case "table_close":
                in_table -= 1
            case "heading_open":
                kind = "heading"
                level = int(token.tag[1:])
                title = _MARKUP.sub(r"\1", tokens[index + 1].content).strip()
            case "fence" | "code_block":
                kind = "code"
            case "paragraph_open" if not in_table:
                inner = containers[-1] if containers else ""
                kind = (
                    "paragraph"
                    if not inner
                    else "quote"
                    if inner.startswith("blockquote")
                    else "list_item"
                )
            case "html_block":
                kind = "paragraph"
            case _:
                pass
        if kind is not None and token.map is not None:
            # A heading inside a list or quote opens no section.
            if kind == "heading" and containers:
                kind = "list_item"
            yield _Found(base + token.map[0], base + token.map[1], kind, level, title)


def _blocks(
    lines: list[str], offsets: list[int], found: list[_Found]
) -> tuple[list[Block], str | None]:
    """Turn runs of lines into blocks; lines that no block claims become paragraphs."""
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    first_heading: str | None = None

    def add(first: int, last: int, kind: BlockKind) -> None:
        while first < last and not lines[first].strip():
            first += 1
        while last > first and not lines[last - 1].strip():
            last -= 1
        if first == last:
            return
        start = offsets[first] + len(lines[first]) - len(lines[first].lstrip())
        end = offsets[last - 1] + len(lines[last - 1].rstrip())
        blocks.append(Block(start, end, kind, None, tuple(name for _, name in path)))

    done = 0
    for item in found:
        if item.first < done:
            continue
        add(done, item.first, "paragraph")
        if item.kind == "heading" and item.title:
            while path and path[-1][0] >= item.level:
                path.pop()
            add(item.first, item.last, "heading")
            path.append((item.level, item.title[:300]))
            if first_heading is None and item.level == 1:
                first_heading = item.title
        else:
            add(item.first, item.last, item.kind)
        done = item.last
    add(done, len(lines), "paragraph")
    return blocks, first_heading
