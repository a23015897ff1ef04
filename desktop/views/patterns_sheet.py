"""The small window that says which files of a watched folder are taken."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop.theme.theme import Theme
from desktop.views.dialogs import Sheet
from desktop.widgets.labels import ElidedLabel, label
from indexing.types import WatchedFolder

LINES = 4


class PatternsSheet(Sheet):
    """Shows a folder's patterns, and takes others.

    Signals:
        chosen: Other patterns are to hold (list[str], list[str]: to take, to leave out).
    """

    chosen = Signal(object, object)

    def __init__(self, theme: Theme, folder: WatchedFolder, parent: QWidget) -> None:
        title = QCoreApplication.translate("PatternsSheet", "Which files are taken")
        super().__init__(theme, title, "folder", parent)
        self.body.addWidget(ElidedLabel(folder.path, "muted", Qt.TextElideMode.ElideMiddle))
        self._include = self._field(
            self.tr("Take only"), folder.include, self.tr("Every file that can be read")
        )
        self._exclude = self._field(self.tr("Leave out"), folder.exclude, self.tr("Nothing more"))
        self.body.addWidget(
            label(
                self.tr(
                    "One pattern a line: *.pdf for names, drafts for a folder wherever it is, "
                    "letters/2024/* for a path. Hidden and unfinished files are always left out."
                ),
                "small",
                wrap=True,
            )
        )
        self._before = self._patterns()
        self._done = self.add_action(self.tr("Look again"))
        self._done.clicked.connect(self._on_done)
        for field in (self._include, self._exclude):
            field.textChanged.connect(self._on_changed)
        self._on_changed()

    def _field(self, name: str, patterns: Sequence[str], hint: str) -> QPlainTextEdit:
        words = label(name, "strong")
        field = QPlainTextEdit("\n".join(patterns))
        field.setObjectName("framed")
        field.setPlaceholderText(hint)
        field.setAccessibleName(name)
        field.setTabChangesFocus(True)
        field.setFixedHeight(LINES * QFontMetrics(field.font()).lineSpacing() + 16)
        words.setBuddy(field)
        self.body.addWidget(words)
        self.body.addWidget(field)
        return field

    def _patterns(self) -> tuple[list[str], list[str]]:
        include, exclude = (
            [line.strip() for line in field.toPlainText().splitlines() if line.strip()]
            for field in (self._include, self._exclude)
        )
        return include, exclude

    @Slot()
    def _on_changed(self) -> None:
        self._done.setEnabled(self._patterns() != self._before)

    @Slot()
    def _on_done(self) -> None:
        self.chosen.emit(*self._patterns())
        self.accept()
