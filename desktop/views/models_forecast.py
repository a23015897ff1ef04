"""What a model of the hub would take on this computer, said where somebody wants to know."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.presenters.downloads import DownloadsPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.models_wording import forecast_text
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import label, set_role


class ForecastRow(QWidget):
    """Opened, it says what a model would take.

    Nothing is asked of the hub before: the header, which tells it, takes some megabytes.
    """

    def __init__(
        self,
        theme: Theme,
        repository: str,
        file: str,
        models: ModelsPresenter,
        downloads: DownloadsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._repository = repository
        self._file = file
        self._models = models
        self._downloads = downloads
        self._words = label("", "small", wrap=True)
        self._opener = Disclosure(theme, self.tr("What it would take here"), self._words)
        self._opener.setAccessibleName(self.tr("What {name} would take here").format(name=file))
        self._opener.setToolTip(self.tr("Reads the first megabytes of its file on the model hub"))
        self._opener.setAutoDefault(False)
        self._opener.toggled.connect(self._on_toggled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._opener)
        column.addWidget(self._words)
        downloads.examined.connect(self._on_examined)

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        if not on:
            return
        self._show()
        if isinstance(self._downloads.forecast_of(self._repository, self._file), str | None):
            # What failed once may be possible now.
            self._say(self.tr("Asking the hub…"))
            self._downloads.examine(self._repository, self._file)

    @Slot(str, str)
    def _on_examined(self, repository: str, file: str) -> None:
        if (repository, file) == (self._repository, self._file):
            self._show()

    def _show(self) -> None:
        known = self._downloads.forecast_of(self._repository, self._file)
        if isinstance(known, str):
            # Nothing is lost by it.
            self._say(known, role="small-warning")
        elif known is not None:
            role = "small-warning" if known.fit == "not" else "small"
            self._say(forecast_text(known), role=role)

    def _say(self, text: str, *, role: str = "small") -> None:
        self._words.setText(text)
        set_role(self._words, role)
