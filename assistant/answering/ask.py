"""From a question to a proved answer: plan, search, read, write, check."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Generator, Sequence
from typing import NamedTuple

import msgspec

from assistant.answering import decline, prompt
from assistant.answering.calibration import Calibrations
from assistant.answering.errors import EmptyQuestion
from assistant.answering.ports import Documents, Index, Model
from assistant.answering.prepare import Prepared, Preparer
from assistant.answering.proof import Proof, prove
from assistant.answering.types import (
    Answer,
    AnswerDelta,
    AnsweringSettings,
    AnswerSentence,
    AskEvent,
    AskRequest,
    Phase,
    ThoughtDelta,
    Timing,
    UsedMode,
)
from assistant.answering.verify import LEAST_SURE, SURE, Verifier
from assistant.owners import conversation_owner, document_owner
from indexing.sentences import split_sentences
from models.engine.types import (
    ChatMessage,
    Generation,
    PrefillProgress,
    TextDelta,
)


class Answerer:
    """Answers questions over the documents with one model.

    Attributes:
        settings: Read anew for each question.
        model_name: Name of the loaded model, for the answer's record.
    """

    def __init__(
        self,
        model: Model,
        index: Index,
        catalog: Documents,
        settings: AnsweringSettings | None = None,
        model_name: str = "",
        calibrations: Calibrations | None = None,
    ) -> None:
        self.settings = settings or AnsweringSettings()
        self.model_name = model_name
        self._model = model
        self._index = index
        self._catalog = catalog
        self._preparer = Preparer(model, index, catalog)
        self._verifier = Verifier(model, calibrations or Calibrations())
        # Several, because a plan may be asked for while an answer is on its way.
        self._recent: deque[tuple[AskRequest, Prepared]] = deque(maxlen=8)

    def expect_speed(self, model: str, tokens_per_s: float) -> None:
        """Tell how fast a model was measured to read, for the first forecast."""
        self._preparer.speed(model).expect(tokens_per_s)

    def ask(
        self, request: AskRequest, history: Sequence[ChatMessage] = ()
    ) -> Generator[AskEvent, None, Answer]:
        """Answer a question, saying on the way what is done and streaming the words.

        Close the generator to stop; `partial` then proves what had come by then.

        Args:
            request: The question and what it is about.
            history: The conversation so far, oldest first, without this question.

        Raises:
            EmptyQuestion: Nothing was asked.
            DocumentsNotReady: None of the documents named can be read yet.
            WholeDoesNotFit: Whole documents were asked for, and they are too long.
            QuestionDoesNotFit: The question alone is too long.
        """
        if not request.question.strip():
            raise EmptyQuestion
        run = _Run(request, self.settings, request.model or self.model_name)
        prepared = yield from self._preparer.prepare(request, history, self.settings, run.model)
        run.prepared = prepared
        self._recent.append((request, prepared))
        yield prepared.plan
        material = prepared.material
        if material is None and self.settings.documents_only:
            return run.declined()
        if prepared.mode == "retrieval" and material is not None:
            full = prepared.understood.full
            if decline.nothing_found(full, material.evidence, material):
                return run.declined()
        written = yield from self._write(run, prepared.messages)
        if material is None:
            yield Phase("checking")
            text = written.text.strip()
            return run.answer(text, _unproved(text))
        first = best = yield from self._check(run, prepared, written)
        if first.sureness < SURE or first.echoes:
            # All that it read is still there: to look once more costs only what it writes. (The
            # best passage alone is no better: as many answers are lost as are won.)
            again = yield from self._write_again(run, prepared)
            second = yield from self._check(run, prepared, again)
            best = max(first, second, key=_Draft.merit)
        if best.sureness < LEAST_SURE:
            return run.declined(withdrawn=first.text)
        run.written = best.written
        return run.answer(best.text, best.proof, withdrawn="" if best is first else first.text)

    def _check(
        self, run: _Run, prepared: Prepared, written: Generation
    ) -> Generator[AskEvent, None, _Draft]:
        """Prove what was written, and tell how sure the model is of it."""
        yield Phase("checking")
        assert prepared.material is not None
        text = written.text.strip()
        full = prepared.understood.full
        echoes = decline.echoes(text, full)
        if decline.declines(text):
            return _Draft(written, text, _unproved(text), -math.inf, echoes)
        proof = self._prove(text, prepared)
        if decline.unproved(proof):
            return _Draft(written, text, proof, -math.inf, echoes)
        sureness = 1.0
        if self.settings.check:
            sureness = yield from self._verifier.sureness(run.model, full, proof, prepared.material)
        return _Draft(written, text, proof, sureness, echoes)

    def partial(self, request: AskRequest, text: str) -> Answer | None:
        """Prove what a stopped question had brought by then.

        Returns:
            None where the question was not asked of this object, or stopped before its
            material was found.
        """
        prepared = next((kept for asked, kept in reversed(self._recent) if asked is request), None)
        if prepared is None:
            return None
        run = _Run(request, self.settings, request.model or self.model_name)
        run.prepared = prepared
        proof = _unproved(text) if prepared.material is None else self._prove(text, prepared)
        return run.answer(text, proof, stopped=True)

    def _write(
        self, run: _Run, messages: list[ChatMessage]
    ) -> Generator[AskEvent, None, Generation]:
        """Have the model answer; pass its words on."""
        sampling = msgspec.structs.replace(
            self.settings.sampling, max_tokens=self.settings.max_answer_tokens
        )
        generation = self._model.generate(messages, sampling, [], run.owners)
        writing = False
        try:
            while True:
                try:
                    event = next(generation)
                except StopIteration as end:
                    result: Generation = end.value
                    break
                if isinstance(event, PrefillProgress):
                    yield Phase("reading", event.done, event.total)
                    continue
                if not writing:
                    writing = True
                    run.first_word()
                    yield Phase("writing")
                if isinstance(event, TextDelta):
                    yield AnswerDelta(event.text)
                else:
                    yield ThoughtDelta(event.text)
        finally:
            generation.close()
        self._preparer.speed(run.model).learn(result)
        run.written = result
        return result

    def _write_again(self, run: _Run, prepared: Prepared) -> Generator[AskEvent, None, Generation]:
        """Have the model answer in other words; nobody sees it write what may not stand."""
        messages = prompt.asked_again(prepared.messages, run.question)
        sampling = msgspec.structs.replace(
            self.settings.sampling,
            max_tokens=self.settings.max_answer_tokens,
            thinking_tokens=0,
        )
        generation = self._model.generate(messages, sampling, [], run.owners)
        try:
            while True:
                try:
                    next(generation)
                except StopIteration as end:
                    return end.value
                yield Phase("checking")
        finally:
            generation.close()

    def _prove(self, text: str, prepared: Prepared) -> Proof:
        assert prepared.material is not None
        return prove(
            text,
            prepared.understood.full,
            prepared.material,
            self._catalog.page_of,
            self._index.embed,
            self._catalog.place_of,
        )


class _Draft(NamedTuple):
    """What the model wrote, what of it is proved, and how sure it is (see verify.py).

    `echoes` tells that it only repeats the question.
    """

    written: Generation
    text: str
    proof: Proof
    sureness: float
    echoes: bool

    def merit(self) -> tuple[bool, float]:
        """What the better of two has more of."""
        return self.sureness >= LEAST_SURE and not self.echoes, self.sureness


class _Run:
    """One question on its way: what it cost so far, and its answer in the end."""

    def __init__(self, request: AskRequest, settings: AnsweringSettings, model: str) -> None:
        self.model = model
        self.prepared: Prepared | None = None
        self.question = request.question.strip()
        self._request = request
        self._settings = settings
        self._started = time.monotonic()
        self._first_word_ms = 0.0
        self.written: Generation | None = None

    @property
    def owners(self) -> list[str]:
        """What the prompt is made of where it is worth keeping as it was read.

        Passages are others for the next question, so there is nothing to gain with them.
        """
        prepared = self.prepared
        if prepared is None or prepared.mode == "retrieval":
            return []
        conversation = self._request.conversation
        material = prepared.material
        return [
            *([conversation_owner(conversation)] if conversation is not None else []),
            *(document_owner(piece.document) for piece in (material.evidence if material else ())),
        ]

    def first_word(self) -> None:
        """Note that the answer begins."""
        self._first_word_ms = (time.monotonic() - self._started) * 1000

    def answer(
        self, text: str, proof: Proof, *, stopped: bool = False, withdrawn: str = ""
    ) -> Answer:
        """Return the answer as the model wrote it, with its proof."""
        return Answer(
            question=self._request.question,
            answer=text,
            sentences=proof.sentences,
            citations=proof.citations,
            mode=self._mode,
            model=self.model,
            timing=self._timing(),
            thinking=self.written.thinking if self.written else "",
            stopped=stopped,
            cut=self.written is not None and self.written.finish == "length",
            withdrawn=withdrawn,
        )

    def declined(self, withdrawn: str = "") -> Answer:
        """Return the honest sentence that the documents do not say."""
        text = prompt.wording().declined
        return Answer(
            question=self._request.question,
            answer=text,
            sentences=_unproved(text).sentences,
            citations=(),
            mode=self._mode,
            model=self.model,
            timing=self._timing(),
            thinking=self.written.thinking if self.written else "",
            declined=True,
            withdrawn=withdrawn,
        )

    @property
    def _mode(self) -> UsedMode:
        assert self.prepared is not None
        return self.prepared.mode

    def _timing(self) -> Timing:
        written = self.written
        return Timing(
            retrieve_ms=self.prepared.retrieve_ms if self.prepared else 0.0,
            prompt_tokens=written.prompt_tokens if written else 0,
            cached_tokens=written.cached_tokens if written else 0,
            first_token_ms=self._first_word_ms,
            answer_tokens=written.answer_tokens if written else 0,
            tokens_per_s=written.tokens_per_s if written else 0.0,
        )


def _unproved(text: str) -> Proof:
    """Return the sentences of a text, none of them proved."""
    return Proof(
        tuple(
            AnswerSentence(text[start:end], False, (), start, end)
            for start, end in split_sentences(text)
        ),
        (),
    )
