"""The composer: what is about to be asked, about which documents, and what it will cost."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from assistant.answering.types import Mode, Plan
from desktop.presenters.chat import ChatPresenter
from desktop.presenters.composer import Attachment, ComposerPresenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.theme.theme import Theme
from desktop.views.wording import counted, left_out_text, number, seconds
from desktop.widgets.buttons import IconButton, tooltip
from desktop.widgets.chip import Chip
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.keys import leaves_to_window
from desktop.widgets.labels import restyle

MOST_LINES = 8
SECONDS_CHOICES = (5, 10, 20, 40, 60)
CONTEXT_CHOICES = (2048, 4096, 8192, 16384, 32768)


class Composer(QWidget):
    """The field, its chips, and the controls under it.

    Signals:
        settings_wanted: The page of settings is asked for.
    """

    settings_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        composer: ComposerPresenter,
        chat: ChatPresenter,
        documents: DocumentsPresenter,
        settings: SettingsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._composer = composer
        self._chat = chat
        self._documents = documents
        self._settings = settings
        self._plan: Plan | None = None
        self._card = QFrame()
        self._card.setObjectName("composerCard")
        self._chips = QWidget()
        self._chip_flow = FlowLayout(self._chips, spacing=6)
        self._field = _Field()
        self._field.setFont(theme.reading_font)
        self._field.setPlaceholderText(self.tr("Ask about your documents"))
        self._field.setAccessibleName(self.tr("Question"))
        self._field.textChanged.connect(self._on_text_changed)
        self._field.submitted.connect(self._on_submitted)
        self._field.focus_changed.connect(self._on_focus_changed)
        self._field.files_pasted.connect(composer.attach_files)
        self._build_controls()
        column = QVBoxLayout(self._card)
        column.setContentsMargins(12, 10, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._chips)
        column.addWidget(self._field)
        column.addLayout(self._controls)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._card)
        composer.draft_changed.connect(self._on_draft_changed)
        composer.attachments_changed.connect(self._on_attachments_changed)
        composer.plan_changed.connect(self._on_plan_changed)
        composer.mode_changed.connect(self._on_mode_changed)
        composer.ready_changed.connect(self._on_ready_changed)
        settings.changed.connect(self._on_settings_changed)
        documents.listed.connect(self._on_mode_changed)
        self._on_attachments_changed()
        self._on_mode_changed()
        self._on_plan_changed(None)
        self._on_ready_changed()

    def focus(self) -> None:
        """Put the cursor into the field."""
        self._field.setFocus()

    def choose_files(self) -> None:
        """Ask for files to attach."""
        dialog = QFileDialog(self.window(), self.tr("Attach documents"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._on_files_chosen)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # --- Building -------------------------------------------------------------------------

    def _build_controls(self) -> None:
        theme = self._theme
        self._attach = IconButton(theme, "attach", self.tr("Attach documents"), "Ctrl+O", size=18)
        self._attach.clicked.connect(self.choose_files)
        self._scope = _control(self.tr("Documents"))
        self._scope.setMenu(_menu(self._scope, self._fill_scope))
        self._mode = _control(self.tr("How documents are used"))
        self._mode.setMenu(_menu(self._mode, self._fill_mode))
        self._tokens = _control(self.tr("Context"))
        self._tokens.setMenu(_menu(self._tokens, self._fill_tokens))
        self._time = _control(self.tr("Time to the first word"))
        self._time.setMenu(_menu(self._time, self._fill_time))
        self._send = IconButton(
            theme, "send", self.tr("Send"), "Return", colour="accent-text", size=18, role="send"
        )
        self._send.clicked.connect(self._on_send)
        self._controls = QHBoxLayout()
        self._controls.setContentsMargins(0, 0, 0, 0)
        self._controls.setSpacing(2)
        self._controls.addWidget(self._attach)
        self._controls.addSpacing(2)
        self._controls.addWidget(self._scope)
        self._controls.addWidget(self._mode)
        self._controls.addStretch(1)
        self._controls.addWidget(self._tokens)
        self._controls.addWidget(self._time)
        self._controls.addSpacing(6)
        self._controls.addWidget(self._send)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show fewer words in the controls where there is little room."""
        super().resizeEvent(event)
        self._on_mode_changed()
        self._word_plan()

    # --- Text -----------------------------------------------------------------------------

    @Slot()
    def _on_text_changed(self) -> None:
        self._composer.set_draft(self._field.toPlainText())

    @Slot(str)
    def _on_draft_changed(self, draft: str) -> None:
        if draft != self._field.toPlainText():
            self._field.setPlainText(draft)
            cursor = self._field.textCursor()
            cursor.movePosition(cursor.MoveOperation.End)
            self._field.setTextCursor(cursor)

    @Slot()
    def _on_submitted(self) -> None:
        self._composer.send()

    @Slot()
    def _on_send(self) -> None:
        if self._chat.is_busy:
            self._chat.stop()
        else:
            self._composer.send()

    @Slot(bool)
    def _on_focus_changed(self, focused: bool) -> None:
        self._card.setProperty("focused", "true" if focused else "false")
        restyle(self._card)

    @Slot()
    def _on_ready_changed(self) -> None:
        busy = self._chat.is_busy
        waiting = self._composer.waiting_for
        if busy:
            self._send.set_icon("stop")
            self._send.set_name(self.tr("Stop"), "Esc")
            self._send.setEnabled(True)
            return
        self._send.set_icon("send")
        self._send.set_name(self.tr("Send"), "Return")
        if waiting:
            self._send.setToolTip(self.tr("{name} is still being read").format(name=waiting))
        self._send.setEnabled(self._composer.can_send)

    # --- Chips ----------------------------------------------------------------------------

    @Slot()
    def _on_attachments_changed(self) -> None:
        attachments = self._composer.attachments
        shown = {id(a): chip for a, chip in self._shown_chips()}
        for item_index in reversed(range(self._chip_flow.count())):
            self._chip_flow.takeAt(item_index)
        for attachment in attachments:
            chip = shown.pop(id(attachment), None) or self._chip(attachment)
            _update_chip(chip, attachment, self)
            self._chip_flow.addWidget(chip)
            chip.show()
        for chip in shown.values():
            chip.hide()
            chip.deleteLater()
        self._chips.setVisible(bool(attachments))
        self._chips.updateGeometry()
        self._chip_flow.invalidate()
        self._on_mode_changed()

    def _shown_chips(self) -> list[tuple[Attachment, Chip]]:
        chips: list[tuple[Attachment, Chip]] = []
        for index in range(self._chip_flow.count()):
            item = self._chip_flow.itemAt(index)
            widget = item.widget() if item is not None else None
            if isinstance(widget, _AttachmentChip):
                chips.append((widget.attachment, widget))
        return chips

    def _chip(self, attachment: Attachment) -> Chip:
        chip = _AttachmentChip(self._theme, attachment)
        chip.removed.connect(lambda: self._composer.detach(attachment))
        return chip

    @Slot(list)
    def _on_files_chosen(self, files: list[str]) -> None:
        self._composer.attach_files(files)

    # --- The plan -------------------------------------------------------------------------

    @Slot(object)
    def _on_plan_changed(self, plan: Plan | None) -> None:
        self._plan = plan
        self._on_mode_changed()
        self._word_plan()

    @Slot()
    def _on_settings_changed(self) -> None:
        self._word_plan()

    def _word_plan(self) -> None:
        plan = self._plan
        narrow = self.width() < 520
        context = number(self._settings.context_tokens)
        accepted = number(self._settings.answer_seconds)
        if plan is None:
            self._tokens.setText(self.tr("{n} tokens fit").format(n=context))
            self._time.setText(self.tr("up to {n} s").format(n=accepted))
        else:
            self._tokens.setText(self.tr("{n} tokens").format(n=number(plan.prompt_tokens)))
            self._time.setText(
                self.tr("up to {n} s").format(n=accepted)
                if plan.seconds_to_first_word is None
                else self.tr("~{time}").format(time=seconds(plan.seconds_to_first_word))
            )
        self._tokens.setVisible(not narrow)
        self._tokens.setToolTip(
            self.tr("What the model will be given. {n} tokens fit into its context.").format(
                n=context
            )
        )
        self._time.setToolTip(
            self.tr("Until the first word. You accept {n} seconds.").format(n=accepted)
        )

    @Slot()
    def _on_mode_changed(self) -> None:
        narrow = self.width() < 520
        composer = self._composer
        attached = [a for a in composer.attachments if a.state != "failed"]
        ready = [row for row in self._documents.rows if row.status == "ready"]
        if not composer.use_documents:
            scope = self.tr("No documents")
        elif attached:
            scope = counted(len(attached), self.tr("This document"), self.tr("These {n} documents"))
        elif ready:
            scope = counted(len(ready), self.tr("1 document"), self.tr("All {n} documents"))
        else:
            scope = self.tr("No documents yet")
        self._scope.setText(scope)
        self._mode.setVisible(composer.use_documents and bool(attached or ready) and not narrow)
        plan = self._plan
        if composer.mode == "whole":
            mode = self.tr("Whole")
        elif composer.mode == "retrieval":
            mode = self.tr("By passages")
        elif plan is not None and plan.mode == "whole":
            mode = self.tr("Auto: whole")
        elif plan is not None and plan.mode == "retrieval":
            mode = self.tr("Auto: {passages}").format(
                passages=counted(plan.passages, self.tr("1 passage"), self.tr("{n} passages"))
            )
        else:
            mode = self.tr("Auto")
        self._mode.setText(mode)

    # --- Menus ----------------------------------------------------------------------------

    def _fill_scope(self, menu: QMenu) -> None:
        composer = self._composer
        group = QActionGroup(menu)
        attached = any(a.state != "failed" for a in composer.attachments)
        use = self.tr("The attached documents") if attached else self.tr("All documents")
        _choice(menu, group, use, composer.use_documents, lambda: self._use(True))
        _choice(menu, group, self.tr("No documents, the model alone"), not composer.use_documents,
                lambda: self._use(False))  # fmt: skip
        ready = [row for row in self._documents.rows if row.status == "ready"]
        if ready:
            menu.addSeparator()
            sub = menu.addMenu(self.tr("Attach from the library"))
            for row in ready[:200]:
                sub.addAction(row.title).triggered.connect(
                    lambda _=False, row=row: composer.attach_document(row)
                )

    def _use(self, use: bool) -> None:
        self._composer.set_mode(self._composer.mode, use_documents=use)

    def _fill_mode(self, menu: QMenu) -> None:
        composer = self._composer
        group = QActionGroup(menu)
        modes: tuple[tuple[Mode, str], ...] = (
            ("auto", self.tr("Auto: whole where it fits, else passages")),
            ("whole", self.tr("Whole documents")),
            ("retrieval", self.tr("By passages")),
        )
        for mode, text in modes:
            _choice(menu, group, text, composer.mode == mode,
                    lambda mode=mode: composer.set_mode(mode))  # fmt: skip

    def _fill_tokens(self, menu: QMenu) -> None:
        plan = self._plan
        if plan is not None:
            for text in (
                self.tr("{n} tokens will be read").format(n=number(plan.prompt_tokens)),
                self.tr("{n} of them are read already").format(n=number(plan.cached_tokens)),
                left_out_text(plan) if plan.earlier_left_out else "",
            ):
                if text:
                    menu.addAction(text).setEnabled(False)
            menu.addSeparator()
        menu.addAction(self.tr("Context of the model")).setEnabled(False)
        group = QActionGroup(menu)
        for tokens in CONTEXT_CHOICES:
            _choice(menu, group, self.tr("{n} tokens").format(n=number(tokens)),
                    tokens == self._settings.context_tokens,
                    lambda tokens=tokens: self._settings.set_context_tokens(tokens))  # fmt: skip

    def _fill_time(self, menu: QMenu) -> None:
        menu.addAction(self.tr("Time you accept to the first word")).setEnabled(False)
        group = QActionGroup(menu)
        for choice in SECONDS_CHOICES:
            _choice(menu, group, self.tr("{n} seconds").format(n=choice),
                    choice == round(self._settings.answer_seconds),
                    lambda choice=choice: self._settings.set_answer_seconds(choice))  # fmt: skip


