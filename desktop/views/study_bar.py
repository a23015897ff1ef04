"""The bar that says, on every page, which document the model is reading."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.presenters.chat import ChatPresenter
from desktop.presenters.studies import StudiesPresenter, Study
from desktop.theme.theme import Theme
from desktop.views.wording import number, seconds
from desktop.widgets.buttons import IconButton, push_button
from desktop.widgets.labels import ElidedLabel

STEPS = 1000


class StudyBar(QFrame):
    """How far the reading is, and how to pause and to stop it; hidden where nothing is read."""

    def __init__(
        self,
        theme: Theme,
        studies: StudiesPresenter,
        chat: ChatPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("studyBar")
        self._studies = studies
        self._chat = chat
        self._text = ElidedLabel("", "small")
        self._act = push_button("", "control")
        self._act.clicked.connect(self._on_act)
        self._stop = IconButton(theme, "close", "", size=16)
        self._stop.clicked.connect(self._on_stop)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, STEPS)
        row = QHBoxLayout()
        row.setContentsMargins(16, 4, 12, 4)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        row.addWidget(self._act)
        row.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._bar)
        studies.changed.connect(self._on_changed)
        chat.live_changed.connect(self._on_changed)
        self._on_changed()

    @property
    def _shown(self) -> Study | None:
        """The one that is read, else the first that is not."""
        studies = self._studies.studies
        reading = (study for study in studies if study.state == "reading")
        return next(reading, studies[0] if studies else None)

    @Slot()
    def _on_changed(self) -> None:
        study = self._shown
        self.setVisible(study is not None)
        if study is None:
            return
        self._text.setText(self._words(study))
        self._bar.setValue(round(STEPS * study.done / study.total) if study.total else 0)
        self._bar.setAccessibleName(self.tr("How much of {name} is read").format(name=study.title))
        act = self.tr("Go on") if study.state == "paused" else self.tr("Pause")
        self._act.setText(act)
        self._act.setAccessibleName(self.tr("{act}: {name}").format(act=act, name=study.title))
        self._stop.set_name(self.tr("Stop studying {name}").format(name=study.title))

    def _words(self, study: Study) -> str:
        parts = [self.tr("Studying {name}").format(name=study.title)]
        if study.state == "paused":
            parts.append(self.tr("paused"))
        elif study.state == "reading" and self._chat.is_busy:
            parts.append(self.tr("waits for the answer"))
        if study.total:
            parts.append(
                self.tr("{done} of {all} tokens, {n} %").format(
                    done=number(study.done),
                    all=number(study.total),
                    n=int(100 * study.done / study.total),
                )
            )
        if study.seconds_left is not None and not self._chat.is_busy:
            parts.append(self.tr("about {time} left").format(time=seconds(study.seconds_left)))
        more = len(self._studies.studies) - 1
        if more:
            parts.append(
                self.tr("1 more after it")
                if more == 1
                else self.tr("{n} more after it").format(n=number(more))
            )
        return " · ".join(parts)

    @Slot()
    def _on_act(self) -> None:
        study = self._shown
        if study is None:
            return
        if study.state == "paused":
            self._studies.go_on(study.document)
        else:
            self._studies.pause(study.document)

    @Slot()
    def _on_stop(self) -> None:
        study = self._shown
        if study is not None:
            self._studies.stop(study.document)
