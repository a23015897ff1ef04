"""The fields over `ModelSettings`: how a model is loaded, thinks and chooses its words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QPlainTextEdit, QSpinBox, QWidget

from assistant.settings import ModelSettings
from desktop.theme.theme import Theme
from desktop.views.adapters_field import AdaptersField
from desktop.views.composer_controls import CONTEXT_CHOICES
from desktop.views.wording import number
from desktop.widgets.choice import Choice
from desktop.widgets.labels import label
from models.engine.types import KvType, LoadSettings, Sampling
from models.facts import ModelFacts
from models.thinking import can_switch_thinking

_MOST_SEED: Final = 2**31 - 1
# What models of these days are trained for, where there is memory for it.
_LONG_CONTEXTS: Final = (49152, 65536, 98304, 131072, 262144)
_THINKING_TOKENS: Final = (256, 512, 1024, 2048, 4096)
# What the engine takes where nothing is chosen anywhere.
_ENGINE: Final[dict[str, Any]] = {
    **msgspec.structs.asdict(LoadSettings()),
    **msgspec.structs.asdict(Sampling()),
}


class ModelSettingsForm(QWidget):
    """A field for each choice; one that is left as usual is no choice.

    Attributes:
        fields: The fields by the name of what they choose.

    Signals:
        changed: Something else is filled in.
    """

    changed = Signal()

    def __init__(
        self,
        theme: Theme,
        facts: ModelFacts,
        usual: ModelSettings,
        usual_words: str,
        adapters: Sequence[ModelFacts],
        template: str,
        parent: QWidget | None = None,
    ) -> None:
        """Build the fields.

        Args:
            theme: Colours of the fields.
            facts: The model.
            usual: What applies where nothing is chosen here.
            usual_words: How that is called, with a place for its value.
            adapters: The adapters there are for this model.
            template: Its chat template.
            parent: The widget it belongs to.
        """
        super().__init__(parent)
        self._theme = theme
        self._usual = usual
        self._words = usual_words
        self.fields: dict[str, QWidget] = {}
        self.setObjectName("column")
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 16, 0)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._add_loading(facts)
        self._add_adapters(adapters)
        self._add_thinking(template)
        self._add_sampling()
        self._add_template()

    # --- The fields -----------------------------------------------------------------------

    def _add_loading(self, facts: ModelFacts) -> None:
        self._heading(self.tr("How it is loaded"))
        trained = facts.trained_context
        sizes = [n for n in (*CONTEXT_CHOICES, *_LONG_CONTEXTS) if not trained or n <= trained]
        if trained and trained not in sizes:
            sizes.append(trained)
        self._choice(
            "context_tokens", self.tr("Context"),
            [(n, self.tr("{n} tokens").format(n=number(n))) for n in sizes],
            self.tr("As in the settings"),
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
            [(True, self.tr("On")), (False, self.tr("Off"))], self.tr("As is fastest here"),
        )  # fmt: skip
        self._choice(
            "threads", self.tr("Threads"),
            [(n, number(n)) for n in range(1, (os.cpu_count() or 1) + 1)],
            self.tr("As many as there are cores"),
        )  # fmt: skip
        self._number("gpu_layers", self.tr("Layers on the GPU"), -1, 999, self.tr("All"))

    def _add_adapters(self, adapters: Sequence[ModelFacts]) -> None:
        field = AdaptersField(self._theme, adapters)
        field.changed.connect(self.changed)
        self._add("adapters", self.tr("LoRA adapters"), field)

    def _add_thinking(self, template: str) -> None:
        if not can_switch_thinking(template):
            return
        self._heading(self.tr("How it thinks"))
        self._choice(
            "thinking", self.tr("Think first"),
            [(True, self.tr("On")), (False, self.tr("Off"))], self.tr("As its makers meant it"),
        )  # fmt: skip
        self._choice(
            "thinking_tokens", self.tr("At most"),
            [(n, self.tr("{n} tokens").format(n=number(n))) for n in _THINKING_TOKENS],
            self.tr("As long as it likes"),
        )  # fmt: skip

    def _add_sampling(self) -> None:
        self._heading(self.tr("How it chooses its words"))
        self._choice(
            "temperature", self.tr("Temperature"),
            [(t, f"{t:.1f}") for t in (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 1.0)],
            self.tr("As in the settings"),
        )  # fmt: skip
        self._number("top_k", "Top-k", 0, 1000, self.tr("All"))
        self._share("top_p", "Top-p")
        self._share("min_p", "Min-p")
        self._share("repeat_penalty", self.tr("Repeat penalty"), 1.0, 2.0)
        self._number("seed", self.tr("Seed"), 0, _MOST_SEED)

    def _add_template(self) -> None:
        self._heading(self.tr("Chat template"))
        template = QPlainTextEdit()
        template.setObjectName("framed")
        template.setPlaceholderText(self.tr("Its own. A Jinja template here takes its place."))
        template.setTabChangesFocus(True)
        template.setFixedHeight(96)
        self._add("template", self.tr("Template"), template)

    def _heading(self, text: str) -> None:
        made = label(text, "section")
        made.setContentsMargins(0, 8 if self.fields else 0, 0, 0)
        self._form.addRow(made)

    def _add(self, name: str, text: str, field: QWidget) -> None:
        field.setAccessibleName(text)
        made = label(text, "muted")
        made.setContentsMargins(0, 7, 0, 0)
        made.setBuddy(field)
        self._form.addRow(made, field)
        self.fields[name] = field

    def _choice(
        self, name: str, text: str, choices: list[tuple[Any, str]], unset: str = ""
    ) -> None:
        """Add a field to choose from; with `unset`, leaving it to others is a choice of its own."""
        box = Choice(self._theme)
        usual = getattr(self._usual, name)
        if unset:
            named = dict(choices).get(usual, str(usual))
            box.addItem(unset if usual is None else self._words.format(value=named), None)
        for value, said in choices:
            box.addItem(said, value)
        box.currentIndexChanged.connect(self.changed)
        self._add(name, text, box)

    def _number(self, name: str, text: str, least: int, most: int, at_least: str = "") -> None:
        box = QSpinBox()
        box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        box.setRange(least, most)
        box.setSpecialValueText(at_least)
        box.valueChanged.connect(self.changed)
        self._add(name, text, box)

    def _share(self, name: str, text: str, least: float = 0.0, most: float = 1.0) -> None:
        box = QDoubleSpinBox()
        box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        box.setRange(least, most)
        box.setSingleStep(0.05)
        self._add(name, text, box)

    # --- Values ---------------------------------------------------------------------------

    def show_settings(self, chosen: ModelSettings) -> None:
        """Fill in what is chosen, and what is usual where a field always shows a value."""
        for name, field in self.fields.items():
            value = getattr(chosen, name)
            if isinstance(field, Choice):
                value = value if field.findData(None) >= 0 else self._or_usual(name, value)
                if field.findData(value) < 0:
                    field.addItem(str(value), value)
                field.setCurrentIndex(field.findData(value))
            elif isinstance(field, QPlainTextEdit):
                field.setPlainText(value or "")
            elif isinstance(field, AdaptersField):
                field.show_adapters(self._or_usual(name, value))
            elif isinstance(field, QSpinBox):
                field.setValue(int(self._or_usual(name, value)))
            elif isinstance(field, QDoubleSpinBox):
                field.setValue(float(self._or_usual(name, value)))
        self.changed.emit()

    @property
    def chosen(self) -> ModelSettings:
        """What is filled in, where it is not the usual."""
        values: dict[str, Any] = {}
        for name, field in self.fields.items():
            if isinstance(field, Choice):
                values[name] = field.currentData()
                if field.findData(None) >= 0:
                    continue
            elif isinstance(field, QPlainTextEdit):
                values[name] = field.toPlainText().strip() or None
            elif isinstance(field, AdaptersField):
                values[name] = field.adapters
            elif isinstance(field, QDoubleSpinBox):
                values[name] = round(field.value(), 2)
            elif isinstance(field, QSpinBox):
                values[name] = field.value()
            if values[name] == self._or_usual(name, None):
                values[name] = None
        return msgspec.convert(values, ModelSettings)

    def _or_usual(self, name: str, value: Any) -> Any:
        if value is None:
            value = getattr(self._usual, name)
        return _ENGINE[name] if value is None else value
