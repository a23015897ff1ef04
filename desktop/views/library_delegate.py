"""How a line of the library's list is drawn, and where it can be clicked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal, NamedTuple

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.presenters.library import LibraryPresenter, is_locked
from desktop.presenters.library_entries import Entry
from desktop.theme.theme import Theme
from desktop.views.library_model import ENTRY, AnyIndex
from desktop.views.library_wording import (
    Status,
    facts_of,
    folder_text,
    holdings_text,
    status_of,
    when_of,
)

Action = Literal["open", "again", "password", "remove"]

WIDTH: Final = 880
MARGIN: Final = 32
PADDING: Final = 12
ROW: Final = 56
HEADING: Final = 48
SIDE: Final = 96  # room for the day, or for what can be done with a row
LINK: Final = 144  # room for what a row that failed offers; its status leaves it free
STATUS: Final = 184
ICON: Final = 28
GAP: Final = 16
INDENT: Final = 20
NARROW: Final = 720

_ELIDE_RIGHT: Final = Qt.TextElideMode.ElideRight
_LEFT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_RIGHT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
_ICONS: Final[dict[Action, str]] = {
    "open": "link",
    "again": "regenerate",
    "password": "offline",
    "remove": "delete",
}


class _Places(NamedTuple):
    """Where the parts of a row are."""

    box: QRect
    name: QRect
    facts: QRect
    status: QRect
    side: QRect


class LibraryDelegate(QStyledItemDelegate):
    """Draws headings and documents.

    Attributes:
        today: The day that others are told from.
        shows_focus: Whether the row that the keys act on is to be seen: once they are used.
    """

    def __init__(self, theme: Theme, library: LibraryPresenter, view: QWidget) -> None:
        super().__init__(view)
        self.today = datetime.now().astimezone().date()
        self.shows_focus = False
        self._theme = theme
        self._library = library
        self._view = view

    def height(self, entry: Entry, width: int) -> int:
        """Return how tall a document's row is: a sentence needs its lines."""
        status = self._status(entry.document or 0)
        if status is None or not status.sentence:
            return ROW
        places = self._places(QRect(0, 0, width, ROW), sentence=True)
        metrics = QFontMetrics(self._theme.small_font)
        lines = metrics.boundingRect(
            QRect(0, 0, places.facts.width() - (INDENT if entry.within else 0), 1000),
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
        entry: Entry | None = index.data(ENTRY)
        if entry is not None and entry.document is None:
            self._paint_heading(painter, rect, entry, state)
        elif entry is not None:
            self._paint_document(painter, rect, entry, state)
        painter.restore()

    def actions(self, rect: QRect, document: int) -> Iterator[tuple[Action, QRect]]:
        """Yield what can be done with a row, and where it is clicked."""
        row = self._library.row(document)
        if row is None:
            return
        side = self._places(rect, sentence=False).side
        first: tuple[Action, ...] = ()
        if row.status == "failed":
            first = ("password",) if is_locked(row) else ("again",)
        names: tuple[Action, ...] = (*first, "open", "remove")
        for number, name in enumerate(reversed(names)):
            left = side.right() + 1 - (number + 1) * ICON
            yield name, QRect(left, side.top(), ICON, ICON)

    # --- Painting -------------------------------------------------------------------------

    def _paint_heading(
        self, painter: QPainter, rect: QRect, entry: Entry, state: QStyle.StateFlag
    ) -> None:
        theme = self._theme
        box = self._column(rect)
        line = QRect(box.left() + PADDING, box.bottom() - 30, box.width() - 2 * PADDING, 24)
        painter.setPen(theme.colour("line"))
        painter.drawLine(line.left(), box.bottom(), line.right(), box.bottom())
        if entry.folder is not None or entry.collection:
            line = self._paint_more(painter, rect, line, state)
        if entry.folder is not None:
            line = self._paint_folder(painter, line, entry.folder)
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
        _draw(painter, beside, holdings_text(entry.documents, entry.pages), _ELIDE_RIGHT)

    def _paint_more(
        self, painter: QPainter, rect: QRect, line: QRect, state: QStyle.StateFlag
    ) -> QRect:
        """Draw what a heading's menu opens with; return what is left of the line."""
        more = self.more(rect)
        if state & QStyle.StateFlag.State_HasFocus and self._focus_is_seen:
            painter.setPen(self._theme.colour("accent"))
            painter.drawRoundedRect(QRectF(line).adjusted(-8.5, -2.5, 8.5, 1.5), 6, 6)
        self._theme.icon("more", size=16).paint(painter, more.adjusted(6, 6, -6, -6))
        return QRect(line.left(), line.top(), more.left() - 4 - line.left(), line.height())

    def _paint_folder(self, painter: QPainter, line: QRect, folder: int) -> QRect:
        """Draw what tells a watched folder; return what is left of the line for its name."""
        theme = self._theme
        standing = self._library.folders.state(folder)
        theme.icon("folder", size=16).paint(painter, QRect(line.left(), line.top() + 4, 16, 16))
        painter.setFont(theme.small_font)
        is_well = standing.unavailable is None and not standing.missing
        tone = "text-muted" if is_well else "warning"
        painter.setPen(theme.colour(tone))
        words = folder_text(standing)
        width = min(QFontMetrics(theme.small_font).horizontalAdvance(words) + 2, line.width() // 2)
        place = QRect(line.right() + 1 - width, line.top(), width, line.height())
        _draw(painter, place, words, _ELIDE_RIGHT)
        return QRect(line.left() + 24, line.top(), place.left() - line.left() - 40, line.height())

    def more(self, rect: QRect) -> QRect:
        """Return where a folder's or collection's heading offers what can be done with it."""
        box = self._column(rect)
        # The three dots end where the line does.
        return QRect(box.right() + 1 - PADDING - ICON + 6, box.bottom() - 32, ICON, ICON)

    def _paint_document(
        self, painter: QPainter, rect: QRect, entry: Entry, state: QStyle.StateFlag
    ) -> None:
        document = entry.document or 0
        row = self._library.row(document)
        if row is None:
            return
        theme, library = self._theme, self._library
        missing = library.folders.is_missing(document)
        status = status_of(row, library.progress(document), missing=missing)
        # In a narrow window the day alone says that a document is ready.
        ready = row.status == "ready" and status.fraction is None and not missing
        narrow = ready and rect.width() < NARROW
        places = self._places(rect, sentence=bool(status.sentence), alone=narrow)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = bool(state & QStyle.StateFlag.State_HasFocus) and self._focus_is_seen
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected" if selected else "hover"))
            painter.drawRoundedRect(places.box, 6, 6)
        if focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.colour("accent"))
            painter.drawRoundedRect(QRectF(places.box).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if entry.within:
            places = self._indented(painter, places)
        font = theme.interface_font
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        name = library.name(row, within=entry.within)
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
            _draw(
                painter,
                places.facts,
                facts_of(
                    row,
                    library.like(document),
                    language=library.language(document),
                    studied=library.is_studied(document),
                    collections=library.beside(row),
                ),
                Qt.TextElideMode.ElideRight,
            )
        if not narrow:
            self._paint_status(painter, places, status)
        if hovered or focused:
            for action, place in self.actions(rect, document):
                icon = theme.icon(_ICONS[action], size=16)
                icon.paint(painter, place.adjusted(6, 6, -6, -6))
        elif row.status == "failed" and status.sentence:
            side = places.side
            words = self.tr("Enter password…") if is_locked(row) else self.tr("Read again")
            wide = QRect(side.right() + 1 - LINK, places.name.top(), LINK, 20)
            self._paint_link(painter, wide, words)
        else:
            painter.setPen(theme.colour("text-muted"))
            painter.drawText(places.side, _RIGHT, when_of(row, self.today))

    def _indented(self, painter: QPainter, places: _Places) -> _Places:
        """Draw that a row stands under its archive's; return where its words are."""
        edge = places.name.left() + 5
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(edge, places.box.top() - 1, edge, places.box.bottom() + 1)
        return places._replace(
            name=places.name.adjusted(INDENT, 0, 0, 0), facts=places.facts.adjusted(INDENT, 0, 0, 0)
        )

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

    def _paint_link(self, painter: QPainter, side: QRect, words: str) -> None:
        font = self._theme.small_font
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self._theme.colour("accent"))
        painter.drawText(side, _RIGHT, words)

    @property
    def _focus_is_seen(self) -> bool:
        return self.shows_focus and self._view.hasFocus()

    def _status(self, document: int) -> Status | None:
        row = self._library.row(document)
        return status_of(row, self._library.progress(document)) if row is not None else None

    def _places(self, rect: QRect, *, sentence: bool, alone: bool = False) -> _Places:
        """Lay a row out: with a sentence in place of facts, or with the words alone."""
        box = self._column(rect).adjusted(0, 1, 0, -1)
        inner = box.adjusted(PADDING, 0, -PADDING, 0)
        top = box.top() + 8
        side = QRect(inner.right() + 1 - SIDE, box.top() + (ROW - 2 - ICON) // 2, SIDE, ICON)
        # In a narrow window the words come before the numbers.
        wide = STATUS if rect.width() >= NARROW else 132
        status = QRect(side.left() - wide, side.top(), wide, ICON)
        words = (side if sentence or alone else status).left() - GAP - inner.left()
        return _Places(
            box,
            QRect(inner.left(), top, words, 20),
            QRect(inner.left(), top + 22, words, box.bottom() - top - 22 if sentence else 18),
            status,
            side,
        )

    def _column(self, rect: QRect) -> QRect:
        """Return the part of a row that is the page's column, with a scroll bar or without."""
        whole = self._view.width()
        width = min(WIDTH + 2 * PADDING, whole - 2 * (MARGIN - PADDING))
        return QRect(rect.left() + (whole - width) // 2, rect.top(), width, rect.height())


def _draw(painter: QPainter, rect: QRect, text: str, mode: Qt.TextElideMode) -> None:
    shown = QFontMetrics(painter.font()).elidedText(" ".join(text.split()), mode, rect.width())
    painter.drawText(rect, _LEFT, shown)
