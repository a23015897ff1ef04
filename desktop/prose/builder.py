"""Builds a text document from Markdown, block by block, with its proof in place.

The document is written through a cursor rather than as HTML: nothing in an answer can then
name a style, a script or an image, and a stream can go on where the last piece ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from markdown_it.token import Token
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextList,
    QTextListFormat,
)

from assistant.answering.types import AnswerSentence
from desktop.prose.code import coloured
from desktop.prose.markdown import MarkedSource, mark, parse, split_marks, without_marks
from desktop.prose.style import (
    CODE_BLOCK,
    CODE_PADDING,
    PARAGRAPH_GAP,
    QUOTE_LEVEL,
    RULE,
    ProseStyle,
)
from desktop.prose.tables import cell_format, rows_of, table_format

LINE_SEPARATOR = "\u2028"
NO_BREAK_SPACE = "\u00a0"


class Checkpoint(NamedTuple):
    """A place in a document to come back to, with the formats of the block it is in."""

    position: int
    empty: bool
    block: QTextBlockFormat
    characters: QTextCharFormat


class ProseBuilder:
    """Appends Markdown to a document.

    Attributes:
        document: What is written to.
        style: The formats to write in.
    """

    def __init__(self, document: QTextDocument, style: ProseStyle) -> None:
        self.document = document
        self.style = style
        self._cursor = QTextCursor(document)
        self._lists: list[QTextList | None] = []
        self._tight: list[bool] = []
        self._quotes = 0
        self._item_open = False
        self._item_token = Token("list_item_open", "li", 1)
        self._sentences: Sequence[AnswerSentence] = ()
        self._ended: set[int] = set()
        self._unsupported = False
        self._note_due = False
        self._in_table = False
        self._empty = True  # the last block is there and has nothing in it

    # --- Growing and going back -----------------------------------------------------------

    def clear(self) -> None:
        """Empty the document."""
        self.document.clear()
        self._cursor = QTextCursor(self.document)
        self._empty = True

    def checkpoint(self) -> Checkpoint:
        """Return the end of what is written."""
        cursor = self._cursor
        return Checkpoint(
            cursor.position(), self._empty, cursor.blockFormat(), cursor.blockCharFormat()
        )

    def rewind(self, to: Checkpoint) -> None:
        """Take away everything written after a checkpoint."""
        self._cursor.setPosition(to.position)
        self._cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        self._cursor.removeSelectedText()
        # A block without words takes on the format of what was removed after it.
        self._cursor.setBlockFormat(to.block)
        self._cursor.setBlockCharFormat(to.characters)
        self._empty = to.empty

    def append(self, source: str, sentences: Sequence[AnswerSentence] = ()) -> None:
        """Write Markdown at the end; with `sentences`, their citations and notes too.

        The sentences' offsets are offsets in `source`.
        """
        self._sentences = sentences
        self._ended.clear()
        marked = mark(source, sentences) if sentences else MarkedSource(source, ())
        tokens = parse(marked.source)
        self._cursor.beginEditBlock()
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        index = 0
        while index < len(tokens):
            last = index
            while not _closes_top_level(tokens[last]):
                last += 1
            self._top_level(tokens[index : last + 1])
            self._emit_missed(marked, tokens[index], tokens[last])
            index = last + 1
        if self._empty:
            self._shrink()
        self._cursor.endEditBlock()

    # --- Blocks ---------------------------------------------------------------------------

    def _top_level(self, tokens: list[Token]) -> None:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type == "table_open":
                end = next(i for i in range(index, len(tokens)) if tokens[i].type == "table_close")
                self._table(tokens[index : end + 1])
                index = end + 1
                continue
            self._token(token, tokens[index + 1] if index + 1 < len(tokens) else None)
            index += 1
        self._unsupported = False

    def _token(self, token: Token, following: Token | None) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(None)
                self._tight.append(True)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._tight.pop()
                if not self._lists:
                    self._set_gap(PARAGRAPH_GAP)
            case "list_item_open":
                self._item_open = True
                self._item_token = token
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case "paragraph_open":
                if self._tight and not token.hidden:
                    self._tight[-1] = False
                self._begin(self.style.block(below=self._gap()))
            case "heading_open":
                level = int(token.tag[1:])
                block = self.style.block(self.style.heading(level).font(), below=8)
                block.setTopMargin(0 if self._at_start() else PARAGRAPH_GAP + 8)
                block.setHeadingLevel(level)
                self._begin(block)
                self._inline(following, self.style.heading(level))
            case "paragraph_close" | "heading_close":
                self._note_if_due()
            case "inline" if token.children is not None and not self._heading_open():
                self._inline(token, self.style.text())
            case "fence" | "code_block":
                self._code(token)
            case "hr":
                self._rule()
            case _:
                pass

    def _heading_open(self) -> bool:
        return self._cursor.blockFormat().headingLevel() > 0

    def _at_start(self) -> bool:
        return self._empty and self._cursor.block().blockNumber() == 0

    def _gap(self) -> float:
        return 4 if self._tight and self._tight[-1] else PARAGRAPH_GAP

    def _begin(self, block: QTextBlockFormat, characters: QTextCharFormat | None = None) -> None:
        characters = characters or self.style.text()
        depth = len(self._lists)
        if self._quotes:
            block.setProperty(QUOTE_LEVEL, self._quotes)
            block.setLeftMargin(block.leftMargin() + 16 * self._quotes)
        starts_item = self._item_open and depth > 0
        if depth and not starts_item:
            block.setIndent(depth)
        if self._empty:
            old = self._cursor.block().textList()
            if old is not None:
                old.remove(self._cursor.block())
            self._cursor.setBlockFormat(block)
            self._cursor.setBlockCharFormat(characters)
        else:
            self._cursor.insertBlock(block, characters)
        self._cursor.setCharFormat(characters)
        self._empty = False
        if starts_item:
            self._join_list(depth)

    def _join_list(self, depth: int) -> None:
        self._item_open = False
        current = self._lists[-1]
        if current is None:
            made = QTextListFormat()
            made.setIndent(depth)
            ordered = self._item_token.markup in (".", ")")
            if ordered:
                made.setStyle(QTextListFormat.Style.ListDecimal)
                made.setNumberSuffix(self._item_token.markup)
                if self._item_token.info.isdigit():
                    made.setStart(int(self._item_token.info))
            else:
                made.setStyle(
                    QTextListFormat.Style.ListDisc
                    if depth % 2
                    else QTextListFormat.Style.ListCircle
                )
            self._lists[-1] = self._cursor.createList(made)
        else:
            current.add(self._cursor.block())

    def _set_gap(self, below: float) -> None:
        block = self._cursor.blockFormat()
        block.setBottomMargin(max(below, block.bottomMargin()))
        self._cursor.setBlockFormat(block)

    def _code(self, token: Token) -> None:
        block = self.style.block(self.style.code_font, below=PARAGRAPH_GAP + CODE_PADDING)
        block.setTopMargin(CODE_PADDING if self._at_start() else PARAGRAPH_GAP + CODE_PADDING)
        block.setLeftMargin(CODE_PADDING)
        block.setRightMargin(CODE_PADDING)
        block.setProperty(CODE_BLOCK, True)
        self._begin(block, self.style.code_block(None))
        language = token.info.strip().split(" ")[0] if token.type == "fence" else ""
        code = without_marks(token.content).rstrip("\n")
        for piece, kind in coloured(code, language):
            self._cursor.insertText(
                piece.replace("\n", LINE_SEPARATOR), self.style.code_block(kind)
            )

    def _rule(self) -> None:
        block = QTextBlockFormat()
        block.setLineHeight(1, int(QTextBlockFormat.LineHeightTypes.FixedHeight.value))
        block.setTopMargin(PARAGRAPH_GAP)
        block.setBottomMargin(2 * PARAGRAPH_GAP)
        block.setProperty(RULE, True)
        self._begin(block)

    def _shrink(self) -> None:
        """Make the empty block that Qt wants around tables too small to be seen."""
        block = QTextBlockFormat()
        block.setLineHeight(1, int(QTextBlockFormat.LineHeightTypes.FixedHeight.value))
        self._cursor.setBlockFormat(block)
        tiny = QTextCharFormat()
        tiny.setFontPointSize(1)
        self._cursor.setBlockCharFormat(tiny)

    # --- Tables ---------------------------------------------------------------------------

    def _table(self, tokens: list[Token]) -> None:
        rows = rows_of(tokens)
        columns = max((len(row) for row in rows), default=0)
        if not columns:
            return
        if self._empty:
            self._shrink()
        above = self._cursor.blockFormat()
        table = self._cursor.insertTable(len(rows), columns, table_format(above))
        self._in_table = True
        for y, row in enumerate(rows):
            for x, (words, alignment) in enumerate(row):
                cell = table.cellAt(y, x)
                self._cursor = cell.firstCursorPosition()
                block = self.style.block(below=0)
                block.setAlignment(alignment)
                self._cursor.setBlockFormat(block)
                base = self.style.text()
                if y == 0:
                    base.setFontWeight(QFont.Weight.DemiBold)
                self._inline(words, base)
                # Last, since Qt keeps a cell's format and its first block's in one place.
                cell.setFormat(cell_format(self.style, header=y == 0))
        self._in_table = False
        self._cursor = QTextCursor(self.document)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        self._empty = True
        self._note_if_due()

    # --- Words ----------------------------------------------------------------------------

    def _inline(self, token: Token | None, base: QTextCharFormat) -> None:
        if token is None or token.children is None:
            return
        styled: Counter[str] = Counter()
        address = ""
        for child in token.children:
            kind, _, edge = child.type.rpartition("_")
            if child.type == "link_open":
                address = without_marks(str(child.attrGet("href") or ""))
            elif child.type == "link_close":
                address = ""
            elif edge in ("open", "close"):
                styled[kind] += 1 if edge == "open" else -1
            elif child.type == "softbreak":
                self._words(" ", base)
            elif child.type == "hardbreak":
                self._words(LINE_SEPARATOR, base)
            else:
                made = self.style.code() if child.type == "code_inline" else QTextCharFormat(base)
                if styled["strong"]:
                    made.setFontWeight(QFont.Weight.DemiBold)
                if styled["em"] or child.type == "image":
                    made.setFontItalic(True)
                if styled["s"]:
                    made.setFontStrikeOut(True)
                if address:
                    made = self.style.link(made, address)
                self._words(child.content, made)

    def _words(self, text: str, characters: QTextCharFormat) -> None:
        for piece in split_marks(text):
            if isinstance(piece, str):
                made = characters
                if self._unsupported:
                    made = self.style.unsupported(characters, not_found_text())
                self._cursor.insertText(piece, made)
                continue
            is_end, sentence = piece
            if is_end:
                self._end_sentence(sentence)
            else:
                self._unsupported = True

    # --- Proof ----------------------------------------------------------------------------

    def _end_sentence(self, index: int) -> None:
        self._unsupported = False
        self._ended.add(index)
        sentence = self._sentences[index]
        for number in sentence.citations:
            self._cursor.insertText(NO_BREAK_SPACE, self.style.note())
            self._cursor.insertText(
                f"{NO_BREAK_SPACE}{number}{NO_BREAK_SPACE}", self.style.chip(number)
            )
        if not sentence.supported:
            last = index + 1 >= len(self._sentences) or self._sentences[index + 1].supported
            self._note_due = self._note_due or last

    def _emit_missed(self, marked: MarkedSource, first: Token, last: Token) -> None:
        """Give citations whose mark was lost, or could not be set, a place after the block."""
        end_line = (first.map or last.map or [0, 0])[1]
        missed = [i for line, i in marked.ends if line < end_line and i not in self._ended]
        if missed and any(self._sentences[index].citations for index in missed):
            if first.type in ("fence", "code_block", "table_open"):
                self._begin(self.style.block(self.style.small_font), self.style.note())
            for index in missed:
                self._end_sentence(index)
        self._ended.update(missed)
        if any(not self._sentences[index].supported for index in missed):
            self._note_due = True
        self._note_if_due()

    def _note_if_due(self) -> None:
        if not self._note_due or self._in_table:
            return
        self._note_due = False
        above = self._cursor.blockFormat()
        if not self._empty and not above.property(CODE_BLOCK):
            above.setBottomMargin(0)
            self._cursor.setBlockFormat(above)
        item, self._item_open = self._item_open, False
        self._begin(self.style.block(self.style.small_font), self.style.note())
        self._cursor.insertText(not_found_text(), self.style.note())
        self._item_open = item


def not_found_text() -> str:
    """Return the note for what nothing in the documents supports."""
    return QCoreApplication.translate("ProseBuilder", "not found in your documents")


def _closes_top_level(token: Token) -> bool:
    return token.level == 0 and token.nesting <= 0
