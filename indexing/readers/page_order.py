"""The order in which a person reads what stands on a page: column by column, row by row."""

from __future__ import annotations

from statistics import median

from indexing.readers.pdf_lines import Line

# Places across the page where a gutter is looked for, as shares of its width.
_GUTTERS = [share / 100 for share in range(15, 86)]
# A column of prose has at least so many lines, so many characters to a line on average, ...
_COLUMN_LINES = 4
_COLUMN_CHARACTERS = 14
# ... and most of them as long as the column is wide; cells of a table are not.
_FULL = 0.75
# Pieces of a row closer than this, in font sizes, are one cell.
_WORD_GAP = 1.0


def in_reading_order(lines: list[Line], width: float) -> list[Line]:
    """Order the pieces of a page, and join those that stand side by side into rows.

    Args:
        lines: Of one page, in no particular order, each in one column.
        width: The page's.
    """
    found = _gutter(lines, width)
    if found is None:
        return _rows(lines)
    gutter, bands = found
    ordered: list[Line] = []
    across: list[Line] = []
    for band in bands:
        sides = _sides(band, gutter)
        if sides is None:
            across += band
            continue
        ordered += in_reading_order(across, width)
        across = []
        for side in sides:
            ordered += in_reading_order(side, width)
    return ordered + in_reading_order(across, width)


def is_in_columns(lines: list[Line], width: float) -> bool:
    """Whether the text of a page stands in columns side by side."""
    return _gutter(lines, width) is not None


def _gutter(lines: list[Line], width: float) -> tuple[float, list[list[Line]]] | None:
    """Where the page is parted best into columns, and its bands from head to foot.

    A line that lies across the gutter (a title, a wide table) parts what is above it from what
    is below.
    """
    if len(lines) < 2 * _COLUMN_LINES:
        return None
    by_height = sorted(lines, key=_middle)
    best: tuple[int, float, float, list[list[Line]]] | None = None
    for share in _GUTTERS:
        gutter = share * width
        bands = _bands(by_height, gutter)
        parted = 0
        room = width
        for band in bands:
            sides = _sides(band, gutter)
            if sides is not None:
                parted += len(band)
                room = min(room, _room(*sides, gutter))
        # Of places that part as much, the one with the most room on both sides.
        if parted and (best is None or (parted, room) > best[:2]):
            best = (parted, room, gutter, bands)
    return None if best is None else best[2:]


def _sides(band: list[Line], gutter: float) -> tuple[list[Line], list[Line]] | None:
    """What stands left and right of a gutter; None where that is not two columns of prose."""
    left = [line for line in band if line.right <= gutter]
    right = [line for line in band if line.left >= gutter]
    return (left, right) if _is_column(left) and _is_column(right) else None


def _room(left: list[Line], right: list[Line], gutter: float) -> float:
    """How far the columns stay away from the gutter, a tenth of their lines left aside."""
    before = sorted(line.right for line in left)[len(left) * 9 // 10]
    after = sorted(line.left for line in right)[len(right) // 10]
    return min(gutter - before, after - gutter)


def _bands(by_height: list[Line], gutter: float) -> list[list[Line]]:
    bands: list[list[Line]] = []
    run: list[Line] = []
    for line in by_height:
        if line.left < gutter < line.right:
            if run:
                bands.append(run)
            bands.append([line])
            run = []
        else:
            run.append(line)
    if run:
        bands.append(run)
    return bands


def _is_column(lines: list[Line]) -> bool:
    """Whether lines are those of a column of prose."""
    if len(lines) < _COLUMN_LINES:
        return False
    lengths = [len(line.text) for line in lines]
    if sum(lengths) < _COLUMN_CHARACTERS * len(lines):
        return False
    left, right = median(line.left for line in lines), max(line.right for line in lines)
    full = sum(line.right - line.left > _FULL * (right - left) for line in lines)
    return full * 2 >= len(lines)


def _middle(line: Line) -> float:
    return (line.top + line.bottom) / 2


def _rows(lines: list[Line]) -> list[Line]:
    """Lines from head to foot, those at the same height joined from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_middle):
        row = rows[-1] if rows else []
        if row and abs(_middle(line) - _middle(row[0])) < 0.5 * min(line.size, row[0].size):
            row.append(line)
        else:
            rows.append([line])
    return [_joined(sorted(row, key=lambda line: line.left)) for row in rows]


def _joined(row: list[Line]) -> Line:
    cells: list[str] = []
    for index, line in enumerate(row):
        if index and line.left - row[index - 1].right < _WORD_GAP * line.size:
            cells[-1] = f"{cells[-1]} {line.cells[0]}"
            cells += line.cells[1:]
        else:
            cells += line.cells
    return row[0]._replace(
        cells=tuple(cells),
        left=min(line.left for line in row),
        top=min(line.top for line in row),
        right=max(line.right for line in row),
        bottom=max(line.bottom for line in row),
        bold=all(line.bold for line in row),
        hyphen=row[-1].hyphen,
    )
