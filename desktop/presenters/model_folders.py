"""Where models lie besides the library: folders of the person's, and those of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot

from desktop.bridge import Bridge
from desktop.presenters.base import Presenter
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.notices import Notices
from models.sources import Place

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# What changes the folders waits in one line.
_FOLDERS: Final = "model folders"


class ModelFolders(Presenter):
    """Lists folders, adds and forgets them; nothing in them is ever changed.

    Signals:
        changed: See the properties.
    """

    changed = Signal()

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
        self._places: list[Place] = []
        self._hidden: list[str] = []
        self._listed: list[str] = []
        models.changed.connect(self._on_models)

    @property
    def places(self) -> list[Place]:
        """The person's folders, and those of other programs that have a model on the list."""
        return [
            place
            for place in self._places
            if place.source == "folder" or (place.source != "library" and self.count(place))
        ]

    @property
    def hidden(self) -> list[str]:
        """Files in them that were taken off the list."""
        return self._hidden

    def count(self, place: Place) -> int:
        """Return how many models a folder has on the list."""
        own = (facts for facts in self._models.installed if facts.source == place.source)
        if place.source != "folder":
            return sum(1 for _ in own)
        # Slashes at the end, so that one folder's name is not the beginning of another's.
        inside = tuple(f"{place.folder}{slash}" for slash in ("/", "\\"))
        return sum(facts.path.startswith(inside) for facts in own)

    def attach(self, assistant: Assistant) -> None:
        """Begin to work with an assistant."""
        self._assistant = assistant
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Look again."""
        assistant = self._assistant
        if assistant is not None:
            models = assistant.models
            self._look(
                "list model folders", lambda: (models.places(), models.hidden()), then=self._on_read
            )

    @Slot(str)
    def add(self, folder: str) -> None:
        """List the models of a folder too, where they lie."""
        if self._assistant is not None:
            self._call_in_turn(
                _FOLDERS, "add a model folder", self._assistant.models.add_folder, folder,
                then=self._on_changed,
            )  # fmt: skip

    def remove(self, place: Place) -> None:
        """List the models of a folder no longer, and offer to do so again."""
        if self._assistant is None:
            return
        remove = self._assistant.remove_models_folder
        self._call_in_turn(
            _FOLDERS, "remove a model folder", remove, place.folder,
            then=lambda _: self._on_removed(place),
        )  # fmt: skip

    def show_again(self, file: str) -> None:
        """Put a model on the list again that was taken off it."""
        if self._assistant is not None:
            models = self._assistant.models
            run = self._bridge.start("list a model again", lambda: models.import_file(file))
            run.finished.connect(self._on_changed)
            run.failed.connect(self._on_failed)

    @Slot()
    def _on_models(self) -> None:
        listed = [facts.path for facts in self._models.installed]
        if listed != self._listed:
            self._listed = listed
            # One of another folder may have been taken off the list.
            self.refresh()

    @Slot(object)
    def _on_read(self, found: tuple[list[Place], list[str]]) -> None:
        self._places, self._hidden = found
        self.changed.emit()

    @Slot(object)
    def _on_changed(self, _: object) -> None:
        self._models.refresh()
        self.refresh()

    def _on_removed(self, place: Place) -> None:
        self._on_changed(None)
        self._notices.show(
            self.tr("Its models are listed no longer. The folder stays as it is."),
            self.tr("Undo"),
            lambda: self.add(place.folder),
        )
