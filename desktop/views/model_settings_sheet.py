"""How one model is loaded and how it chooses its words."""

from __future__ import annotations

import os
from typing import Any, get_args

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from assistant.settings import ModelSettings
from assistant.wording import bytes_text
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.theme.theme import Theme
from desktop.views.composer_controls import CONTEXT_CHOICES
from desktop.views.models_wording import fit_text
from desktop.views.wording import number
from desktop.widgets.buttons import push_button
from desktop.widgets.choice import Choice
from desktop.widgets.labels import label, set_role
from models.engine.types import KvType, LoadSettings, Sampling
from models.facts import ModelFacts

_MOST_SEED = 2**31 - 1
# What applies to fields that always show a value where nothing is chosen.
_USUAL: dict[str, Any] = {
    name: value
    for usual in (LoadSettings(), Sampling())
    for name, value in msgspec.structs.asdict(usual).items()
    if name in ("kv_type", "gpu_layers", "top_k", "top_p", "min_p", "repeat_penalty", "seed")
}


class ModelSettingsSheet(QDialog):
    """A form over `ModelSettings`; what it would take in memory is said as it is filled in."""

    def __init__(
        self,
        theme: Theme,
        facts: ModelFacts,
        models: ModelsPresenter,
        settings: SettingsPresenter,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts = facts
        self._models = models
        self._settings = settings
        self._fields: dict[str, QWidget] = {}
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings of a model"))
        self.resize(560, 640)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._add_loading()
        self._add_sampling()
        self._memory = label("", "small", wrap=True)
        self._build()
        self._show(settings.model_settings(facts.name))

    # --- Building -------------------------------------------------------------------------

    def _add_loading(self) -> None:
        self._heading(self.tr("How it is loaded"))
        usual = number(self._settings.context_tokens)
        trained = self._facts.trained_context
        sizes = [n for n in CONTEXT_CHOICES if not trained or n <= trained]
        self._choice(
            "context_tokens", self.tr("Context"),
            [(None, self.tr("As in the settings: {n} tokens").format(n=usual))]
            + [(n, self.tr("{n} tokens").format(n=number(n))) for n in sizes],
        )  # fmt: skip
        described = {
            "f16": self.tr("f16: fastest"),
            "q8_0": self.tr("q8_0: half the memory, slower"),
            "q4_0": self.tr("q4_0: a quarter of the memory, slower and less exact"),
        }
        self._choice(
            "kv_type", self.tr("Context is kept as"),
            [(kind, described[kind]) for kind in get_args(KvType)],
        )  # fmt: skip
        self._choice(
            "flash_attention", self.tr("Flash attention"),
            [(None, self.tr("As is fastest here")), (True, self.tr("On")), (False, self.tr("Off"))],
        )  # fmt: skip
        cores = os.cpu_count() or 1
        self._choice(
            "threads", self.tr("Threads"),
            [(None, self.tr("As many as there are cores"))]
            + [(n, number(n)) for n in range(1, cores + 1)],
        )  # fmt: skip
        self._number("gpu_layers", self.tr("Layers on the GPU"), -1, 999, self.tr("All"))

    def _add_sampling(self) -> None:
        self._heading(self.tr("How it chooses its words"))
        self._choice(
            "temperature", self.tr("Temperature"),
            [(None, self.tr("As in the settings"))]
            + [(t, f"{t:.1f}") for t in (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 1.0)],
        )  # fmt: skip
        self._number("top_k", "Top-k", 0, 1000, self.tr("All"))
        self._share("top_p", "Top-p")
        self._share("min_p", "Min-p")
        self._share("repeat_penalty", self.tr("Repeat penalty"), 1.0, 2.0)
        self._number("seed", self.tr("Seed"), 0, _MOST_SEED)
        self._heading(self.tr("Chat template"))
        template = QPlainTextEdit()
        template.setObjectName("framed")
        template.setPlaceholderText(self.tr("Its own. A Jinja template here takes its place."))
        template.setTabChangesFocus(True)
        template.setFixedHeight(96)
        self._add("template", self.tr("Template"), template)

    def _build(self) -> None:
        content = QWidget()
        content.setObjectName("column")
        content.setLayout(self._form)
        self._form.setContentsMargins(0, 0, 16, 0)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        reset = push_button(self.tr("As it was brought"))
        reset.clicked.connect(lambda: self._show(ModelSettings()))
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
        outer.addWidget(scroll, 1)
        outer.addWidget(self._memory)
        outer.addLayout(foot)

    def _heading(self, text: str) -> None:
        made = label(text, "section")
        made.setContentsMargins(0, 8 if self._fields else 0, 0, 0)
        self._form.addRow(made)

    def _add(self, name: str, text: str, field: QWidget) -> None:
        field.setAccessibleName(text)
        made = label(text, "muted")
        made.setContentsMargins(0, 7, 0, 0)
        made.setBuddy(field)
        self._form.addRow(made, field)
        self._fields[name] = field

    def _choice(self, name: str, text: str, choices: list[tuple[Any, str]]) -> None:
        box = Choice(self._theme)
        for value, said in choices:
            box.addItem(said, value)
        box.currentIndexChanged.connect(self._on_changed)
        self._add(name, text, box)

    def _number(self, name: str, text: str, least: int, most: int, at_least: str = "") -> None:
        box = QSpinBox()
        box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        box.setRange(least, most)
        box.setSpecialValueText(at_least)
        box.valueChanged.connect(self._on_changed)
        self._add(name, text, box)

    def _share(self, name: str, text: str, least: float = 0.0, most: float = 1.0) -> None:
        box = QDoubleSpinBox()
        box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        box.setRange(least, most)
        box.setSingleStep(0.05)
        self._add(name, text, box)

    # --- Values ---------------------------------------------------------------------------

    def _show(self, chosen: ModelSettings) -> None:
        for name, field in self._fields.items():
            value = getattr(chosen, name)
            if value is None:
                value = _USUAL.get(name)
            if isinstance(field, Choice):
                if field.findData(value) < 0:
                    field.addItem(str(value), value)
                field.setCurrentIndex(field.findData(value))
            elif isinstance(field, QPlainTextEdit):
                field.setPlainText(value or "")
            elif isinstance(field, (QSpinBox, QDoubleSpinBox)):
                field.setValue(value)
        self._on_changed()

    @property
    def chosen(self) -> ModelSettings:
        """What is filled in."""
        values: dict[str, Any] = {}
        for name, field in self._fields.items():
            if isinstance(field, Choice):
                values[name] = field.currentData()
            elif isinstance(field, QPlainTextEdit):
                values[name] = field.toPlainText().strip() or None
            elif isinstance(field, QDoubleSpinBox):
                values[name] = round(field.value(), 2)
            elif isinstance(field, QSpinBox):
                values[name] = field.value()
            if name in _USUAL and values[name] == _USUAL[name]:
                values[name] = None
        return msgspec.convert(values, ModelSettings)

    @Slot()
    def _on_changed(self) -> None:
        if "template" not in self._fields:
            return  # still being built
        known = self._models.forecast(self._facts, self.chosen)
        if known is None:
            self._memory.setText("")
            return
        text = self.tr("Needs {needed} of {free} free memory: {fit}.").format(
            needed=bytes_text(known.memory.needed),
            free=bytes_text(self._models.forecasts.free_bytes),
            fit=fit_text(known.fit),
        )
        self._memory.setText(text)
        set_role(self._memory, "small-warning" if known.fit == "not" else "small")

    @Slot()
    def _on_save(self) -> None:
        self._models.choose_settings(self._facts, self.chosen)
        self.accept()
