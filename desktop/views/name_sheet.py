"""The small window that asks what something is to be called."""

from __future__ import annotations

from collections.abc import Container

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from assistant.collections import LONGEST_NAME
from desktop.theme.theme import Theme
from desktop.views.dialogs import Sheet
from desktop.widgets.labels import label


class NameSheet(Sheet):
    """Asks for the name of a collection.

    Signals:
        entered: The person gave one (str).
    """

    entered = Signal(str)

    def __init__(
        self,
        theme: Theme,
        title: str,
        hint: str,
        action: str,
        parent: QWidget,
        *,
        name: str = "",
        taken: Container[str] = (),
    ) -> None:
        """Make the window.

        Args:
            theme: The window's.
            title: What is asked.
            hint: What becomes of the name.
            action: What the button does.
            parent: The window that it stands over.
            name: What it is called now.
            taken: Names that it must not have.
        """
        super().__init__(theme, title, "documents", parent)
        self._before = name
        self._taken = taken
        self.body.addWidget(label(hint, "muted", wrap=True))
        self._field = QLineEdit(name)
        self._field.setMaxLength(LONGEST_NAME)
        self._field.setPlaceholderText(self.tr("Name"))
        self._field.setAccessibleName(self.tr("Name"))
        self._field.textChanged.connect(self._on_changed)
        self._field.returnPressed.connect(self._on_entered)
        self.body.addWidget(self._field)
        self._problem = label("", "small-danger", wrap=True)
        self.body.addWidget(self._problem)
        self._done = self.add_action(action)
        self._done.clicked.connect(self._on_entered)
        self._on_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Let the keys go to the field."""
        super().showEvent(event)
        self._field.setFocus()
        self._field.selectAll()

    @property
    def _name(self) -> str:
        return " ".join(self._field.text().split())

    @Slot()
    def _on_changed(self) -> None:
        is_taken = self._name != self._before and self._name in self._taken
        self._problem.setText(self.tr("There is one of this name already.") if is_taken else "")
        self._done.setEnabled(bool(self._name) and self._name != self._before and not is_taken)

    @Slot()
    def _on_entered(self) -> None:
        if self._done.isEnabled():
            self.entered.emit(self._name)
            self.accept()
