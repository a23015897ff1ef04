"""A question in the conversation, and its editing in place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from assistant.conversations.types import Message
from desktop.theme.theme import Theme
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.keys import keeps_escape, leaves_to_window
from desktop.widgets.labels import label
from desktop.widgets.plain_prose import PlainProse


class QuestionView(QWidget):
    """What the person asked, with a way to ask it in other words.

    Signals:
        asked_anew: The question was edited (str).
        sibling_wanted: The branch before (-1) or after (1) this one is wanted.
    """

    asked_anew = Signal(str)
    sibling_wanted = Signal(int)

    def __init__(
        self, theme: Theme, text: str, message: Message | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = text
        self._editor: _Editor | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._edit = IconButton(theme, "edit", self.tr("Edit question"), size=16)
        self._edit.clicked.connect(self._on_edit)
        # Keeps its place while it is away, so that nothing moves when an answer is done.
        policy = self._edit.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._edit.setSizePolicy(policy)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(label(self.tr("You"), "section"))
        head.addStretch(1)
        if message is not None and len(message.siblings) > 1:
            head.addWidget(Branches(theme, message, self.sibling_wanted))
        head.addWidget(self._edit)
        self._edit.setVisible(message is not None)
        self._prose = PlainProse(theme, text)
        self._column.addLayout(head)
        self._column.addWidget(self._prose)

    def set_editable(self, editable: bool) -> None:
        """Allow editing, or not while an answer is written."""
        self._edit.setEnabled(editable)

    @Slot()
    def edit(self) -> None:
        """Begin to change the question, where that is allowed now."""
        if self._edit.isEnabled():
            self._on_edit()

    @Slot()
    def _on_edit(self) -> None:
        if self._editor is not None:
            return
        self._editor = _Editor(self._theme, self._text)
        self._editor.accepted.connect(self._on_accepted)
        self._editor.rejected.connect(self._on_rejected)
        self._prose.hide()
        self._edit.hide()
        self._column.addWidget(self._editor)
        self._editor.focus()

    @Slot(str)
    def _on_accepted(self, text: str) -> None:
        self._on_rejected()
        self.asked_anew.emit(text)

    @Slot()
    def _on_rejected(self) -> None:
        if self._editor is not None:
            self._editor.deleteLater()
            self._editor = None
        self._prose.show()
        self._edit.show()


class Branches(QWidget):
    """Which of the branches at this place is shown, and arrows to the others."""

    def __init__(self, theme: Theme, message: Message, wanted: SignalInstance) -> None:
        super().__init__()
        at = message.siblings.index(message.id)
        count = len(message.siblings)
        before = IconButton(theme, "chevron-left", self.tr("Earlier version"), size=16)
        after = IconButton(theme, "chevron-right", self.tr("Later version"), size=16)
        before.setEnabled(at > 0)
        after.setEnabled(at + 1 < count)
        before.clicked.connect(lambda: wanted.emit(-1))
        after.clicked.connect(lambda: wanted.emit(1))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(before)
        row.addWidget(label(f"{at + 1}/{count}", "small"))
        row.addWidget(after)


class _Editor(QFrame):
    """The question in a field, with what to do about it."""

    accepted = Signal(str)
    rejected = Signal()

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        self.setObjectName("composerCard")
        self._field = _Field(text)
        self._field.setFont(theme.reading_font)
        self._field.setAccessibleName(self.tr("Question"))
        self._field.submitted.connect(self._on_submit)
        self._field.cancelled.connect(self.rejected)
        send = push_button(self.tr("Ask again"), "primary")
        send.clicked.connect(self._on_submit)
        cancel = push_button(self.tr("Cancel"))
        cancel.clicked.connect(self.rejected)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(label(self.tr("The first version stays beside the new one."), "small"))
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(send)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 12)
        column.addWidget(self._field)
        column.addLayout(buttons)

    def focus(self) -> None:
        """Put the cursor at the end of the question."""
        self._field.setFocus()
        cursor = self._field.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        self._field.setTextCursor(cursor)

    @Slot()
    def _on_submit(self) -> None:
        text = self._field.toPlainText().strip()
        if text:
            self.accepted.emit(text)


class _Field(QPlainTextEdit):
    submitted = Signal()
    cancelled = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTabChangesFocus(True)

    def sizeHint(self) -> QSize:
        """Three to eight lines."""
        lines = min(8, max(3, self.document().blockCount()))
        return QSize(400, round(self.fontMetrics().lineSpacing() * lines + 12))

    def minimumSizeHint(self) -> QSize:
        """As `sizeHint`."""
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        """Keep Escape from the window's shortcuts, and leave it the others."""
        if keeps_escape(event) or leaves_to_window(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send at Enter, leave at Escape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not (
            event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        ):
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)
