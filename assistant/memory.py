"""Whether this machine's memory holds a model, settled before it is loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import msgspec

from assistant.services.model import ModelService
from models.engine.hardware import offload_kinds
from models.engine.types import LoadSettings
from models.facts import ModelFacts
from models.fit import Fit, context_in_force, forecast, free_memory, judge, largest_context
from models.gguf_header import GgufHeader
from models.library import ModelLibrary

# A smaller context holds hardly more than a question with its answer and a few passages.
_SMALLEST_CONTEXT: Final = 2048


class Fitting(msgspec.Struct, frozen=True):
    """What a model would take of this machine's memory.

    Attributes:
        fit: A word for it.
        needed_bytes: What it needs, loaded as the settings say.
        free_bytes: What is free now.
        context_tokens: The context window it would have.
        largest_context: The largest one that fits; 0 for none.
    """

    fit: Fit
    needed_bytes: int
    free_bytes: int
    context_tokens: int
    largest_context: int

    @property
    def smaller_context(self) -> int:
        """The context window to give a model that will not fit; 0 where none would help."""
        useful = _SMALLEST_CONTEXT <= self.largest_context < self.context_tokens
        return self.largest_context if self.fit == "not" and useful else 0


def fitting(header: GgufHeader, settings: LoadSettings, free: int | None = None) -> Fitting:
    """Judge a model by its header.

    Args:
        header: What its files say.
        settings: How it would be loaded.
        free: The memory there is for it, in bytes; None takes what is free now.
    """
    free = free_memory() if free is None else free
    memory = forecast(header, settings)
    return Fitting(
        fit=judge(memory, free),
        needed_bytes=memory.needed,
        free_bytes=free,
        context_tokens=context_in_force(header, settings.context_tokens),
        largest_context=largest_context(header, settings, free),
    )


def is_foreseeable(settings: LoadSettings) -> bool:
    """Whether it is this machine's own memory that a model would take.

    What a graphics card takes of it, and whether it has room, nobody knows before. Metal's cards
    share the machine's memory.
    """
    return settings.gpu_layers == 0 or not set(offload_kinds() or ()) - {"metal"}


WhenShort = Callable[[ModelFacts, LoadSettings, Fitting], LoadSettings]


def _as_it_is_to_be(_: ModelFacts, settings: LoadSettings, __: Fitting) -> LoadSettings:
    return settings


class MemoryGuard:
    """Settles how a model is loaded, where the memory that is free will not hold it.

    Methods may be called from any thread.

    Attributes:
        when_short: Returns how to load a model that will not fit, given how it was to be loaded, or
            raises `ModelTooLarge`. Called on the thread that wants the model. Unless another is
            put in its place, all are loaded as they were to be.
    """

    when_short: WhenShort

    def __init__(self, models: ModelLibrary, service: ModelService) -> None:
        self.when_short = _as_it_is_to_be
        self._models = models
        self._service = service
        self._lock = threading.Lock()
        self._headers: dict[str, GgufHeader] = {}
        self._settled: dict[tuple[str, LoadSettings], LoadSettings] = {}
        self._agreed: dict[tuple[str, LoadSettings], LoadSettings] = {}

    def settled(self, facts: ModelFacts, settings: LoadSettings) -> LoadSettings:
        """Return how a model is loaded that is to be loaded so.

        What was settled holds until its memory is freed: a model in use is not loaded anew because
        the memory that is free has changed.

        Raises:
            ModelTooLarge: As `when_short` has it.
        """
        header = self._models.header(facts)
        if header is None:
            return settings  # the engine says what is wrong with it
        standing = self._standing(facts, settings)
        if standing is None:
            short = self.shortage(facts, settings, header)
            standing = settings if short is None else self.when_short(facts, settings, short)
        with self._lock:
            self._headers[facts.path] = header
            self._settled[facts.path, settings] = standing
        return standing

    def shortage(
        self, facts: ModelFacts, settings: LoadSettings, header: GgufHeader
    ) -> Fitting | None:
        """Return what a model would take that is to be loaded so and will not fit.

        None where it fits or nobody can tell, where it is in use, and where a person has said how
        it is to be loaded.

        Args:
            facts: The model.
            settings: How it is to be loaded.
            header: What its files say.
        """
        if self._standing(facts, settings) is not None or not is_foreseeable(settings):
            return None
        known = fitting(header, settings, free_memory() + self.held_bytes())
        return known if known.fit == "not" else None

    def agree(self, facts: ModelFacts, settings: LoadSettings, chosen: LoadSettings) -> None:
        """Load a model so from now on where it is to be loaded in another way: a person said so."""
        with self._lock:
            self._agreed[facts.path, settings] = chosen

    def held_bytes(self) -> int:
        """Return the memory that the model in use would make room for another with."""
        selected = self._service.selected
        if selected is None or self._service.loaded is None:
            return 0
        path, settings = selected
        with self._lock:
            header = self._headers.get(path)
        return forecast(header, settings).needed if header is not None else 0

    def _standing(self, facts: ModelFacts, settings: LoadSettings) -> LoadSettings | None:
        """Return how a model is loaded, where that is settled: by a person, or as it is in use."""
        wanted = (facts.path, settings)
        with self._lock:
            agreed = self._agreed.get(wanted)
            settled = self._settled.get(wanted, settings)
        if agreed is not None:
            return agreed
        return settled if self._service.selected == (facts.path, settled) else None
