"""The engine: one model in memory, asked one question at a time.

Long operations are generators: every yield is a place where the caller may stop (by
closing it) or pause (by not going on), and the engine stays usable after either.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

import msgspec

from models.engine.answer import GrowingAnswer
from models.engine.loading import NativeModel, load_model
from models.engine.measuring import measure_speed
from models.engine.prompts import PromptLayout
from models.engine.reading import PromptReader
from models.engine.types import (
    ChatMessage,
    Generation,
    GenerationEvent,
    LoadedModel,
    LoadProgress,
    LoadSettings,
    PrefillProgress,
    PromptSize,
    Sampling,
)
from models.engine.writing import AnswerWriter
from models.errors import ContextOverflow, NoModelLoaded
from models.speeds import Speed
from models.states import StateStore, StoredState

# Room for an answer without which a question is not worth reading the prompt for.
MIN_ANSWER_TOKENS = 64


class Engine:
    """Holds at most one model and generates with it.

    Args:
        states: Where what was read is kept on disk; None keeps nothing.
    """

    def __init__(self, states: StateStore | None = None) -> None:
        self._states = states
        self._settings = LoadSettings()
        self._native: NativeModel | None = None
        self._reader: PromptReader | None = None
        self._layout: PromptLayout | None = None

    @property
    def holds_model(self) -> bool:
        """Whether a model is loaded."""
        return self._native is not None

    def load(self, path: str, settings: LoadSettings) -> Generator[LoadProgress, None, LoadedModel]:
        """Loads a GGUF file in place of the model held, if any.

        A header that is wrong is noticed before the model held is given up.

        Raises:
            InvalidModelFile: The file's header is not that of a usable model.
            AdapterUnfit: An adapter cannot be used with this model.
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
        self._settings = settings
        self._reader = PromptReader(native.memory, self._states, native.aside)
        self._layout = PromptLayout(native.vocabulary, native.template, settings)
        return self._facts(time.monotonic() - started)

    def adjust(self, settings: LoadSettings) -> LoadedModel | None:
        """Applies other settings to the model held, as far as that takes no new load.

        That is so for its template, its adapters, and whether it thinks.

        Args:
            settings: How it should be loaded.

        Returns:
            What is loaded then; None where it would have to be loaded anew: nothing has changed.

        Raises:
            AdapterUnfit: An adapter cannot be used with this model; nothing has changed.
        """
        if self._native is None or self._reader is None:
            return None
        kept = {name: getattr(settings, name) for name in ("template", "adapters", "thinking")}
        if msgspec.structs.replace(self._settings, **kept) != settings:
            return None
        adapters = settings.adapters_in_force
        if adapters != self._settings.adapters_in_force:
            self._native.adapters.load(adapters)
            # What was read so far is of the model as it was.
            self._reader.close()
            self._native.memory.clear()
            self._native.aside.clear()
            self._native.adapters.apply(adapters)
            self._reader = PromptReader(self._native.memory, self._states, self._native.aside)
        self._settings = settings
        self._layout = PromptLayout(self._native.vocabulary, self._native.template, settings)
        return self._facts(0.0)

    def unload(self) -> None:
        """Frees the model held; does nothing without one."""
        if self._reader is not None:
            self._reader.close()
        if self._native is not None:
            self._native.close()
        self._native = self._reader = self._layout = None

    def identify(self, sha256: str, adapters: Sequence[str] = ()) -> None:
        """Tells what is loaded: from now on states on disk are used.

        Args:
            sha256: Digest of the model's file.
            adapters: Digests of the files of those adapters that change it, in their order.
        """
        native, reader, _ = self._loaded()
        reader.key = native.state_key(sha256, self._settings.adapters_in_force, adapters)

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Length of each text in the model's tokens, as it would count inside a message."""
        vocabulary = self._loaded()[0].vocabulary
        return [len(vocabulary.tokenize(text, parse_special=False)) for text in texts]

    def prompt_size(self, messages: list[ChatMessage]) -> PromptSize:
        """What a conversation would cost to read, without reading it.

        Raises:
            TemplateFailed: The model's template cannot lay it out.
        """
        native, reader, layout = self._loaded()
        tokens, _ = layout.tokens(messages)
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
        native, held, layout = self._loaded()
        tokens, thinking_until = layout.tokens(messages)
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
            writer = AnswerWriter(native, sampling, thinking=thinking_until is not None)
            try:
                cached = reader.reach(tokens, owners)
                prefill_speed = yield from reader.read(tokens, cached)
                answer = GrowingAnswer(stop, thinking_until)
                finish = yield from writer.write(reader.memory, answer)
            finally:
                writer.close()
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
        native, reader, layout = self._loaded()
        tokens, length = layout.beginning(messages)
        if length + 2 * MIN_ANSWER_TOKENS > native.context_tokens:
            raise ContextOverflow(length, native.context_tokens)
        return (yield from reader.study(tokens, owners))

    def study_size(self, messages: list[ChatMessage]) -> PromptSize:
        """What `study` would read.

        Raises:
            TemplateFailed: The model's template cannot lay it out.
        """
        native, reader, layout = self._loaded()
        tokens, _ = layout.beginning(messages)
        return PromptSize(
            tokens=len(tokens),
            # A token more, as a question adds: the last one of a prompt is always read.
            cached_tokens=reader.reusable([*tokens, -1]),
            context_tokens=native.context_tokens,
        )

    def studied(self, messages: list[ChatMessage], owners: Sequence[str]) -> StoredState | None:
        """What `study` kept of a conversation as it is now, for the model as it is loaded now.

        Args:
            messages: The conversation; what its last message says makes no difference.
            owners: What it is made of.

        Raises:
            TemplateFailed: The model's template cannot lay it out.
        """
        _, reader, layout = self._loaded()
        tokens, _ = layout.beginning(messages)
        return reader.studied(tokens, owners)

    def measure(self) -> Generator[PrefillProgress, None, Speed | None]:
        """Measures how fast the model reads and writes, as long as nobody needs it.

        Returns:
            None where the cache was in use, or was wanted meanwhile.

        Raises:
            DecodeFailed: llama.cpp failed.
        """
        native, reader, _ = self._loaded()
        return (yield from measure_speed(reader, native.vocabulary.size))

    def _facts(self, seconds: float) -> LoadedModel:
        native, _, layout = self._loaded()
        return LoadedModel(
            path=native.path,
            context_tokens=native.context_tokens,
            trained_context=native.trained_context,
            threads=native.threads,
            kv_bytes_per_token=native.kv_bytes_per_token,
            load_seconds=seconds,
            switches_thinking=layout.switches_thinking,
        )

    def _loaded(self) -> tuple[NativeModel, PromptReader, PromptLayout]:
        if self._native is None or self._reader is None or self._layout is None:
            raise NoModelLoaded
        return self._native, self._reader, self._layout
