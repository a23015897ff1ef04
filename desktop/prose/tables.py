"""Tables: their rows among the tokens of a text, and the formats they are written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markdown_it.token import Token
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QTextBlockFormat,
    QTextFrameFormat,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop.prose.style import CODE_BLOCK, PARAGRAPH_GAP, ProseStyle


class Cell(NamedTuple):
    """A cell: its words, and where in it they stand."""

    words: Token
    alignment: Qt.AlignmentFlag


def rows_of(tokens: Sequence[Token]) -> list[list[Cell]]:
    """Return the cells of a table, given its tokens from `table_open` to `table_close`."""
    rows: list[list[Cell]] = []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(Cell(tokens[index + 1], _alignment(token)))
    return rows


def _alignment(cell: Token) -> Qt.AlignmentFlag:
    style = str(cell.attrGet("style") or "")
    if "right" in style:
        return Qt.AlignmentFlag.AlignRight
    return Qt.AlignmentFlag.AlignHCenter if "center" in style else Qt.AlignmentFlag.AlignLeft


def table_format(above: QTextBlockFormat) -> QTextTableFormat:
    """Return the format of a table below a block."""
    made = QTextTableFormat()
    made.setBorder(0)
    made.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
    made.setBorderCollapse(True)
    made.setCellSpacing(0)
    made.setCellPadding(0)
    # A frame does not honour the gap below the block above it.
    made.setTopMargin(above.bottomMargin() if above.property(CODE_BLOCK) else 0)
    made.setBottomMargin(PARAGRAPH_GAP + 4)
    return made


def cell_format(style: ProseStyle, *, header: bool) -> QTextTableCellFormat:
    """Return the format of a cell, with the line under it."""
    made = QTextTableCellFormat()
    made.setTopPadding(5)
    made.setBottomPadding(5)
    made.setLeftPadding(2)
    made.setRightPadding(24)
    made.setBottomBorder(1)
    made.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    token = "line-strong" if header else "line"
    made.setBottomBorderBrush(QBrush(style.theme.colour(token)))
    return made