class _AttachmentChip(Chip):
    def __init__(self, theme: Theme, attachment: Attachment) -> None:
        super().__init__(theme, "file", attachment.title)
        self.attachment = attachment


class _Field(QPlainTextEdit):
    """A field that grows with its text, up to eight lines."""

    submitted = Signal()
    focus_changed = Signal(bool)
    files_pasted = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        # Files dropped on the field are the window's to take.
        self.setAcceptDrops(False)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the height to the newly broken lines."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Leave the window its shortcuts."""
        if leaves_to_window(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send at Enter; Shift+Enter begins a new line."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Report the focus."""
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Report that the focus is elsewhere."""
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Attach files that are pasted; paste words as plain text."""
        files = [url.toLocalFile() for url in source.urls() if url.isLocalFile()]
        if files:
            self.files_pasted.emit(files)
        else:
            self.insertPlainText(source.text())

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Take words and files."""
        return source.hasText() or source.hasUrls()

    @Slot()
    def _fit(self) -> None:
        line = self.fontMetrics().lineSpacing()
        lines = 0
        block = self.document().begin()
        while block.isValid() and lines < MOST_LINES:
            lines += max(1, block.layout().lineCount())
            block = block.next()
        wanted = line * min(MOST_LINES, max(1, lines)) + 8
        if wanted != self.height():
            self.setFixedHeight(wanted)

    def sizeHint(self) -> QSize:
        """The fitted height."""
        return QSize(200, self.height())


def _control(name: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("role", "control")
    button.setAccessibleName(name)
    button.setToolTip(tooltip(name))
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _menu(parent: QWidget, fill: Callable[[QMenu], None]) -> QMenu:
    menu = QMenu(parent)

    def refill() -> None:
        menu.clear()
        fill(menu)

    menu.aboutToShow.connect(refill)
    return menu


def _choice(
    menu: QMenu, group: QActionGroup, text: str, checked: bool, chosen: Callable[[], None]
) -> QAction:
    action = menu.addAction(text)
    action.setCheckable(True)
    action.setChecked(checked)
    group.addAction(action)
    action.triggered.connect(lambda _=False: chosen())
    return action


def _update_chip(chip: Chip, attachment: Attachment, owner: QWidget) -> None:
    if attachment.state == "adding":
        fraction = attachment.fraction
        text = owner.tr("waiting") if fraction is None else f"{round(100 * fraction)} %"
        tip = owner.tr("{name} is being read").format(name=attachment.path)
    elif attachment.state == "failed":
        text, tip = owner.tr("not read"), attachment.reason or attachment.path
    else:
        text, tip = "", attachment.path
    chip.set_state(attachment.state, text, attachment.fraction, tip)
