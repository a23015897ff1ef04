"""Models on their way: files that are copied, downloads, and those that can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from assistant.wording import bytes_text
from desktop.presenters.downloads import DownloadsPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.models_forecast import ForecastRow
from desktop.views.models_wording import download_text, fit_text, licence_text
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.labels import ElidedLabel, label, set_role
from models.catalogue import CatalogueEntry
from models.files import FileProgress

if TYPE_CHECKING:
    from assistant.services.downloads import Download


class ImportCard(QFrame):
    """Shows how far a file is copied into the library.

    Signals:
        stop_wanted: It is to stop.
    """

    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._name = ElidedLabel("", "strong", Qt.TextElideMode.ElideMiddle)
        self._amount = label("", "small")
        stop = push_button(self.tr("Stop"), "control")
        stop.clicked.connect(self.stop_wanted)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName(self.tr("How much has been copied"))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._name, 1)
        head.addWidget(self._amount)
        head.addWidget(stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 14)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._bar)

    def show_progress(self, name: str, progress: FileProgress, waiting: int = 0) -> None:
        """Show how far it is, and how many files come after it."""
        text = self.tr("Adding {name}").format(name=name)
        if waiting:
            text = self.tr("{adding}, {n} more after it").format(adding=text, n=waiting)
        self._name.setText(text)
        if not progress.total:
            self._amount.setText("")
            self._bar.setValue(0)
            return
        share = progress.done / progress.total
        self._amount.setText(
            self.tr("{done} of {all} · {n} %").format(
                done=bytes_text(progress.done),
                all=bytes_text(progress.total),
                n=int(100 * share),
            )
        )
        self._bar.setValue(round(1000 * share))


class DownloadCard(QFrame):
    """Shows how a download stands.

    Signals:
        pause_wanted, resume_wanted, discard_wanted: What was clicked.
    """

    pause_wanted = Signal()
    resume_wanted = Signal()
    discard_wanted = Signal()

    def __init__(
        self, theme: Theme, title: str, download: Download, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._download = download
        self._state = label("", "small", wrap=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName(self.tr("How much of {name} is here").format(name=title))
        self._act = push_button("", "control")
        self._act.clicked.connect(self._on_act)
        discard = IconButton(
            theme, "close", self.tr("Give the download of {name} up").format(name=title), size=16
        )
        discard.clicked.connect(self.discard_wanted)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(ElidedLabel(title, "strong", Qt.TextElideMode.ElideMiddle), 1)
        head.addWidget(self._act)
        head.addWidget(discard)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 14)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._state)
        column.addWidget(self._bar)
        self.show_download(download)

    def show_download(self, download: Download) -> None:
        """Show how it stands now."""
        self._download = download
        progress = download.progress
        self._state.setText(download_text(download))
        set_role(self._state, "small-danger" if download.state == "failed" else "small")
        self._bar.setValue(round(1000 * progress.done / progress.total) if progress.total else 0)
        text = {
            "paused": self.tr("Go on"),
            "failed": self.tr("Try again"),
        }.get(download.state, self.tr("Pause"))
        self._act.setText(text)
        self._act.setAccessibleName(text)

    def _on_act(self) -> None:
        if self._download.state in ("paused", "failed"):
            self.resume_wanted.emit()
        else:
            self.pause_wanted.emit()


class OfferCard(QFrame):
    """Shows a model worth having.

    Signals:
        download_wanted: It is to be downloaded.
    """

    download_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        entry: CatalogueEntry,
        models: ModelsPresenter,
        downloads: DownloadsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._entry = entry
        self._models = models
        self._downloads = downloads
        self._fit = label("", "small")
        get = push_button(
            self.tr("Download"), name=self.tr("Download {name}").format(name=entry.title)
        )
        get.setToolTip(
            self.tr("From {repository} on the model hub").format(repository=entry.repository)
        )
        get.clicked.connect(self.download_wanted)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(ElidedLabel(entry.title, "strong"), 1)
        head.addWidget(self._fit)
        head.addWidget(get)
        size = bytes_text(entry.bytes)
        parts = [
            self.tr("about {size}").format(size=size) if entry.approximate else size,
            licence_text(entry.licence),
            entry.languages,
            self.tr("can think first") if entry.thinks else "",
        ]
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 14)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(label(entry.good_for, wrap=True))
        column.addWidget(label(" · ".join(part for part in parts if part), "small", wrap=True))
        column.addSpacing(2)
        column.addWidget(ForecastRow(theme, entry.repository, entry.file, models, downloads))
        downloads.examined.connect(self._on_examined)
        self._show_fit()

    @Slot(str, str)
    def _on_examined(self, repository: str, file: str) -> None:
        if (repository, file) == (self._entry.repository, self._entry.file):
            self._show_fit()

    def _show_fit(self) -> None:
        """Say whether it fits: by its size, or by what its header says once that is known."""
        entry = self._entry
        known = self._downloads.forecast_of(entry.repository, entry.file)
        if isinstance(known, str | None):
            fit = self._models.forecasts.fit_bytes(entry.bytes)
        else:
            fit = known.fit
        self._fit.setText(fit_text(fit))
        set_role(self._fit, "small-warning" if fit == "not" else "small")
