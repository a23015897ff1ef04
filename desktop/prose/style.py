"""How prose is set: fonts, spaces and colours, taken from the theme."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import (
    QFont,
    QFontInfo,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFormat,
)

from desktop.theme.theme import Theme

# What the view paints itself is found by these properties.
CODE_BLOCK: Final = int(QTextFormat.Property.UserProperty) + 1
QUOTE_LEVEL: Final = int(QTextFormat.Property.UserProperty) + 2
RULE: Final = int(QTextFormat.Property.UserProperty) + 3
CHIP: Final = int(QTextFormat.Property.UserProperty) + 4
UNSUPPORTED: Final = int(QTextFormat.Property.UserProperty) + 5

LINE_HEIGHT: Final = 1.5
PARAGRAPH_GAP: Final = 12
INDENT: Final = 24
CODE_PADDING: Final = 12


class ProseStyle:
    """The formats of one theme's prose. Made anew when the theme changes."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.font = theme.reading_font
        self.small_font = theme.small_font
        self.code_font = theme.code_font

    def text(self) -> QTextCharFormat:
        """Plain words."""
        made = QTextCharFormat()
        made.setFont(self.font)
        made.setForeground(self.theme.colour("text"))
        return made

    def code(self) -> QTextCharFormat:
        """Code inside a sentence."""
        made = QTextCharFormat()
        made.setFont(self.code_font)
        made.setForeground(self.theme.colour("text"))
        made.setBackground(self.theme.solid("hover"))
        return made

    def code_block(self, kind: str | None) -> QTextCharFormat:
        """Code of its own block, in the colour of its kind of word."""
        made = QTextCharFormat()
        made.setFont(self.code_font)
        made.setForeground(self.theme.syntax(kind) if kind else self.theme.colour("text"))
        made.setFontItalic(kind == "comment")
        return made

    def link(self, base: QTextCharFormat, address: str) -> QTextCharFormat:
        """A link, which is never followed unasked."""
        made = QTextCharFormat(base)
        made.setAnchor(True)
        made.setAnchorHref(address)
        made.setForeground(self.theme.colour("accent"))
        made.setFontUnderline(True)
        made.setToolTip(address)
        return made

    def chip(self, number: int) -> QTextCharFormat:
        """The number of a citation; the view paints the chip behind it."""
        made = QTextCharFormat()
        font = QFont(self.small_font)
        font.setPointSizeF(font.pointSizeF() - 0.5)
        font.setWeight(QFont.Weight.DemiBold)
        made.setFont(font)
        made.setForeground(self.theme.colour("proof"))
        made.setAnchor(True)
        made.setAnchorHref(f"cite:{number}")
        made.setProperty(CHIP, number)
        return made

    def unsupported(self, base: QTextCharFormat, explanation: str) -> QTextCharFormat:
        """Words that nothing in the documents supports."""
        made = QTextCharFormat(base)
        made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        made.setUnderlineColor(self.theme.colour("warning"))
        made.setToolTip(explanation)
        made.setProperty(UNSUPPORTED, True)
        return made

    def note(self) -> QTextCharFormat:
        """The note under what is not supported."""
        made = QTextCharFormat()
        made.setFont(self.small_font)
        made.setForeground(self.theme.colour("warning"))
        return made

    def heading(self, level: int) -> QTextCharFormat:
        """A heading: by weight before size."""
        made = self.text()
        font = QFont(self.font)
        font.setWeight(QFont.Weight.DemiBold)
        font.setPointSizeF(font.pointSizeF() + {1: 3.0, 2: 1.5}.get(level, 0.0))
        made.setFont(font)
        return made

    def block(self, font: QFont | None = None, *, below: float = PARAGRAPH_GAP) -> QTextBlockFormat:
        """A paragraph with the reading line height and a gap below."""
        made = QTextBlockFormat()
        font = font or self.font
        metrics = QFontMetricsF(font)
        # Qt's proportion is of the font's own line, which is taller than its size.
        wanted = LINE_HEIGHT * _pixels(font)
        made.setLineHeight(
            100 * wanted / metrics.height(),
            int(QTextBlockFormat.LineHeightTypes.ProportionalHeight.value),
        )
        made.setBottomMargin(below)
        return made


def _pixels(font: QFont) -> float:
    if font.pixelSize() > 0:
        return font.pixelSize()
    return float(QFontInfo(font).pixelSize())
