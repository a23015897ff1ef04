"""What the model's process serves: the engine, with what it has read kept on disk."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import msgspec

from assistant.paths import DataPaths
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
from models.errors import InvalidModelFile, NoModelLoaded
from models.states import StateStore, StoredState

ModelEvent = LoadProgress | GenerationEvent


class ModelHost:
    """An engine that knows what it holds.

    Args:
        states: Where what was read is kept.
        digests: Digests of model files: a state is of one file's very bytes.
    """

    def __init__(self, states: StateStore, digests: FileDigests) -> None:
        # Here and not above, so that the app process may import this module.
        from models.engine.engine import Engine

        self._engine = Engine(states)
        self._digests = digests
        self._held: tuple[str, LoadSettings, tuple[int, int]] | None = None
        self._facts: LoadedModel | None = None

    def load(self, path: str, settings: LoadSettings) -> Generator[LoadProgress, None, LoadedModel]:
        """Hold the model; done at once where it is held already."""
        wanted = (path, settings, _stamp(path))
        if self._held == wanted and self._facts is not None:
            return self._facts
        held, self._held = self._held, None
        try:
            self._facts = yield from self._engine.load(path, settings)
        except InvalidModelFile:
            self._held = held  # noticed before the other one was given up
            raise
        self._held = wanted
        self._identified(self._digests.known(Path(path)) or "")
        return self._facts

    def identify(self, path: str, settings: LoadSettings) -> Generator[int, None, str]:
        """Work out the digest of the model held, so that states on disk can be used.

        Reading a large file takes seconds, which no question waits for: it is done in the
        background, once for each file.

        Returns:
            The digest.
        """
        digest = yield from self._digests.compute(Path(path))
        if self._held is not None and self._held[:2] == (path, settings):
            self._identified(digest)
        return digest

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
        return (yield from self._engine.generate(messages, sampling, stop, owners, aside=aside))

    def study(
        self,
        path: str,
        settings: LoadSettings,
        messages: list[ChatMessage],
        owners: list[str],
    ) -> Generator[PrefillProgress, None, StoredState | None]:
        """Read the start of a prompt and keep it. Raises NoModelLoaded unless it is held."""
        self._require(path, settings)
        for _ in self.identify(path, settings):
            yield PrefillProgress(done=0, total=0, cached=0)
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

    def count_tokens(self, path: str, settings: LoadSettings, texts: list[str]) -> list[int]:
        """Count the tokens of texts. Raises NoModelLoaded unless the model is held."""
        self._require(path, settings)
        return self._engine.count_tokens(texts)

    def unload(self) -> None:
        """Free the memory."""
        self._held = None
        self._engine.unload()

    def close(self) -> None:
        """The same, at the end."""
        self.unload()

    def _identified(self, digest: str) -> None:
        if digest and self._facts is not None:
            self._engine.identify(digest)
            self._facts = msgspec.structs.replace(self._facts, sha256=digest)

    def _require(self, path: str, settings: LoadSettings) -> None:
        if self._held is None or self._held[:2] != (path, settings):
            raise NoModelLoaded


def create(data_dir: str) -> ModelHost:
    """Make what the model's process serves."""
    paths = DataPaths(Path(data_dir))
    settings = SettingsFile(paths.settings_file)
    # The settings are read anew: the person may have changed them in the app's process.
    states = StateStore(paths.states, lambda: settings.reload().state_bytes)
    return ModelHost(states, FileDigests(paths.digests_file))


def _stamp(path: str) -> tuple[int, int]:
    """Tell a file from another one put in its place."""
    try:
        status = Path(path).stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
