"""The checksums of models, worked out when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from desktop.bridge import Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.notices import Notices
from models.files import Checksum, FileProgress

if TYPE_CHECKING:
    from assistant.assistant import Assistant


class Check(msgspec.Struct, frozen=True):
    """How the check of one model stands.

    Attributes:
        fraction: How much of its files is read, 0 to 1.
        checksums: Of its files, once all of them are read.
    """

    fraction: float = 0.0
    checksums: tuple[Checksum, ...] = ()


class Checksums(Presenter):
    """Checks models, one run for each.

    Signals:
        changed: The check of a model stands otherwise now (str, its name).
    """

    changed = Signal(str)

    def __init__(self, bridge: Bridge, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(bridge, notices, parent)
        self._assistant: Assistant | None = None
        self._checks: dict[str, Check] = {}
        self._runs: dict[str, Run] = {}

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant

    def of(self, name: str) -> Check | None:
        """Return how the check of a model stands; None where it was not asked for."""
        return self._checks.get(name)

    def start(self, name: str) -> None:
        """Work out the checksums of a model's files."""
        if self._assistant is None or name in self._runs:
            return
        models = self._assistant.models
        run = self._bridge.start("check a model", lambda: models.verify(name))
        self._runs[name] = run
        run.events.connect(lambda events: self._on_events(name, events))
        run.finished.connect(lambda sums: self._set(name, Check(1.0, tuple(sums))))
        run.failed.connect(self._on_failed)
        run.ended.connect(lambda: self._on_over(name))
        self._set(name, Check())

    def stop(self, name: str) -> None:
        """Give it up."""
        if name in self._runs:
            self._runs[name].stop()

    def _on_events(self, name: str, events: list[FileProgress]) -> None:
        last = events[-1]
        self._set(name, Check(last.done / last.total if last.total else 0.0))

    def _on_over(self, name: str) -> None:
        del self._runs[name]
        check = self._checks.get(name)
        if check is not None and not check.checksums:
            # Stopped or failed.
            del self._checks[name]
            self.changed.emit(name)

    def _set(self, name: str, check: Check) -> None:
        self._checks[name] = check
        self.changed.emit(name)
