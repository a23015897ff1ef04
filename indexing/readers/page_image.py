"""A page of a PDF or of a picture as a picture, for showing a quote where it stands."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable
from indexing.readers.image import frame_of, open_image, page_count
from indexing.readers.pdf_file import open_pdf
from indexing.readers.pdfium import PdfiumError

MAX_WIDTH = 4000
# A page ten times as high as wide is no page; without a bound it would take all memory.
_MAX_PIXELS = 40_000_000


def render_page(path: Path, page: int, width_px: int, password: str | None = None) -> bytes:
    """Draw a page as a person sees it, crop box and rotation applied.

    The boxes of `CanonicalDocument.lines` are fractions of this picture's sides.

    Args:
        path: The PDF file or picture.
        page: From 1.
        width_px: Width of the picture in pixels, bounded to `MAX_WIDTH`; its height follows.
        password: For an encrypted file.

    Returns:
        A PNG.

    Raises:
        PasswordNeeded, FileUnreadable, TooLarge: The file cannot be opened.
        ValueError: There is no such page, or the width is not positive.
    """
    if width_px < 1:
        raise ValueError("width_px must be at least 1")
    with path.open("rb") as file:
        is_pdf = file.read(1024).lstrip().startswith(b"%PDF-")
    image = _pdf_page(path, page, width_px, password) if is_pdf else _frame(path, page, width_px)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def _pdf_page(path: Path, page: int, width_px: int, password: str | None) -> Any:
    document = open_pdf(path, password).document
    try:
        if not 1 <= page <= len(document):
            raise ValueError(f"page {page} of {len(document)}")
        if document.get_formtype():
            document.init_forms()
        leaf = document[page - 1]
        width, height = leaf.get_size()
        if width <= 0 or height <= 0:
            raise FileUnreadable(str(path), f"page {page} has no size")
        return leaf.render(scale=_scale(width_px, width, height)).to_pil()
    except PdfiumError as error:
        raise FileUnreadable(str(path), str(error)) from error
    finally:
        document.close()


def _frame(path: Path, page: int, width_px: int) -> Any:
    with open_image(path) as image:
        if not 1 <= page <= page_count(image):
            raise ValueError(f"page {page} of {page_count(image)}")
        frame = frame_of(image, path, page - 1)
    scale = _scale(width_px, frame.width, frame.height)
    return frame.resize((max(1, round(frame.width * scale)), max(1, round(frame.height * scale))))


def _scale(width_px: int, width: float, height: float) -> float:
    scale = min(width_px, MAX_WIDTH) / width
    return min(scale, (_MAX_PIXELS / (width * height)) ** 0.5)
