"""Files made for the tests, and what every canonical document must hold to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from indexing.types import CanonicalDocument, ReadProgress

Finish = Callable[[Generator[ReadProgress, None, CanonicalDocument]], CanonicalDocument]
MakePdf = Callable[..., Path]


@pytest.fixture
def finish() -> Finish:
    """Runs a reader to its end and checks what holds for every document."""

    def run(reader: Generator[ReadProgress, None, CanonicalDocument]) -> CanonicalDocument:
        while True:
            try:
                event = next(reader)
            except StopIteration as end:
                check(end.value)
                return end.value
            assert isinstance(event, ReadProgress)
            assert event.total is None or 0 <= event.done <= event.total

    return run


def check(document: CanonicalDocument) -> None:
    text = document.text
    text.encode("utf-8")
    assert "\r" not in text
    assert "\x00" not in text
    assert document.title
    assert document.blocks
    end = 0
    for block in document.blocks:
        assert end <= block.start < block.end <= len(text)
        assert text[end : block.start].strip() == ""
        assert text[block.start : block.end] == text[block.start : block.end].strip()
        end = block.end
    assert text[end:].strip() == ""
    assert list(document.page_starts) == sorted(document.page_starts)
    assert all(0 <= start <= len(text) for start in document.page_starts)
    offsets = [offset for offset, _ in document.places]
    assert offsets == sorted(set(offsets))
    assert all(0 <= offset < len(text) for offset in offsets)
    for line in document.lines:
        assert 0 <= line.start < line.end <= len(text)
        assert 1 <= line.page <= len(document.page_starts)
        assert 0 <= line.left <= line.right <= 1
        assert 0 <= line.top <= line.bottom <= 1


@pytest.fixture
def make_pdf(tmp_path: Path) -> MakePdf:
    """Draws a PDF: a function for each page gets the canvas, whose origin is bottom left."""

    def make(*pages: Callable[[Any], None], name: str = "made.pdf", **options: Any) -> Path:
        path = tmp_path / name
        canvas = Canvas(str(path), pagesize=A4, **options)
        for page in pages:
            page(canvas)
            canvas.showPage()
        canvas.save()
        return path

    return make


def write_lines(
    canvas: Any, lines: list[str], *, left: float = 72, top: float = 760, size: float = 11
) -> float:
    """Draws lines of text one under the other; returns how low they come."""
    height = top
    for line in lines:
        canvas.setFont("Helvetica", size)
        canvas.drawString(left, height, line)
        height -= 1.25 * size
    return height


def shown(document: CanonicalDocument) -> list[tuple[str, str]]:
    """The blocks of a document: what each is, and its text."""
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
