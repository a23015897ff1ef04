"""The bar above the conversation: its title, and the model with its state."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from desktop.presenters.conversations import ConversationsPresenter
from desktop.presenters.models import ModelsPresenter
from desktop.theme.theme import Theme
from desktop.widgets.buttons import IconButton
from desktop.widgets.labels import ElidedLabel, label, set_role

HEIGHT = 48


class TitleBar(QFrame):
    """What is open, and who answers.

    Signals:
        sidebar_wanted: The sidebar is to be shown.
        new_chat_wanted: A new conversation is asked for.
        models_wanted: The page of models is asked for.
    """

    sidebar_wanted = Signal()
    new_chat_wanted = Signal()
    models_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        conversations: ConversationsPresenter,
        models: ModelsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("titleBar")
        self.setFixedHeight(HEIGHT)
        self._theme = theme
        self._conversations = conversations
        self._models = models
        self._chat_shown = True
        self._open = IconButton(theme, "expand", self.tr("Show the sidebar"), "Ctrl+B", size=16)
        self._open.clicked.connect(self.sidebar_wanted)
        self._new = IconButton(theme, "new-chat", self.tr("New chat"), "Ctrl+N")
        self._new.clicked.connect(self.new_chat_wanted)
        self._title = ElidedLabel("", "heading")
        self._state = label("", "small")
        self._model = QToolButton()
        self._model.setProperty("role", "control")
        self._model.setAccessibleName(self.tr("Model"))
        self._model.setCursor(Qt.CursorShape.PointingHandCursor)
        self._model.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._model.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self._model.setIconSize(QSize(12, 12))
        self._model.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._model)
        self._menu.aboutToShow.connect(self._on_menu)
        self._model.setMenu(self._menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(4)
        row.addWidget(self._open)
        row.addWidget(self._new)
        row.addWidget(self._title, 1)
        row.addSpacing(8)
        row.addWidget(self._state)
        row.addWidget(self._model)
        self.set_sidebar_shown(shown=True)
        conversations.current_changed.connect(self._on_title)
        conversations.listed.connect(self._on_title)
        models.changed.connect(self._on_model)
        theme.changed.connect(self._on_model)
        self._on_title()
        self._on_model()

    def set_sidebar_shown(self, *, shown: bool) -> None:
        """Offer what the sidebar offers while it is away."""
        self._open.setVisible(not shown)
        self._new.setVisible(not shown)

    def set_chat_shown(self, *, shown: bool) -> None:
        """Leave the title to the page where a page has its own."""
        self._chat_shown = shown
        self._on_title()

    @Slot()
    def _on_title(self) -> None:
        if not self._chat_shown:
            self._title.setText("")
            return
        conversation = self._conversations.conversation(self._conversations.current)
        self._title.setText((conversation.title if conversation else "") or self.tr("New chat"))

    @Slot()
    def _on_model(self) -> None:
        models = self._models
        self._model.setIcon(self._theme.icon("chevron-down", size=12))
        self._model.setText(models.title or self.tr("No model"))
        self._model.setVisible(bool(models.title) or models.state != "starting")
        self._state.setText(models.state_text)
        set_role(self._state, "small-danger" if models.state == "failed" else "small")
        self._state.setToolTip(models.problem)
        self._model.setToolTip(self.tr("Choose the model that answers"))

    @Slot()
    def _on_menu(self) -> None:
        self._menu.clear()
        group = QActionGroup(self._menu)
        for facts in self._models.installed:
            action = self._menu.addAction(self._models.title_of(facts))
            action.setCheckable(True)
            action.setChecked(facts.name == self._models.current)
            action.setEnabled(facts.problem is None)
            group.addAction(action)
            action.triggered.connect(lambda _=False, name=facts.name: self._models.use(name))
        if self._models.installed:
            self._menu.addSeparator()
        self._menu.addAction(self.tr("Models…")).triggered.connect(self.models_wanted)
