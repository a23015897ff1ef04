"""Model files that are copied into the library, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop.bridge import Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.notices import Notices
from models.facts import ModelFacts
from models.files import FileProgress

if TYPE_CHECKING:
    from assistant.assistant import Assistant


class ModelImports(Presenter):
    """Copies files, and says how far it is.

    Signals:
        progressed: How far the file is that is being copied (FileProgress); None at its end.
    """

    progressed = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        models: ModelsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._models = models
        self._assistant: Assistant | None = None
        self._waiting: deque[str] = deque()
        self._name = ""
        self._run: Run | None = None

    @property
    def name(self) -> str:
        """The file that is being copied; "" where none is."""
        return self._name

    @property
    def waiting(self) -> int:
        """How many files come after it."""
        return len(self._waiting)

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant
        self._next()

    def add(self, paths: Sequence[str]) -> None:
        """Copy model files into the library, those before them first."""
        self._waiting.extend(paths)
        self._next()

    @Slot()
    def stop(self) -> None:
        """Stop copying; nothing stays of the file, and those after it are not begun."""
        self._waiting.clear()
        if self._run is not None:
            self._run.stop()

    def _next(self) -> None:
        if self._run is not None or not self._waiting or self._assistant is None:
            return
        path, models = self._waiting.popleft(), self._assistant.models
        self._name = Path(path).name
        self._run = self._bridge.start("import a model", lambda: models.import_file(path))
        self._run.events.connect(self._on_events)
        self._run.finished.connect(self._on_imported)
        self._run.failed.connect(self._on_failed)
        self._run.ended.connect(self._on_over)
        self.progressed.emit(FileProgress(0, 0))

    @Slot(object)
    def _on_events(self, events: list[FileProgress]) -> None:
        self.progressed.emit(events[-1])

    @Slot(object)
    def _on_imported(self, facts: ModelFacts) -> None:
        self._notices.show(self.tr("Added {name}.").format(name=self._models.title_of(facts)))
        self._models.refresh()
        if not self._models.current:
            self._models.load()

    @Slot()
    def _on_over(self) -> None:
        self._run = None
        self._name = ""
        self.progressed.emit(None)
        self._next()
