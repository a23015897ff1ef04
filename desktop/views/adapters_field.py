"""The LoRA adapters of a model, each with the weight it counts with."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QWidget

from desktop.theme.theme import Theme
from desktop.widgets.labels import ElidedLabel, label
from desktop.widgets.switch import Switch
from models.engine.types import Adapter
from models.facts import ModelFacts

# Beyond it an adapter drowns the model.
MOST_WEIGHT = 4.0


class AdaptersField(QWidget):
    """A switch and a weight for each.

    Signals:
        changed: Another choice is made.
    """

    changed = Signal()

    def __init__(
        self, theme: Theme, adapters: Sequence[ModelFacts], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(8)
        self._grid.setColumnStretch(0, 1)
        self._rows: dict[str, tuple[Switch, QDoubleSpinBox]] = {}
        self._none = label(
            self.tr("None here. Adapters for this kind of model are added as files, like models."),
            "small",
            wrap=True,
        )
        self._grid.addWidget(self._none, 0, 0, 1, 3)
        for facts in adapters:
            self._add(facts.path, facts.title or facts.name)

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """Those that are on."""
        return tuple(
            Adapter(path, round(weight.value(), 2))
            for path, (on, weight) in self._rows.items()
            if on.isChecked()
        )

    def show_adapters(self, adapters: Sequence[Adapter]) -> None:
        """Switch these on and all others off."""
        for adapter in adapters:
            if adapter.path not in self._rows:
                # It was taken away since; shown, it can be switched off.
                self._add(adapter.path, adapter.path)
        weights = {adapter.path: adapter.weight for adapter in adapters}
        for path, (on, weight) in self._rows.items():
            on.setChecked(path in weights)
            weight.setValue(weights.get(path, 1.0))

    def _add(self, path: str, name: str) -> None:
        self._none.hide()
        on = Switch(self._theme)
        on.setAccessibleName(self.tr("Use {name}").format(name=name))
        weight = QDoubleSpinBox()
        weight.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        weight.setRange(0.0, MOST_WEIGHT)
        weight.setSingleStep(0.1)
        weight.setValue(1.0)
        weight.setFixedWidth(64)
        weight.setEnabled(False)
        weight.setAccessibleName(self.tr("Weight of {name}").format(name=name))
        weight.setToolTip(self.tr("How much it counts: 1 is as its makers meant it"))
        on.toggled.connect(weight.setEnabled)
        on.toggled.connect(self.changed)
        weight.valueChanged.connect(self.changed)
        row = self._grid.rowCount()
        self._grid.addWidget(ElidedLabel(name), row, 0)
        self._grid.addWidget(weight, row, 1)
        self._grid.addWidget(on, row, 2)
        self._rows[path] = on, weight
