"""The library page: documents in their groups, how each one stands, and what is under way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.bridge import Bridge
from desktop.presenters.base import Presenter
from desktop.presenters.collections import CollectionsPresenter
from desktop.presenters.documents import Adding, DocumentsPresenter
from desktop.presenters.folders import FoldersPresenter
from desktop.presenters.library_entries import Choice, Entry, in_order
from desktop.presenters.notices import Notices
from desktop.presenters.removals import Removals
from desktop.presenters.settings import SettingsPresenter
from desktop.presenters.source import open_file, original_of
from indexing.types import DocumentRow, IndexProgress, Like
from indexing.unpacked import name_of

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# While thousands of files come in, the list is put in order anew only so often.
REBUILD_MS: Final = 150
# So many are put in order at once.
AT_ONCE: Final = 200
# The reason of a document that waits for its password.
_LOCKED: Final = "password_needed"


class Overall(NamedTuple):
    """How far everything is that is being added."""

    files_left: int
    files: int
    passages_left: int


class LibraryPresenter(Presenter):
    """Orders, filters and follows the documents.

    Attributes:
        folders: The watched ones.
        removals: What is taken out of the library.
        collections: What belongs together under a name.

    Signals:
        changed: There are other lines now; see `entries`.
        moved: Documents stand otherwise now, in the same lines.
        overall_changed: See `overall`.
    """

    changed = Signal()
    moved = Signal()
    overall_changed = Signal()

    def __init__(
        self,
        bridge: Bridge,
        notices: Notices,
        settings: SettingsPresenter,
        documents: DocumentsPresenter,
        collections: CollectionsPresenter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(bridge, notices, parent)
        self._documents = documents
        self.collections = collections
        self.removals = Removals(bridge, notices, settings, documents, self)
        self.folders = FoldersPresenter(bridge, notices, documents, self.removals, self)
        self._assistant: Assistant | None = None
        self._rows: dict[int, DocumentRow] = {}
        self._entries: list[Entry] = []
        self._choice = Choice()
        self._progress: dict[int, IndexProgress] = {}
        self._runs: dict[Adding, IndexProgress | None] = {}
        self._most: dict[Adding, int] = {}
        # Asked to stop, and not yet looked after.
        self._stopped: set[Adding] = set()
        self._forgetting = False
        self._listed = False
        self._likes: dict[int, Like] = {}
        self._languages: dict[int, str] = {}
        self._studied: frozenset[int] = frozenset()
        self._rebuild = QTimer(self, singleShot=True, interval=REBUILD_MS)
        self._rebuild.timeout.connect(self._on_rebuild)
        self.removals.changed.connect(self._on_rebuild)
        self.folders.changed.connect(self._on_rebuild)
        self.folders.moved.connect(self.moved)
        documents.listed.connect(self._on_listed)
        documents.progressed.connect(self._on_progressed)
        documents.adding_changed.connect(self._on_adding_changed)
        collections.renamed.connect(self._on_renamed)

    # --- State ----------------------------------------------------------------------------

    @property
    def entries(self) -> list[Entry]:
        """The lines to show, in order."""
        return self._entries

    @property
    def is_listed(self) -> bool:
        """Whether it is known yet what there is."""
        return self._listed

    @property
    def count(self) -> int:
        """How many documents there are, filtered or not; an archive is what is in it."""
        return sum(row.members is None for row in self._rows.values())

    @property
    def pages(self) -> int:
        """How many pages they have together."""
        return sum(row.pages or 0 for row in self._rows.values())

    @property
    def choice(self) -> Choice:
        """What the list is filtered by."""
        return self._choice

    def row(self, document: int) -> DocumentRow | None:
        """Return a document as it stands now."""
        return self._rows.get(document)

    def name(self, row: DocumentRow, *, within: bool = False) -> str:
        """Return what a document's file is called.

        Args:
            row: The document.
            within: Whether it stands under the archive that it is a member of.
        """
        archive = self._rows.get(row.archive) if within and row.archive is not None else None
        if archive is None:
            return name_of(row.path)
        return row.path.removeprefix(archive.path).lstrip("/\\")

    def like(self, document: int) -> tuple[Like, DocumentRow] | None:
        """Return the document that one is nearly the same as, and how much, if there is one."""
        like = self._likes.get(document)
        row = self._rows.get(like.document) if like is not None else None
        return (like, row) if like is not None and row is not None else None

    def language(self, document: int) -> str:
        """Return the language of a document, as its ISO 639 code; "" where that is not known."""
        return self._languages.get(document, "")

    def is_kept_in_its(self, row: DocumentRow) -> bool:
        """Whether a watched folder keeps a document in the folder's own collection."""
        return row.collection is not None and self.folders.folder_of(row.path) is not None

    def is_studied(self, document: int) -> bool:
        """Whether the model need not read a document again: see `StudiesPresenter.is_studied`."""
        return document in self._studied

    def rows_in(self, folder: int) -> list[DocumentRow]:
        """Return the documents of a watched folder as they stand now."""
        watched = self.folders.folder(folder)
        return [row for row in self._rows.values() if self.folders.folder_of(row.path) is watched]

    def progress(self, document: int) -> IndexProgress | None:
        """Return how far a document is that is being added."""
        return self._progress.get(document)

    @property
    def overall(self) -> Overall | None:
        """How far all is that is being added; None where nothing is."""
        events = [event for event in self._runs.values() if event is not None]
        left = sum(event.files_left for event in events)
        if not left:
            return None
        return Overall(
            left,
            max(left, sum(self._most.values())),
            sum(event.passages_left for event in events),
        )

    @property
    def is_stopping(self) -> bool:
        """Whether all that is under way was asked to stop."""
        asked = bool(self._stopped) and self._stopped.issuperset(self._documents.adding)
        return asked or self._forgetting

    # --- Doing ----------------------------------------------------------------------------

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant; what was to be removed before it closed goes now."""
        self._assistant = assistant
        self.removals.attach(assistant)
        self.folders.attach(assistant)
        self._list_told()

    def set_filter(self, text: str) -> None:
        """Show only documents whose name, title or collections hold these words."""
        self._choose(self._choice._replace(words=" ".join(text.casefold().split())))

    def set_collection(self, name: str) -> None:
        """Show only documents of a collection; "" shows all."""
        self._choose(self._choice._replace(collection=name))

    def _choose(self, choice: Choice) -> None:
        if choice != self._choice:
            self._choice = choice
            self._on_rebuild()

    def beside(self, row: DocumentRow) -> list[str]:
        """Return the collections that a document belongs to beside the one that it stands under."""
        folder = self.folders.folder_of(row.path)
        above = self._choice.collection or (folder.collection if folder else None)
        if above is None and row.collections:
            above = row.collections[0]
        return [name for name in row.collections if name != above]

    def mark_studied(self, documents: frozenset[int]) -> None:
        """Show which documents the model has studied."""
        if documents != self._studied:
            self._studied = documents
            self.moved.emit()

    def add(self, paths: Sequence[str]) -> None:
        """Add files and folders."""
        if paths:
            self._documents.add(paths)

    def read_again(self, documents: Iterable[int]) -> None:
        """Read documents once more from where they came from."""
        self.add([row.path for d in documents if (row := self._rows.get(d)) is not None])

    def unlock(self, document: int, password: str) -> None:
        """Read a document that is locked with this password, which is not kept."""
        row = self._rows.get(document)
        if row is not None:
            self._documents.unlock(row.path, password)

    def open_original(self, document: int) -> None:
        """Open a document's file with the program it belongs to."""
        row = self._rows.get(document)
        if row is not None and self._assistant is not None:
            self._call("find a file", original_of, self._assistant, row, then=self._on_original)

    @Slot()
    def stop(self) -> None:
        """Stop adding. What is done stays, what is not is taken from the list."""
        if self._documents.adding:
            self._documents.stop_resuming()
            self._stopped.update(self._documents.adding)
            for adding in list(self._documents.adding):
                adding.stop()
            self.overall_changed.emit()

    def remove(self, documents: Sequence[int]) -> None:
        """Take documents out of the lists, and out of the library once it cannot be undone."""
        rows = [row for d in documents if (row := self._rows.get(d)) is not None]
        if not rows:
            return
        # What is in an archive goes with it; an undo brings it back.
        chosen = {row.id for row in rows}
        within = [r for r in self._rows.values() if r.archive in chosen and r.id not in chosen]
        name, count = name_of(rows[0].path), len(within)
        if len(rows) > 1:
            count += sum(row.members is None for row in rows)
            text = self.tr("Removed {count} documents.").format(count=count)
        elif within:
            text = (
                self.tr("Removed “{name}” and the document in it.")
                if count == 1
                else self.tr("Removed “{name}” and the {count} documents in it.")
            ).format(name=name, count=count)
        else:
            text = self.tr("Removed “{name}”.").format(name=name)
        self.removals.remove([*rows, *within], text)

    def flush(self) -> None:
        """Remove at once what waits for it: before a question, and before the end."""
        self.removals.flush()

    def close(self) -> None:
        """Remove what waits for it if that is quick; else the next start does."""
        self.removals.close()

    # --- Reactions ------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, rows: list[DocumentRow]) -> None:
        self._rows = {row.id: row for row in rows}
        if not self._listed and self._assistant is not None:
            self._listed = True
            self._on_rebuild()
            self.changed.emit()
        elif len(rows) < AT_ONCE:
            self._on_rebuild()
        elif not self._rebuild.isActive():
            self._rebuild.start()

    @Slot()
    def _on_rebuild(self) -> None:
        self._rebuild.stop()
        chosen = self._choice.collection
        if chosen and self._listed and chosen not in self.collections.counts:
            self._choice = self._choice._replace(collection="")
        entries = in_order(
            self._rows.values(), self._choice, self.folders, self.tr("Other documents")
        )
        if entries == self._entries:
            self.moved.emit()
        else:
            self._entries = entries
            self.changed.emit()

    @Slot(str, str)
    def _on_renamed(self, old: str, new: str) -> None:
        if self._choice.collection == old:
            self._choice = self._choice._replace(collection=new)

    @Slot(object)
    def _on_progressed(self, events: list[IndexProgress]) -> None:
        for event in events:
            document = event.document
            if event.stage == "looking":
                continue
            if document.id in self._rows:
                self._rows[document.id] = document
            if event.stage in ("finished", "comparing"):
                self._progress.pop(document.id, None)
            else:
                self._progress[document.id] = event
        self.moved.emit()

    @Slot()
    def _on_adding_changed(self) -> None:
        for adding in self._documents.adding:
            if adding not in self._runs:
                self._runs[adding] = None
                self._most[adding] = 0
                adding.progressed.connect(
                    lambda events, adding=adding: self._on_run_progressed(adding, events)
                )
        for adding in set(self._runs) - set(self._documents.adding):
            del self._runs[adding]
        if not self._documents.adding:
            self._list_told()
            self._most.clear()
            self._progress.clear()
        if self._stopped and self._stopped.isdisjoint(self._documents.adding):
            self._stopped.clear()
            self._forget_queued()
        self.overall_changed.emit()
        self.moved.emit()

    def _list_told(self) -> None:
        """List what the documents' texts tell of them."""
        if self._assistant is not None:
            catalog = self._assistant.catalog
            self._look(
                "list likes and languages", lambda: (catalog.likes(), catalog.languages()),
                then=self._on_told,
            )  # fmt: skip

    @Slot(object)
    def _on_told(self, told: tuple[dict[int, Like], dict[int, str]]) -> None:
        self._likes, self._languages = told
        self.moved.emit()

    def _on_run_progressed(self, adding: Adding, events: list[IndexProgress]) -> None:
        if adding in self._runs:
            # While files are noted their number counts down once, before anything is read.
            if events[-1].stage != "queued" or self._runs[adding] is None:
                self._runs[adding] = events[-1]
            self._most[adding] = max(self._most[adding], *(event.files_left for event in events))
            self.overall_changed.emit()

    def _forget_queued(self) -> None:
        if self._assistant is None:
            return
        self._forgetting = True
        run = self._call("stop adding", _forget_queued, self._assistant, then=self._on_stopped)
        run.ended.connect(self._on_stop_over)

    @Slot(object)
    def _on_stopped(self, left: list[str]) -> None:
        if left:
            text = (
                self.tr("Stopped. 1 file was not added.")
                if len(left) == 1
                else self.tr("Stopped. {count} files were not added.").format(count=len(left))
            )
            self._notices.show(text, self.tr("Go on"), lambda: self.add(left))

    @Slot()
    def _on_stop_over(self) -> None:
        self._forgetting = False
        self.overall_changed.emit()
        self._documents.refresh()

    @Slot(object)
    def _on_original(self, path: Path) -> None:
        open_file(path, self._notices)


def _forget_queued(assistant: Assistant) -> list[str]:
    """Give up what is left after a stop; return its paths."""
    left = _queued(assistant)
    assistant.index.forget_queued()
    # What another run still works on is not given up.
    kept = set(_queued(assistant))
    return [path for path in left if path not in kept]


def _queued(assistant: Assistant) -> list[str]:
    return [row.path for row in assistant.catalog.documents() if row.status == "queued"]


def is_locked(row: DocumentRow) -> bool:
    """Whether a document waits for its password."""
    return row.status == "failed" and (row.reason or "").startswith(_LOCKED)


def is_password_wrong(row: DocumentRow) -> bool:
    """Whether the password that was given last did not open a document."""
    return is_locked(row) and row.reason != _LOCKED
