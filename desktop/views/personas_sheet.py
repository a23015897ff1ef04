"""The personas: a list to choose from, and a form to change one."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from assistant.personas import LONGEST_INSTRUCTIONS, Persona
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.respondent import Respondent
from desktop.theme.theme import Theme
from desktop.widgets.buttons import push_button
from desktop.widgets.choice import Choice
from desktop.widgets.labels import label

TEMPERATURES = (None, 0.0, 0.2, 0.4, 0.7, 1.0)
TOP_PS = (None, 0.5, 0.8, 0.9, 0.95, 1.0)
MIN_PS = (None, 0.0, 0.02, 0.05, 0.1, 0.2)


class PersonasSheet(QDialog):
    """Shows the personas; those of the person's own can be removed, all can be changed."""

    def __init__(
        self,
        theme: Theme,
        respondent: Respondent,
        models: ModelsPresenter,
        collections: list[str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._respondent = respondent
        self._models = models
        self._shown: Persona | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Personas"))
        self.resize(720, 600)
        self._list = QListWidget()
        self._list.setObjectName("personaList")
        self._list.setAccessibleName(self.tr("Personas"))
        self._list.setFixedWidth(184)
        self._list.currentRowChanged.connect(self._on_row)
        new = push_button(self.tr("New persona"))
        new.setAutoDefault(False)
        new.clicked.connect(self._on_new)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self._list, 1)
        left.addWidget(new)
        self._make_form(theme, collections)
        columns = QHBoxLayout()
        columns.setSpacing(24)
        columns.addLayout(left)
        columns.addLayout(self._right(), 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 16)
        outer.setSpacing(16)
        outer.addWidget(label(self.tr("Personas"), "title"))
        outer.addLayout(columns, 1)
        respondent.changed.connect(self._on_changed)
        self._on_changed()

    # --- Building -------------------------------------------------------------------------

    def _make_form(self, theme: Theme, collections: list[str]) -> None:
        self._name = QLineEdit()
        self._name.setMaxLength(60)
        self._about = QLineEdit()
        self._about.setMaxLength(160)
        self._instructions = QPlainTextEdit()
        self._instructions.setObjectName("framed")
        self._instructions.setTabChangesFocus(True)
        self._model = Choice(theme)
        self._model.addItem(self.tr("The model in use"), None)
        for facts in self._models.installed:
            if facts.problem is None:
                self._model.addItem(self._models.title_of(facts), facts.name)
        self._temperature, self._top_p, self._min_p = (Choice(theme) for _ in range(3))
        for box, values in (
            (self._temperature, TEMPERATURES),
            (self._top_p, TOP_PS),
            (self._min_p, MIN_PS),
        ):
            for value in values:
                text = self.tr("As in the settings") if value is None else str(value)
                box.addItem(text, value)
        self._documents = Choice(theme)
        for use, text in (
            ("any", self.tr("Where there are any")),
            ("only", self.tr("Only them: it never answers alone")),
            ("none", self.tr("None")),
        ):
            self._documents.addItem(text, use)
        self._collection = Choice(theme)
        self._collection.addItem(self.tr("All, or what is attached"), None)
        for name in collections:
            self._collection.addItem(name, name)

    def _right(self) -> QVBoxLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for text, field in (
            (self.tr("Name"), self._name),
            (self.tr("Good for"), self._about),
            (self.tr("Instructions"), self._instructions),
            (self.tr("Model"), self._model),
            (self.tr("Temperature"), self._temperature),
            ("Top-p", self._top_p),
            ("Min-p", self._min_p),
            (self.tr("Documents"), self._documents),
            (self.tr("Collection"), self._collection),
        ):
            field.setAccessibleName(text)
            name = label(text, "muted")
            # On the line of the field's first words.
            name.setContentsMargins(0, 7, 0, 0)
            name.setBuddy(field)
            form.addRow(name, field)
        self._problem = label("", "small-danger", wrap=True)
        self._remove = push_button(self.tr("Remove"))
        self._remove.clicked.connect(self._on_remove)
        self._use = push_button(self.tr("Use in this chat"))
        self._use.clicked.connect(self._on_use)
        self._save = push_button(self.tr("Save"), "primary")
        self._save.clicked.connect(self._on_save)
        close = push_button(self.tr("Close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self._remove)
        foot.addStretch(1)
        for button in (self._use, close, self._save):
            button.setAutoDefault(False)
            foot.addWidget(button)
        self._remove.setAutoDefault(False)
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addLayout(form, 1)
        right.addWidget(self._problem)
        right.addLayout(foot)
        return right

    # --- Showing --------------------------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        names = [persona.name for persona in self._respondent.personas]
        if names == [self._list.item(row).text() for row in range(self._list.count())]:
            return
        wanted = self._shown.id if self._shown is not None else None
        wanted_name = self._name.text()
        self._list.blockSignals(True)
        self._list.clear()
        self._list.addItems(names)
        self._list.blockSignals(False)
        at = next(
            (
                row
                for row, persona in enumerate(self._respondent.personas)
                if persona.id == wanted or (not wanted and persona.name == wanted_name)
            ),
            0,
        )
        if names:
            self._list.setCurrentRow(at)
            self._show(self._respondent.personas[at])

    @Slot(int)
    def _on_row(self, row: int) -> None:
        if 0 <= row < len(self._respondent.personas):
            self._show(self._respondent.personas[row])

    def _show(self, persona: Persona) -> None:
        self._shown = persona
        self._name.setText(persona.name)
        self._about.setText(persona.about)
        self._about.setCursorPosition(0)
        self._instructions.setPlainText(persona.instructions)
        for box, value in (
            (self._model, persona.model),
            (self._temperature, persona.temperature),
            (self._top_p, persona.top_p),
            (self._min_p, persona.min_p),
            (self._documents, persona.documents),
            (self._collection, persona.collection),
        ):
            if box.findData(value) < 0:
                box.addItem(str(value), value)
            box.setCurrentIndex(box.findData(value))
        self._remove.setVisible(persona.own)
        self._use.setEnabled(bool(persona.id))
        self._problem.setText("")

    # --- Changing -------------------------------------------------------------------------

    @Slot()
    def _on_new(self) -> None:
        self._list.setCurrentRow(-1)
        self._show(Persona("", "", own=False))
        self._name.setFocus()

    @Slot()
    def _on_save(self) -> None:
        shown = self._shown or Persona("", "")
        name = " ".join(self._name.text().split())
        instructions = self._instructions.toPlainText().strip()
        if not name:
            self._problem.setText(self.tr("Give the persona a name."))
            self._name.setFocus()
            return
        if len(instructions) > LONGEST_INSTRUCTIONS:
            self._problem.setText(
                self.tr("The instructions are too long: at most {n} characters.").format(
                    n=LONGEST_INSTRUCTIONS
                )
            )
            return
        self._shown = msgspec.structs.replace(
            shown,
            name=name,
            about=self._about.text().strip(),
            instructions=instructions,
            model=self._model.currentData(),
            temperature=self._temperature.currentData(),
            top_p=self._top_p.currentData(),
            min_p=self._min_p.currentData(),
            documents=self._documents.currentData(),
            collection=self._collection.currentData(),
        )
        self._problem.setText("")
        self._respondent.save(self._shown)

    @Slot()
    def _on_remove(self) -> None:
        if self._shown is not None and self._shown.own:
            self._respondent.remove(self._shown)

    @Slot()
    def _on_use(self) -> None:
        if self._shown is not None and self._shown.id:
            self._respondent.choose_persona(self._shown.id)
            self.accept()
