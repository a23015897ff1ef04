"""Models that will not fit into the memory that is free: asked about before they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from PySide6.QtCore import QObject, Qt, Signal, Slot

from assistant.memory import Fitting
from desktop.presenters.notices import Notices
from models.engine.types import LoadSettings
from models.errors import ModelTooLarge
from models.facts import ModelFacts
from models.gguf_header import GgufHeader

if TYPE_CHECKING:
    from assistant.assistant import Assistant


class Shortage(NamedTuple):
    """A model that will not fit, and what can be done about it.

    Attributes:
        title: What it is called.
        known: What it would take.
        load: Loads it with a context of so many tokens.
    """

    title: str
    known: Fitting
    load: Callable[[int], None]


class _Settled(NamedTuple):
    """A model that gets a smaller context than it was to have."""

    facts: ModelFacts
    wanted: LoadSettings
    known: Fitting


class Shortages(QObject):
    """Asks where a person has chosen a model; where nobody has, takes what fits and says so.

    Signals:
        asked: How to load a model is to be asked (Shortage).
        load_wanted: A model is to be loaded (its name).
    """

    asked = Signal(object)
    load_wanted = Signal(str)
    _settled = Signal(object)

    def __init__(self, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self._assistant: Assistant | None = None
        # Questions load models in threads of their own.
        self._settled.connect(self._on_settled, Qt.ConnectionType.QueuedConnection)

    def attach(self, assistant: Assistant) -> None:
        """Settle how an assistant's models are loaded from now on."""
        self._assistant = assistant
        assistant.memory.when_short = self._settle

    def ask_before(
        self, facts: ModelFacts, header: GgufHeader | None, act: Callable[[], None]
    ) -> None:
        """Do what loads a model: at once where it fits, else once a person has said how.

        Args:
            facts: The model.
            header: What its files say; None where that is not known, and so not what it takes.
            act: What loads it.
        """
        assistant = self._assistant
        if assistant is None or header is None:
            act()
            return
        memory, wanted = assistant.memory, assistant.load_settings(facts.name)
        known = memory.shortage(facts, wanted, header)
        if known is None:
            act()
            return

        def load(context_tokens: int) -> None:
            memory.agree(facts, wanted, _with_context(wanted, context_tokens))
            act()

        self.asked.emit(Shortage(facts.title, known, load))

    def _settle(self, facts: ModelFacts, wanted: LoadSettings, known: Fitting) -> LoadSettings:
        """Take the largest context that fits; called on the thread that wants the model."""
        context = known.smaller_context
        if not context:
            raise ModelTooLarge(
                facts.title, known.needed_bytes, known.free_bytes, on_card=known.on_card
            )
        self._settled.emit(_Settled(facts, wanted, known))
        return _with_context(wanted, context)

    @Slot(object)
    def _on_settled(self, settled: _Settled) -> None:
        text = self.tr("{name} has a context of {n} tokens now: {all} do not fit into free memory.")
        self._notices.show(
            text.format(
                name=settled.facts.title,
                n=f"{settled.known.smaller_context:,}",
                all=f"{settled.known.context_tokens:,}",
            ),
            self.tr("Load all the same"),
            lambda: self._load_as_wanted(settled.facts, settled.wanted),
        )

    def _load_as_wanted(self, facts: ModelFacts, wanted: LoadSettings) -> None:
        if self._assistant is not None:
            self._assistant.memory.agree(facts, wanted, wanted)
            self.load_wanted.emit(facts.name)


def _with_context(settings: LoadSettings, tokens: int) -> LoadSettings:
    return msgspec.structs.replace(settings, context_tokens=tokens)
