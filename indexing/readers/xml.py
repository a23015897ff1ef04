"""XML of strangers: no entity is expanded, nothing is fetched, nothing grows without bound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from indexing.errors import FileUnreadable

# Where the first element begins; declarations and comments stand before it.
_ROOT = re.compile(rb"<[A-Za-z_]")
PROLOG = 64 * 1024


def parse_xml(path: Path, data: bytes, recover: bool = True) -> Any:
    """The root element of an XML file or part.

    libxml2's own bounds hold: 256 elements deep, 10 MB for one text.

    Args:
        path: Named in errors.
        recover: Read on behind what is not well formed.

    Raises:
        FileUnreadable: No XML, or it declares entities.
    """
    if declares_entities(data):
        raise FileUnreadable(str(path), "XML with entity declarations")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
        recover=recover,
    )
    try:
        root: Any = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileUnreadable(str(path), f"XML: {error}"[:300]) from error
    if root is None:
        raise FileUnreadable(str(path), "XML without any element")
    return root


def declares_entities(data: bytes) -> bool:
    """Whether XML declares entities of its own, which is how a small file becomes a huge one.

    Args:
        data: The XML or its beginning, at least `PROLOG` bytes of it.
    """
    # Without its NULs, UTF-16 shows the same letters.
    head = data[: 2 * PROLOG].replace(b"\x00", b"")[:PROLOG]
    root = _ROOT.search(head)
    if root is None:
        # Nobody writes so much ahead of the first element, but to hide something.
        return len(head) == PROLOG
    return b"<!DOCTYPE" in head[: root.start()] and b"<!ENTITY" in head


def local(element: Any) -> str:
    """An element's name without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
