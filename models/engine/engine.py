"""The engine: one model in memory, asked one question at a time.

Long operations are generators: every yield is a place where the caller may stop (by
closing it) or pause (by not going on), and the engine stays usable after either.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from models.engine.answer import GrowingAnswer
from models.engine.loading import NativeModel, load_model
from models.engine.measuring import measure_speed
from models.engine.memory import BLOCK_TOKENS, TokenMemory
from models.engine.native import Sampler
from models.engine.reading import PromptReader
from models.engine.streaming import THINKING_TAGS, opened_thinking
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
from models.speeds import Speed
from models.states import StateStore, StoredState

# Room for an answer without which a question is not worth reading the prompt for.
MIN_ANSWER_TOKENS = 64
# Enough to find every spelling of a yes or a no among them.
_FIRST_TOKENS = 20


class Engine:
    """Holds at most one model and generates with it.

    Args:
        states: Where what was read is kept on disk; None keeps nothing.
    """

    def __init__(self, states: StateStore | None = None) -> None:
        self._states = states
        self._native: NativeModel | None = None
        self._reader: PromptReader | None = None
        self._template: ChatTemplate | None = None
        self._template_failure: TemplateFailed | None = None

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
        self._reader = PromptReader(native.memory, self._states, native.aside)
        self._prepare_template(native, settings.template)
        return LoadedModel(
            path=path,
            context_tokens=native.context_tokens,
            trained_context=native.trained_context,
            threads=native.threads,
            kv_bytes_per_token=native.kv_bytes_per_token,
            load_seconds=time.monotonic() - started,
        )

    def unload(self) -> None:
        """Frees the model held; does nothing without one."""
        if self._reader is not None:
            self._reader.close()
        if self._native is not None:
            self._native.close()
        self._native = self._reader = self._template = self._template_failure = None

    def identify(self, sha256: str) -> None:
        """Tells the digest of the file that is loaded: from now on states on disk are used."""
        native, reader = self._loaded()
        reader.key = native.state_key(sha256)

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Length of each text in the model's tokens, as it would count inside a message."""
        vocabulary = self._model().vocabulary
        return [len(vocabulary.tokenize(text, parse_special=False)) for text in texts]

    def prompt_size(self, messages: list[ChatMessage]) -> PromptSize:
        """What a conversation would cost to read, without reading it.

        Raises:
            TemplateFailed: The model's template cannot lay it out.
        """
        native, reader = self._loaded()
        tokens, _ = self._prompt(messages)
        return PromptSize(
            tokens=len(tokens),
            cached_tokens=reader.reusable(tokens),
            context_tokens=native.context_tokens,
        )

    def generate(
        self,
        messages: list[ChatMessage],
        sampling: Sampling,
        stop: list[str],
        owners: Sequence[str] = (),
        *,
        aside: bool = False,
    ) -> Generator[GenerationEvent, None, Generation]:
        """Reads a conversation (what the cache holds of it is not read again) and answers it.

        Args:
            messages: The conversation.
            sampling: How the answer is chosen.
            stop: Strings that end it.
            owners: What the conversation is made of, such as "document:7". With any, what was
                read is kept on disk before it gives way to another prompt.
            aside: Do it beside the conversation that is held, which then need not be read again:
                for short questions about it.

        Raises:
            ContextOverflow: It leaves no room for an answer; nothing has been read.
            TemplateFailed: The model's template cannot lay it out.
            GrammarFailed: The grammar or the JSON schema cannot be used; nothing has been read.
            DecodeFailed: llama.cpp failed; the engine can be asked again.
        """
        started = time.monotonic()
        native, held = self._loaded()
        tokens, thinking_until = self._prompt(messages)
        room = native.context_tokens - min(sampling.max_tokens, MIN_ANSWER_TOKENS)
        if aside:
            room -= len(native.memory.tokens)
        else:
            native.aside.clear()
        if len(tokens) > room:
            raise ContextOverflow(len(tokens), native.context_tokens)
        reader = PromptReader(native.aside, None) if aside else held
        held.busy = True
        try:
            # First of all: a grammar that cannot be used is said before anything is read.
            sampler = Sampler(sampling, native.vocabulary)
            try:
                cached = reader.reach(tokens, owners)
                prefill_speed = yield from reader.read(tokens, cached)
                answer = GrowingAnswer(stop, thinking_until)
                finish = yield from self._decode(
                    native, reader.memory, sampler, sampling.max_tokens, answer
                )
            finally:
                sampler.close()
        finally:
            held.busy = False
        return answer.generation(started, finish, len(tokens), cached, prefill_speed)

    def study(
        self, messages: list[ChatMessage], owners: Sequence[str]
    ) -> Generator[PrefillProgress, None, StoredState | None]:
        """Reads a conversation up to its last message and keeps that on disk.

        Others may generate between two steps; it goes on where it was.

        Args:
            messages: The conversation; what its last message says makes no difference.
            owners: What it is made of.

        Returns:
            What is kept, now or by an earlier study; None where there is no room for it.

        Raises:
            ContextOverflow: It leaves no room for a question and its answer.
            TemplateFailed: The model's template cannot lay it out.
            NoModelLoaded: The model was unloaded meanwhile.
            DecodeFailed: llama.cpp failed.
        """
        _, reader = self._loaded()
        return (yield from reader.study(self._start(messages), owners))

    def study_size(self, messages: list[ChatMessage]) -> PromptSize:
        """What `study` would read.

        Raises:
            TemplateFailed: The model's template cannot lay it out.
        """
        native, reader = self._loaded()
        tokens = self._start(messages, checked=False)
        return PromptSize(
            tokens=len(tokens),
            # A token more, as a question adds: the last one of a prompt is always read.
            cached_tokens=reader.reusable([*tokens, -1]),
            context_tokens=native.context_tokens,
        )

    def measure(self) -> Generator[PrefillProgress, None, Speed | None]:
        """Measures how fast the model reads and writes, as long as nobody needs it.

        Returns:
            None where the cache was in use, or was wanted meanwhile.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        native, reader = self._loaded()
        return (yield from measure_speed(reader, native.vocabulary.size))

    def _decode(
        self,
        native: NativeModel,
        memory: TokenMemory,
        sampler: Sampler,
        max_tokens: int,
        answer: GrowingAnswer,
    ) -> Generator[TextDelta | ThinkingDelta, None, FinishReason]:
        """Generates until the model, a stop string or a limit ends it."""
        vocabulary = native.vocabulary
        finish: FinishReason = "length"
        while answer.tokens < max_tokens:
            token = sampler.sample(memory.context)
            if vocabulary.is_end(token):
                finish = "stop"
                break
            if not answer.tokens:
                answer.first_tokens = tuple(
                    (vocabulary.piece(each).decode("utf-8", "replace"), probability)
                    for each, probability in memory.likeliest(_FIRST_TOKENS, vocabulary.size)
                )
            answer.take(vocabulary.piece(token))
            if answer.stopped:
                finish = "stop"
                break
            yield from answer.due()
            # The last token's own key and value are only needed for a further one.
            if answer.tokens == max_tokens or native.full:
                break
            code = memory.decode((token,), want_logits=True)
            if code:
                raise DecodeFailed(code)
        answer.end()
        yield from answer.due(everything=True)
        return finish

    def _model(self) -> NativeModel:
        return self._loaded()[0]

    def _loaded(self) -> tuple[NativeModel, PromptReader]:
        if self._native is None or self._reader is None:
            raise NoModelLoaded
        return self._native, self._reader

    def _start(self, messages: Sequence[ChatMessage], *, checked: bool = True) -> list[int]:
        """The tokens of a conversation up to its last message, in whole blocks.

        Raises:
            ContextOverflow: They leave no room for a question and its answer.
        """
        native = self._model()
        one, other = (
            self._prompt([*messages[:-1], ChatMessage(messages[-1].role, text)])[0]
            for text in ("1", "?")
        )
        alike = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
        if checked and alike + 2 * MIN_ANSWER_TOKENS > native.context_tokens:
            raise ContextOverflow(alike, native.context_tokens)
        return one[: alike - alike % BLOCK_TOKENS]

    def _prepare_template(self, native: NativeModel, override: str | None) -> None:
        vocabulary = native.vocabulary
        vocabulary.show([tag for pair in THINKING_TAGS for tag in pair])
        try:
            self._template = ChatTemplate(
                native.template if override is None else override,
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
