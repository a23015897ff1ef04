"""What the model's process serves: the engine, with what it has read kept on disk."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import msgspec

from assistant.paths import DataPaths
from assistant.services.behind import Behind
from assistant.settings import SettingsFile
from models.digests import FileDigests
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
from models.errors import AdapterUnfit, InvalidModelFile, NoModelLoaded
from models.speeds import Speed, SpeedBook
from models.states import StateStore, StoredState

ModelEvent = LoadProgress | GenerationEvent
# The file's path, how it is loaded, and what tells the file from another in its place.
_Held = tuple[str, LoadSettings, tuple[int, int]]

# Fewer tokens than these are read or written in too short a time to tell a speed from.
_TELLING_READ_TOKENS = 256
_TELLING_TOKENS = 32


class ModelHost:
    """An engine that knows what it holds.

    Args:
        states: Where what was read is kept.
        digests: Digests of model files: a state is of one file's very bytes.
        speeds: How fast models have been.
    """

    def __init__(self, states: StateStore, digests: FileDigests, speeds: SpeedBook) -> None:
        # Here and not above, so that the app process may import this module.
        from models.engine.engine import Engine

        self._engine = Engine(states)
        self._digests = digests
        self._speeds = speeds
        self._held: _Held | None = None
        self._facts: LoadedModel | None = None
        self._behind: Behind[ModelEvent, Generation] = Behind()

    def load(self, path: str, settings: LoadSettings) -> Generator[LoadProgress, None, LoadedModel]:
        """Hold the model; done at once where it is held already."""
        self._behind.give_way()
        wanted = (path, settings, _stamp(path))
        if self._held == wanted and self._facts is not None:
            return self._facts
        held = self._held
        if held is not None and (held[0], held[2]) == (path, wanted[2]):
            adjusted = self._engine.adjust(settings)
            if adjusted is not None:
                return self._hold(wanted, adjusted)
        self._held = None
        try:
            loaded = yield from self._engine.load(path, settings)
        except (InvalidModelFile, AdapterUnfit):
            if self._engine.holds_model:
                self._held = held  # noticed before the other one was given up
            raise
        return self._hold(wanted, loaded)

    def get_to_know(self, path: str, settings: LoadSettings) -> Generator[int, None, LoadedModel]:
        """Learn what takes a while of the model held: its digest, and how fast it is.

        No question waits for either: it is done in the background, once for each file.

        Returns:
            The facts, with what was learned.

        Raises:
            NoModelLoaded: Another model was loaded meanwhile.
        """
        self._require(path, settings)
        digest = yield from self._digests.compute(Path(path))
        for adapter in settings.adapters_in_force:
            yield from self._digests.compute(Path(adapter.path))
        self._require(path, settings)
        self._identify()
        if not self._speeds.get(digest, settings).read:
            measuring = self._engine.measure()
            try:
                while True:
                    yield next(measuring).done
                    self._require(path, settings)
            except StopIteration as end:
                self._learn_speed(end.value)
        return self.held(path, settings)

    def generate(
        self,
        path: str,
        settings: LoadSettings,
        messages: list[ChatMessage],
        sampling: Sampling,
        stop: list[str],
        owners: list[str],
        aside: bool,
    ) -> Generator[ModelEvent, None, Generation]:
        """Answer with the model, loading it first if need be."""
        yield from self.load(path, settings)
        generation = yield from self._engine.generate(messages, sampling, stop, owners, aside=aside)
        self._learn_speed(_speed_shown(generation))
        return generation

    def generate_behind(
        self,
        path: str,
        settings: LoadSettings,
        messages: list[ChatMessage],
        sampling: Sampling,
    ) -> Generator[ModelEvent, None, Generation | None]:
        """Do what `generate` does until the model is wanted for something else; None then."""
        steps = self.generate(path, settings, messages, sampling, [], [], aside=False)
        return (yield from self._behind.run(steps))

    def study(
        self,
        path: str,
        settings: LoadSettings,
        messages: list[ChatMessage],
        owners: list[str],
    ) -> Generator[PrefillProgress, None, StoredState | None]:
        """Read the start of a prompt and keep it. Raises NoModelLoaded unless it is held."""
        self._require(path, settings)
        for file in (path, *(adapter.path for adapter in settings.adapters_in_force)):
            for _ in self._digests.compute(Path(file)):
                yield PrefillProgress(done=0, total=0, cached=0)
        self._require(path, settings)
        self._identify()
        return (yield from self._engine.study(messages, owners))

    def held(self, path: str, settings: LoadSettings) -> LoadedModel:
        """Say what is held. Raises NoModelLoaded unless it is this model."""
        self._require(path, settings)
        if self._facts is None:
            raise NoModelLoaded
        return self._facts

    def prompt_size(
        self, path: str, settings: LoadSettings, messages: list[ChatMessage]
    ) -> PromptSize:
        """Say what a prompt would cost. Raises NoModelLoaded unless the model is held."""
        self._require(path, settings)
        return self._engine.prompt_size(messages)

    def study_size(
        self, path: str, settings: LoadSettings, messages: list[ChatMessage]
    ) -> PromptSize:
        """Say what `study` would read. Raises NoModelLoaded unless the model is held."""
        self._require(path, settings)
        return self._engine.study_size(messages)

    def studied(
        self,
        path: str,
        settings: LoadSettings,
        messages: list[ChatMessage],
        owners: list[str],
    ) -> StoredState | None:
        """Say what `study` kept of that. Raises NoModelLoaded unless the model is held."""
        self._require(path, settings)
        return self._engine.studied(messages, owners)

    def count_tokens(self, path: str, settings: LoadSettings, texts: list[str]) -> list[int]:
        """Count the tokens of texts. Raises NoModelLoaded unless the model is held."""
        self._require(path, settings)
        return self._engine.count_tokens(texts)

    def card_memory(self) -> int:
        """Say how many bytes are free on graphics cards: see `models.engine.cards`."""
        from models.engine.cards import card_memory

        return card_memory()

    def unload(self) -> None:
        """Free the memory."""
        self._behind.give_way()
        self._held = None
        self._engine.unload()

    def close(self) -> None:
        """The same, at the end."""
        self.unload()

    def _hold(self, held: _Held, facts: LoadedModel) -> LoadedModel:
        self._held, self._facts = held, facts
        self._identify()
        return self._facts

    def _identify(self) -> None:
        """Tell the engine what it holds, once all the digests are known."""
        if self._facts is None or self._held is None:
            return
        path, settings, _ = self._held
        digest = self._digests.known(Path(path))
        adapters = [self._digests.known(Path(each.path)) for each in settings.adapters_in_force]
        if digest is None or None in adapters:
            return
        self._engine.identify(digest, [each for each in adapters if each])
        speed = self._speeds.get(digest, settings)
        self._facts = msgspec.structs.replace(
            self._facts,
            sha256=digest,
            read_tokens_per_s=speed.read,
            write_tokens_per_s=speed.write,
        )

    def _learn_speed(self, speed: Speed | None) -> None:
        if speed is None or self._facts is None or self._held is None:
            return
        if self._facts.sha256 and (speed.read or speed.write):
            self._speeds.learn(self._facts.sha256, self._held[1], speed)
            self._identify()

    def _require(self, path: str, settings: LoadSettings) -> None:
        if self._held is None or self._held[:2] != (path, settings):
            raise NoModelLoaded


def _speed_shown(generation: Generation) -> Speed:
    """Return what a generation shows of the speed; one that did little shows nothing."""
    read = generation.prompt_tokens - generation.cached_tokens
    return Speed(
        read=generation.prefill_tokens_per_s if read >= _TELLING_READ_TOKENS else 0.0,
        write=generation.tokens_per_s if generation.answer_tokens >= _TELLING_TOKENS else 0.0,
    )


def create(data_dir: str) -> ModelHost:
    """Make what the model's process serves."""
    paths = DataPaths(Path(data_dir))
    settings = SettingsFile(paths.settings_file)
    # The settings are read anew: the person may have changed them in the app's process.
    states = StateStore(paths.states, lambda: settings.reload().state_bytes)
    return ModelHost(states, FileDigests(paths.digests_file), SpeedBook(paths.speeds_file))


def _stamp(path: str) -> tuple[int, int]:
    """Tell a file from another one put in its place."""
    try:
        status = Path(path).stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
