"""What documents are searched with: chosen, and changed in the background."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from assistant.embedders import InstalledEmbedder
from desktop.bridge import Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.notices import Notices
from desktop.wording import explain
from indexing.types import EmbedderForecast, IndexProgress

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# What changes the embedder waits in one line.
_EMBEDDER: Final = "embedder"


class Change(NamedTuple):
    """A change to another embedder.

    Attributes:
        name: The one that is to answer.
        done: Passages that it has made a vector of since this start, out of `total`; both 0
            before that is known.
        seconds_left: Until all have one, about; None while unknown.
        paused: Whether it waits for the person.
    """

    name: str
    done: int
    total: int
    seconds_left: float | None
    paused: bool


class EmbeddersPresenter(Presenter):
    """Lists the embedders, forecasts what changing to one takes, and follows the change.

    The change itself goes on where documents are brought to their end, at each start too.

    Signals:
        changed: See `usable`, `in_use` and `change`.
        forecast_made: What changing to one takes (str, EmbedderForecast).
        forecast_failed: It cannot be used (str, str: what a person should read).
    """

    changed = Signal()
    forecast_made = Signal(str, object)
    forecast_failed = Signal(str, str)

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        documents: DocumentsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._documents = documents
        self._assistant: Assistant | None = None
        self._installed: list[InstalledEmbedder] = []
        self._forecasting: Run | None = None
        self._progress: IndexProgress | None = None
        # When the first progress came, and how much was done by then.
        self._since: tuple[float, int] | None = None
        self._paused = False
        documents.reembedded.connect(self._on_reembedded)
        documents.adding_changed.connect(self._on_adding_changed)

    # --- State ----------------------------------------------------------------------------

    @property
    def usable(self) -> list[InstalledEmbedder]:
        """Those that can be chosen, by name."""
        return [one for one in self._installed if one.problem is None]

    @property
    def in_use(self) -> str:
        """Name of the one that answers; "" before that is known."""
        return next((one.name for one in self._installed if one.state == "in_use"), "")

    @property
    def change(self) -> Change | None:
        """The change that was begun; None where none was."""
        name = next((one.name for one in self._installed if one.state == "coming"), None)
        if name is None:
            return None
        progress = self._progress
        done = progress.done if progress is not None else 0
        total = (progress.total or 0) if progress is not None else 0
        return Change(name, done, total, self._seconds_left(done, total), self._paused)

    def _seconds_left(self, done: int, total: int) -> float | None:
        if self._since is None or self._paused:
            return None
        begun, before = self._since
        made = done - before
        return (time.monotonic() - begun) / made * (total - done) if made > 0 else None

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """List anew what there is."""
        if self._assistant is not None:
            self._look("list embedders", self._assistant.embedders.list, then=self._on_listed)

    def ask_forecast(self, name: str) -> None:
        """Find out what changing to one takes; `forecast_made` or `forecast_failed` tells."""
        assistant = self._assistant
        if assistant is None:
            return
        self.give_up_forecast()
        run = self._bridge.start(
            "forecast a change", lambda: assistant.embedders.forecast(name).stream()
        )
        run.finished.connect(lambda forecast: self._on_forecast(run, name, forecast))
        run.failed.connect(lambda error: self._on_forecast_failed(run, name, error))
        self._forecasting = run

    @Slot()
    def give_up_forecast(self) -> None:
        """Nobody waits for it any more."""
        run, self._forecasting = self._forecasting, None
        if run is not None:
            run.stop()

    def choose(self, name: str) -> None:
        """Let documents be searched with one, once it has all passages; go on with a change."""
        if self._assistant is not None:
            self._paused = False
            self._call_in_turn(
                _EMBEDDER, "change the embedder", self._assistant.embedders.choose, name,
                then=lambda _: self._on_chosen(),
            )  # fmt: skip

    @Slot()
    def pause(self) -> None:
        """Let a change wait, for this session."""
        self._paused = True
        self._since = None
        self._documents.stop_resuming()
        self.changed.emit()

    @Slot()
    def go_on(self) -> None:
        """Go on with a change that was paused."""
        self._paused = False
        self._documents.resume()
        self.changed.emit()

    @Slot()
    def keep(self) -> None:
        """Give a change up: the one that answers stays."""
        if self._assistant is not None:
            self._documents.stop_resuming()
            self._call_in_turn(
                _EMBEDDER, "keep the embedder", self._assistant.embedders.keep,
                then=lambda _: self._on_kept(),
            )  # fmt: skip

    # --- Reactions ------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, installed: list[InstalledEmbedder]) -> None:
        coming = self.change
        self._installed = installed
        if coming is not None and coming.name == self.in_use:
            self._notices.show(
                self.tr("Documents are searched with {name} now.").format(name=coming.name)
            )
        if self.change is None:
            self._progress, self._since, self._paused = None, None, False
        self.changed.emit()

    def _on_chosen(self) -> None:
        self._documents.resume()
        self.refresh()

    def _on_kept(self) -> None:
        self._paused = False
        self.refresh()

    def _on_forecast(self, run: Run, name: str, forecast: EmbedderForecast) -> None:
        if run is self._forecasting:  # nobody waits for another
            self._forecasting = None
            self.forecast_made.emit(name, forecast)

    def _on_forecast_failed(self, run: Run, name: str, error: Exception) -> None:
        if run is self._forecasting:
            self._forecasting = None
            self.forecast_failed.emit(name, explain(error))

    @Slot(object)
    def _on_reembedded(self, event: IndexProgress) -> None:
        self._progress = event
        if self._since is None:
            self._since = time.monotonic(), event.done
        self.changed.emit()

    @Slot()
    def _on_adding_changed(self) -> None:
        if not self._documents.adding and self.change is not None:
            self.refresh()
