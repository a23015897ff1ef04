"""The small windows: what never leaves, and the list of keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.theme.theme import Theme
from desktop.views.wording import counted
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import label, rule

WIDTH = 460


class Sheet(QDialog):
    """A small window with a title, some content and a button to close it.

    Attributes:
        body: Where its content goes.
    """

    def __init__(self, theme: Theme, title: str, icon: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        picture = QLabel()
        picture.setPixmap(theme.icon(icon, "accent", 24).pixmap(24, 24))
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(picture)
        head.addWidget(label(title, "title"), 1)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self._close = push_button(self.tr("Close"))
        self._close.setAutoDefault(False)
        self._close.clicked.connect(self.reject)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(8)
        self._foot.addStretch(1)
        self._foot.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(16)
        column.addLayout(head)
        column.addLayout(self.body)
        column.addLayout(self._foot)

    def add_action(self, text: str) -> QPushButton:
        """Add the button that does what the window is for; the other one only cancels it."""
        self._close.setText(self.tr("Cancel"))
        made = push_button(text, "primary")
        made.setAutoDefault(False)
        self._foot.addWidget(made)
        return made

    def fit(self) -> None:
        """Be as tall as the words need at this width."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            wrapped = layout.totalHeightForWidth(WIDTH)
            self.setFixedHeight(wrapped if wrapped > 0 else layout.totalSizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        """Show all of the words."""
        self.fit()
        super().showEvent(event)


class PrivacySheet(Sheet):
    """What never leaves, and the counter that shows it."""

    def __init__(
        self, theme: Theme, denied: dict[str, int], data_dir: str, parent: QWidget
    ) -> None:
        title = QCoreApplication.translate("PrivacySheet", "Nothing leaves this computer")
        super().__init__(theme, title, "offline", parent)
        total = sum(denied.values())
        for text in (
            self.tr(
                "Your documents, questions and answers stay in the data folder. The model "
                "runs on this computer, and Studiolo refuses every connection to the network, "
                "but to the model hub while you look for a model or download one there."
            ),
            self.tr("They lie in {folder}.").format(folder=data_dir),
        ):
            words = label(text, wrap=True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.body.addWidget(words)
        self.body.addWidget(rule())
        self.body.addWidget(
            label(
                counted(
                    total,
                    self.tr("1 attempt to reach the network was refused since the start."),
                    self.tr("{n} attempts to reach the network were refused since the start."),
                ),
                "strong",
                wrap=True,
            )
        )
        for host, count in sorted(denied.items(), key=lambda item: -item[1])[:8]:
            self.body.addWidget(label(f"{host} · {count}", "small"))


class ShortcutsSheet(Sheet):
    """The list of keys."""

    def __init__(self, theme: Theme, shortcuts: Sequence[tuple[str, str]], parent: QWidget) -> None:
        title = QCoreApplication.translate("ShortcutsSheet", "Keys")
        super().__init__(theme, title, "keyboard", parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        for row, (what, keys) in enumerate(shortcuts):
            native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
            grid.addWidget(label(what), row, 0)
            grid.addWidget(label(native, "muted"), row, 1)
        self.body.addLayout(grid)
