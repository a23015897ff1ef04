"""How one model is loaded and chooses its words: everywhere, or in one conversation."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from assistant.settings import ModelSettings
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.model_settings_form import ModelSettingsForm
from desktop.views.models_wording import forecast_text
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import label, set_role
from models.facts import ModelFacts


class ModelSettingsSheet(QDialog):
    """The form, with what its choices would take in memory, which is said as it is filled in."""

    def __init__(
        self,
        theme: Theme,
        facts: ModelFacts,
        models: ModelsPresenter,
        chosen: ModelSettings,
        usual: ModelSettings,
        save: Callable[[ModelSettings], None],
        parent: QWidget,
        *,
        conversation: str | None = None,
    ) -> None:
        """Show what is chosen.

        Args:
            theme: Colours.
            facts: The model.
            models: What is known of models.
            chosen: What is chosen now.
            usual: What applies where nothing is.
            save: Keeps another choice.
            parent: The window.
            conversation: Title of the one conversation it holds for; None for all.
        """
        super().__init__(parent)
        self._facts = facts
        self._models = models
        self._usual = usual
        self._keep = save
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(
            self.tr("Settings of a model")
            if conversation is None
            else self.tr("Settings for this conversation")
        )
        self.resize(560, 640)
        words = self.tr("As in the settings: {value}")
        if conversation is not None:
            words = self.tr("As everywhere: {value}")
        self.form = ModelSettingsForm(
            theme, facts, usual, words, models.adapters_for(facts), models.template_of(facts)
        )
        self.form.changed.connect(self._on_changed)
        self._memory = label("", "small", wrap=True)
        self._build(conversation)
        self.form.show_settings(chosen)

    def _build(self, conversation: str | None) -> None:
        scroll = QScrollArea()
        scroll.setWidget(self.form)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        reset = push_button(
            self.tr("As it was brought") if conversation is None else self.tr("As everywhere")
        )
        reset.clicked.connect(lambda: self.form.show_settings(ModelSettings()))
        close = push_button(self.tr("Cancel"))
        close.clicked.connect(self.reject)
        save = push_button(self.tr("Save"), "primary")
        save.setObjectName("save")
        save.clicked.connect(self._on_save)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(reset)
        foot.addStretch(1)
        for button in (close, save):
            foot.addWidget(button)
        reset.setAutoDefault(False)
        close.setAutoDefault(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 16)
        outer.setSpacing(12)
        outer.addWidget(label(self._models.title_of(self._facts), "title", wrap=True))
        if conversation is not None:
            text = self.tr("Only in “{title}”. Elsewhere the model stays as it is.")
            outer.addWidget(label(text.format(title=conversation), "muted", wrap=True))
        outer.addWidget(scroll, 1)
        outer.addWidget(self._memory)
        outer.addLayout(foot)

    @property
    def chosen(self) -> ModelSettings:
        """What is filled in."""
        return self.form.chosen

    @Slot()
    def _on_changed(self) -> None:
        known = self._models.forecast(self._facts, self.chosen.over(self._usual))
        if known is None:
            self._memory.setText("")
            return
        self._memory.setText(forecast_text(known))
        set_role(self._memory, "small-warning" if known.fit == "not" else "small")

    @Slot()
    def _on_save(self) -> None:
        self._keep(self.chosen)
        self.accept()
