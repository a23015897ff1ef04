"""A page of a PDF as a picture, for showing a quote where it stands."""

from __future__ import annotations

import io
from pathlib import Path

from indexing.errors import FileUnreadable
from indexing.readers.pdf import open_pdf
from indexing.readers.pdfium import PdfiumError

MAX_WIDTH = 4000
# A page ten times as high as wide is no page; without a bound it would take all memory.
_MAX_PIXELS = 40_000_000


def render_page(path: Path, page: int, width_px: int, password: str | None = None) -> bytes:
    """Draw a page as a person sees it, crop box and rotation applied.

    The boxes of `CanonicalDocument.lines` are fractions of this picture's sides.

    Args:
        path: The PDF file.
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
    document = open_pdf(path, password)
    try:
        if not 1 <= page <= len(document):
            raise ValueError(f"page {page} of {len(document)}")
        if document.get_formtype():
            document.init_forms()
        leaf = document[page - 1]
        width, height = leaf.get_size()
        if width <= 0 or height <= 0:
            raise FileUnreadable(str(path), f"page {page} has no size")
        scale = min(width_px, MAX_WIDTH) / width
        scale = min(scale, (_MAX_PIXELS / (width * height)) ** 0.5)
        image = leaf.render(scale=scale).to_pil()
        buffer = io.BytesIO()
        image.save(buffer, format="PNG", compress_level=3)
        return buffer.getvalue()
    except PdfiumError as error:
        raise FileUnreadable(str(path), str(error)) from error
    finally:
        document.close()
