"""Pictures within documents: what is written in them, where the document says little itself."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator
from pathlib import Path

from indexing.errors import EmptyDocument, ReadError
from indexing.ocr import is_allowed
from indexing.readers.assemble import Assembler
from indexing.readers.image import frame_of, open_image, scan_of
from indexing.readers.paged import assemble_pages
from indexing.readers.scans import MOST_SCANS
from indexing.types import CanonicalDocument, ReadProgress, ScannedPage

# A slide with so many letters says itself what it is about; a page of a document, too.
PLENTY = 150
# Smaller ones, in pixels, are logos and icons.
_LEAST_WIDTH, _LEAST_HEIGHT = 200, 60
_MARK = "[Picture]"


class Pictures:
    """Recognises the text of a document's pictures, each once wherever it stands.

    Attributes:
        seen: How many were looked at, at some seconds each.
        scans: On which slides text was recognised, and how surely.
    """

    def __init__(self, path: Path) -> None:
        self.seen = 0
        self.scans: list[ScannedPage] = []
        self._path = path
        self._known: set[bytes] = set()
        self._read = 0
        self._unreadable = 0
        self._passed_over = 0

    def add(
        self, assembler: Assembler, content: bytes, page: int | None = None
    ) -> Generator[None, None, None]:
        """Adds what is written in a picture, marked as such; yields after each line.

        Args:
            content: The file of the picture; what is no picture of dots is passed over.
            page: The slide on which it stands; None where there are none.
        """
        digest = hashlib.sha256(content).digest()
        if digest in self._known:
            return
        self._known.add(digest)
        try:
            with open_image(self._path, io.BytesIO(content)) as image:
                if image.width < _LEAST_WIDTH or image.height < _LEAST_HEIGHT:
                    return
                if not is_allowed() or self.seen == MOST_SCANS:
                    self._passed_over += 1
                    return
                frame = frame_of(image, self._path, 0)
        except ReadError:
            return
        self.seen += 1
        scan = yield from scan_of(frame, 0)
        try:
            document = yield from _quietly(assemble_pages(self._path, "image", [scan.page]))
        except EmptyDocument:
            self._unreadable += scan.confidence is not None
            return
        self._read += 1
        if page is not None and scan.confidence is not None:
            self.scans.append(ScannedPage(page, scan.confidence))
        for number, block in enumerate(document.blocks):
            text = document.text[block.start : block.end]
            kind = "paragraph" if block.kind == "heading" else block.kind
            assembler.block(text if number else f"{_MARK} {text}", kind)

    def warnings(self) -> tuple[str, ...]:
        """What a person should know, as sentences."""
        why = "only so many are read" if is_allowed() else "OCR is off"
        told = (
            (self._read, "text of {} read by OCR"),
            (self._unreadable, "{} unreadable"),
            (self._passed_over, f"{{}} not read: {why}"),
        )
        return tuple(
            sentence.format("1 picture" if count == 1 else f"{count} pictures")
            for count, sentence in told
            if count
        )


def _quietly(
    steps: Generator[ReadProgress, None, CanonicalDocument],
) -> Generator[None, None, CanonicalDocument]:
    """The same steps; what they tell of pages is not about the document."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        yield
