"""The line of a model's details that checks its files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.presenters.checksums import Check, Checksums
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import label, set_role
from models.files import Checksum

STEPS = 1000


class ChecksumRow(QWidget):
    """A button that checks, how far that is, and what was found."""

    def __init__(
        self, name: str, title: str, checksums: Checksums, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._checksums = checksums
        self._act = push_button(
            self.tr("Check"), "link", name=self.tr("Check the files of {name}").format(name=title)
        )
        self._act.setToolTip(self.tr("Read the whole file and compare its SHA-256"))
        self._act.clicked.connect(self._on_act)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, STEPS)
        self._bar.setFixedWidth(160)
        self._bar.setAccessibleName(self.tr("How much is checked"))
        self._words = label("", "small", wrap=True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        line.addWidget(self._act)
        line.addWidget(self._bar)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._words)
        column.addLayout(line)
        checksums.changed.connect(self._on_changed)
        self._show(checksums.of(name))

    def _show(self, check: Check | None) -> None:
        running = check is not None and not check.checksums
        done = check.checksums if check is not None else ()
        self._act.setText(
            self.tr("Stop") if running else self.tr("Check again") if done else self.tr("Check")
        )
        self._bar.setVisible(running)
        if running and check is not None:
            self._bar.setValue(round(STEPS * check.fraction))
        self._words.setVisible(bool(done))
        self._words.setText("\n".join(self._verdict(each, alone=len(done) == 1) for each in done))
        damaged = any(each.state == "differs" for each in done)
        set_role(self._words, "small-danger" if damaged else "small")

    def _verdict(self, checksum: Checksum, *, alone: bool) -> str:
        found = {
            "matches": self.tr("It is what it should be."),
            "differs": self.tr("It is damaged. Download it again."),
            "unknown": self.tr("Nothing here knows what it should be."),
        }[checksum.state]
        name = "" if alone else f"{Path(checksum.file).name}: "
        return f"{name}{found} {checksum.sha256}"

    @Slot(str)
    def _on_changed(self, name: str) -> None:
        if name == self._name:
            self._show(self._checksums.of(name))

    @Slot()
    def _on_act(self) -> None:
        check = self._checksums.of(self._name)
        if check is not None and not check.checksums:
            self._checksums.stop(self._name)
        else:
            self._checksums.start(self._name)
