"""The documents as a list that stays quick with ten thousand of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop.presenters.library import Entry, LibraryPresenter
from desktop.theme.theme import Theme
from desktop.views.library_wording import Status, facts_of, holdings_text, status_of, when_of
from desktop.widgets.buttons import tooltip

Action = Literal["open", "again", "remove"]
AnyIndex = QModelIndex | QPersistentModelIndex

DOCUMENT: Final = int(Qt.ItemDataRole.UserRole)
WIDTH: Final = 880
MARGIN: Final = 32
PADDING: Final = 12
ROW: Final = 56
HEADING: Final = 48
SIDE: Final = 96  # room for the day, or for what can be done with a row
STATUS: Final = 184
ICON: Final = 28
GAP: Final = 16


class LibraryModel(QAbstractListModel):
    """The presenter's lines, for a view."""

    def __init__(self, library: LibraryPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        """Return how many lines there are."""
        return 0 if parent is not None and parent.isValid() else len(self._library.entries)

    def entry(self, row: int) -> Entry | None:
        """Return a line."""
        entries = self._library.entries
        return entries[row] if 0 <= row < len(entries) else None

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return what a role says of a line."""
        entry = self.entry(index.row())
        if entry is None:
            return None
        if role == DOCUMENT:
            return entry.document
        if entry.document is None:
            spoken = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
            return entry.heading if role in map(int, spoken) else None
        row = self._library.row(entry.document)
        if row is None:
            return None
        if role == int(Qt.ItemDataRole.DisplayRole):
            return Path(row.path).name
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return row.path
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            status = status_of(row, self._library.progress(row.id))
            parts = (Path(row.path).name, status.text, status.sentence or facts_of(row))
            return ", ".join(part for part in parts if part)
        return None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Let documents be chosen, headings not."""
        entry = self.entry(index.row())
        if entry is None or entry.document is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def reset(self) -> None:
        """Take the presenter's lines anew."""
        self.beginResetModel()
        self.endResetModel()


class _Places(NamedTuple):
    """Where the parts of a row are."""

    box: QRect
    name: QRect
    facts: QRect
    status: QRect
    side: QRect


class LibraryDelegate(QStyledItemDelegate):
    """Draws headings and documents."""

    def __init__(self, theme: Theme, library: LibraryPresenter, view: LibraryList) -> None:
        super().__init__(view)
        self._theme = theme
        self._library = library
        self._view = view

    def height(self, document: int, width: int) -> int:
        """Return how tall a document's row is: a sentence needs its lines."""
        status = self._status(document)
        if status is None or not status.sentence:
            return ROW
        places = self._places(QRect(0, 0, width, ROW), sentence=True)
        metrics = QFontMetrics(self._theme.small_font)
        lines = metrics.boundingRect(
            QRect(0, 0, places.facts.width(), 1000),
            int(Qt.TextFlag.TextWordWrap),
            status.sentence,
        )
        return max(ROW, 34 + lines.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw a line."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect  # type: ignore[attr-defined]  # missing in the stubs
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]  # missing in the stubs
        entry = self._view.lines.entry(index.row())
        if entry is not None and entry.document is None:
            self._paint_heading(painter, rect, entry)
        elif entry is not None:
            self._paint_document(painter, rect, entry.document or 0, state)
        painter.restore()

    def actions(self, rect: QRect, document: int) -> Iterator[tuple[Action, QRect]]:
        """Yield what can be done with a row, and where it is clicked."""
        row = self._library.row(document)
        if row is None:
            return
        side = self._places(rect, sentence=False).side
        again = row.status in ("failed", "skipped")
        names: tuple[Action, ...] = ("again", "open", "remove") if again else ("open", "remove")
        for number, name in enumerate(reversed(names)):
            left = side.right() + 1 - (number + 1) * ICON
            yield name, QRect(left, side.top(), ICON, ICON)

    # --- Painting -------------------------------------------------------------------------

    def _paint_heading(self, painter: QPainter, rect: QRect, entry: Entry) -> None:
        theme = self._theme
        box = _column(rect)
        line = QRect(box.left() + PADDING, box.bottom() - 30, box.width() - 2 * PADDING, 24)
        font = theme.interface_font
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        name = QFontMetrics(font).elidedText(
            entry.heading, Qt.TextElideMode.ElideRight, line.width() // 2
        )
        painter.drawText(line, _LEFT, name)
        painter.setFont(theme.small_font)
        painter.setPen(theme.colour("text-muted"))
        beside = line.adjusted(QFontMetrics(font).horizontalAdvance(name) + 12, 0, 0, 0)
        painter.drawText(beside, _LEFT, holdings_text(entry.documents, entry.pages))
        painter.setPen(theme.colour("line"))
        painter.drawLine(box.left(), box.bottom(), box.right(), box.bottom())

    def _paint_document(
        self, painter: QPainter, rect: QRect, document: int, state: QStyle.StateFlag
    ) -> None:
        row = self._library.row(document)
        if row is None:
            return
        theme, library = self._theme, self._library
        status = status_of(row, library.progress(document))
        places = self._places(rect, sentence=bool(status.sentence))
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = bool(state & QStyle.StateFlag.State_HasFocus) and self._view.hasFocus()
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected" if selected else "hover"))
            painter.drawRoundedRect(places.box, 6, 6)
        if focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.colour("accent"))
            painter.drawRoundedRect(QRectF(places.box).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        font = theme.interface_font
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        name = Path(row.path).name
        _draw(painter, places.name, name, Qt.TextElideMode.ElideMiddle)
        small = theme.small_font
        painter.setFont(small)
        if status.sentence:
            painter.setPen(theme.colour(status.tone))
            painter.drawText(
                places.facts, int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop),
                status.sentence,
            )  # fmt: skip
        else:
            painter.setPen(theme.colour("text-muted"))
            _draw(painter, places.facts, facts_of(row), Qt.TextElideMode.ElideRight)
        self._paint_status(painter, places, status)
        if hovered or focused:
            for action, place in self.actions(rect, document):
                icon = theme.icon(_ICONS[action], size=16)
                icon.paint(painter, place.adjusted(6, 6, -6, -6))
        elif status.sentence:
            self._paint_link(painter, places.side)
        else:
            painter.setPen(theme.colour("text-muted"))
            painter.drawText(places.side, _RIGHT, when_of(row, self._view.today))

    def _paint_status(self, painter: QPainter, places: _Places, status: Status) -> None:
        theme = self._theme
        painter.setPen(theme.colour("text-muted"))
        place = places.status
        if status.fraction is None:
            if not status.sentence:
                _draw(painter, place, status.text, Qt.TextElideMode.ElideRight)
            return
        _draw(painter, place.translated(0, -6), status.text, Qt.TextElideMode.ElideRight)
        bar = QRectF(place.left(), place.center().y() + 9, place.width() - GAP, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(bar, 1.5, 1.5)
        painter.setBrush(theme.colour("accent"))
        bar.setWidth(bar.width() * status.fraction)
        painter.drawRoundedRect(bar, 1.5, 1.5)

    def _paint_link(self, painter: QPainter, side: QRect) -> None:
        font = self._theme.small_font
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self._theme.colour("accent"))
        painter.drawText(side, _RIGHT, self.tr("Read again"))

    def _status(self, document: int) -> Status | None:
        row = self._library.row(document)
        return status_of(row, self._library.progress(document)) if row is not None else None

    @staticmethod
    def _places(rect: QRect, *, sentence: bool) -> _Places:
        box = _column(rect).adjusted(0, 1, 0, -1)
        inner = box.adjusted(PADDING, 0, -PADDING, 0)
        top = box.top() + 8
        side = QRect(inner.right() + 1 - SIDE, box.top() + (ROW - 2 - ICON) // 2, SIDE, ICON)
        # In a narrow window the words come before the numbers.
        wide = STATUS if inner.width() > 480 else 132
        status = QRect(side.left() - wide, side.top(), wide, ICON)
        words = (side if sentence else status).left() - GAP - inner.left()
        return _Places(
            box,
            QRect(inner.left(), top, words, 20),
            QRect(inner.left(), top + 22, words, box.bottom() - top - 22 if sentence else 18),
            status,
            side,
        )


class LibraryList(QTableView):
    """The list.

    Signals:
        opened: A document is to be read (int).
        acted: Something is to be done ("open", "again", "remove") with documents (list[int]).
        menu_wanted: What can be done with documents is asked for (list[int], QPoint).
    """

    opened = Signal(int)
    acted = Signal(str, object)
    menu_wanted = Signal(object, QPoint)

    def __init__(
        self, theme: Theme, library: LibraryPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._library = library
        self._heights: dict[int, int] = {}
        self.today = datetime.now().astimezone().date()
        self.lines = LibraryModel(library, self)
        self._painter = LibraryDelegate(theme, library, self)
        self.setModel(self.lines)
        self.setItemDelegate(self._painter)
        self.setObjectName("libraryList")
        self.setAccessibleName(self.tr("Documents"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(28)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.hide()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        down.hide()
        # Rows are as tall as a short one, and only the others are measured.
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setMinimumSectionSize(min(HEADING, ROW))
        down.setDefaultSectionSize(ROW)
        library.changed.connect(self._on_changed)
        library.moved.connect(self._on_moved)
        theme.changed.connect(self.viewport().update)
        self._on_changed()

    def chosen(self) -> list[int]:
        """Return the documents that are selected."""
        documents = (index.data(DOCUMENT) for index in self.selectionModel().selectedRows())
        return [document for document in documents if document is not None]

    # --- In step with the presenter -------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        chosen = set(self.chosen())
        current = self.currentIndex().data(DOCUMENT)
        at = self.verticalScrollBar().value()
        self.today = datetime.now().astimezone().date()
        self.lines.reset()
        self._heights = {}
        self._measure()
        if chosen or current is not None:
            flag = QItemSelectionModel.SelectionFlag
            for number, entry in enumerate(self._library.entries):
                if entry.document is None:
                    continue
                index = self.lines.index(number)
                if entry.document in chosen:
                    self.selectionModel().select(index, flag.Select | flag.Rows)
                if entry.document == current:
                    self.selectionModel().setCurrentIndex(index, flag.NoUpdate)
        self.verticalScrollBar().setValue(at)

    @Slot()
    def _on_moved(self) -> None:
        self._measure()
        self.viewport().update()

    def _measure(self) -> None:
        """Give headings and rows with a sentence their height."""
        width = self.viewport().width()
        header = self.verticalHeader()
        library = self._library
        heights: dict[int, int] = {}
        for number, entry in enumerate(library.entries):
            if entry.document is None:
                heights[number] = HEADING
            elif (row := library.row(entry.document)) is not None and row.status in _SAYS_WHY:
                heights[number] = self._painter.height(entry.document, width)
        for number in self._heights.keys() | heights.keys():
            height = heights.get(number, ROW)
            if header.sectionSize(number) != height:
                header.resizeSection(number, height)
        self._heights = heights

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break sentences anew."""
        super().resizeEvent(event)
        self._measure()

    # --- The person's hands ---------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show what can be clicked."""
        super().mouseMoveEvent(event)
        found = self._action_at(event.position().toPoint())
        viewport = self.viewport()
        if found is None:
            viewport.unsetCursor()
            viewport.setToolTip("")
        else:
            viewport.setCursor(Qt.CursorShape.PointingHandCursor)
            viewport.setToolTip(_name(found[0]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leave what is clicked unselected."""
        if self._action_at(event.position().toPoint()) is None:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Do what was clicked."""
        found = self._action_at(event.position().toPoint())
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)
        else:
            self.acted.emit(found[0], [found[1]])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Read a document."""
        place = event.position().toPoint()
        document = self.indexAt(place).data(DOCUMENT)
        if document is not None and self._action_at(place) is None:
            self.opened.emit(document)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read with Return, remove with Delete."""
        chosen = self.chosen()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(chosen) == 1:
            self.opened.emit(chosen[0])
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and chosen:
            self.acted.emit("remove", chosen)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the chosen documents."""
        chosen = self.chosen()
        place = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and chosen:
            rect = self.visualRect(self.currentIndex())
            place = self.viewport().mapToGlobal(rect.center())
        if chosen:
            self.menu_wanted.emit(chosen, place)

    def _action_at(self, place: QPoint) -> tuple[Action, int] | None:
        index = self.indexAt(place)
        document = index.data(DOCUMENT)
        if document is None:
            return None
        for action, rect in self._painter.actions(self.visualRect(index), document):
            if rect.contains(place):
                return action, document
        return None


_LEFT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_RIGHT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
_SAYS_WHY: Final = frozenset({"failed", "skipped"})
_ICONS: Final[dict[Action, str]] = {"open": "link", "again": "regenerate", "remove": "delete"}


def _name(action: Action) -> str:
    tr = LibraryList.tr
    match action:
        case "open":
            return tr("Open the original file")
        case "again":
            return tr("Read again")
        case "remove":
            return tooltip(tr("Remove from the library"), "Del")


def _column(rect: QRect) -> QRect:
    """Return the part of a row that is the page's column."""
    width = min(WIDTH + 2 * PADDING, rect.width() - 2 * (MARGIN - PADDING))
    return QRect(rect.left() + (rect.width() - width) // 2, rect.top(), width, rect.height())


def _draw(painter: QPainter, rect: QRect, text: str, mode: Qt.TextElideMode) -> None:
    shown = QFontMetrics(painter.font()).elidedText(" ".join(text.split()), mode, rect.width())
    painter.drawText(rect, _LEFT, shown)
