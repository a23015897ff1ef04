"""The formats that can be read, by suffix and by what their files begin with."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

from indexing.errors import UnsupportedFormat
from indexing.readers.archive import read_zip
from indexing.readers.data import read_json, read_xml, read_yaml
from indexing.readers.delimited import read_delimited
from indexing.readers.docx import read_docx
from indexing.readers.epub import read_epub
from indexing.readers.html import read_html
from indexing.readers.image import read_image, read_image_part
from indexing.readers.latex import read_latex
from indexing.readers.legacy import read_legacy
from indexing.readers.mail import read_eml, read_mbox
from indexing.readers.markdown import read_markdown
from indexing.readers.mhtml import read_mhtml
from indexing.readers.msg import read_msg
from indexing.readers.nested import Inside
from indexing.readers.odf import read_odf
from indexing.readers.package import DAMAGE, OLE
from indexing.readers.pdf import read_pdf, read_pdf_part
from indexing.readers.plain import read_plain
from indexing.readers.pptx import read_pptx
from indexing.readers.rst import read_rst
from indexing.readers.rtf import read_rtf
from indexing.readers.source import SUFFIXES as SOURCE_SUFFIXES
from indexing.readers.source import read_source
from indexing.readers.subtitles import read_subtitles
from indexing.readers.xls import read_xls
from indexing.readers.xlsx import read_xlsx
from indexing.types import CanonicalDocument, ReadProgress, Rest

Reader = Callable[[Path, str | None], Generator[ReadProgress, None, CanonicalDocument]]
PartReader = Callable[
    [Path, str | None, Rest | None], Generator[ReadProgress, None, CanonicalDocument]
]
Container = Callable[[Path, Inside], Generator[ReadProgress, None, CanonicalDocument]]

_SUFFIXES: dict[Reader, str] = {
    read_pdf: ".pdf",
    read_docx: ".docx .docm .dotx .dotm",
    read_pptx: ".pptx .pptm .ppsx .ppsm .potx .potm",
    read_xlsx: ".xlsx .xlsm .xltx .xltm",
    read_xls: ".xls .xlsb .xlt",
    read_odf: ".odt .ott .ods .ots .odp .otp .odg",
    read_legacy: ".doc .dot .ppt .pps .pot .wps .wpd",
    read_rtf: ".rtf",
    read_epub: ".epub",
    read_html: ".html .htm .xhtml",
    read_mhtml: ".mhtml .mht",
    read_markdown: ".md .markdown .mdown",
    read_rst: ".rst .rest",
    read_latex: ".tex .latex .ltx",
    read_delimited: ".csv .tsv .tab",
    # Not .jsonl: such files are data for programs, and lie beside the documents they are about.
    read_json: ".json .geojson .ipynb",
    read_xml: ".xml .rss .atom .kml .gpx .opml .xsd .xsl .xslt .svg",
    read_yaml: ".yaml .yml",
    read_subtitles: ".srt .vtt",
    read_image: ".png .jpg .jpeg .tif .tiff .webp .bmp .gif",
    read_plain: ".txt .text .log .asciidoc .adoc .org .ics .vcf .toml .ini .cfg .conf "
    ".properties .nfo .diff .patch .bib",
    read_source: " ".join(SOURCE_SUFFIXES),
}
READERS: dict[str, Reader] = {
    suffix: reader for reader, suffixes in _SUFFIXES.items() for suffix in suffixes.split()
}
# What reads part by part the files of a format that may be long.
LONG_READERS: dict[Reader, PartReader] = {read_pdf: read_pdf_part, read_image: read_image_part}
CONTAINERS: dict[str, Container] = {
    ".eml": read_eml,
    ".mbox": read_mbox,
    ".msg": read_msg,
    ".zip": read_zip,
}
_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
# The first bytes of formats that are not text, whatever the name says.
_FOREIGN = (b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b",
            b"SQLite format 3", b"%!PS", b"BZh", b"\xfd7zXZ")  # fmt: skip
_ZIP = b"PK\x03\x04"
# Formats that are ZIP packages or OLE containers, so that a damaged one is known by its name.
_PACKED = (read_docx, read_pptx, read_xlsx, read_xls, read_odf, read_epub, read_legacy)
# A part that only a package of that format has.
_PARTS: tuple[tuple[str, Reader], ...] = (
    ("word/document.xml", read_docx),
    ("ppt/presentation.xml", read_pptx),
    ("xl/workbook.bin", read_xls),
    ("xl/workbook.xml", read_xlsx),
    ("META-INF/container.xml", read_epub),
)
# A stream that only a container of that format has, as its directory names it.
_STREAMS: tuple[tuple[str, str], ...] = (
    ("__properties_version1.0", ".msg"),
    ("WordDocument", ".doc"),
    ("PowerPoint Document", ".ppt"),
    ("Workbook", ".xls"),
)


class Format(NamedTuple):
    """How a file is read: by a reader, or by one that reads what lies in it, too."""

    reader: Reader | None = None
    container: Container | None = None


def format_of(path: Path, head: bytes) -> Format:
    """How to read a file.

    Args:
        head: Its first bytes, some thousand of them.

    Raises:
        UnsupportedFormat: No reader knows it.
    """
    suffix = path.suffix.lower()
    reader = READERS.get(suffix)
    if head.lstrip().startswith(b"%PDF-"):
        return Format(read_pdf)
    if head.startswith(b"{\\rtf"):
        return Format(read_rtf)
    if head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return Format(read_image)
    if head.startswith(_ZIP):
        return _package_format(path, suffix)
    if head.startswith(OLE):
        return _ole_format(path, suffix)
    if suffix in CONTAINERS:
        return Format(container=CONTAINERS[suffix])
    if reader is None or head.startswith(_FOREIGN):
        raise UnsupportedFormat(str(path), suffix)
    return Format(reader)


def _package_format(path: Path, suffix: str) -> Format:
    """What kind of package a ZIP file is: told by its parts, for names may be wrong."""
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
            kind = package.read("mimetype")[:80] if "mimetype" in names else b""
    except DAMAGE:
        names, kind = set[str](), b""
    for part, reader in _PARTS:
        if part in names:
            return Format(read_epub if kind.startswith(b"application/epub") else reader)
    if kind.startswith(b"application/vnd.oasis.opendocument"):
        return Format(read_odf)
    if suffix in CONTAINERS:
        return Format(container=read_zip)
    reader = READERS.get(suffix)
    if reader not in _PACKED:
        raise UnsupportedFormat(str(path), suffix)
    return Format(reader)


def _ole_format(path: Path, suffix: str) -> Format:
    """What kind of container an OLE file is; an encrypted package goes by its name."""
    with path.open("rb") as file:
        data = file.read(64 * 1024 * 1024)
    found = next((s for name, s in _STREAMS if name.encode("utf-16-le") in data), None)
    reader = READERS.get(suffix)
    if found is None or "EncryptedPackage".encode("utf-16-le") in data:
        if reader not in _PACKED:
            raise UnsupportedFormat(str(path), suffix)
        return Format(reader)
    if found in CONTAINERS:
        return Format(container=CONTAINERS[found])
    return Format(READERS[found])
