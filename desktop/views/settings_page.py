"""The settings: few, each with what it does."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.presenters.settings import SettingsPresenter
from desktop.theme.theme import Theme
from desktop.views.composer_controls import CONTEXT_CHOICES, SECONDS_CHOICES
from desktop.views.page import Page
from desktop.views.wording import number
from desktop.widgets.buttons import push_button
from desktop.widgets.choice import Choice
from desktop.widgets.labels import label, rule

IDLE_CHOICES = (0, 5, 15, 30, 60)
WIDTH = 680
FIELD = 200


class SettingsPage(Page):
    """Theme, time, context, data folder, privacy.

    Signals:
        shortcuts_wanted: The list of keys is asked for.
        privacy_wanted: What never leaves is asked for.
    """

    shortcuts_wanted = Signal()
    privacy_wanted = Signal()
    deleted_wanted = Signal()

    def __init__(
        self, theme: Theme, settings: SettingsPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(
            QCoreApplication.translate("SettingsPage", "Settings"), parent, width=WIDTH
        )
        self._theme = theme
        self._settings = settings
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
                self.tr("Free the model's memory"),
                self.tr("When nothing was asked for so long. The next question loads it again."),
                self._idle,
            ),
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
        self._on_changed()

    def _section(self, title: str, *rows: tuple[str, str, QWidget]) -> None:
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
            control.setAccessibleDescription(hint)
            words.addWidget(title_label)
            words.addWidget(label(hint, "small", wrap=True))
            row = QHBoxLayout()
            row.setContentsMargins(0, 12, 0, 12)
            row.setSpacing(24)
            row.addLayout(words, 1)
            control.setFixedWidth(FIELD)
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

        _choose(
            self._idle, self._settings.idle_minutes, self._idle_text(self._settings.idle_minutes)
        )

    def _idle_text(self, minutes: int) -> str:
        if not minutes:
            return self.tr("Never")
        return self.tr("After {n} minutes").format(n=number(minutes))

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


def _choose(box: QComboBox, value: int, text: str) -> None:
    at = box.findData(value)
    if at < 0:
        # A value that was set elsewhere is shown too, rather than another one.
        box.addItem(text, value)
        at = box.count() - 1
    box.setCurrentIndex(at)
