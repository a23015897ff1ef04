"""The documents there are, and those being added: shared by the library, chips and the sidebar."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop.bridge import AnyGenerator, Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.notices import Notices
from indexing.types import AddReport, DocumentRow, FolderPart, IndexProgress, WatchedFolder

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.workers.jobs import Job


class Adding(QObject):
    """Files on their way into the library.

    Signals:
        progressed: How each file that moved since the last time stands (list[IndexProgress]).
        finished: How each file ended (AddReport).
        failed: The run ended as a whole (Exception).
        stopped: The person stopped it; what was done stays.

    Attributes:
        paths: The files, or the one folder, that were asked for.
        collection: What a folder's files are kept under: its name; "" for single files.
        parts: Where watched folders are looked at, if that is what it does.
        files: How many files there are, as far as they are known.
        folders: The watched folders at the end of looking at some of them.
    """

    progressed = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    stopped = Signal()

    def __init__(
        self,
        paths: Sequence[str],
        parent: QObject,
        collection: str = "",
        parts: Sequence[FolderPart] = (),
    ) -> None:
        super().__init__(parent)
        self.paths = tuple(paths)
        self.collection = collection
        self.parts = tuple(parts)
        self.files = 0
        self.folders: list[WatchedFolder] = []
        self._run: Run | None = None

    def follow(self, run: Run) -> None:
        """Take what a run brings."""
        self._run = run
        run.events.connect(self._on_events)
        run.finished.connect(self.finished)
        run.failed.connect(self.failed)
        run.stopped.connect(self.stopped)
        run.ended.connect(self._on_ended)

    def stop(self) -> None:
        """Stop adding; files that are done stay."""
        if self._run is not None:
            self._run.stop()

    @Slot(object)
    def _on_events(self, events: list[IndexProgress]) -> None:
        latest = {event.document.path: event for event in events}
        self.files = max(self.files, *(event.files_left for event in events))
        self.progressed.emit(list(latest.values()))

    @Slot()
    def _on_ended(self) -> None:
        self._run = None
        self.deleteLater()


class DocumentsPresenter(Presenter):
    """Lists and adds documents.

    Signals:
        listed: All documents (list[DocumentRow]).
        progressed: How files that are being added stand (list[IndexProgress]).
        adding_changed: Files began or ended being added.
        reembedded: How far all passages are that get vectors of another model (IndexProgress).
    """

    listed = Signal(object)
    progressed = Signal(object)
    adding_changed = Signal()
    reembedded = Signal(object)

    def __init__(self, bridge: Bridge, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(bridge, notices, parent)
        self._assistant: Assistant | None = None
        self._rows: list[DocumentRow] = []
        self._known = False
        self._hidden: frozenset[int] = frozenset()
        self._adding: list[Adding] = []
        self._waiting: list[Adding] = []
        self._resuming: Adding | None = None
        self._resume_again = False
        self._listings = 0
        # What runs have told of documents, and how many lists were asked for by then.
        self._told: dict[int, tuple[int, DocumentRow]] = {}

    @property
    def rows(self) -> list[DocumentRow]:
        """The documents as last listed."""
        return self._rows

    @property
    def is_known(self) -> bool:
        """Whether the documents were listed yet; before that, none does not mean nothing."""
        return self._known

    @property
    def adding(self) -> list[Adding]:
        """What is being added."""
        return self._adding

    def row(self, document: int) -> DocumentRow | None:
        """Return a listed document."""
        return next((row for row in self._rows if row.id == document), None)

    def attach(self, assistant: Assistant) -> None:
        """Begin to list the documents of an assistant, and add what was asked for before."""
        self._assistant = assistant
        self.refresh()
        self.resume()
        waiting, self._waiting = self._waiting, []
        for adding in waiting:
            self._start(assistant, adding)

    @Slot()
    def refresh(self) -> None:
        """List again what there is."""
        if self._assistant is not None:
            self._listings += 1
            listing = self._listings
            self._look(
                "list documents", self._assistant.catalog.documents,
                then=lambda rows: self._on_read(listing, rows),
            )  # fmt: skip

    def add(self, paths: Sequence[str]) -> list[Adding]:
        """Add files, and folders, which are followed from now on; what is unchanged is left alone.

        Returns:
            Single files together, then each folder by itself, as a collection of its name.
        """
        absolute = [Path(path).absolute() for path in paths]
        files = [str(path) for path in absolute if not path.is_dir()]
        made = [Adding(files, self)] if files else []
        made += [Adding([str(path)], self, path.name) for path in absolute if path.is_dir()]
        for adding in made:
            if self._assistant is None:
                self._waiting.append(adding)
            else:
                self._start(self._assistant, adding)
        return made

    def watch(self, folder: WatchedFolder) -> Adding:
        """Follow a folder as it is described: as it was before, or with other patterns."""
        adding = Adding((folder.path,), self, folder.collection or Path(folder.path).name)
        assistant = self._assistant
        if assistant is not None:
            self._look_at(
                assistant, adding,
                lambda: assistant.folders.watch(
                    folder.path, folder.collection, folder.include, folder.exclude
                ),
            )  # fmt: skip
        return adding

    def catch_up(self, parts: Sequence[FolderPart]) -> None:
        """Bring the library in step with watched folders, where something may have changed."""
        assistant = self._assistant
        if assistant is not None:
            self._look_at(
                assistant, Adding((), self, parts=parts), lambda: assistant.folders.catch_up(parts)
            )

    def unlock(self, path: str, password: str) -> None:
        """Add a file that is locked. The password is used and not kept."""
        assistant = self._assistant
        if assistant is not None:
            self._track(
                Adding((path,), self),
                lambda: assistant.add_documents([path], None, password).stream(),
            )

    def resume(self) -> None:
        """Go on with what was left undone; once more where that is under way."""
        assistant = self._assistant
        if assistant is None:
            return
        if self._resuming in self._adding:
            # It may have been stopped, or have come past what there is to do now.
            self._resume_again = True
            return
        self._resume_again = False
        self._resuming = Adding((), self)
        self._track(self._resuming, lambda: assistant.index.resume().stream())

    def stop_resuming(self) -> None:
        """Leave the rest of it to the next time."""
        self._resume_again = False
        if self._resuming is not None and self._resuming in self._adding:
            self._resuming.stop()

    def hide(self, documents: Iterable[int]) -> None:
        """Leave documents out of every list, since they are about to be removed."""
        self._hidden |= frozenset(documents)
        self._on_listed(self._rows)

    def unhide(self, documents: Iterable[int]) -> None:
        """Take documents into the lists again."""
        self._hidden -= frozenset(documents)
        self.refresh()

    def _start(self, assistant: Assistant, adding: Adding) -> None:
        paths = adding.paths
        if adding.collection:
            self._look_at(assistant, adding, lambda: assistant.folders.watch(paths[0]))
        else:
            self._track(adding, lambda: assistant.add_documents(paths).stream())

    def _look_at(
        self,
        assistant: Assistant,
        adding: Adding,
        begin: Callable[[], Job[IndexProgress, AddReport]],
    ) -> None:
        """Track what looks at folders."""

        def steps() -> Generator[IndexProgress, None, AddReport]:
            report = yield from begin().stream()
            adding.folders = assistant.folders.list()
            return report

        self._track(adding, steps)

    def _track(self, adding: Adding, make: Callable[[], AnyGenerator]) -> None:
        adding.progressed.connect(self._on_adding_progressed)
        adding.finished.connect(self._on_added)
        adding.failed.connect(self._on_failed)
        self._adding.append(adding)
        run = self._bridge.start("add documents", make)
        adding.follow(run)
        run.ended.connect(lambda: self._over(adding))
        self.adding_changed.emit()

    def _over(self, adding: Adding) -> None:
        if adding in self._adding:
            self._adding.remove(adding)
        self.refresh()
        self.adding_changed.emit()
        if adding is self._resuming and self._resume_again:
            self.resume()

    def _on_read(self, listing: int, rows: list[DocumentRow]) -> None:
        # What was told since this list was asked for may be newer than it.
        self._told = {d: told for d, told in self._told.items() if told[0] >= listing}
        newer = {document: row for document, (_, row) in self._told.items()}
        listed = [newer.pop(row.id, row) for row in rows]
        self._on_listed([*listed, *newer.values()])

    def _on_listed(self, rows: list[DocumentRow]) -> None:
        self._rows = [row for row in rows if row.id not in self._hidden]
        self._known = True
        self.listed.emit(self._rows)

    @Slot(object)
    def _on_adding_progressed(self, events: list[IndexProgress]) -> None:
        """Pass on what concerns documents, and what concerns all passages."""
        again = [event for event in events if event.stage == "embedding" and not event.files_left]
        if again:
            self.reembedded.emit(max(again, key=lambda event: event.done))
        others = [event for event in events if event not in again]
        if others:
            self.progressed.emit(others)
            self._on_progressed(others)

    def _on_progressed(self, events: list[IndexProgress]) -> None:
        known = {row.id: index for index, row in enumerate(self._rows)}
        changed = False
        for event in events:
            if event.stage == "looking" or event.document.id in self._hidden:
                continue
            self._told[event.document.id] = self._listings, event.document
            index = known.get(event.document.id)
            if index is None:
                self._rows = [*self._rows, event.document]
                changed = True
            elif self._rows[index] != event.document:
                self._rows[index] = event.document
                changed = True
        if changed:
            self.listed.emit(self._rows)

    @Slot(object)
    def _on_added(self, report: AddReport) -> None:
        failed = [row for row in report.documents if row.status == "failed"]
        if len(failed) == 1:
            self._notices.show(
                self.tr("“{title}” could not be added. The library says why.").format(
                    title=failed[0].title
                )
            )
        elif failed:
            self._notices.show(
                self.tr("{count} files could not be added. The library says why.").format(
                    count=len(failed)
                )
            )
