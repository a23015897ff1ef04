"""HTML: what a person would read on the page, as headings, paragraphs, lists and tables.

The parser is libxml2's, which resolves nothing and fetches nothing here; the tree is walked
without recursion, so depth is no danger.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from indexing.errors import EmptyDocument, FileUnreadable, TooLarge
from indexing.readers.assemble import Assembler, clean
from indexing.readers.html_walker import HtmlWalker
from indexing.readers.plain import decode
from indexing.types import CanonicalDocument, Place, ReadProgress

MAX_BYTES = 64 * 1024 * 1024
_FEED = 256 * 1024
_YIELD_S = 0.1
# libxml2 drops, without a word, what stands some 2,048 elements deep. No page needs that, but
# nothing must be lost unsaid.
_DEPTH = 2000

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")


def read_html(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read an HTML file.

    Raises:
        TooLarge: Over `MAX_BYTES`.
        FileUnreadable: Binary, or nothing the parser makes anything of.
        EmptyDocument: Nothing to read on it.
    """
    yield ReadProgress(0, None)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    root = yield from parse_html(path, decode_html(path, path.read_bytes()))
    if root is None:
        raise EmptyDocument(str(path))
    assembler = Assembler()
    walker = yield from walk_html(assembler, main_part(root))
    warnings = ()
    if walker.deepest > _DEPTH:
        warnings = (f"what is nested more than {_DEPTH} elements deep is not read",)
    title = title_of(root) or walker.first_heading
    return assembler.finish(path, "html", title, warnings=warnings)


def decode_html(path: Path, data: bytes) -> str:
    """The text of an HTML file, in the encoding that it names if that fits."""
    declared = _CHARSET.search(data[:4096])
    return decode(path, data, declared.group(1).decode("ascii") if declared else None)


def parse_html(path: Path, text: str) -> Generator[ReadProgress, None, Any]:
    """The root element of a page; None for one without any.

    Raises:
        FileUnreadable: Nothing the parser makes anything of.
    """
    text = DECLARATION.sub("", text.replace("\x00", ""))
    if not text.strip():
        return None
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    encoded = text.encode("utf-8", errors="replace")
    for first in range(0, len(encoded), _FEED):
        parser.feed(encoded[first : first + _FEED])
        yield ReadProgress(0, None)
    try:
        return parser.close()
    except etree.XMLSyntaxError as error:
        raise FileUnreadable(str(path), str(error)[:300]) from error


def walk_html(
    assembler: Assembler, start: Any, marks: Mapping[str, Place] | None = None
) -> Generator[ReadProgress, None, HtmlWalker]:
    """Add what stands under an element to a text.

    Args:
        marks: Ids of elements, and the place that begins there.
    """
    walker = HtmlWalker(assembler)
    walker.marks = dict(marks or {})
    due = time.monotonic() + _YIELD_S
    for _ in walker.walk(start):
        if time.monotonic() > due:
            yield ReadProgress(0, None)
            due = time.monotonic() + _YIELD_S
    return walker


def title_of(root: Any) -> str | None:
    """What a page calls itself."""
    titles = root.xpath("//title")
    return clean("".join(titles[0].itertext())) if titles else None


def main_part(root: Any) -> Any:
    """The element that holds the page's matter: <main> or a lone <article>, if it is most."""
    bodies = root.xpath("//body")
    body = bodies[0] if bodies else root
    total = float(body.xpath("string-length(normalize-space(.))"))
    for expression in ("//main|//*[@role='main']", "//article"):
        candidates = root.xpath(expression)
        if len(candidates) == 1:
            length = float(candidates[0].xpath("string-length(normalize-space(.))"))
            if length > 200 and length > 0.4 * total:
                return candidates[0]
    return body
