"""The engine: one model in memory, asked one question at a time.

Long operations are generators: every yield is a place where the caller may stop (by
closing it) or pause (by not going on), and the engine stays usable after either.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Generator, Sequence

from models.engine.loading import NativeModel, load_model
from models.engine.native import BLOCK_TOKENS, Sampler, TokenMemory
from models.engine.streaming import THINKING_TAGS, AnswerSplitter, Kind, opened_thinking
from models.engine.template import MARK, ChatTemplate
from models.engine.types import (
    ChatMessage,
    FinishReason,
    Generation,
    GenerationEvent,
    LoadedModel,
    LoadProgress,
    LoadSettings,
    PrefillProgress,
    PromptSize,
    Sampling,
    TextDelta,
    ThinkingDelta,
)
from models.errors import ContextOverflow, DecodeFailed, NoModelLoaded, TemplateFailed

# Room for an answer without which a question is not worth reading the prompt for.
MIN_ANSWER_TOKENS = 64

_DELTA_SECONDS = 0.04
# How long a step of reading may take, as far as its size can be chosen: see `_step_tokens`.
_STEP_SECONDS = 0.25
_SLOW_STEP_TOKENS = 16
_SLOW_TOKENS_PER_S = 24


class Engine:
    """Holds at most one model and generates with it."""

    def __init__(self) -> None:
        self._native: NativeModel | None = None
        self._template: ChatTemplate | None = None
        self._template_failure: TemplateFailed | None = None
        self._prefill_speed = 0.0

    def load(self, path: str, settings: LoadSettings) -> Generator[LoadProgress, None, LoadedModel]:
        """Loads a GGUF file in place of the model held, if any.

        A header that is wrong is noticed before the model held is given up.

        Raises:
            InvalidModelFile: The file's header is not that of a usable model.
            LoadFailed: llama.cpp refused it, or memory did not suffice.
        """
        started = time.monotonic()
        loading = load_model(path, settings)
        try:
            yield next(loading)
            self.unload()
            native = yield from loading
        finally:
            loading.close()
        self._native = native
        self._prefill_speed = 0.0
        self._prepare_template(native)
        return LoadedModel(
            path=path,
            context_tokens=native.context_tokens,
            trained_context=native.trained_context,
            threads=native.threads,
            load_seconds=time.monotonic() - started,
        )

    def unload(self) -> None:
        """Frees the model held; does nothing without one."""
        if self._native is not None:
            self._native.close()
        self._native = self._template = self._template_failure = None

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Length of each text in the model's tokens, as it would count inside a message."""
        vocabulary = self._model().vocabulary
        return [len(vocabulary.tokenize(text, parse_special=False)) for text in texts]

    def prompt_size(self, messages: list[ChatMessage]) -> PromptSize:
        """What a conversation would cost to read, without reading it.

        Raises:
            TemplateFailed: The model's template cannot lay it out.
        """
        native = self._model()
        tokens, _ = self._prompt(messages)
        return PromptSize(
            tokens=len(tokens),
            cached_tokens=native.memory.reusable(tokens),
            context_tokens=native.context_tokens,
        )

    def generate(
        self, messages: list[ChatMessage], sampling: Sampling, stop: list[str]
    ) -> Generator[GenerationEvent, None, Generation]:
        """Reads a conversation (what the cache holds of it is not read again) and answers it.

        Raises:
            ContextOverflow: It leaves no room for an answer; nothing has been read.
            TemplateFailed: The model's template cannot lay it out.
            DecodeFailed: llama.cpp failed; the engine can be asked again.
        """
        started = time.monotonic()
        native = self._model()
        tokens, thinking_until = self._prompt(messages)
        room = min(sampling.max_tokens, MIN_ANSWER_TOKENS)
        if len(tokens) + room > native.context_tokens:
            raise ContextOverflow(len(tokens), native.context_tokens)
        memory = native.memory
        cached = memory.keep(memory.reusable(tokens))
        prefill_speed = yield from self._prefill(memory, tokens, cached)
        answer = _Answer(stop, thinking_until)
        sampler = Sampler(sampling, native.vocabulary.size)
        try:
            finish = yield from self._decode(native, sampler, sampling.max_tokens, answer)
        finally:
            sampler.close()
        return answer.generation(started, finish, len(tokens), cached, prefill_speed)

    def _prefill(
        self, memory: TokenMemory, tokens: Sequence[int], cached: int
    ) -> Generator[PrefillProgress, None, float]:
        """Reads what the cache does not hold; returns tokens per second."""
        total = len(tokens)
        done = cached
        seconds = 0.0
        yield PrefillProgress(done=done, total=total, cached=cached)
        while done < total:
            # Up to the next multiple of the step, so that the same text is always read in
            # the same pieces, wherever the cache ends.
            size = self._step_tokens(memory)
            step = tokens[done : done + size - done % size]
            began = time.monotonic()
            code = memory.decode(step, want_logits=done + len(step) == total, read=True)
            if code:
                raise DecodeFailed(code)
            done += len(step)
            elapsed = time.monotonic() - began
            seconds += elapsed
            if len(step) == size and elapsed > 0:
                self._prefill_speed = len(step) / elapsed
            yield PrefillProgress(done=done, total=total, cached=cached)
        return (total - cached) / seconds if seconds > 0 else 0.0

    def _step_tokens(self, memory: TokenMemory) -> int:
        """Tokens to read before the next chance to stop.

        Pieces of whole blocks give the very same numbers whatever their size, so the speed
        measured may choose among them without changing an answer. Where even a block would
        take seconds, being able to stop matters more.
        """
        if 0 < self._prefill_speed < _SLOW_TOKENS_PER_S:
            return min(memory.batch_tokens, _SLOW_STEP_TOKENS)
        blocks = int(self._prefill_speed * _STEP_SECONDS) // BLOCK_TOKENS
        size = BLOCK_TOKENS
        while size * 2 <= blocks * BLOCK_TOKENS:
            size *= 2
        return min(memory.batch_tokens, size)

    def _decode(
        self, native: NativeModel, sampler: Sampler, max_tokens: int, answer: _Answer
    ) -> Generator[TextDelta | ThinkingDelta, None, FinishReason]:
        """Generates until the model, a stop string or a limit ends it."""
        memory = native.memory
        vocabulary = native.vocabulary
        finish: FinishReason = "length"
        while answer.tokens < max_tokens:
            token = sampler.sample(memory.context)
            if vocabulary.is_end(token):
                finish = "stop"
                break
            if not answer.tokens:
                answer.first_probability = memory.probability(token, vocabulary.size)
            answer.take(vocabulary.piece(token))
            if answer.stopped:
                finish = "stop"
                break
            yield from answer.due()
            # The last token's own key and value are only needed for a further one.
            if answer.tokens == max_tokens or len(memory.tokens) == native.context_tokens:
                break
            code = memory.decode((token,), want_logits=True)
            if code:
                raise DecodeFailed(code)
        answer.end()
        yield from answer.due(everything=True)
        return finish

    def _model(self) -> NativeModel:
        if self._native is None:
            raise NoModelLoaded
        return self._native

    def _prepare_template(self, native: NativeModel) -> None:
        vocabulary = native.vocabulary
        vocabulary.show([tag for pair in THINKING_TAGS for tag in pair])
        try:
            self._template = ChatTemplate(
                native.template,
                begin_text=vocabulary.special_text("bos"),
                end_text=vocabulary.special_text("eos"),
                control_texts=vocabulary.control_texts,
            )
        except TemplateFailed as error:
            self._template_failure = error

    def _prompt(self, messages: Sequence[ChatMessage]) -> tuple[list[int], str | None]:
        """The conversation's tokens, and the tag that ends the thinking it opens, if any."""
        vocabulary = self._model().vocabulary
        if self._template is None:
            raise self._template_failure or NoModelLoaded
        text = self._template.render(messages)
        tokens: list[int] = []
        for piece in text.split(MARK):
            tokens.extend(vocabulary.tokenize(piece, parse_special=True))
        if vocabulary.begin is not None and tokens[:1] != [vocabulary.begin]:
            tokens.insert(0, vocabulary.begin)
        if not tokens:
            raise TemplateFailed("the template gives an empty prompt")
        return tokens, opened_thinking(text)


