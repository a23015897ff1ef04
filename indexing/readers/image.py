"""Pictures (PNG, JPEG, TIFF, WebP, BMP, GIF): what is written in them."""

from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

import numpy as np

from indexing.errors import EmptyDocument, FileUnreadable, TooLarge
from indexing.readers.paged import assemble_part
from indexing.readers.parts import PART_WEIGHT, SCAN_WEIGHT, carried, with_rest
from indexing.readers.pdf_file import MAX_PAGES
from indexing.readers.pdf_lines import PageLines
from indexing.readers.scans import Account, Scan, picture_of, read_scan
from indexing.types import CanonicalDocument, ReadProgress, Rest

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
MAX_BYTES = 512 * 1024 * 1024
# A sheet of A0 at 250 dots to the inch; each pixel takes up to twelve bytes on its way.
MAX_PIXELS = 100_000_000
# Pillow's own words name the copy that is read.
_NO_PICTURE = "it cannot be unpacked as a picture"
# Longer side in pixels in which lines are read; small print in small pictures is lost.
_LEAST_SIDE, _MOST_SIDE = 1200, 3000
_MOST_GROWTH = 3
# Pictures seldom say how large they are: as if they were scans of 200 dots to the inch.
_POINTS = 72 / 200


def read_image(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Recognise the text of a picture; of a TIFF, that of each of its pages.

    Raises:
        TooLarge: More bytes or pixels than are unpacked.
        FileUnreadable: Damaged.
        EmptyDocument: No text in it that can be recognised, or recognition is off.
    """
    return (yield from _read(path, None, math.inf))


def read_image_part(
    path: Path,
    password: str | None = None,  # noqa: ARG001 -- as every reader
    rest: Rest | None = None,
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Recognise the first pages of a TIFF, or the next ones: all of them where they are few.

    Args:
        rest: Of the part before.

    Raises:
        EmptyDocument: No page of any part has text that can be recognised.
        ReadError: As `read_image`.
    """
    return (yield from _read(path, rest, PART_WEIGHT))


def _read(
    path: Path, rest: Rest | None, most: float
) -> Generator[ReadProgress, None, CanonicalDocument]:
    """Read pages until they weigh `most`."""
    yield ReadProgress(0, None) if rest is None else ReadProgress(rest.read, rest.pages)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(str(path), "bytes", size, MAX_BYTES)
    state = carried(rest)
    account, pages = state.account, state.pages()
    index = rest.read if rest is not None else 0
    first, seen_before, weight = index - len(pages), account.seen, 0
    with open_image(path) as image:
        total = page_count(image)
        if total > MAX_PAGES:
            raise TooLarge(str(path), "pages", total, MAX_PAGES)
        while index < total and weight < most:
            yield ReadProgress(index, total, account.seen - seen_before)
            seen = account.seen
            number = index - first
            pages.append((yield from _page(image, path, index, number, account, seen_before)))
            weight += SCAN_WEIGHT if account.seen > seen else 1
            index += 1
    is_last = index >= total
    if is_last and not state.before.has_text and not any(page.lines for page in pages):
        if len(account.unreadable) == total > 1:
            raise FileUnreadable(str(path), "no page can be read")
        raise EmptyDocument(str(path), total, account.lacks_ocr)
    progress = ReadProgress(index, total, account.seen - seen_before)
    part = yield from assemble_part(
        path, "image", pages, progress, before=state.before, is_last=is_last
    )
    return with_rest(part, pages, index, total, 0, account)


def _page(
    image: Any, path: Path, index: int, number: int, account: Account, seen_before: int
) -> Generator[ReadProgress, None, PageLines]:
    """The lines of a page.

    Args:
        number: Its index among the pages of the part.
        seen_before: How many pages were read with the parts before.
    """
    total = page_count(image)
    if not account.may_scan:
        account.passed_over.append(index + 1)
        return PageLines([], 1.0, 1.0)
    try:
        frame = frame_of(image, path, index)
    except (FileUnreadable, TooLarge):
        if total == 1:
            raise
        # The other pages may be as they should be.
        account.unreadable.append(index + 1)
        return PageLines([], 1.0, 1.0)
    account.seen += 1
    reading = scan_of(frame, number)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            account.note(index + 1, end.value)
            return end.value.page
        yield ReadProgress(index, total, account.seen - seen_before)


def scan_of(frame: Any, index: int) -> Generator[None, None, Scan]:
    """Read a page of a picture, as `frame_of` gives it; yields after each line."""
    width, height = (side * _POINTS for side in frame.size)
    longer = max(frame.size)
    scale = min(_MOST_SIDE / longer, max(1.0, min(_LEAST_SIDE / longer, _MOST_GROWTH)))
    if scale != 1.0:
        frame = frame.resize([max(1, round(side * scale)) for side in frame.size])
    return (yield from read_scan(picture_of(frame), index, width, height))


def open_image(path: Path, content: IO[bytes] | None = None) -> Any:
    """Open a picture with Pillow: a `PIL.Image.Image`, not unpacked yet.

    Args:
        path: The picture, or the file that it lies in.
        content: Its bytes, where it lies in another file.

    Raises:
        TooLarge: It has more pixels than are unpacked.
        FileUnreadable: It is none, or damaged.
    """
    from PIL import Image

    # The bound is ours, below: Pillow's own warns first.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image = Image.open(content or path, formats=FORMATS)
    except (OSError, ValueError, SyntaxError) as error:
        raise FileUnreadable(str(path), _NO_PICTURE) from error
    try:
        _check(image, path)
    except TooLarge:
        image.close()
        raise
    return image


def page_count(image: Any) -> int:
    """How many pages a picture has: one, but for a TIFF."""
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def frame_of(image: Any, path: Path, index: int) -> Any:
    """A page of a picture as a person sees it: the right way up, on white, in colours.

    Raises:
        TooLarge, FileUnreadable: As `open_image`.
    """
    from PIL import Image, ImageOps

    try:
        image.seek(index)
        _check(image, path)
        if image.format == "JPEG":
            # Unpacked at a fraction of its size where that is enough.
            image.draft("RGB", (_MOST_SIDE, _MOST_SIDE))
        frame: Any = ImageOps.exif_transpose(image)
        if frame.mode.startswith(("I", "F")):
            frame = _levelled(frame)
        if frame.has_transparency_data:
            coloured = frame.convert("RGBA")
            frame = Image.new("RGB", frame.size, "white")
            frame.paste(coloured, mask=coloured.getchannel("A"))
        return frame.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise FileUnreadable(str(path), _NO_PICTURE) from error


def _levelled(frame: Any) -> Any:
    """A picture of 16 or 32 bits, as scanners and microscopes make them, in shades of 8."""
    from PIL import Image

    low, high = frame.getextrema()
    shades = (np.asarray(frame, np.float32) - low) * (255 / max(high - low, 1e-9))
    return Image.fromarray(shades.astype(np.uint8))


def _check(image: Any, path: Path) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise TooLarge(str(path), "pixels", pixels, MAX_PIXELS)
