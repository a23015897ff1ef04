"""What the person chose, typed, in one TOML file of the data folder.

The file is read leniently and written carefully: keys of a newer Studiolo are kept, a value
that makes no sense counts as not set, older schemas are migrated with a copy of the old file
left beside it, a file that cannot be read at all is set aside and never overwritten, and a
write is whole or not at all.
"""

from __future__ import annotations

import logging
import os
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import tomli_w

from models.engine.types import Adapter, KvType, LoadSettings, Sampling

_log = logging.getLogger(__name__)

Theme = Literal["system", "light", "dark"]
SCHEMA_VERSION = 1

# Each brings a table from its version to the next; the key is the version it starts from.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


class ModelSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is chosen for one model, or for it in one conversation.

    None leaves a choice to whatever is asked next: a conversation's to the model's own settings,
    those to `Settings`, and these to the engine.

    Attributes:
        context_tokens: Context window to load it with.
        kv_type: How its KV cache is stored: smaller types take less memory and more time.
        flash_attention: See `LoadSettings`.
        threads: Compute threads.
        gpu_layers: Layers to compute on a GPU; -1 for all.
        template: A chat template in place of its own.
        adapters: LoRA adapters that change it; an empty list for none.
        thinking: Whether it thinks before it answers, where its template lets one choose.
        thinking_tokens: Longest thinking before an answer; 0 for none.
        temperature: How freely it writes; 0 answers the same question the same way.
        top_k: Words to choose among, by rank; 0 for all.
        top_p: Words to choose among, by their share of the probability.
        min_p: Words to choose among, by their probability relative to the likeliest.
        repeat_penalty: From 1: how much repeated words are held back.
        seed: Makes what is chosen freely the same each time.
    """

    context_tokens: int | None = None
    kv_type: KvType | None = None
    flash_attention: bool | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    template: str | None = None
    adapters: tuple[Adapter, ...] | None = None
    thinking: bool | None = None
    thinking_tokens: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None

    def over(self, other: ModelSettings) -> ModelSettings:
        """Return these choices, and those of another where none is made here."""
        chosen = msgspec.structs.asdict(other) | _made(self)
        return ModelSettings(**chosen)


class Settings(msgspec.Struct, frozen=True):
    """The choices.

    Attributes:
        model: File name of the model in use; None before there is one.
        context_tokens: Context window to load it with.
        temperature: How freely it writes; 0 answers the same question the same way.
        answer_seconds: How long the person will wait for the first word of an answer; it
            bounds how much of the documents the model is given to read.
        state_gb: Disk space, in gigabytes, for what the models have read and need not read again.
        idle_minutes: Minutes without a question after which a window frees the model's memory; 0
            keeps it.
        read_scans: Whether to recognise the text of scanned pages and pictures (OCR).
        embedder: Name of the model that documents are searched with; None for the usual.
        reranker: Name of the model that judges the first hits of a search; "" for none, None for
            the first in the data folder, if any.
        models: What is chosen for single models, by file name.
        theme: Colours of the window.
        desktop: What the window remembers of itself (sizes, what was open), by name.
    """

    model: str | None = None
    context_tokens: int = 8192
    temperature: float = 0.0
    answer_seconds: float = 8.0
    state_gb: float = 8.0
    idle_minutes: int = 30
    read_scans: bool = True
    embedder: str | None = None
    reranker: str | None = None
    models: dict[str, ModelSettings] = {}
    theme: Theme = "system"
    desktop: dict[str, str | int | float | bool] = {}

    @property
    def state_bytes(self) -> int:
        """`state_gb` in bytes."""
        return max(0, int(self.state_gb * 1e9))

    def model_settings(self, model: str, own: ModelSettings | None = None) -> ModelSettings:
        """Return what is chosen for a model.

        Args:
            model: Its file's name.
            own: What a conversation has chosen for itself.
        """
        usual = ModelSettings(context_tokens=self.context_tokens, temperature=self.temperature)
        chosen = self.models.get(model, ModelSettings()).over(usual)
        return chosen if own is None else own.over(chosen)

    def load_settings(self, model: str, own: ModelSettings | None = None) -> LoadSettings:
        """Return how a model is loaded; see `model_settings`."""
        return _filled(LoadSettings, self.model_settings(model, own))

    def sampling(self, model: str, own: ModelSettings | None = None) -> Sampling:
        """Return how a model chooses its words; see `model_settings`."""
        return _filled(Sampling, self.model_settings(model, own))


S = TypeVar("S", LoadSettings, Sampling)


def _made(settings: ModelSettings) -> dict[str, Any]:
    """Return the choices that are made, by name."""
    values = msgspec.structs.asdict(settings)
    return {name: value for name, value in values.items() if value is not None}


def _filled(kind: type[S], settings: ModelSettings) -> S:
    """Return what the engine is told: the choices made, and its own for the others."""
    made = _made(settings)
    return kind(**{name: made[name] for name in kind.__struct_fields__ if name in made})


# msgspec is not safe where several threads use a type for the first time: so at import.
msgspec.convert({}, Settings)


class SettingsFile:
    """The settings and the file they are kept in. May be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one.

        Args:
            path: Where it is or will be.
        """
        self._path = path
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Settings], None]] = []
        self._current, self._table = self._read()

    @property
    def current(self) -> Settings:
        """The settings as they are now."""
        return self._current

    def add_listener(self, listener: Callable[[Settings], None]) -> None:
        """Have changes reported, on the thread that makes them."""
        with self._lock:
            self._listeners.append(listener)

    def reload(self) -> Settings:
        """Read the file again: another process may have changed it."""
        with self._lock:
            self._current, self._table = self._read()
            return self._current

    def update(self, **changes: Any) -> Settings:
        """Change some settings and write the file.

        The file is read first, so that what another process changed meanwhile stays.

        Raises:
            ValueError: A value is not of its setting's type, or there is no such setting.
            OSError: The file cannot be written; nothing has changed.
        """
        unknown = set(changes) - set(Settings.__struct_fields__)
        if unknown:
            raise ValueError(f"no settings {sorted(unknown)!r}")
        with self._lock:
            current, table = self._read()
            values = {**msgspec.structs.asdict(current), **changes}
            settings = msgspec.convert(msgspec.to_builtins(values), Settings)
            table = {**table, **msgspec.to_builtins(settings), "schema_version": SCHEMA_VERSION}
            # TOML has no null: what is not set is not written.
            table = {name: value for name, value in table.items() if value is not None}
            self._write(table)
            self._current, self._table = settings, table
            listeners = list(self._listeners)
        for listener in listeners:
            listener(settings)
        return settings

    def _read(self) -> tuple[Settings, dict[str, Any]]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return Settings(), {}
        try:
            table = self._migrated(tomllib.loads(data.decode("utf-8")), data)
        except (ValueError, KeyError, TypeError) as error:
            # It may hold something the person wrote by hand: it is theirs to mend.
            broken = self._path.with_name(self._path.name + ".broken")
            _log.warning("settings cannot be read (%s): kept as %s", error, broken.name)
            self._path.replace(broken)
            return Settings(), {}
        return _lenient(table), table

    def _migrated(self, table: dict[str, Any], data: bytes) -> dict[str, Any]:
        version = table.get("schema_version", SCHEMA_VERSION)
        if not isinstance(version, int):
            raise TypeError("schema_version is no number")
        if version < SCHEMA_VERSION:
            backup = self._path.with_name(f"{self._path.name}.v{version}")
            backup.write_bytes(data)
        while version < SCHEMA_VERSION:
            table = MIGRATIONS[version](table)
            version += 1
        return table

    def _write(self, table: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                tomli_w.dump(table, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


_TYPES: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(Settings)}


def _lenient(table: dict[str, Any]) -> Settings:
    """Take what fits; a slip in one value must not cost the others."""
    settings = Settings()
    for name in Settings.__struct_fields__:
        if name not in table:
            continue
        try:
            value = msgspec.convert(table[name], _TYPES[name])
            settings = msgspec.structs.replace(settings, **{name: value})
        except msgspec.ValidationError:
            _log.warning("setting %s has a value that makes no sense", name)
    return settings
