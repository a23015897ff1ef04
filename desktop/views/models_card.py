"""One model that is here: what it is, how it does on this computer, what is done with it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from assistant.wording import bytes_text
from desktop.presenters.checksums import Checksums
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.models_checksum import ChecksumRow
from desktop.views.models_wording import (
    fit_text,
    here_text,
    kind_text,
    largest_text,
    memory_name,
)
from desktop.views.wording import number
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import ElidedLabel, label
from desktop.wording import explain
from models.catalogue import CatalogueEntry
from models.errors import InvalidModelFile
from models.facts import ModelFacts

# A sound file of these kinds is no fault; it only cannot chat.
_OTHER_KINDS = ("embedding", "reranker", "projector", "adapter")


class ModelCard(QFrame):
    """Shows an installed model.

    Signals:
        use_wanted, settings_wanted, remove_wanted: What was clicked.
        opened: The details were opened or closed (bool).
    """

    use_wanted = Signal()
    settings_wanted = Signal()
    remove_wanted = Signal()
    opened = Signal(bool)

    def __init__(
        self,
        theme: Theme,
        facts: ModelFacts,
        entry: CatalogueEntry | None,
        models: ModelsPresenter,
        checksums: Checksums,
        *,
        is_open: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts = facts
        self._entry = entry
        self._models = models
        self._checksums = checksums
        self.setObjectName("card")
        in_use = facts.name == models.current
        self.setProperty("current", in_use)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 14)
        column.setSpacing(2)
        column.addWidget(self._head(in_use=in_use))
        licence = facts.licence or (entry.licence if entry is not None else "")
        column.addWidget(label(kind_text(facts, licence), "small", wrap=True))
        if facts.problem is not None:
            sentence = explain(InvalidModelFile(facts.path, facts.problem))
            role = "small" if facts.problem in _OTHER_KINDS else "small-danger"
            column.addWidget(label(sentence, role, wrap=True))
        else:
            column.addWidget(label(here_text(facts, models), "small", wrap=True))
            if in_use and models.problem:
                column.addWidget(label(models.problem, "small-danger", wrap=True))
            elif models.forecasts.fit(facts) == "not":
                column.addWidget(self._warning())
        if facts.parameters:
            details = self._details(licence)
            opener = Disclosure(theme, self.tr("Details"), details)
            opener.setChecked(is_open)
            opener.toggled.connect(self.opened)
            column.addSpacing(2)
            column.addWidget(opener)
            column.addWidget(details)

    def _head(self, *, in_use: bool) -> QWidget:
        facts, models = self._facts, self._models
        line = QWidget()
        line.setMinimumHeight(34)
        head = QHBoxLayout(line)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(8)
        title = ElidedLabel(models.title_of(facts), "strong")
        head.addWidget(title, 1)
        if facts.problem is None and models.forecasts.fit(facts) != "not":
            head.addWidget(label(fit_text(models.forecasts.fit(facts)), "small"))
        if in_use:
            failed = models.state == "failed"
            parts = (self.tr("in use"), models.state_text)
            text = " · ".join(part for part in parts if part)
            head.addWidget(label(text, "small-danger" if failed else "small-accent"))
        if facts.problem is None and (not in_use or models.state == "failed"):
            use = push_button(
                self.tr("Try again") if in_use else self.tr("Use"),
                name=self.tr("Use {name}").format(name=title.text()),
            )
            use.clicked.connect(self.use_wanted)
            head.addWidget(use)
        if facts.problem is None:
            adjust = IconButton(
                self._theme,
                "adjust",
                self.tr("Settings of {name}").format(name=title.text()),
                size=16,
            )
            adjust.clicked.connect(self.settings_wanted)
            head.addWidget(adjust)
        remove = IconButton(
            self._theme,
            "delete",
            self.tr("Remove {name} from the library").format(name=title.text()),
            size=16,
        )
        remove.clicked.connect(self.remove_wanted)
        head.addWidget(remove)
        return line

    def _warning(self) -> QWidget:
        forecasts = self._models.forecasts
        known, demand = forecasts.of(self._facts), forecasts.demand(self._facts)
        text = self.tr(
            "It needs {needed} of {memory} and {all} are free: it will be very slow or not load."
        ).format(
            needed=bytes_text(demand.needed),
            memory=memory_name(on_card=demand.on_card),
            all=bytes_text(demand.free),
        )
        if known is not None and known.largest_context:
            advice = self.tr("With a context of up to {n} tokens it fits: its settings choose one.")
            advice = advice.format(n=number(known.largest_context))
        elif demand.on_card:
            advice = self.tr("Its settings put fewer layers there; or choose a smaller model.")
        else:
            advice = self.tr("Close other programs, or choose a smaller model.")
        return label(f"{text} {advice}", "small-warning", wrap=True)

    def _details(self, licence: str) -> QWidget:
        facts, entry = self._facts, self._entry
        made = QWidget()
        form = QFormLayout(made)
        form.setContentsMargins(12, 4, 0, 0)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(2)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        languages = ", ".join(facts.languages) or (entry.languages if entry is not None else "")
        template = self.tr("its own") if facts.has_template else self.tr("none")
        rows = (
            (self.tr("Good for"), entry.good_for if entry is not None else ""),
            (self.tr("Family"), facts.architecture),
            (self.tr("Parameters"), number(facts.parameters)),
            (self.tr("Quantization"), facts.quantization),
            (self.tr("Trained context"), self._tokens(facts.trained_context)),
            (self.tr("Memory"), self._memory()),
            (self.tr("Licence"), licence),
            (self.tr("Languages"), languages),
            (self.tr("Chat template"), template),
            (self.tr("Vision projector"), Path(facts.projector).name if facts.projector else ""),
            (self.tr("From"), facts.repository),
            (self.tr("File"), facts.path),
        )  # fmt: skip
        for name, value in rows:
            if value:
                shown = label(value, "small", wrap=True)
                shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                form.addRow(label(name, "small"), shown)
        title = self._models.title_of(facts)
        form.addRow(label("SHA-256", "small"), ChecksumRow(facts.name, title, self._checksums))
        return made

    def _memory(self) -> str:
        known = self._models.forecasts.of(self._facts)
        if known is None:
            return ""
        memory = known.memory
        parts = self.tr("{weights} weights · {kv} context · {rest} for computing").format(
            weights=bytes_text(memory.weights),
            kv=bytes_text(memory.kv),
            rest=bytes_text(memory.compute + memory.process),
        )
        return f"{parts}. {largest_text(known)}"

    def _tokens(self, count: int) -> str:
        return self.tr("{n} tokens").format(n=number(count)) if count else ""
