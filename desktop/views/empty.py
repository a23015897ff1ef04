"""What stands where there is nothing yet: what to do, in three quiet lines."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance, Slot
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from assistant.wording import SETUP_COMMAND
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.views.wording import counted
from desktop.widgets.labels import label


class EmptyChat(QWidget):
    """A new chat: where to begin.

    Signals:
        attach_wanted: A document is to be chosen.
        ask_wanted: The cursor is wanted in the composer, for a question without documents.
        library_wanted: The library is to be opened.
        models_wanted: The page of models is to be opened.
    """

    attach_wanted = Signal()
    ask_wanted = Signal()
    library_wanted = Signal()
    models_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        documents: DocumentsPresenter,
        models: ModelsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._documents = documents
        self._models = models
        self._title = label("", "title", wrap=True)
        self._hint = label("", "muted", wrap=True)
        self._attach = self._suggestion(self.attach_wanted)
        self._ask = self._suggestion(self.ask_wanted)
        self._library = self._suggestion(self.library_wanted)
        self._choose_model = self._suggestion(self.models_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 24, 0, 24)
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(self._title)
        column.addWidget(self._hint)
        column.addSpacing(16)
        for button in (self._choose_model, self._attach, self._ask, self._library):
            column.addWidget(button)
        column.addStretch(3)
        documents.listed.connect(self._on_changed)
        models.changed.connect(self._on_changed)
        theme.changed.connect(self._on_changed)
        self._on_changed()

    def _suggestion(self, wanted: SignalInstance) -> QPushButton:
        button = QPushButton()
        button.setProperty("role", "suggestion")
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setIconSize(QSize(20, 20))
        button.clicked.connect(wanted)
        return button

    @Slot()
    def _on_changed(self) -> None:
        theme = self._theme
        # What there is becomes known a moment after the window; no words are better than
        # words that change.
        self.setVisible(self._documents.is_known)
        no_model = self._models.state == "none"
        ready = sum(row.status == "ready" for row in self._documents.rows)
        if no_model:
            self._title.setText(self.tr("First, a model"))
            self._hint.setText(
                self.tr(
                    "Studiolo answers with a model on this computer, and there is none yet. "
                    "“{command}” fetches the starter model; on the page of models you can "
                    "download another, or add a GGUF file that you have."
                ).format(command=SETUP_COMMAND)
            )
        elif ready:
            self._title.setText(self.tr("What do you want to know?"))
            self._hint.setText(
                counted(
                    ready,
                    self.tr("Ask about the document in your library, or begin with another."),
                    self.tr("Ask about the {n} documents in your library, or begin with another."),
                )
            )
        else:
            self._title.setText(self.tr("Begin with a document"))
            self._hint.setText(
                self.tr(
                    "Each sentence of an answer shows where in your documents it stands. "
                    "Nothing you add or ask leaves this computer."
                )
            )
        for button, icon, text in (
            (self._choose_model, "model", self.tr("Choose a model")),
            (self._attach, "attach", self.tr("Drop a document here, or choose one")),
            (self._ask, "edit", self.tr("Ask the model something without documents")),
            (self._library, "library", self.tr("Open the library")),
        ):
            button.setIcon(theme.icon(icon))
            button.setText("  " + text)
            button.setAccessibleName(text)
        self._choose_model.setVisible(no_model)
        self._ask.setVisible(not no_model)
