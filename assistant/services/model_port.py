"""The model's process as answering sees a model."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from assistant.services.model import ModelService
from models.engine.types import ChatMessage, Generation, GenerationEvent, PromptSize, Sampling


class ModelPort:
    """What answering asks of a model (`answering.ports.Model`), asked of its process."""

    def __init__(self, service: ModelService) -> None:
        self._service = service

    def prompt_size(self, messages: list[ChatMessage]) -> PromptSize:
        """See `Engine.prompt_size`."""
        return self._service.prompt_size(messages)

    def generate(
        self,
        messages: list[ChatMessage],
        sampling: Sampling,
        stop: list[str],
        owners: Sequence[str] = (),
        *,
        aside: bool = False,
    ) -> Generator[GenerationEvent, None, Generation]:
        """See `Engine.generate`; closing it stops the model."""
        return self._service.stream(messages, sampling, stop, owners, aside=aside)
