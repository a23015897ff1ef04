"""Finds the material for a question and lays out its prompt, within what the model can read."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

import msgspec

from assistant.answering import plan, prompt
from assistant.answering.errors import DocumentsNotReady, QuestionDoesNotFit, WholeDoesNotFit
from assistant.answering.followups import Understood, understand
from assistant.answering.material import Material
from assistant.answering.plan import Speed
from assistant.answering.ports import Documents, Index, Model
from assistant.answering.receipts import Consulted, FoundPiece
from assistant.answering.types import (
    AnsweringSettings,
    AskEvent,
    AskRequest,
    Phase,
    Plan,
    UsedMode,
)
from indexing.types import DocumentRow, Evidence
from models.engine.types import ChatMessage, PromptSize

# More documents than this are never tried whole, so as not to read a library to find out.
_FEW = 5


class Prepared(msgspec.Struct, frozen=True):
    """A question with the material it is answered from.

    Attributes:
        messages: The prompt.
        material: What the answer must be proved by; None without documents.
        understood: The question, as the conversation makes it clear.
        retrieve_ms: What finding the material took.
        plan: All of this in figures, for the person.
    """

    mode: UsedMode
    messages: list[ChatMessage]
    material: Material | None
    understood: Understood
    retrieve_ms: float
    plan: Plan


class _Scope(msgspec.Struct, frozen=True):
    """What is asked, of which documents, and with how much of the conversation."""

    question: str
    understood: Understood
    rows: list[DocumentRow]
    history: list[ChatMessage]
    left_out: int
    settings: AnsweringSettings
    speed: Speed


class Preparer:
    """Turns questions into prompts; remembers how fast each model reads."""

    def __init__(self, model: Model, index: Index, catalog: Documents) -> None:
        self._model = model
        self._index = index
        self._catalog = catalog
        self._speeds: dict[str, Speed] = {}

    def speed(self, model: str) -> Speed:
        """Return what is known of a model's speed."""
        return self._speeds.setdefault(model, Speed())

    def prepare(
        self,
        request: AskRequest,
        history: Sequence[ChatMessage],
        settings: AnsweringSettings,
        model: str,
    ) -> Generator[AskEvent, None, Prepared]:
        """Find the material for a question and lay out its prompt.

        Raises:
            DocumentsNotReady: None of the documents named can be read yet.
            WholeDoesNotFit: Whole documents were asked for, and they are too long.
            QuestionDoesNotFit: The question alone is too long.
        """
        question = request.question.strip()
        speed = self.speed(model)
        rows = self._rows(request)
        bare = self._model.prompt_size(
            prompt.over_passages(question, (), (), settings.instructions)
        )
        if not plan.fits(bare, settings):
            raise QuestionDoesNotFit(bare.tokens, bare.context_tokens)
        told = _without_declined(history)
        kept, left_out = plan.recent(told, bare.context_tokens, settings, speed)
        understood = understand(question, history)
        scope = _Scope(question, understood, rows, kept, left_out, settings, speed)
        if not rows:
            return self._alone(scope)
        if request.mode != "retrieval":
            whole = self._whole(scope, bare.context_tokens, forced=request.mode == "whole")
            if whole is not None:
                return whole
        yield Phase("searching")
        return self._retrieval(scope, request)

    def _rows(self, request: AskRequest) -> list[DocumentRow]:
        """Return the documents that the question is about and that can be read."""
        if not request.use_documents:
            return []
        rows = self._catalog.documents()
        if request.documents:
            wanted = set(request.documents)
            rows = [row for row in rows if row.id in wanted]
        ready = [row for row in rows if row.passages > 0]
        if request.documents and not ready:
            raise DocumentsNotReady(request.documents)
        return ready

    def _alone(self, scope: _Scope) -> Prepared:
        unseen = [row.title for row in self._catalog.documents()]
        instructions = scope.settings.instructions
        messages = prompt.alone(scope.question, scope.history, instructions, unseen)
        size = self._model.prompt_size(messages)
        return self._prepared("chat", messages, size, None, scope, 0.0)

    def _whole(self, scope: _Scope, context_tokens: int, *, forced: bool) -> Prepared | None:
        """Lay out the documents whole; None where that is not possible or takes too long."""
        started = time.monotonic()
        if not forced and (len(scope.rows) > _FEW or any(r.is_partly_read for r in scope.rows)):
            return None
        texts = [(row, self._catalog.text(row.id)) for row in scope.rows]
        chars = sum(len(text) for _, text in texts)
        if not plan.may_fit(chars, scope.settings, context_tokens):
            if forced:
                estimate = int(chars / plan.TYPICAL_CHARS_PER_TOKEN)
                raise WholeDoesNotFit(estimate, context_tokens)
            return None
        instructions = scope.settings.instructions
        messages = prompt.over_documents(scope.question, texts, scope.history, instructions)
        size = self._model.prompt_size(messages)
        if not plan.fits(size, scope.settings):
            if forced:
                raise WholeDoesNotFit(size.tokens, size.context_tokens)
            return None
        if not forced and not plan.in_time(size, scope.settings, scope.speed):
            return None
        evidence = [_whole_evidence(row, text) for row, text in texts]
        retrieve_ms = (time.monotonic() - started) * 1000
        return self._prepared("whole", messages, size, Material(evidence), scope, retrieve_ms)

    def _retrieval(self, scope: _Scope, request: AskRequest) -> Prepared:
        """Search, and lay out as much of what was found as the model can read in time."""
        started = time.monotonic()
        instructions = scope.settings.instructions
        bare = prompt.over_passages(scope.question, (), scope.history, instructions)
        size = self._model.prompt_size(bare)
        budget = plan.evidence_tokens(size, scope.settings, scope.speed)
        evidence = self._index.evidence(
            list(scope.understood.queries),
            plan.evidence_chars(budget),
            list(request.documents) or None,
        )
        retrieve_ms = (time.monotonic() - started) * 1000
        limit = size.tokens + budget * 5 // 4
        found = evidence
        while True:
            messages = prompt.over_passages(scope.question, evidence, scope.history, instructions)
            size = self._model.prompt_size(messages)
            # Text with more tokens than usual for its length: fewer passages, said in the plan.
            over = size.tokens > limit or not plan.fits(size, scope.settings)
            if not over or len(evidence) <= 1:
                break
            evidence = evidence[:-1]
        if not plan.fits(size, scope.settings):
            raise QuestionDoesNotFit(size.tokens, size.context_tokens)
        consulted = self._consulted(scope.understood.queries, found, len(evidence))
        return self._prepared(
            "retrieval", messages, size, Material(evidence), scope, retrieve_ms, consulted
        )

    def _prepared(
        self,
        mode: UsedMode,
        messages: list[ChatMessage],
        size: PromptSize,
        material: Material | None,
        scope: _Scope,
        retrieve_ms: float,
        consulted: Consulted | None = None,
    ) -> Prepared:
        evidence = material.evidence if material else ()
        facts = Plan(
            mode=mode,
            prompt_tokens=size.tokens,
            cached_tokens=size.cached_tokens,
            context_tokens=size.context_tokens,
            seconds_to_first_word=scope.speed.seconds(size),
            passages=sum(piece.passages for piece in evidence) if mode == "retrieval" else 0,
            documents_used=len({piece.document for piece in evidence}),
            documents_searched=len(scope.rows),
            earlier_left_out=scope.left_out,
            consulted=consulted or self._consulted((), evidence, len(evidence)),
        )
        return Prepared(mode, messages, material, scope.understood, retrieve_ms, facts)

    def _consulted(
        self, queries: tuple[str, ...], found: Sequence[Evidence], given: int
    ) -> Consulted:
        """Say what was found; the first so many of it are given to the model."""
        pieces = [
            FoundPiece(
                document=piece.document,
                path=piece.path,
                title=piece.title,
                page=piece.page,
                last_page=self._catalog.page_of(piece.document, max(piece.start, piece.end - 1)),
                start=piece.start,
                end=piece.end,
                passages=piece.passages,
                relevance=piece.relevance,
                given=place < given,
            )
            for place, piece in enumerate(found)
        ]
        return Consulted(queries, tuple(pieces))


def _without_declined(history: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return the conversation without the questions that the documents did not answer.

    There is nothing to learn from them, and a small model would decline the next one too,
    because that is how this conversation goes.
    """
    declined = prompt.wording().declined
    kept: list[ChatMessage] = []
    for message in history:
        if message.role == "assistant" and message.content == declined:
            while kept and kept[-1].role == "user":
                kept.pop()
        else:
            kept.append(message)
    return kept


def _whole_evidence(row: DocumentRow, text: str) -> Evidence:
    return Evidence(
        document=row.id,
        path=row.path,
        title=row.title,
        page=1 if row.pages else None,
        headings=(),
        start=0,
        end=len(text),
        text=text,
        score=1.0,
        relevance=1.0,
        passages=row.passages,
    )
