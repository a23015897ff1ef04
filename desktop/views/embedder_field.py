"""What documents are searched with, in the settings: chosen, and how far a change is."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.presenters.embedders import Change, EmbeddersPresenter
from desktop.theme.theme import Theme
from desktop.views.dialogs import Sheet
from desktop.views.wording import counted, number, seconds
from desktop.widgets.buttons import push_button
from desktop.widgets.choice import Choice
from desktop.widgets.labels import label
from indexing.types import EmbedderForecast

WIDTH = 260
STEPS = 1000


class EmbedderField(QWidget):
    """A field to choose an embedder from; under it, while one is coming, how far that is."""

    def __init__(
        self, theme: Theme, embedders: EmbeddersPresenter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._embedders = embedders
        self.setFixedWidth(WIDTH)
        self._choice = Choice(theme)
        self._choice.setAccessibleName(self.tr("Search model"))
        self._choice.activated.connect(self._on_activated)
        self.setFocusProxy(self._choice)
        self._words = label("", "small", wrap=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, STEPS)
        self._bar.setAccessibleName(self.tr("How far the change is"))
        self._pause = push_button("", "link")
        self._pause.clicked.connect(self._on_pause)
        self._keep = push_button("", "link")
        self._keep.clicked.connect(embedders.keep)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addWidget(self._pause)
        buttons.addWidget(self._keep)
        buttons.addStretch(1)
        self._change = QWidget()
        below = QVBoxLayout(self._change)
        below.setContentsMargins(0, 4, 0, 0)
        below.setSpacing(6)
        below.addWidget(self._words)
        below.addWidget(self._bar)
        below.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._choice)
        column.addWidget(self._change)
        embedders.changed.connect(self._on_changed)
        self._on_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """List anew: models may have come or gone since."""
        super().showEvent(event)
        self._embedders.refresh()

    @Slot()
    def _on_changed(self) -> None:
        embedders, change = self._embedders, self._embedders.change
        names = [one.name for one in embedders.usable]
        if names != [self._choice.itemData(n) for n in range(self._choice.count())]:
            self._choice.clear()
            for name in names:
                self._choice.addItem(name, name)
        shown = change.name if change is not None else embedders.in_use
        self._choice.setCurrentIndex(self._choice.findData(shown))
        self._choice.setEnabled(len(names) > 1)
        self._change.setVisible(change is not None)
        if change is not None:
            self._words.setText(_change_text(change, embedders.in_use))
            self._bar.setValue(round(STEPS * change.done / change.total) if change.total else 0)
            self._pause.setText(self.tr("Go on") if change.paused else self.tr("Pause"))
            self._keep.setText(self.tr("Keep the old one"))
            self._keep.setToolTip(embedders.in_use)

    @Slot()
    def _on_pause(self) -> None:
        change = self._embedders.change
        if change is not None:
            (self._embedders.go_on if change.paused else self._embedders.pause)()

    @Slot()
    def _on_activated(self) -> None:
        wanted: str = self._choice.currentData()
        change, in_use = self._embedders.change, self._embedders.in_use
        self._on_changed()  # until it is chosen, the field shows what is
        if change is not None and wanted == in_use:
            self._embedders.keep()
        elif wanted not in (in_use, change.name if change is not None else ""):
            EmbedderSheet(self._theme, wanted, self._embedders, self.window()).open()


class EmbedderSheet(Sheet):
    """Says what changing to an embedder takes, before it begins."""

    def __init__(
        self, theme: Theme, name: str, embedders: EmbeddersPresenter, parent: QWidget
    ) -> None:
        title = QCoreApplication.translate("EmbedderSheet", "Change the search model")
        super().__init__(theme, title, "search", parent)
        self._name = name
        self._embedders = embedders
        self.body.addWidget(label(name, "strong", wrap=True))
        self.body.addWidget(
            label(
                self.tr(
                    "It reads every passage of your documents anew, in the background. Until it "
                    "has all of them, {old} goes on finding them, and every question comes first."
                ).format(old=embedders.in_use),
                wrap=True,
            )
        )
        self._figures = label(self.tr("Trying how fast it is here…"), "muted", wrap=True)
        self.body.addWidget(self._figures)
        self._begin = self.add_action(self.tr("Change"))
        self._begin.clicked.connect(self._on_begin)
        embedders.forecast_made.connect(self._on_forecast)
        embedders.forecast_failed.connect(self._on_failed)
        self.finished.connect(embedders.give_up_forecast)
        embedders.ask_forecast(name)

    @Slot(str, object)
    def _on_forecast(self, name: str, forecast: EmbedderForecast) -> None:
        if name == self._name:
            self._figures.setText(_forecast_text(forecast))
            self.fit()

    @Slot(str, str)
    def _on_failed(self, name: str, sentence: str) -> None:
        if name == self._name:
            self._figures.setText(sentence)
            self._begin.setEnabled(False)
            self.fit()

    @Slot()
    def _on_begin(self) -> None:
        self._embedders.choose(self._name)
        self.accept()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Embedder", text)


def _forecast_text(forecast: EmbedderForecast) -> str:
    if not forecast.passages:
        return _tr("There is nothing to read: it is used at once.")
    return counted(forecast.passages, _tr("1 passage"), _tr("{n} passages")) + _tr(
        ", about {time} on this computer."
    ).format(time=seconds(max(1.0, forecast.seconds)))


def _change_text(change: Change, in_use: str) -> str:
    if change.paused:
        return _tr("Paused. {old} goes on finding passages.").format(old=in_use)
    if not change.total:
        return _tr("Begins soon. {old} goes on finding passages.").format(old=in_use)
    text = _tr("{n} of {count} passages").format(n=number(change.done), count=number(change.total))
    if change.seconds_left is not None:
        text += _tr(" · ~{time} left").format(time=seconds(max(1.0, change.seconds_left)))
    return text
