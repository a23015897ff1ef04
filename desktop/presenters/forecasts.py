"""What models would take on this computer, and how fast they were here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from models.engine.types import LoadSettings
from models.facts import ModelFacts
from models.fit import (
    Demand,
    Fit,
    MemoryForecast,
    Room,
    demand,
    forecast,
    free_memory,
    guess,
    largest_context,
)
from models.gguf_header import GgufHeader
from models.speeds import Speed


class ModelForecast(msgspec.Struct, frozen=True):
    """What a model would take, loaded as the settings say.

    Attributes:
        memory: In its parts.
        demand: What decides whether that fits into the memory that is free, or would be without
            the model that is loaded now.
        largest_context: The largest context window that fits, in tokens; 0 for none.
    """

    memory: MemoryForecast
    demand: Demand
    largest_context: int

    @property
    def fit(self) -> Fit:
        """Whether it fits, in a word."""
        return self.demand.fit


class Survey(NamedTuple):
    """What was found of the models that are here.

    Attributes:
        room: The memory there is for a model, with what the one that is loaded takes.
        headers: Of models, by path and size.
        known: What models would take, by path.
        speeds: How fast they were, by path.
    """

    room: Room
    headers: dict[tuple[str, int], GgufHeader]
    known: dict[str, ModelForecast]
    speeds: dict[str, Speed]


class Forecasts:
    """Judges models by their headers, and remembers what was measured."""

    def __init__(self) -> None:
        self._survey = Survey(Room(free_memory()), {}, {}, {})

    # --- Memory ---------------------------------------------------------------------------

    @staticmethod
    def survey(
        models: Sequence[ModelFacts],
        header: Callable[[ModelFacts], GgufHeader | None],
        settings: Callable[[str], LoadSettings],
        speed: Callable[[str, LoadSettings], Speed],
        room: Room,
    ) -> Survey:
        """Judge models anew. Reads their headers: called off the window's thread.

        Args:
            models: Those that are here.
            header: What the files of a model say; None where they cannot be used.
            settings: How a model of this name would be loaded.
            speed: How fast the model of a file was, loaded so.
            room: The memory there is for one of them.
        """
        usable = [facts for facts in models if facts.problem is None]
        headers = {facts.path: known for facts in usable if (known := header(facts)) is not None}
        return Survey(
            room,
            {(f.path, f.bytes): headers[f.path] for f in usable if f.path in headers},
            {
                facts.path: _judged(headers[facts.path], settings(facts.name), room)
                for facts in usable
                if facts.path in headers
            },
            {facts.path: speed(facts.path, settings(facts.name)) for facts in usable},
        )

    def take(self, survey: Survey) -> None:
        """Go by a survey from now on."""
        self._survey = survey

    def judged(self, facts: ModelFacts, settings: LoadSettings) -> ModelForecast | None:
        """Return what a model would take if it were loaded so; None for one not seen before."""
        header = self._survey.headers.get((facts.path, facts.bytes))
        return None if header is None else self.judge_header(header, settings)

    def judge_header(self, header: GgufHeader, settings: LoadSettings) -> ModelForecast:
        """Return what a model would take of which the header is known, here or on the hub."""
        return _judged(header, settings, self._survey.room)

    def header(self, facts: ModelFacts) -> GgufHeader | None:
        """Return what a model's files say; None for one not seen before, and one of no use."""
        return self._survey.headers.get((facts.path, facts.bytes))

    def template(self, facts: ModelFacts) -> str:
        """Return a model's own chat template; "" for one that has none or was not seen before."""
        header = self._survey.headers.get((facts.path, facts.bytes))
        return (header.template if header is not None else None) or ""

    def of(self, facts: ModelFacts) -> ModelForecast | None:
        """Return what a model would take; None for one that was not judged."""
        return self._survey.known.get(facts.path)

    def fit(self, facts: ModelFacts) -> Fit:
        """Return whether the memory holds a model."""
        return self.demand(facts).fit

    def fit_bytes(self, size: int) -> Fit:
        """Return whether the memory would hold a model of which only the file's size is known."""
        return self._guess(size).fit

    def demand(self, facts: ModelFacts) -> Demand:
        """Return what a model needs of the memory that decides whether it fits."""
        known = self.of(facts)
        return known.demand if known is not None else self._guess(facts.bytes)

    def _guess(self, size: int) -> Demand:
        room = self._survey.room
        return demand(guess(size, has_card=room.card > 0), room)

    # --- Speed ----------------------------------------------------------------------------

    def speed(self, facts: ModelFacts) -> Speed:
        """Return how fast a model was here, loaded as the settings say; zeros while unknown."""
        return self._survey.speeds.get(facts.path, Speed())


def _judged(header: GgufHeader, settings: LoadSettings, room: Room) -> ModelForecast:
    memory = forecast(header, settings, has_card=room.card > 0)
    return ModelForecast(memory, demand(memory, room), largest_context(header, settings, room))
