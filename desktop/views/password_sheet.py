"""The small window that asks for a locked file's password."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.theme.theme import Theme
from desktop.views.dialogs import Sheet
from desktop.widgets.labels import label


class PasswordSheet(Sheet):
    """Asks for a password, and forgets it with itself.

    Signals:
        entered: The person gave one (str).
    """

    entered = Signal(str)

    def __init__(self, theme: Theme, name: str, *, wrong: bool, parent: QWidget) -> None:
        title = QCoreApplication.translate("PasswordSheet", "Enter password")
        super().__init__(theme, title, "offline", parent)
        text = (
            self.tr("This password did not open “{name}”.")
            if wrong
            else self.tr("“{name}” is locked with a password.")
        ).format(name=name)
        self.body.addWidget(label(text, "strong", wrap=True))
        self.body.addWidget(
            label(
                self.tr(
                    "It is used once, to read the file, and not kept. The text that is read is, "
                    "like that of every document."
                ),
                "muted",
                wrap=True,
            )
        )
        self._field = QLineEdit()
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setAccessibleName(self.tr("Password"))
        self._field.textChanged.connect(self._on_changed)
        self._field.returnPressed.connect(self._on_entered)
        self.body.addWidget(self._field)
        self._read = self.add_action(self.tr("Read the file"))
        self._read.setEnabled(False)
        self._read.clicked.connect(self._on_entered)

    def showEvent(self, event: QShowEvent) -> None:
        """Let the keys go to the field."""
        super().showEvent(event)
        self._field.setFocus()

    @Slot(str)
    def _on_changed(self, text: str) -> None:
        self._read.setEnabled(bool(text))

    @Slot()
    def _on_entered(self) -> None:
        if self._field.text():
            self.entered.emit(self._field.text())
            self._field.clear()
            self.accept()
