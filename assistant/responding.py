"""Answering a request with the model it is for, which is loaded first."""

from __future__ import annotations

from collections.abc import Generator

from assistant.answering.ask import Answerer
from assistant.answering.followups import understand
from assistant.answering.types import Answer, AskEvent, AskRequest, Phase
from assistant.compute import ComputeGate
from assistant.memory import MemoryGuard
from assistant.reading_all.read import EverythingReader
from assistant.reading_all.run import ModelInUse
from assistant.respondents import Respondents
from assistant.services.model import ModelService
from models.engine.types import ChatMessage, LoadedModel, LoadSettings
from models.facts import ModelFacts


class Responding:
    """Answers from passages or whole documents, or by reading everything, as a request says.

    Args:
        respondents: Says which model answers, and how.
        model: The model in use, in its process.
        memory: Settles how a model is loaded that will not fit.
        gate: Holds indexing back meanwhile.
        answerer: Answers from what fits into the model's context.
        everything: Answers by reading all of the documents.
    """

    def __init__(
        self,
        respondents: Respondents,
        model: ModelService,
        memory: MemoryGuard,
        gate: ComputeGate,
        answerer: Answerer,
        everything: EverythingReader,
    ) -> None:
        self._respondents = respondents
        self._model = model
        self._memory = memory
        self._gate = gate
        self._answerer = answerer
        self._everything = everything

    def answer(
        self, request: AskRequest, history: list[ChatMessage]
    ) -> Generator[AskEvent, None, Answer]:
        """Answer a settled request; closing the generator stops it.

        Args:
            request: As `Respondents.settled` returns it.
            history: What was said before in the conversation.
        """
        facts = self._respondents.model_for(request)
        self._answerer.settings = self._respondents.answering_settings(request, facts.name)
        self._answerer.model_name = facts.name
        wanted = self._respondents.load_settings(facts.name, request.conversation)
        how = self._memory.settled(facts, wanted)
        with self._gate.answering():
            loaded = yield from self._load(facts, how)
            self._answerer.expect_speed(facts.name, loaded.read_tokens_per_s)
            if not _reads_everything(request):
                return (yield from self._answerer.ask(request, history))
        using = ModelInUse(
            name=facts.name,
            path=facts.path,
            settings=how,
            context_tokens=loaded.context_tokens,
            read_tokens_per_s=loaded.read_tokens_per_s,
            write_tokens_per_s=loaded.write_tokens_per_s,
        )
        question = understand(request.question, history).full
        return (yield from self._everything.read(request, question, using))

    def partial(self, request: AskRequest, text: str) -> Answer | None:
        """Return what a stopped request had brought by then, as far as it can be proved.

        Args:
            request: The request.
            text: What had been written.
        """
        if _reads_everything(request):
            return self._everything.partial(request)
        return self._answerer.partial(request, text) if text.strip() else None

    def _load(self, facts: ModelFacts, how: LoadSettings) -> Generator[Phase, None, LoadedModel]:
        steps = self._model.load(facts.path, how).stream()
        try:
            while True:
                try:
                    event = next(steps)
                except StopIteration as end:
                    return end.value
                yield Phase("loading", round(event.fraction * 100), 100)
        finally:
            steps.close()


def _reads_everything(request: AskRequest) -> bool:
    return request.mode == "everything" and request.use_documents
