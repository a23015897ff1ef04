"""Models that are not here yet: those worth having, what the hub has, and downloads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance, Slot

from desktop.bridge import Bridge
from desktop.presenters.base import Presenter
from desktop.presenters.forecasts import ModelForecast
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.notices import Notices
from desktop.wording import explain
from models.catalogue import CatalogueEntry, read_catalogue
from models.facts import ModelFacts
from models.gguf_header import GgufHeader

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.services.downloads import Download


class DownloadsPresenter(Presenter):
    """Follows downloads, and asks the hub where the person does.

    Signals:
        changed: See `downloads` and `offered`.
        progressed: A download that is shown is further (Download).
        found: What a search of the hub found (list[HubResult]).
        read: Which models a repository has (HubRepository).
        asking_failed: The hub could not be asked (str, what a person should read).
        examined: It is known what a model of the hub would take, or why not (str, the
            repository, and str, the file).
    """

    changed = Signal()
    progressed = Signal(object)
    found = Signal(object)
    read = Signal(object)
    asking_failed = Signal(str)
    examined = Signal(str, str)
    _told = Signal(object)

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
        self._rows: dict[str, Download] = {}
        self._catalogue: list[CatalogueEntry] = []
        self._asked = 0
        self._headers: dict[tuple[str, str], GgufHeader | str] = {}
        models.changed.connect(self.changed)
        # Downloads report on threads of their own.
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)

    # --- State ----------------------------------------------------------------------------

    @property
    def downloads(self) -> list[Download]:
        """Those that are not finished."""
        return list(self._rows.values())

    @property
    def offered(self) -> list[CatalogueEntry]:
        """The chat models worth having that are neither here nor on their way."""
        coming = {(row.repository, row.file) for row in self._rows.values()}
        here = {id(e) for f in self._models.installed if (e := self.entry_of(f)) is not None}
        return [
            entry
            for entry in self._catalogue
            if entry.kind == "chat"
            and id(entry) not in here
            and (entry.repository, entry.file) not in coming
        ]

    def entry_of(self, facts: ModelFacts) -> CatalogueEntry | None:
        """Return what the catalogue says of a model that is here."""
        for entry in self._catalogue:
            # One that lies elsewhere is called by its folder too.
            file = Path(facts.path).name.casefold()
            same_file = PurePosixPath(entry.file).name.casefold() == file
            if same_file or (entry.sha256 and entry.sha256 == facts.sha256):
                return entry
        return None

    def title_of(self, download: Download) -> str:
        """Return what a download is called: as the catalogue says, else its file."""
        for entry in self._catalogue:
            if (entry.repository, entry.file) == (download.repository, download.file):
                return entry.title
        return PurePosixPath(download.file).stem

    # --- Downloads ------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to follow an assistant's downloads."""
        self._assistant = assistant
        assistant.downloads.add_listener(self._told.emit)
        self._call("read the catalogue", read_catalogue, then=self._on_catalogue)
        self._call("list downloads", assistant.downloads.list, then=self._on_listed)

    def start(self, repository: str, file: str) -> None:
        """Download a model, or go on with it."""
        if self._assistant is not None:
            start = self._assistant.downloads.start
            self._call_in_turn(_line(repository, file), "download", start, repository, file)

    def pause(self, download: Download) -> None:
        """Stop a download, and keep what has come."""
        if self._assistant is not None:
            self._call_in_turn(
                _line(download.repository, download.file),
                "pause a download",
                self._assistant.downloads.pause,
                download.id,
            )

    def discard(self, download: Download) -> None:
        """Stop a download, and delete what has come."""
        if self._assistant is not None:
            self._call_in_turn(
                _line(download.repository, download.file),
                "discard a download",
                self._assistant.downloads.discard,
                download.id,
                then=lambda _: self._gone(download.id),
            )

    # --- The hub --------------------------------------------------------------------------

    def search(self, query: str) -> None:
        """Look for models on the hub; an answer to an earlier search is let go."""
        if self._assistant is not None and query.strip():
            self._ask("search the hub", self._assistant.downloads.search, query.strip(), self.found)

    def open_repository(self, name: str) -> None:
        """Ask which models a repository has."""
        if self._assistant is not None:
            self._ask("read a repository", self._assistant.downloads.repository, name, self.read)

    def examine(self, repository: str, file: str) -> None:
        """Ask the hub for the beginning of a model's file, which tells what it would take."""
        if self._assistant is None:
            return
        run = self._bridge.call(
            "examine a model", self._assistant.downloads.header, repository, file
        )
        run.finished.connect(lambda header: self._on_examined(repository, file, header))
        run.failed.connect(lambda error: self._on_examined(repository, file, explain(error)))

    def forecast_of(self, repository: str, file: str) -> ModelForecast | str | None:
        """Return what a model that was examined would take, or why it could not be; else None."""
        known = self._headers.get((repository, file))
        if isinstance(known, GgufHeader):
            return self._models.forecast_of_file(file, known)
        return known

    def _on_examined(self, repository: str, file: str, known: GgufHeader | str) -> None:
        self._headers[repository, file] = known
        self.examined.emit(repository, file)

    def _ask(
        self, name: str, function: Callable[[str], Any], argument: str, answer: SignalInstance
    ) -> None:
        self._asked += 1
        asked = self._asked
        run = self._bridge.call(name, function, argument)
        run.finished.connect(lambda result: self._answered(asked, answer, result))
        run.failed.connect(lambda error: self._answered(asked, self.asking_failed, explain(error)))

    def _answered(self, asked: int, answer: SignalInstance, result: object) -> None:
        if asked == self._asked:
            answer.emit(result)

    # --- Reactions ------------------------------------------------------------------------

    @Slot(object)
    def _on_catalogue(self, catalogue: list[CatalogueEntry]) -> None:
        self._catalogue = catalogue
        self.changed.emit()

    @Slot(object)
    def _on_listed(self, rows: list[Download]) -> None:
        self._rows = {row.id: row for row in rows} | self._rows
        self.changed.emit()

    @Slot(object)
    def _on_told(self, row: Download) -> None:
        known = self._rows.get(row.id)
        if row.state == "finished":
            self._gone(row.id)
            self._models.refresh()
            self._tell_finished(row)
            return
        if self._assistant is None or not self._assistant.downloads.is_latest(row):
            return  # told late: what is so now is told too, or it was discarded
        self._rows[row.id] = row
        if known is None or known.state != row.state:
            self.changed.emit()
        else:
            self.progressed.emit(row)

    def _tell_finished(self, row: Download) -> None:
        model = row.model
        if model is None:
            return
        self._notices.show(
            self.tr("{name} is here.").format(name=self._models.title_of(model)),
            self.tr("Use it") if model.problem is None else "",
            (lambda: self._models.use(model.name)) if model.problem is None else None,
        )

    def _gone(self, name: str) -> None:
        self._rows.pop(name, None)
        self.changed.emit()


def _line(repository: str, file: str) -> str:
    """Return the line in which waits what is done with one download."""
    return f"download {repository}/{file}"
