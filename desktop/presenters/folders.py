"""Watched folders: what goes on in them, and what a person does with them."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.bridge import Bridge, Run
from desktop.presenters.base import Presenter
from desktop.presenters.documents import Adding, DocumentsPresenter
from desktop.presenters.notices import Notices
from desktop.presenters.removals import Removals
from desktop.presenters.source import open_file
from indexing.folders.losses import large_losses
from indexing.types import (
    AddReport,
    DocumentRow,
    FolderNews,
    FolderPart,
    IndexProgress,
    Unavailable,
    WatchedFolder,
)

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# Files that were being written are looked at again after this long.
_AGAIN_MS: Final = 2500


class FolderState(NamedTuple):
    """How a watched folder stands.

    Attributes:
        done: While it is being caught up with: files that are done.
        files: Out of how many that are known to have changed; 0 when all is as it was.
        unavailable: Why it is not there; None where it is.
        missing: Of how many documents the files are gone, which is so much that they are kept
            until the person has said what becomes of them.
    """

    done: int = 0
    files: int = 0
    unavailable: Unavailable | None = None
    missing: int = 0


class FoldersPresenter(Presenter):
    """Follows the watched folders, catches up with them, and stops watching them.

    Signals:
        changed: There are other folders.
        moved: They stand otherwise now.
    """

    changed = Signal()
    moved = Signal()

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        documents: DocumentsPresenter,
        removals: Removals,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._documents = documents
        self._removals = removals
        self._assistant: Assistant | None = None
        self._folders: list[WatchedFolder] = []
        self._roots: list[tuple[str, WatchedFolder]] = []
        self._watched: list[WatchedFolder] = []
        self._run: Run | None = None
        self._unavailable: dict[int, Unavailable] = {}
        # Places that may have changed; None stands for the whole folder.
        self._waiting: dict[int, set[str] | None] = {}
        self._catching: tuple[FolderPart, ...] = ()
        self._followed: set[Adding] = set()
        self._begun: dict[int, set[int]] = {}
        self._done: dict[int, set[int]] = {}
        # By folder: documents whose files are gone in great numbers.
        self._missing: dict[int, frozenset[int]] = {}
        # Those that the person lets go, and that no look at their folder is to ask about again.
        self._confirmed: set[int] = set()
        # Folders as they were before their patterns were changed.
        self._before: dict[Adding, WatchedFolder] = {}
        documents.adding_changed.connect(self._on_adding_changed)
        documents.progressed.connect(self._on_progressed)
        removals.decided.connect(self.refresh)

    # --- State ----------------------------------------------------------------------------

    @property
    def folders(self) -> list[WatchedFolder]:
        """The watched folders."""
        return self._folders

    def folder(self, number: int) -> WatchedFolder | None:
        """Return a watched folder by its id."""
        return next((folder for folder in self._folders if folder.id == number), None)

    def folder_of(self, path: str) -> WatchedFolder | None:
        """Return the innermost watched folder that a file lies in."""
        for root, folder in self._roots:
            if path.startswith(root):
                return folder
        return None

    def state(self, folder: int) -> FolderState:
        """Return how a folder stands."""
        begun = len(self._begun.get(folder, ()))
        done = len(self._done.get(folder, ()))
        files = begun if done < begun else 0
        missing = len(self._missing.get(folder, ()))
        return FolderState(done, files, self._unavailable.get(folder), missing)

    def is_missing(self, document: int) -> bool:
        """Whether a document is kept although its file is gone, until the person has decided."""
        return any(document in missing for missing in self._missing.values())

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to follow the folders of an assistant."""
        self._assistant = assistant
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """List the folders anew, and watch those."""
        if self._assistant is not None:
            self._look("list folders", self._assistant.folders.list, then=self._on_listed)

    def open(self, folder: int) -> None:
        """Show a folder in the system's file manager."""
        known = self.folder(folder)
        if known is not None:
            open_file(Path(known.path), self._notices)

    def stop_watching(self, number: int, rows: Sequence[DocumentRow] = ()) -> None:
        """Follow a folder no longer.

        Args:
            rows: Documents of it that are to go with it; the others stay.
        """
        folder = self.folder(number)
        if self._assistant is None or folder is None:
            return
        run = self._call("stop watching", self._assistant.folders.unwatch, number)
        run.finished.connect(lambda _: self._on_unwatched(folder, rows))

    def _on_unwatched(self, folder: WatchedFolder, rows: Sequence[DocumentRow]) -> None:
        self.refresh()
        name = Path(folder.path).name
        if rows:
            text = self.tr("“{name}” is no longer watched, and {count} documents were removed.")
            self._removals.remove(
                rows,
                text.format(name=name, count=f"{len(rows):,}"),
                lambda: self._watch_as(folder),
            )
        else:
            self._notices.show(
                self.tr("“{name}” is no longer watched. Its documents stay.").format(name=name),
                self.tr("Undo"),
                lambda: self._watch_as(folder),
            )

    def _watch_as(self, folder: WatchedFolder) -> None:
        self._documents.watch(folder)

    def choose_files(self, number: int, include: Sequence[str], exclude: Sequence[str]) -> None:
        """Take other files of a folder: patterns to take, none for all, and to leave out."""
        folder = self.folder(number)
        if folder is not None:
            chosen = msgspec.structs.replace(folder, include=tuple(include), exclude=tuple(exclude))
            self._before[self._documents.watch(chosen)] = folder

    def let_missing_go(self, folder: int) -> None:
        """Take the documents out of the library whose files are gone."""
        documents = self._missing.pop(folder, frozenset())
        self._confirmed |= documents
        rows = [row for row in self._documents.rows if row.id in documents]
        self._removals.let_go(rows, asked=True)
        self.moved.emit()

    def keep_missing(self, folder: int) -> None:
        """Keep the documents whose files are gone; they follow nothing any more."""
        documents = self._missing.pop(folder, frozenset())
        if self._assistant is not None and documents:
            run = self._call("keep documents", self._assistant.folders.keep, sorted(documents))
            run.ended.connect(self.refresh)
        self.moved.emit()

    # --- Following ------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, folders: list[WatchedFolder]) -> None:
        self._folders = folders
        innermost = sorted(folders, key=lambda folder: -len(folder.path))
        self._roots = [(os.path.join(folder.path, ""), folder) for folder in innermost]  # noqa: PTH118
        # Which documents they have or had is of no concern to who watches.
        watched = [msgspec.structs.replace(folder, documents=(), lost=0) for folder in folders]
        if watched != self._watched:
            self._watched = watched
            self._watch()
        self.changed.emit()

    def _watch(self) -> None:
        if self._run is not None:
            self._run.stop()
            self._run = None
        known = {folder.id for folder in self._watched}
        self._missing = {f: missing for f, missing in self._missing.items() if f in known}
        self._unavailable = {f: why for f, why in self._unavailable.items() if f in known}
        assistant, watched = self._assistant, self._watched
        if assistant is None or not watched:
            return
        run = self._bridge.start(
            "watch folders", lambda: assistant.folders.changes(watched).stream()
        )
        self._run = run
        run.events.connect(lambda news: self._on_news(run, news))
        run.failed.connect(self._on_failed)

    def _on_news(self, run: Run, news: list[FolderNews]) -> None:
        if run is not self._run:
            return
        for one in news:
            for part in one.changed:
                self._wait_for(part)
        # That one is empty is only seen once it is looked into.
        unavailable: dict[int, Unavailable] = {
            f: why for f, why in self._unavailable.items() if why == "empty"
        }
        unavailable.update(news[-1].unavailable)
        self._set_unavailable(unavailable)
        self._catch_up()

    def _wait_for(self, part: FolderPart) -> None:
        waiting = self._waiting.setdefault(part.folder, set())
        # Whether files that were gone are back is only told by looking for all of them.
        if not part.paths or part.folder in self._missing:
            self._waiting[part.folder] = None
        elif waiting is not None:
            waiting.update(part.paths)

    def _catch_up(self) -> None:
        """Begin to catch up, if there is something to and nothing is under way."""
        if self._catching or not self._waiting:
            return
        self._catching = tuple(
            FolderPart(folder, tuple(sorted(paths or ())))
            for folder, paths in self._waiting.items()
        )
        self._waiting.clear()
        self._documents.catch_up(self._catching)

    def _set_unavailable(self, unavailable: dict[int, Unavailable]) -> None:
        if unavailable != self._unavailable:
            self._unavailable = unavailable
            self.moved.emit()

    # --- Reactions ------------------------------------------------------------------------

    @Slot()
    def _on_adding_changed(self) -> None:
        for adding in self._documents.adding:
            if adding not in self._followed:
                self._followed.add(adding)
                adding.finished.connect(
                    lambda report, adding=adding: self._on_caught_up(adding, report)
                )
        over = self._followed - set(self._documents.adding)
        if not over:
            return
        self._followed -= over
        for adding in over:
            self._before.pop(adding, None)
        if not self._documents.adding:
            self._begun.clear()
            self._done.clear()
        if any(adding.parts for adding in over):
            self._catching = ()
            self._catch_up()
        if any(adding.parts or adding.collection for adding in over):
            self.refresh()

    def _on_caught_up(self, adding: Adding, report: AddReport) -> None:
        looked_at = {part.folder for part in adding.parts}
        looked_at |= {folder.id for folder in self._folders if folder.path in adding.paths}
        before = self._before.pop(adding, None)
        if before is not None:
            self._leave_out(report.gone, before)
        else:
            # The list may be of before they had all that they have.
            self._let_go(report.gone, looked_at, adding.folders or self._folders)
        unavailable: dict[int, Unavailable] = {
            f: why for f, why in self._unavailable.items() if f not in looked_at
        }
        unavailable.update(report.unavailable)
        self._set_unavailable(unavailable)
        if report.unsettled:
            QTimer.singleShot(_AGAIN_MS, self, lambda: self._look_again(report.unsettled))

    def _leave_out(self, rows: Sequence[DocumentRow], before: WatchedFolder) -> None:
        """Let documents go that other patterns leave out, until the person wants them back."""
        documents = {row.id for row in rows}
        self._confirmed |= documents

        def undone() -> None:
            self._confirmed -= documents
            self._documents.watch(before)

        self._removals.leave_out(rows, undone)

    def _let_go(
        self,
        rows: Sequence[DocumentRow],
        looked_at: Collection[int],
        folders: Sequence[WatchedFolder],
    ) -> None:
        """Let documents go whose files are gone, unless those are most of a folder's."""
        waiting = {row.id for row in rows} | self._removals.going
        for folder, before in self._missing.items():
            if folder not in looked_at:
                waiting |= before
        waiting -= self._confirmed
        missing = {f: frozenset(d) for f, d in large_losses(waiting, folders).items()}
        grown = [f for f, lost in missing.items() if lost - self._missing.get(f, frozenset())]
        self._missing = missing
        kept = frozenset[int]().union(*missing.values())
        self._removals.hold(kept)
        self._removals.let_go([row for row in rows if row.id not in kept])
        for folder in grown:
            self._ask_about(folder)
        self.moved.emit()

    def _ask_about(self, number: int) -> None:
        folder = self.folder(number)
        if folder is not None:
            missing = len(self._missing[number])
            text = (
                self.tr(
                    "{n} more files are gone from “{name}”, {lost} of {count} within a day. Their "
                    "documents stay until you decide."
                )
                if folder.lost
                else self.tr(
                    "{n} of {count} files are gone from “{name}”. Their documents stay until you "
                    "decide."
                )
            )
            self._notices.show(
                text.format(
                    n=f"{missing:,}",
                    lost=f"{missing + folder.lost:,}",
                    count=f"{len(folder.documents) + folder.lost:,}",
                    name=Path(folder.path).name,
                ),
                self.tr("Remove them"),
                lambda: self.let_missing_go(number),
            )

    def _look_again(self, parts: Sequence[FolderPart]) -> None:
        for part in parts:
            self._wait_for(part)
        self._catch_up()

    def _look_for_folder(self, path: str) -> None:
        """List the folders anew where a file comes from one that is new."""
        new = [adding for adding in self._documents.adding if adding.collection]
        if any(path.startswith(os.path.join(adding.paths[0], "")) for adding in new):  # noqa: PTH118
            self.refresh()

    @Slot(object)
    def _on_progressed(self, events: list[IndexProgress]) -> None:
        for event in events:
            folder = self.folder_of(event.document.path)
            if event.stage in ("looking", "comparing"):
                continue
            if folder is None:
                self._look_for_folder(event.document.path)
                continue
            self._begun.setdefault(folder.id, set()).add(event.document.id)
            if event.stage == "finished":
                self._done.setdefault(folder.id, set()).add(event.document.id)
        self.moved.emit()
