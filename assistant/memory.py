"""Whether this machine's memory holds a model, settled before it is loaded."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Final

import msgspec

from assistant.errors import WorkerError
from assistant.services.model import ModelService
from models.engine.hardware import may_have_cards
from models.engine.types import LoadSettings
from models.facts import ModelFacts
from models.fit import (
    Fit,
    Room,
    context_in_force,
    demand,
    forecast,
    free_memory,
    largest_context,
)
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
        on_card: Whether both are of the graphics cards' memory, as that decides.
        context_tokens: The context window it would have.
        largest_context: The largest one that fits; 0 for none.
    """

    fit: Fit
    needed_bytes: int
    free_bytes: int
    on_card: bool
    context_tokens: int
    largest_context: int

    @property
    def smaller_context(self) -> int:
        """The context window to give a model that will not fit; 0 where none would help."""
        useful = _SMALLEST_CONTEXT <= self.largest_context < self.context_tokens
        return self.largest_context if self.fit == "not" and useful else 0


def fitting(header: GgufHeader, settings: LoadSettings, room: Room) -> Fitting:
    """Judge a model by its header.

    Args:
        header: What its files say.
        settings: How it would be loaded.
        room: The memory there is for it.
    """
    decides = demand(forecast(header, settings, has_card=room.card > 0), room)
    return Fitting(
        fit=decides.fit,
        needed_bytes=decides.needed,
        free_bytes=decides.free,
        on_card=decides.on_card,
        context_tokens=context_in_force(header, settings.context_tokens),
        largest_context=largest_context(header, settings, room),
    )


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
        # What there is on graphics cards but for the model in use, when it was last asked for.
        self._card: int | None = None if may_have_cards() else 0
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
            if self._card is None:
                self.room()
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

        None where it fits or nobody can tell yet, where it is in use, and where a person has said
        how it is to be loaded.

        Args:
            facts: The model.
            settings: How it is to be loaded.
            header: What its files say.
        """
        if self._standing(facts, settings) is not None or self._card is None:
            return None
        held = self.held(has_card=self._card > 0)
        known = fitting(header, settings, Room(free_memory() + held.main, self._card))
        return known if known.fit == "not" else None

    def room(self) -> Room:
        """Return the memory there is for a model in place of the one in use.

        It asks the model's process where there may be graphics cards: not for a window's thread.
        """
        card = 0
        # One that cannot start says so where a model is loaded.
        with contextlib.suppress(WorkerError):
            card = self._service.card_memory()
        held = self.held(has_card=card > 0)
        self._card = card + held.card
        return Room(free_memory() + held.main, self._card)

    def agree(self, facts: ModelFacts, settings: LoadSettings, chosen: LoadSettings) -> None:
        """Load a model so from now on where it is to be loaded in another way: a person said so."""
        with self._lock:
            self._agreed[facts.path, settings] = chosen

    def held(self, *, has_card: bool = False) -> Room:
        """Return the memory that the model in use would make room for another with."""
        selected = self._service.selected
        if selected is None or self._service.loaded is None:
            return Room(0)
        path, settings = selected
        with self._lock:
            header = self._headers.get(path)
        if header is None:
            return Room(0)
        memory = forecast(header, settings, has_card=has_card)
        return Room(memory.needed - memory.card, memory.card)

    def _standing(self, facts: ModelFacts, settings: LoadSettings) -> LoadSettings | None:
        """Return how a model is loaded, where that is settled: by a person, or as it is in use."""
        wanted = (facts.path, settings)
        with self._lock:
            agreed = self._agreed.get(wanted)
            settled = self._settled.get(wanted, settings)
        if agreed is not None:
            return agreed
        return settled if self._service.selected == (facts.path, settled) else None
