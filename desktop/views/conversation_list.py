"""The conversations as a list: groups with headings, or what a search found."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from assistant.conversations.types import Conversation, ConversationGroup, Found, Period
from desktop.theme.theme import Theme
from desktop.widgets.marked_text import draw_marked

CONVERSATION: Final = int(Qt.ItemDataRole.UserRole)
PINNED: Final = CONVERSATION + 1
HEADING: Final = CONVERSATION + 2
FOUND: Final = CONVERSATION + 3
CURRENT: Final = CONVERSATION + 4

ROW: Final = 32
HEADING_ROW: Final = 30
FOUND_ROW: Final = 52
MORE: Final = 28

AnyIndex = QModelIndex | QPersistentModelIndex


class _Row(NamedTuple):
    heading: str
    conversation: Conversation | None
    found: Found | None = None


class ConversationModel(QAbstractListModel):
    """Rows of conversations under their headings."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._current: int | None = None

    def show_groups(self, groups: list[ConversationGroup]) -> None:
        """Show conversations by the stretch of time."""
        rows: list[_Row] = []
        for group in groups:
            rows.append(_Row(self._period(group.period), None))
            rows += [_Row("", conversation) for conversation in group.conversations]
        self._reset(rows)

    def show_found(self, found: list[Found]) -> None:
        """Show what a search found, each conversation once with its best place."""
        rows: dict[int, _Row] = {}
        for place in found:
            rows.setdefault(place.conversation.id, _Row("", place.conversation, place))
        self._reset(list(rows.values()))

    def set_current(self, conversation: int | None) -> None:
        """Mark the conversation that is open."""
        if conversation != self._current:
            self._current = conversation
            if self._rows:
                self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1), [CURRENT])

    def first(self) -> QModelIndex:
        """Return the first row that can be opened."""
        for number, row in enumerate(self._rows):
            if row.conversation is not None:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        """Return how many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return what a role shows of a row."""
        row = self._rows[index.row()] if 0 <= index.row() < len(self._rows) else None
        if row is None:
            return None
        conversation = row.conversation
        if role in (int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.EditRole)):
            return row.heading or (conversation and (conversation.title or self.tr("New chat")))
        if role == HEADING:
            return bool(row.heading)
        if conversation is None:
            return None
        values = {
            CONVERSATION: conversation.id,
            PINNED: conversation.pinned,
            FOUND: row.found,
            CURRENT: conversation.id == self._current,
            int(Qt.ItemDataRole.ToolTipRole): conversation.title,
        }
        return values.get(role)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Let conversations be chosen and renamed, headings neither."""
        if 0 <= index.row() < len(self._rows) and self._rows[index.row()].conversation:
            return (
                Qt.ItemFlag.ItemIsEnabled
                | Qt.ItemFlag.ItemIsSelectable
                | Qt.ItemFlag.ItemIsEditable
            )
        return Qt.ItemFlag.NoItemFlags

    def _reset(self, rows: list[_Row]) -> None:
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _period(self, period: Period) -> str:
        return {
            "pinned": self.tr("Pinned"),
            "today": self.tr("Today"),
            "yesterday": self.tr("Yesterday"),
            "week": self.tr("Last 7 days"),
            "month": self.tr("Last 30 days"),
            "older": self.tr("Earlier"),
        }[period]


class ConversationDelegate(QStyledItemDelegate):
    """Draws the rows, and lets a title be edited in place.

    Signals:
        renamed: A conversation (int) is to have another title (str).
        menu_wanted: What can be done with a row is asked for (index, QPoint).
    """

    renamed = Signal(int, str)
    menu_wanted = Signal(object, QPoint)

    def __init__(self, theme: Theme, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Return a row's height."""
        if index.data(HEADING):
            return QSize(100, HEADING_ROW)
        found: Found | None = index.data(FOUND)
        return QSize(100, FOUND_ROW if found is not None and found.message is not None else ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw a heading, or a conversation with what can be done with it."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect  # type: ignore[attr-defined]  # missing in the stubs
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]  # missing in the stubs
        if index.data(HEADING):
            self._paint_heading(painter, rect, str(index.data()))
        else:
            hovered = bool(state & QStyle.StateFlag.State_MouseOver)
            focused = bool(state & QStyle.StateFlag.State_HasFocus)
            self._paint_row(painter, rect, index, hovered=hovered, focused=focused)
        painter.restore()

    def _paint_heading(self, painter: QPainter, rect: QRect, text: str) -> None:
        font = self._theme.small_font
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self._theme.colour("text-muted"))
        painter.drawText(
            rect.adjusted(8, 8, -8, 0),
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
            text,
        )

    def _paint_row(
        self, painter: QPainter, rect: QRect, index: AnyIndex, *, hovered: bool, focused: bool
    ) -> None:
        theme = self._theme
        current = bool(index.data(CURRENT))
        box = rect.adjusted(0, 1, 0, -1)
        if current or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected" if current else "hover"))
            painter.drawRoundedRect(box, 6, 6)
        if focused and self._view.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.colour("accent"))
            painter.drawRoundedRect(box.adjusted(0, 0, -1, -1), 6, 6)
        words = box.adjusted(8, 0, -(MORE if hovered else 8), 0)
        font = theme.interface_font
        if current:
            font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        found: Found | None = index.data(FOUND)
        text, mark = theme.colour("text"), theme.colour("highlight")
        if found is None:
            draw_marked(painter, words, str(index.data()), (), text, mark)
        elif found.message is None:
            draw_marked(painter, words, found.snippet, found.marks, text, mark)
        else:
            upper = words.adjusted(0, 4, 0, -words.height() // 2)
            draw_marked(painter, upper, str(index.data()), (), text, mark)
            painter.setFont(theme.small_font)
            lower = words.adjusted(0, words.height() // 2, 0, -4)
            muted = theme.colour("text-muted")
            draw_marked(painter, lower, found.snippet, found.marks, muted, mark)
        if hovered:
            theme.icon("more", size=16).paint(painter, self._more(box))

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: AnyIndex,
    ) -> bool:
        """Open the menu of a row where its dots are clicked."""
        rect: QRect = option.rect  # type: ignore[attr-defined]  # missing in the stubs
        if (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonRelease
            and index.data(CONVERSATION) is not None
            and self._more(rect).adjusted(-6, -6, 6, 6).contains(event.position().toPoint())
        ):
            self.menu_wanted.emit(index, event.globalPosition().toPoint())
            return True
        return super().editorEvent(event, model, option, index)

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex
    ) -> QWidget:
        """Return the field for another title."""
        field = QLineEdit(parent)
        field.setAccessibleName(self.tr("Title of the conversation"))
        field.setMaxLength(200)
        return field

    def setEditorData(self, editor: QWidget, index: AnyIndex) -> None:
        """Fill the field, unless the person has begun to type in it."""
        if isinstance(editor, QLineEdit) and not editor.isModified():
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: AnyIndex) -> None:
        """Take the new title."""
        if isinstance(editor, QLineEdit) and editor.text().strip():
            self.renamed.emit(index.data(CONVERSATION), editor.text().strip())

    def _more(self, box: QRect) -> QRect:
        return QRect(box.right() - 23, box.center().y() - 8, 16, 16)