class _Answer:
    """An answer as it grows: whole characters, split into kinds, sent in batches."""

    def __init__(self, stop: Sequence[str], thinking_until: str | None) -> None:
        self.tokens = 0
        self.first_probability = 0.0
        self._splitter = AnswerSplitter(stop, thinking_until)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting: list[tuple[Kind, str]] = []
        self._parts: dict[Kind, list[str]] = {"text": [], "thinking": []}
        self._first_at = 0.0
        self._last_at = 0.0
        self._sent_at = 0.0

    @property
    def stopped(self) -> bool:
        """Whether a stop string was found."""
        return self._splitter.stopped

    def take(self, piece: bytes) -> None:
        """Takes a generated token's bytes."""
        self._last_at = time.monotonic()
        if not self.tokens:
            self._first_at = self._last_at
        self.tokens += 1
        self._waiting.extend(self._splitter.feed(self._decoder.decode(piece)))

    def end(self) -> None:
        """Ends the text: what was held back is decided."""
        self._waiting.extend(self._splitter.feed(self._decoder.decode(b"", final=True)))
        self._waiting.extend(self._splitter.finish())

    def due(self, *, everything: bool = False) -> list[TextDelta | ThinkingDelta]:
        """What is to be sent now; the first piece at once, then in batches.

        While all text is held back an empty piece is sent now and then: the caller can
        only stop or pause the generation where it gets something.
        """
        now = time.monotonic()
        if not everything and now - self._sent_at < _DELTA_SECONDS:
            return []
        if not self._waiting and (everything or now - self._sent_at < 3 * _DELTA_SECONDS):
            return []
        self._sent_at = now
        texts: list[tuple[Kind, str]] = []
        for kind, text in self._waiting or [(self._splitter.kind, "")]:
            if texts and texts[-1][0] == kind:
                texts[-1] = (kind, texts[-1][1] + text)
            else:
                texts.append((kind, text))
            self._parts[kind].append(text)
        self._waiting.clear()
        return [
            TextDelta(text=text) if kind == "text" else ThinkingDelta(text=text)
            for kind, text in texts
        ]

    def generation(
        self,
        started: float,
        finish: FinishReason,
        prompt_tokens: int,
        cached_tokens: int,
        prefill_tokens_per_s: float,
    ) -> Generation:
        """The finished answer and what it cost."""
        seconds = self._last_at - self._first_at
        return Generation(
            text="".join(self._parts["text"]),
            thinking="".join(self._parts["thinking"]),
            finish=finish,
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
            answer_tokens=self.tokens,
            first_token_ms=max(0.0, self._first_at - started) * 1000,
            tokens_per_s=(self.tokens - 1) / seconds if seconds > 0 else 0.0,
            prefill_tokens_per_s=prefill_tokens_per_s,
            first_token_probability=self.first_probability,
        )
