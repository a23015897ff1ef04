"""The small window that says what studying a document takes, before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QWidget

from assistant.answering.errors import WholeDoesNotFit
from assistant.errors import NoRoomForState
from assistant.wording import bytes_text
from desktop.presenters.studies import StudiesPresenter
from desktop.theme.theme import Theme
from desktop.views.dialogs import Sheet
from desktop.views.wording import number, seconds
from desktop.widgets.buttons import push_button
from desktop.widgets.labels import ElidedLabel, label
from desktop.wording import explain

if TYPE_CHECKING:
    from assistant.studying import StudyForecast


class StudySheet(Sheet):
    """Says how much there is to read, how long that takes and what it takes on disk.

    Signals:
        begin_wanted: It is to be read.
        settings_wanted: The model is to hold more.
    """

    begin_wanted = Signal()
    settings_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        document: int,
        name: str,
        model_title: str,
        studies: StudiesPresenter,
        parent: QWidget,
    ) -> None:
        title = QCoreApplication.translate("StudySheet", "Study a document")
        super().__init__(theme, title, "study", parent)
        self._document = document
        self._studies = studies
        self.body.addWidget(ElidedLabel(name, "strong", Qt.TextElideMode.ElideMiddle))
        self.body.addWidget(
            label(
                self.tr(
                    "{model} reads it whole, once, and keeps that on this disk. From then on "
                    "questions about it are answered without reading it again, after a restart too."
                ).format(model=model_title),
                wrap=True,
            )
        )
        self._figures = QWidget()
        self._form = QFormLayout(self._figures)
        self._form.setContentsMargins(0, 4, 0, 4)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(4)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._figures.hide()
        self.body.addWidget(self._figures)
        self._words = label(self.tr("Counting its tokens…"), "muted", wrap=True)
        self.body.addWidget(self._words)
        self._settings = push_button(
            self.tr("Let {model} hold more").format(model=model_title), "link"
        )
        self._settings.setAutoDefault(False)
        self._settings.clicked.connect(self._on_settings)
        self._settings.hide()
        row = QHBoxLayout()
        row.addWidget(self._settings)
        row.addStretch(1)
        self.body.addLayout(row)
        self._begin = self.add_action(self.tr("Study it"))
        self._begin.setEnabled(False)
        self._begin.clicked.connect(self._on_begin)
        studies.forecast_made.connect(self._on_forecast)
        studies.forecast_failed.connect(self._on_failed)

    @Slot(object)
    def _on_forecast(self, forecast: StudyForecast) -> None:
        if forecast.document != self._document:
            return
        left = forecast.tokens - forecast.known_tokens
        tokens = self.tr("{n} tokens").format(n=number(forecast.tokens))
        if 0 < left < forecast.tokens:
            tokens = self.tr("{left} of {all} tokens; the rest is known already").format(
                left=number(left), all=number(forecast.tokens)
            )
        time = (
            self.tr("about {time}, in the background; every question comes first").format(
                time=seconds(forecast.seconds)
            )
            if forecast.seconds is not None
            else self.tr("not known yet: the model was never measured here")
        )
        disk = self.tr("{size} of the {quota} set aside; {free} are free").format(
            size=bytes_text(forecast.bytes),
            quota=bytes_text(forecast.quota_bytes),
            free=bytes_text(forecast.free_bytes),
        )
        problem = _problem_of(forecast)
        known = forecast.studied
        for name, value in (
            (self.tr("To read"), tokens),
            (self.tr("Time"), "" if known or problem else time),
            (self.tr("On disk"), "" if known else disk),
        ):
            if value:
                self._form.addRow(label(name, "small"), label(value, "small", wrap=True))
        self._figures.show()
        if not forecast.fits and forecast.needed_context:
            larger = self.tr("A context of {n} tokens holds it.")
            problem = f"{problem} {larger.format(n=number(forecast.needed_context))}"
        self._words.setText(problem or (self.tr("It is studied already.") if known else ""))
        self._words.setVisible(bool(self._words.text()))
        self._settings.setVisible(not forecast.fits and forecast.needed_context > 0)
        self._begin.setEnabled(not problem and not known)
        self._begin.setFocus()
        self.fit()

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self._words.setText(sentence)
        self.fit()

    @Slot()
    def _on_begin(self) -> None:
        self.begin_wanted.emit()
        self.accept()

    @Slot()
    def _on_settings(self) -> None:
        self.accept()
        self.settings_wanted.emit()


def _problem_of(forecast: StudyForecast) -> str:
    """Return why a document cannot be studied; "" where it can."""
    if not forecast.fits:
        return explain(WholeDoesNotFit(forecast.tokens, forecast.context_tokens))
    if forecast.bytes > min(forecast.quota_bytes, forecast.free_bytes):
        return explain(NoRoomForState(forecast.bytes, forecast.quota_bytes, forecast.free_bytes))
    return ""
