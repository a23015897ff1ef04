"""What the person chose, and what the window remembers of itself."""

from __future__ import annotations

import base64
import logging
import threading
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QTimer, Signal, Slot

from assistant.settings import ModelSettings, Settings, SettingsFile
from assistant.settings import Theme as ThemeChoice
from desktop.bridge import Bridge

SAVE_AFTER_MS = 500

_log = logging.getLogger(__name__)


class SettingsPresenter(QObject):
    """Reads settings at once and writes them off the window's thread.

    Signals:
        changed: A setting is another now.
        saved: What has changed holds from now on for whatever reads the file.
    """

    changed = Signal()
    saved = Signal()

    def __init__(
        self, file: SettingsFile, data_dir: Path, bridge: Bridge, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.data_dir = data_dir
        self._file = file
        self._bridge = bridge
        current = file.current
        self._values: dict[str, Any] = {
            "theme": current.theme,
            "answer_seconds": current.answer_seconds,
            "context_tokens": current.context_tokens,
            "temperature": current.temperature,
            "read_scans": current.read_scans,
            "state_gb": current.state_gb,
            "idle_minutes": current.idle_minutes,
            "models": current.models,
        }
        self._desktop: dict[str, str | int | float | bool] = dict(current.desktop)
        self._unsaved: dict[str, Any] = {}
        self._chosen: set[str] = set()
        self._collecting = threading.Lock()
        self._writing = threading.Lock()
        self._timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._timer.timeout.connect(self._on_save)

    def adopt(self, file: SettingsFile) -> None:
        """Write to the assistant's own settings from now on, so that it hears of changes."""
        self._file = file
        # It may have read the file before what was chosen until now was written.
        missed = {name: self._values[name] for name in self._chosen}
        if any(getattr(file.current, name) != value for name, value in missed.items()):
            self._note(**missed)
            self.save_now()

    @property
    def theme(self) -> ThemeChoice:
        """The colours that were chosen."""
        return self._values["theme"]

    @property
    def answer_seconds(self) -> float:
        """Seconds that the person accepts to the first word."""
        return float(self._values["answer_seconds"])

    @property
    def context_tokens(self) -> int:
        """Size of the model's context window."""
        return int(self._values["context_tokens"])

    @property
    def temperature(self) -> float:
        """How freely models write where nothing else is chosen for one."""
        return float(self._values["temperature"])

    @property
    def read_scans(self) -> bool:
        """Whether the text of scanned pages and of pictures is recognised."""
        return bool(self._values["read_scans"])

    @property
    def state_gb(self) -> float:
        """Disk space for what models have read, in gigabytes."""
        return float(self._values["state_gb"])

    @property
    def idle_minutes(self) -> int:
        """Minutes without a question after which the model's memory is freed; 0 for never."""
        return int(self._values["idle_minutes"])

    def model_settings(self, name: str) -> ModelSettings:
        """What was chosen for one model, named by its file."""
        return self._values["models"].get(name, ModelSettings())

    @property
    def current(self) -> Settings:
        """The settings as they were last written."""
        return self._file.current

    def set_model_settings(self, name: str, chosen: ModelSettings) -> None:
        """Choose how one model is loaded and chooses its words."""
        models = {**self._values["models"], name: chosen}
        if chosen == ModelSettings():
            del models[name]
        self._set("models", models)

    def set_theme(self, theme: ThemeChoice) -> None:
        """Choose the colours."""
        self._set("theme", theme)

    def set_answer_seconds(self, seconds: float) -> None:
        """Choose how long the first word may take."""
        self._set("answer_seconds", float(seconds))

    def set_context_tokens(self, tokens: int) -> None:
        """Choose the context window; it holds from the next load of the model on."""
        self._set("context_tokens", tokens)

    def set_temperature(self, temperature: float) -> None:
        """Choose how freely models write."""
        self._set("temperature", temperature)

    def set_read_scans(self, *, on: bool) -> None:
        """Choose whether scans are read; it holds for files that are read from now on."""
        self._set("read_scans", on)

    def set_state_gb(self, gigabytes: float) -> None:
        """Choose how much disk space what models have read may take."""
        self._set("state_gb", float(gigabytes))

    def set_idle_minutes(self, minutes: int) -> None:
        """Choose after how long the model's memory is freed."""
        self._set("idle_minutes", minutes)

    # --- The window's own -----------------------------------------------------------------

    def remembered(self, name: str, default: str | float | bool) -> Any:
        """Return something the window remembers of itself."""
        value = self._desktop.get(name, default)
        return value if isinstance(value, type(default)) else default

    def remember(self, name: str, value: str | float | bool) -> None:
        """Remember something of the window until the next start."""
        if self._desktop.get(name) != value:
            self._desktop[name] = value
            self._note(desktop=dict(self._desktop))

    def remembered_bytes(self, name: str) -> QByteArray:
        """Return remembered bytes, empty where there are none."""
        try:
            return QByteArray(base64.b64decode(str(self.remembered(name, ""))))
        except ValueError:
            return QByteArray()

    def remember_bytes(self, name: str, value: QByteArray) -> None:
        """Remember bytes of the window."""
        self.remember(name, base64.b64encode(value.data()).decode())

    def save_now(self) -> None:
        """Write what is not written yet, waiting for it: for the very end."""
        self._timer.stop()
        try:
            self._write()
        except OSError as error:
            _log.warning("settings could not be kept: %s", error)

    def _set(self, name: str, value: Any) -> None:
        if self._values[name] != value:
            self._values[name] = value
            self._chosen.add(name)
            self._note(**{name: value})
            self.changed.emit()

    def _note(self, **changes: Any) -> None:
        with self._collecting:
            self._unsaved |= changes
        self._timer.start()

    @Slot()
    def _on_save(self) -> None:
        run = self._bridge.call("keep settings", self._write)
        run.finished.connect(lambda _: self.saved.emit())

    def _write(self) -> None:
        """Write what is not written; on any thread, what was chosen last always last."""
        with self._writing:
            with self._collecting:
                unsaved, self._unsaved = self._unsaved, {}
            if unsaved:
                self._file.update(**unsaved)
