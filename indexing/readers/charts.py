"""Charts of Office documents: their titles and the numbers behind their bars and lines."""

from __future__ import annotations

from typing import Any

from indexing.readers.assemble import clean
from indexing.readers.tables import table_lines

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/chart"
# Points of a series beyond which a chart is no longer read by anyone.
_MOST_POINTS = 2_000


def chart_texts(root: Any) -> tuple[str, list[str]]:
    """A chart's titles, its own before those of its axes, and its numbers as table lines."""
    titles: list[str] = []
    for title in root.iter(_C + "title"):
        text = clean("".join(run.text or "" for run in title.iter(_A + "t")))
        if text:
            titles.append(text)
    columns: list[tuple[str, dict[int, str]]] = []
    categories: dict[int, str] = {}
    for series in root.iter(_C + "ser"):
        name = _first_value(series.find(_C + "tx"))
        for tag in ("cat", "xVal"):
            categories = categories or _points(series.find(_C + tag))
        for tag in ("val", "yVal"):
            points = _points(series.find(_C + tag))
            if points:
                columns.append((name, points))
    if not columns:
        return " · ".join(titles), []
    indexes = sorted({index for _, points in columns for index in points} | set(categories))
    rows = [["", *(name for name, _ in columns)]]
    rows += [
        [categories.get(index, ""), *(points.get(index, "") for _, points in columns)]
        for index in indexes[:_MOST_POINTS]
    ]
    return " · ".join(titles), [line for line in table_lines(rows, 1) if line]


def _first_value(element: Any) -> str:
    if element is None:
        return ""
    return clean(" ".join(value.text or "" for value in element.iter(_C + "v")))


def _points(element: Any) -> dict[int, str]:
    if element is None:
        return {}
    found: dict[int, str] = {}
    for point in element.iter(_C + "pt"):
        index = str(point.get("idx") or "")
        if index.isdecimal():
            values = [clean(value.text or "") for value in point.iter(_C + "v")]
            before = found.get(int(index), "")
            found[int(index)] = " ".join([*values, before]).strip()
    return found
