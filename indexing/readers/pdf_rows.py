"""Rows and tables among the lines of a PDF."""

from __future__ import annotations

import re

from indexing.readers.pdf_lines import Line

_LEADERS = re.compile(r"(?:\s?[.\u2026_]){4,}")
_CONTENTS = re.compile(r"(?:\s?[.\u2026_]){4,}\s*[\divxlc]{1,6}$", re.IGNORECASE)
_SIGNS = frozenset(("$", "€", "£", "¥", "US$", "$ (", "$(", "("))
BULLET = re.compile(
    r"^[\u2022\u2023\u25aa\u25a0\u25cf\u25cb\u25e6\u2043\u00b7\uf0b7\uf0a7\uf0d8\u27a2\u2713\u2714"
    r"o\u2013\u2014*-](?=\s|$)"
)
_LABEL = re.compile(
    r"^[(\[]?(?:\d{1,3}(?:\.\d{1,3}){0,4}|[A-Za-z]|[ivxIVX]{1,5})[.)\]]?$"
    r"|^(?:item|note|section|article)\s+\w{1,4}[.:]?$",
    re.IGNORECASE,
)


def is_row(line: Line) -> bool:
    """Whether a line is a row of cells rather than prose after a bullet or a number."""
    if _CONTENTS.search(line.cells[-1]):
        return True
    return len(line.cells) > 1 and len(row_cells(line)) > 1


def row_cells(line: Line) -> list[str]:
    """The cells of a line, with signs put to their numbers and labels to their text."""
    cells = [_LEADERS.sub(" \u2026 ", cell).strip() for cell in line.cells]
    if len(cells) == 1:
        return cells
    if len(cells) == 2 and (_LABEL.match(cells[0]) or BULLET.fullmatch(cells[0])):
        return [" ".join(cells)]
    joined: list[str] = []
    sign = ""
    for cell in cells:
        # A sign at the left of its column comes out at the end of the cell before:
        # "29,998 $ | 34,630".
        value, following = _parted(cell)
        if value.startswith((")", "%")) and joined and not sign:
            joined[-1] += value
        elif value:
            joined.append(sign + value)
            sign = ""
        sign += following
    if sign:
        joined.append(sign)
    return joined


def _parted(cell: str) -> tuple[str, str]:
    if cell in _SIGNS:
        return "", cell
    value, _, sign = cell.rpartition(" ")
    return (value, sign) if value and sign in _SIGNS else (cell, "")


def with_joined_rows(lines: list[Line], width: float) -> list[Line]:
    """Join short lines side by side that come one after the other, as heads of columns do.

    Args:
        lines: Of one page, in the order of its content.
        width: The page's.
    """
    joined: list[Line] = []
    for line in lines:
        back = _left_neighbour(joined, line, width)
        if back is None:
            joined.append(line)
        else:
            joined[back] = _beside(joined[back], line)
    return joined


def _left_neighbour(lines: list[Line], line: Line, width: float) -> int | None:
    """Which of the last lines stands to the left of a short one, at the same height."""
    if line.right - line.left > 0.3 * width or len(line.text) > 40:
        return None
    for back in range(len(lines) - 1, max(-1, len(lines) - 5), -1):
        other = lines[back]
        if other.right - other.left > 0.75 * width or len(other.cells[-1]) > 40:
            return None
        if abs(other.bottom - line.bottom) < 0.3 * line.size:
            return back if line.left - other.right > 0.5 * line.size else None
    return None


def _beside(left: Line, right: Line) -> Line:
    return left._replace(
        cells=left.cells + right.cells,
        top=min(left.top, right.top),
        right=max(left.right, right.right),
        bottom=max(left.bottom, right.bottom),
        bold=left.bold and right.bold,
        hyphen=False,
    )
