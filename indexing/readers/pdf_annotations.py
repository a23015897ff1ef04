"""What has been put onto the pages of a PDF: filled-in fields, typed words, comments.

None of it is text of the page. Fields and typed words are drawn into it, comments told beside it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from indexing.readers.assemble import clean
from indexing.readers.pdf_lines import Line, PageLines, Placement
from indexing.readers.pdfium import raw

# Of one page so many are looked at; a person puts down dozens.
_MOST = 2_000
_MOST_CHARACTERS = 20_000
_HIDDEN = 2
_REVIEWS = frozenset(
    getattr(raw, f"FPDF_ANNOT_{name}")
    for name in (
        "TEXT", "FREETEXT", "LINE", "SQUARE", "CIRCLE", "POLYGON", "POLYLINE", "HIGHLIGHT",
        "UNDERLINE", "SQUIGGLY", "STRIKEOUT", "STAMP", "CARET", "INK",
    )
)  # fmt: skip
# What a person sees as words on the page.
_DRAWN = frozenset((raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP, raw.FPDF_ANNOT_WIDGET))
_BOXES = frozenset((raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON))
# The size of letters that stand for none, in points.
_SIZE = 10.0


class Annotation(NamedTuple):
    """Something that has been put onto a page.

    Attributes:
        kind: A "field" of a form; "typed" words; a "comment".
        text: What a comment says, and who; a box's tick or its lack; else "".
        left, top, right, bottom: Its box in points of the page as displayed.
    """

    kind: Literal["field", "typed", "comment"]
    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """How far down its middle is."""
        return (self.top + self.bottom) / 2

    def holds(self, line: Line) -> bool:
        """Whether a line stands in its box."""
        across, down = (line.left + line.right) / 2, (line.top + line.bottom) / 2
        return self.left <= across <= self.right and self.top <= down <= self.bottom


def annotations_of(page: Any, forms: Any | None) -> list[Annotation]:
    """What has been put onto a `pypdfium2.PdfPage`, in the order in which it was.

    Args:
        forms: The document's form environment, where it has forms.
    """
    found: list[Annotation] = []
    place = Placement.of(page)
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                found.extend(_read(annotation, place, forms))
            finally:
                raw.FPDFPage_CloseAnnot(annotation)
    return found


def draw(page: Any) -> bool:
    """Draw fields and typed words into a page, which is to be loaded anew then."""
    return raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS


def with_fields(page: PageLines, annotations: list[Annotation]) -> PageLines:
    """A page whose fields stand behind what is printed beside or above them, not at its end."""
    lines = list(page.lines)
    fields = [one for one in annotations if one.kind == "field"]
    for field in fields:
        filled = [line for line in lines if field.holds(line)]
        if field.text:
            # How its tick is drawn does not matter.
            lines = [line for line in lines if line not in filled or len(line.text) > 1]
            continue
        lines = [line for line in lines if line not in filled]
        at, foot = _behind_label(lines, field)
        if foot is not None and len(filled) == 1:
            # What stands in one row is told to be by its foot.
            filled = [filled[0]._replace(bottom=foot)]
        lines[at:at] = filled
    boxes = sorted((one for one in fields if one.text), key=lambda one: one.left)
    return page._replace(lines=_ticked(lines, boxes))


def _ticked(lines: list[Line], boxes: list[Annotation]) -> list[Line]:
    """The lines with the ticks of the boxes beside them, which are from left to right."""
    beside: dict[int, list[Annotation]] = {}
    for box in boxes:
        row = [at for at, line in enumerate(lines) if line.top <= box.middle <= line.bottom]
        if row:
            nearest = min(row, key=lambda at: _distance(lines[at], box))
            beside.setdefault(nearest, []).append(box)
    return [
        _with_ticks(line, beside[at]) if at in beside else line for at, line in enumerate(lines)
    ]


def _distance(line: Line, box: Annotation) -> float:
    return max(line.left - box.right, box.left - line.right, 0.0)


def _with_ticks(line: Line, boxes: list[Annotation]) -> Line:
    ticks = [box.text for box in boxes]
    cells = list(line.cells)
    if boxes[-1].left > line.right:
        cells[-1] = " ".join([cells[-1], *ticks])
    elif len(ticks) == len(cells):
        cells = [f"{tick} {cell}" for tick, cell in zip(ticks, cells, strict=True)]
    else:
        cells[0] = " ".join([*ticks, cells[0]])
    return line._replace(cells=tuple(cells))


def asides_of(annotations: list[Annotation], page: PageLines, index: int) -> tuple[Line, ...]:
    """The comments of a page, each a line of its own; words that are drawn on it are none.

    Args:
        index: The page's.
    """
    text = " ".join(" ".join(line.text for line in page.lines).split())
    return tuple(
        _line(one, index)
        for one in annotations
        if one.kind == "comment"
        or (one.kind == "typed" and one.text.partition("] ")[2] not in text)
        if one.text
    )


def _read(annotation: Any, place: Placement, forms: Any | None) -> Iterator[Annotation]:
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    rect = raw.FS_RECTF()
    is_shown = not raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN
    if not is_shown or not raw.FPDFAnnot_GetRect(annotation, rect):
        return
    box = place.box(rect.left, rect.bottom, rect.right, rect.top)
    if kind == raw.FPDF_ANNOT_WIDGET:
        yield Annotation("field", _tick(annotation, forms), *box)
    elif kind in _REVIEWS and not raw.FPDFAnnot_HasKey(annotation, b"StateModel"):
        words = " ".join(clean(_string(annotation, b"Contents")).split("\n"))
        author = " ".join(clean(_string(annotation, b"T")).split())
        label = f"[Comment by {author}] " if author else "[Comment] "
        told = label + words if words.strip() else ""
        if told or kind in _DRAWN:
            yield Annotation("typed" if kind in _DRAWN else "comment", told, *box)


def _tick(annotation: Any, forms: Any | None) -> str:
    if forms is None or raw.FPDFAnnot_GetFormFieldType(forms, annotation) not in _BOXES:
        return ""
    return "\u2612" if raw.FPDFAnnot_IsChecked(forms, annotation) else "\u2610"


def _string(annotation: Any, key: bytes) -> str:
    length = min(raw.FPDFAnnot_GetStringValue(annotation, key, None, 0), 2 * _MOST_CHARACTERS)
    buffer = ctypes.create_string_buffer(length + 2)
    library: Any = ctypes
    pointer = library.cast(buffer, library.POINTER(raw.FPDF_WCHAR))
    raw.FPDFAnnot_GetStringValue(annotation, key, pointer, length)
    return buffer.raw[:length].decode("utf-16-le", "replace").rstrip("\x00")


def _line(annotation: Annotation, page: int) -> Line:
    box = (annotation.left, annotation.top, annotation.right, annotation.bottom)
    return Line(page, (annotation.text,), *box, _SIZE, bold=False, hyphen=False)


def _behind_label(lines: list[Line], field: Annotation) -> tuple[int, float | None]:
    """Where the lines of a field belong among those of its page, and the foot of their row."""
    row = [at for at, line in enumerate(lines) if line.top <= field.middle <= line.bottom]
    left = [at for at in row if lines[at].left < field.left]
    if left:
        label = max(left, key=lambda at: lines[at].left)
        return label + 1, lines[label].bottom
    if row:
        label = min(row, key=lambda at: lines[at].left)
        return label, lines[label].bottom
    above = [
        at
        for at, line in enumerate(lines)
        if line.bottom <= field.middle and line.left < field.right and line.right > field.left
    ]
    return max(above, key=lambda at: lines[at].bottom) + 1 if above else len(lines), None
