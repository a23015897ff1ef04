"""The small window that asks how to load a model that will not fit."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtWidgets import QWidget

from assistant.wording import bytes_text
from desktop.presenters.shortages import Shortage
from desktop.theme.theme import Theme
from desktop.views.dialogs import Sheet
from desktop.views.models_wording import memory_name
from desktop.views.wording import number
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import label


class ShortageSheet(Sheet):
    """Says what a model needs and what is free; loads it smaller, all the same, or not at all."""

    def __init__(self, theme: Theme, shortage: Shortage, parent: QWidget) -> None:
        title = QCoreApplication.translate("ShortageSheet", "{name} will not fit")
        super().__init__(theme, title.format(name=shortage.title), "warning", parent)
        self._shortage = shortage
        known = shortage.known
        text = self.tr("It needs {needed} of {memory} with a context of {n} tokens, and {free} "
                       "are free. Loaded all the same it may be very slow, or fail.").format(
            needed=bytes_text(known.needed_bytes), memory=memory_name(on_card=known.on_card),
            n=number(known.context_tokens), free=bytes_text(known.free_bytes),
        )  # fmt: skip
        smaller = known.smaller_context
        if smaller:
            advice = self.tr(
                "With a context of {n} tokens it fits. It keeps that one until Studiolo closes."
            ).format(n=number(smaller))
        elif known.on_card:
            advice = self.tr(
                "No context is small enough. Put fewer layers there in the model's settings, or "
                "choose a smaller model."
            )
        else:
            advice = self.tr(
                "No context is small enough. Close other programs, or choose a smaller model."
            )
        self.body.addWidget(label(text, wrap=True))
        self.body.addWidget(label(advice, wrap=True))
        self._anyway = push_button(self.tr("Load all the same"))
        self._anyway.setAutoDefault(False)
        self._anyway.clicked.connect(self._on_anyway)
        self._foot.addWidget(self._anyway)
        self._close.setText(self.tr("Cancel"))
        self._smaller = None
        if smaller:
            self._smaller = self.add_action(self.tr("Use {n} tokens").format(n=number(smaller)))
            self._smaller.clicked.connect(self._on_smaller)
            self._smaller.setFocus()
        else:
            self._close.setFocus()

    @Slot()
    def _on_anyway(self) -> None:
        self._load(self._shortage.known.context_tokens)

    @Slot()
    def _on_smaller(self) -> None:
        self._load(self._shortage.known.smaller_context)

    def _load(self, context_tokens: int) -> None:
        self.accept()
        self._shortage.load(context_tokens)
