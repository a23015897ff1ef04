"""The settings: few, each with what it does."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from assistant.wording import bytes_text
from desktop.presenters.embedders import EmbeddersPresenter
from desktop.presenters.rerankers import RerankersPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.presenters.studies import StudiesPresenter
from desktop.theme.theme import Theme
from desktop.views.composer_controls import CONTEXT_CHOICES, SECONDS_CHOICES
from desktop.views.embedder_field import EmbedderField
from desktop.views.page import Page
from desktop.views.reranker_field import RerankerField
from desktop.views.wording import decimal, number
from desktop.widgets.buttons import push_button
from desktop.widgets.choice import Choice
from desktop.widgets.labels import label, rule
from desktop.widgets.switch import Switch

IDLE_CHOICES = (0, 5, 15, 30, 60)
STATE_CHOICES = (0, 2, 4, 8, 16, 32, 64)
TEMPERATURES = (0.0, 0.3, 0.7, 1.0)
WIDTH = 680
FIELD = 200


class SettingsPage(Page):
    """Colours, answers, documents, what is kept on disk, privacy.

    Signals:
        shortcuts_wanted: The list of keys is asked for.
        privacy_wanted: What never leaves is asked for.
    """

    shortcuts_wanted = Signal()
    privacy_wanted = Signal()
    deleted_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        settings: SettingsPresenter,
        studies: StudiesPresenter,
        embedders: EmbeddersPresenter,
        rerankers: RerankersPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            QCoreApplication.translate("SettingsPage", "Settings"), parent, width=WIDTH
        )
        self._theme = theme
        self._settings = settings
        self._studies = studies
        self._colours = Choice(theme)
        for choice, text in (
            ("system", self.tr("As the system")),
            ("light", self.tr("Light")),
            ("dark", self.tr("Dark")),
        ):
            self._colours.addItem(text, choice)
        self._colours.activated.connect(self._on_colours)
        self._seconds = Choice(theme)
        for choice in SECONDS_CHOICES:
            self._seconds.addItem(self.tr("{n} seconds").format(n=choice), choice)
        self._seconds.activated.connect(self._on_seconds)
        self._context = Choice(theme)
        for tokens in CONTEXT_CHOICES:
            self._context.addItem(self.tr("{n} tokens").format(n=number(tokens)), tokens)
        self._context.activated.connect(self._on_context)
        self._temperature = Choice(theme)
        for value in TEMPERATURES:
            self._temperature.addItem(self._temperature_text(value), value)
        self._temperature.activated.connect(self._on_temperature)
        self._scans = Switch(theme)
        self._scans.toggled.connect(self._on_scans)
        self._states = Choice(theme)
        for gigabytes in STATE_CHOICES:
            self._states.addItem(self._states_text(gigabytes), float(gigabytes))
        self._states.activated.connect(self._on_states)
        self._used = label("", "small", wrap=True)
        self._clear = push_button(self.tr("Delete…"))
        self._clear.clicked.connect(self._on_clear)
        self._idle = Choice(theme)
        for minutes in IDLE_CHOICES:
            self._idle.addItem(self._idle_text(minutes), minutes)
        self._idle.activated.connect(self._on_idle)
        folder = push_button(self.tr("Open the folder"))
        folder.clicked.connect(self._on_open_folder)
        deleted = push_button(self.tr("Bring one back"))
        deleted.clicked.connect(self.deleted_wanted)
        privacy = push_button(self.tr("What never leaves"))
        privacy.clicked.connect(self.privacy_wanted)
        keys = push_button(self.tr("List of keys"))
        keys.clicked.connect(self.shortcuts_wanted)
        self._section(
            self.tr("Appearance"),
            (self.tr("Colours"), self.tr("Light, dark, or as the system is."), self._colours),
        )
        self._section(
            self.tr("Answers"),
            (
                self.tr("Time to the first word"),
                self.tr(
                    "How long you accept to wait. With more time the model reads more of "
                    "your documents before it answers."
                ),
                self._seconds,
            ),
            (
                self.tr("Context"),
                self.tr(
                    "How much the model can hold at once. More needs more memory; it holds "
                    "from the next time the model is loaded."
                ),
                self._context,
            ),
            (
                self.tr("How freely it writes"),
                self.tr(
                    "Exact answers the same question the same way. Personas and single models "
                    "can be set otherwise."
                ),
                self._temperature,
            ),
            (
                self.tr("Free the model's memory"),
                self.tr("When nothing was asked for so long. The next question loads it again."),
                self._idle,
            ),
        )
        self._section(
            self.tr("Documents"),
            (
                self.tr("Read scans"),
                self.tr(
                    "Recognise the words of scanned pages and of pictures, on this computer. It "
                    "takes some seconds a page, and holds for files that are read from now on."
                ),
                self._scans,
            ),
            (
                self.tr("Search model"),
                self.tr(
                    "Finds the passages that a question is answered from. Those for searching on "
                    "the Models page can be chosen once they are downloaded."
                ),
                EmbedderField(theme, embedders),
            ),
            (
                self.tr("Reranker"),
                self.tr(
                    "Reads the first passages that were found once more, together with the "
                    "question, and puts the best first. Answers begin a few seconds later."
                ),
                RerankerField(theme, rerankers),
            ),
        )
        self._section(
            self.tr("What models have read"),
            (
                self.tr("Room on the disk"),
                self.tr(
                    "Documents that were studied, and long conversations, need not be read again. "
                    "What was not used for longest goes first."
                ),
                self._states,
            ),
            (self.tr("In use"), self._used, self._clear),
        )
        self._section(
            self.tr("Your data"),
            (self.tr("Data folder"), str(settings.data_dir), folder),
            (
                self.tr("Deleted conversations"),
                self.tr("They can be brought back for 30 days."),
                deleted,
            ),
            (
                self.tr("Privacy"),
                self.tr("Studiolo refuses every connection that you did not ask for."),
                privacy,
            ),
        )
        self._section(
            self.tr("Keyboard"),
            (self.tr("Shortcuts"), self.tr("Every page and most buttons have a key."), keys),
        )
        self.body.addStretch(1)
        settings.changed.connect(self._on_changed)
        studies.studied_changed.connect(self._on_used)
        self._on_changed()
        self._on_used()

    def _section(self, title: str, *rows: tuple[str, str | QLabel, QWidget]) -> None:
        heading = label(title, "section")
        heading.setContentsMargins(0, 8, 0, 0)
        self.body.addWidget(heading)
        card = QFrame()
        card.setObjectName("card")
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 0, 16, 0)
        column.setSpacing(0)
        for index, (name, hint, control) in enumerate(rows):
            if index:
                column.addWidget(rule())
            words = QVBoxLayout()
            words.setSpacing(2)
            title_label = label(name)
            title_label.setBuddy(control)
            control.setAccessibleName(name)
            words.addWidget(title_label)
            if isinstance(hint, str):
                control.setAccessibleDescription(hint)
            words.addWidget(label(hint, "small", wrap=True) if isinstance(hint, str) else hint)
            # Beside a taller field the words stay together.
            words.addStretch(1)
            row = QHBoxLayout()
            row.setContentsMargins(0, 12, 0, 12)
            row.setSpacing(24)
            row.addLayout(words, 1)
            if not isinstance(control, Switch):
                # Wider only where the words are larger.
                control.setMinimumWidth(max(FIELD, control.minimumWidth()))
            row.addWidget(control)
            column.addLayout(row)
        self.body.addWidget(card)
        self.body.addSpacing(8)

    @Slot()
    def _on_changed(self) -> None:
        self._colours.setCurrentIndex(self._colours.findData(self._settings.theme))
        _choose(self._seconds, round(self._settings.answer_seconds),
                self.tr("{n} seconds").format(n=round(self._settings.answer_seconds)))  # fmt: skip
        _choose(self._context, self._settings.context_tokens,
                self.tr("{n} tokens").format(n=number(self._settings.context_tokens)))  # fmt: skip

        _choose(self._temperature, self._settings.temperature,
                self._temperature_text(self._settings.temperature))  # fmt: skip
        _choose(self._states, self._settings.state_gb,
                self._states_text(self._settings.state_gb))  # fmt: skip
        self._scans.setChecked(self._settings.read_scans)
        _choose(
            self._idle, self._settings.idle_minutes, self._idle_text(self._settings.idle_minutes)
        )

    @Slot()
    def _on_used(self) -> None:
        used = self._studies.used_bytes
        text = bytes_text(used) if used else self.tr("Nothing is kept yet.")
        self._used.setText(text)
        self._clear.setAccessibleDescription(text)
        self._clear.setEnabled(bool(used))

    def _states_text(self, gigabytes: float) -> str:
        if not gigabytes:
            return self.tr("Keep nothing")
        whole = gigabytes == round(gigabytes)
        return self.tr("{n} GB").format(n=number(gigabytes) if whole else decimal(gigabytes))

    def _temperature_text(self, value: float) -> str:
        named = {0.0: self.tr("Exact"), 0.3: self.tr("A little"), 0.7: self.tr("Freely"),
                 1.0: self.tr("Very freely")}  # fmt: skip
        shown = decimal(value) if round(value, 1) == value else QLocale().toString(value, "g", 3)
        return f"{named[value]} · {shown}" if value in named else shown

    def _idle_text(self, minutes: int) -> str:
        if not minutes:
            return self.tr("Never")
        return self.tr("After {n} minutes").format(n=number(minutes))

    @Slot()
    def _on_temperature(self) -> None:
        self._settings.set_temperature(self._temperature.currentData())

    @Slot(bool)
    def _on_scans(self, on: bool) -> None:
        self._settings.set_read_scans(on=on)

    @Slot()
    def _on_states(self) -> None:
        gigabytes: float = self._states.currentData()
        self._settings.set_state_gb(gigabytes)
        # What was kept under the old quota must not outlive it.
        self._studies.shrink(int(gigabytes * 1e9))

    @Slot()
    def _on_clear(self) -> None:
        box = QMessageBox(self.window())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Delete what models have read"))
        box.setText(
            self.tr(
                "Delete {size} of what models have read? Documents and conversations stay; they "
                "are read again when you ask about them."
            ).format(size=bytes_text(self._studies.used_bytes))
        )
        box.addButton(self.tr("Keep it"), QMessageBox.ButtonRole.RejectRole)
        delete = box.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        delete.clicked.connect(self._studies.clear)
        box.open()

    @Slot()
    def _on_idle(self) -> None:
        self._settings.set_idle_minutes(self._idle.currentData())

    @Slot()
    def _on_colours(self) -> None:
        self._settings.set_theme(self._colours.currentData())

    @Slot()
    def _on_seconds(self) -> None:
        self._settings.set_answer_seconds(self._seconds.currentData())

    @Slot()
    def _on_context(self) -> None:
        self._settings.set_context_tokens(self._context.currentData())

    @Slot()
    def _on_open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._settings.data_dir)))


def _choose(box: QComboBox, value: float, text: str) -> None:
    at = box.findData(value)
    if at < 0:
        # A value that was set elsewhere is shown too, rather than another one.
        box.addItem(text, value)
        at = box.count() - 1
    box.setCurrentIndex(at)
