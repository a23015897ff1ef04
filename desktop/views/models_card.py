"""One model: what it is, how it does on this computer, and what is done with it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from assistant.wording import bytes_text
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.wording import decimal, number
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.labels import ElidedLabel, label
from desktop.wording import explain
from models.errors import InvalidModelFile
from models.library import ImportProgress, ModelFacts


class ModelCard(QFrame):
    """Shows an installed model.

    Signals:
        use_wanted, remove_wanted: What was clicked.
    """

    use_wanted = Signal()
    remove_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        facts: ModelFacts,
        models: ModelsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        in_use = facts.name == models.current
        self.setProperty("current", in_use)
        title = ElidedLabel(models.title_of(facts), "strong")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(title, 1)
        if facts.problem is None and models.fit(facts) != "no":
            well = models.fit(facts) == "well"
            head.addWidget(label(self.tr("fits well") if well else self.tr("just fits"), "small"))
        if in_use:
            failed = models.state == "failed"
            text = self.tr("in use")
            if models.state_text:
                text += f" · {models.state_text}"
            head.addWidget(label(text, "small-danger" if failed else "small-accent"))
        if facts.problem is None and (not in_use or models.state == "failed"):
            use = push_button(
                self.tr("Try again") if in_use else self.tr("Use"),
                name=self.tr("Use {name}").format(name=title.text()),
            )
            use.clicked.connect(self.use_wanted)
            head.addWidget(use)
        remove = IconButton(
            theme,
            "delete",
            self.tr("Remove {name} from the library").format(name=title.text()),
            size=16,
        )
        remove.clicked.connect(self.remove_wanted)
        head.addWidget(remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 14)
        column.setSpacing(2)
        line = QWidget()
        line.setMinimumHeight(34)
        head.setContentsMargins(0, 0, 0, 0)
        line.setLayout(head)
        column.addWidget(line)
        column.addWidget(label(_kind_of(facts), "small", wrap=True))
        if facts.problem is not None:
            sentence = explain(InvalidModelFile(facts.path, facts.problem))
            column.addWidget(label(sentence, "small-danger", wrap=True))
            return
        column.addWidget(label(_here(facts, models), "small", wrap=True))
        if in_use and models.problem:
            column.addWidget(label(models.problem, "small-danger", wrap=True))
        elif models.fit(facts) == "no":
            column.addWidget(
                label(
                    self.tr(
                        "It needs about {needed} of memory and this computer has {all}: it will "
                        "be very slow or not load. Choose a smaller model."
                    ).format(
                        needed=bytes_text(models.needs_bytes(facts)),
                        all=bytes_text(models.memory_bytes),
                    ),
                    "small-warning",
                    wrap=True,
                )
            )


class ImportCard(QFrame):
    """Shows how far a file is copied into the library.

    Signals:
        stop_wanted: It is to stop.
    """

    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._name = ElidedLabel("", "strong", Qt.TextElideMode.ElideMiddle)
        self._amount = label("", "small")
        stop = push_button(self.tr("Stop"), "control")
        stop.clicked.connect(self.stop_wanted)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName(self.tr("How much has been copied"))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._name, 1)
        head.addWidget(self._amount)
        head.addWidget(stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 14)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._bar)

    def show_progress(self, name: str, progress: ImportProgress) -> None:
        """Show how far it is."""
        self._name.setText(self.tr("Adding {name}").format(name=name))
        if not progress.total:
            self._amount.setText("")
            self._bar.setValue(0)
            return
        share = progress.done / progress.total
        self._amount.setText(
            self.tr("{done} of {all} · {n} %").format(
                done=bytes_text(progress.done),
                all=bytes_text(progress.total),
                n=int(100 * share),
            )
        )
        self._bar.setValue(round(1000 * share))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelCard", text)


def _kind_of(facts: ModelFacts) -> str:
    parts = [facts.quantization, bytes_text(facts.bytes)]
    if facts.parameters:
        if facts.parameters >= 1_000_000_000:
            size = _tr("{n} billion parameters").format(n=decimal(facts.parameters / 1e9))
        else:
            size = _tr("{n} million parameters").format(n=number(facts.parameters / 1e6))
        parts.append(size)
    if facts.problem is None:
        parts.append(_licence(facts.licence) or _tr("licence not stated"))
    return " · ".join(part for part in parts if part)


def _licence(licence: str) -> str:
    """Return a licence as it is mostly written: models write "apache-2.0"."""
    known = {"apache-2.0": "Apache-2.0", "mit": "MIT", "other": ""}
    return known.get(licence.strip().casefold(), licence.strip())


def _here(facts: ModelFacts, models: ModelsPresenter) -> str:
    parts: list[str] = []
    reads, writes = models.speeds(facts.name)
    if reads:
        parts.append(_tr("reads {n} tokens/s").format(n=number(reads)))
    if writes:
        parts.append(_tr("writes {n} tokens/s").format(n=number(writes)))
    loaded = models.loaded
    if facts.name == models.current and loaded is not None and loaded.path == facts.path:
        parts.append(
            _tr("context {used} of {all}").format(
                used=number(loaded.context_tokens), all=number(loaded.trained_context)
            )
        )
    elif facts.trained_context:
        parts.append(_tr("context {n} tokens").format(n=number(facts.trained_context)))
    if models.fit(facts) != "no":
        parts.append(
            _tr("about {needed} of {all} memory").format(
                needed=bytes_text(models.needs_bytes(facts)), all=bytes_text(models.memory_bytes)
            )
        )
    return " · ".join(parts)
