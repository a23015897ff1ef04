"""The composer: what is about to be asked, and about which documents."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.presenters.attachments import Attachment
from desktop.presenters.chat import ChatPresenter
from desktop.presenters.composer import ComposerPresenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.theme.theme import Theme
from desktop.views.composer_controls import ComposerControls
from desktop.views.composer_field import ComposerField
from desktop.views.file_dialog import file_dialog
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.chip import Chip
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import ElidedLabel, restyle


class Composer(QWidget):
    """The field, the chips of what is attached, and the controls.

    Signals:
        edit_last_wanted: What was asked last is to be asked in other words.
    """

    edit_last_wanted = Signal()

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
        self._card = QFrame()
        self._card.setObjectName("composerCard")
        self._chips = QWidget()
        self._chip_flow = FlowLayout(self._chips, spacing=6)
        self._field = ComposerField()
        self._field.setFont(theme.reading_font)
        self._field.setAccessibleName(self.tr("Question"))
        self._field.textChanged.connect(self._on_text_changed)
        self._field.submitted.connect(composer.send)
        self._field.edit_last_wanted.connect(self.edit_last_wanted)
        self._field.focus_changed.connect(self._on_focus_changed)
        self._field.files_pasted.connect(composer.attach_files)
        self._attach = IconButton(theme, "attach", self.tr("Attach documents"), "Ctrl+O", size=18)
        self._attach.clicked.connect(self.choose_files)
        self._controls = ComposerControls(composer, documents, settings)
        self._send = IconButton(
            theme, "send", self.tr("Send"), "Return", colour="accent-text", size=18, role="send"
        )
        self._send.clicked.connect(self._on_send)
        foot = QHBoxLayout()
        foot.setSpacing(4)
        foot.addWidget(self._attach)
        foot.addWidget(self._controls, 1)
        foot.addSpacing(4)
        foot.addWidget(self._send)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(12, 10, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._chips)
        column.addWidget(self._field)
        column.addWidget(self._make_queued())
        column.addWidget(self._make_suggestion())
        column.addLayout(foot)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._card)
        composer.draft_changed.connect(self._on_draft_changed)
        composer.attachments_changed.connect(self._on_attachments_changed)
        composer.mode_changed.connect(self._word_field)
        composer.mode_changed.connect(self._show_suggestion)
        composer.plan_changed.connect(self._show_suggestion)
        composer.ready_changed.connect(self._on_ready_changed)
        self._on_attachments_changed()
        self._word_field()
        self._on_ready_changed()

    def focus(self) -> None:
        """Put the cursor into the field."""
        self._field.setFocus()

    @Slot()
    def choose_files(self) -> None:
        """Ask for files to attach."""
        files = QFileDialog.FileMode.ExistingFiles
        dialog = file_dialog(self.window(), self.tr("Attach documents"), files)
        dialog.filesSelected.connect(self._composer.attach_files)
        dialog.open()

    def _make_queued(self) -> QWidget:
        """Return the line that says what a question waits for."""
        self._queued = QWidget()
        self._queued_text = ElidedLabel("", "small")
        back = push_button(self.tr("Do not send yet"), "link")
        back.setToolTip(self.tr("Keep the question here, to go on with it"))
        back.clicked.connect(self._composer.unqueue)
        row = QHBoxLayout(self._queued)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(8)
        row.addWidget(self._queued_text, 1)
        row.addWidget(back)
        return self._queued

    def _make_suggestion(self) -> QWidget:
        """Return the line that offers what a search cannot do."""
        self._suggestion = QWidget()
        words = ElidedLabel(self.tr("A search may miss some of this."), "small")
        read = push_button(self.tr("Read everything"), "link")
        read.setToolTip(self.tr("Have the model read every page for this question"))
        read.clicked.connect(lambda: self._composer.set_mode("everything"))
        row = QHBoxLayout(self._suggestion)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(8)
        row.addWidget(words, 1)
        row.addWidget(read)
        self._suggestion.hide()
        return self._suggestion

    @Slot()
    def _show_suggestion(self) -> None:
        self._suggestion.setVisible(
            self._composer.suggests_everything and not self._composer.is_queued
        )

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
    def _word_field(self) -> None:
        self._field.setPlaceholderText(
            self.tr("Ask about your documents")
            if self._composer.use_documents
            else self.tr("Ask the model")
        )

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
        composer = self._composer
        self._queued.setVisible(composer.is_queued)
        self._queued_text.setText(
            self.tr("Will be asked once {name} is read").format(name=composer.waiting_for)
        )
        if self._chat.is_busy:
            self._send.set_icon("stop")
            self._send.set_name(self.tr("Stop"), "Esc")
            self._send.setEnabled(True)
            return
        self._send.set_icon("send")
        self._send.set_name(self.tr("Send"), "Return")
        if composer.waiting_for:
            self._send.setToolTip(
                self.tr("Send, once {name} is read").format(name=composer.waiting_for)
            )
        self._send.setEnabled(composer.can_send)

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


class _AttachmentChip(Chip):
    def __init__(self, theme: Theme, attachment: Attachment) -> None:
        super().__init__(theme, _icon_of(attachment), attachment.title)
        self.attachment = attachment


def _icon_of(attachment: Attachment) -> str:
    if attachment.collection:
        return "folder" if attachment.path else "documents"
    return "file"


def _update_chip(chip: Chip, attachment: Attachment, owner: QWidget) -> None:
    place = attachment.path or attachment.title
    chip.set_name(attachment.title)
    if attachment.state == "adding":
        fraction = attachment.fraction
        text = owner.tr("waiting") if fraction is None else f"{round(100 * fraction)} %"
        tip = owner.tr("{name} is being read").format(name=place)
    elif attachment.state == "failed":
        is_named = bool(attachment.collection) and not attachment.path
        text = owner.tr("empty") if is_named else owner.tr("not read")
        tip = attachment.reason or place
    else:
        text, tip = "", place
    chip.set_state(attachment.state, text, attachment.fraction, tip)
