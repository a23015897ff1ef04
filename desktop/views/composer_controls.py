"""The controls under the composer's field: which documents, how, and what it will cost."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from assistant.answering.types import Mode, Plan
from desktop.presenters.composer import ComposerPresenter
from desktop.presenters.documents import DocumentsPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.views.wording import counted, left_out_text, number, seconds, shorten
from desktop.widgets.menus import choice, control
from indexing.types import DocumentRow

SECONDS_CHOICES = (5, 10, 20, 40, 60)
CONTEXT_CHOICES = (2048, 4096, 8192, 16384, 32768)
# Below this width only what is needed most is shown.
NARROW = 430
# So many documents of the library are offered in a menu; the library page has them all.
MOST_OFFERED = 200
# So many collections are offered in the menu itself, the others one step further.
MOST_COLLECTIONS = 12
# A name longer than this leaves no room for what it stands beside.
LONGEST_NAME = 24


class ComposerControls(QWidget):
    """Says what will be sent and what it costs; each part of it is a control."""

    def __init__(
        self,
        composer: ComposerPresenter,
        documents: DocumentsPresenter,
        settings: SettingsPresenter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._composer = composer
        self._documents = documents
        self._settings = settings
        self._plan: Plan | None = None
        self._scope = control(self.tr("Documents"), self._fill_scope)
        self._mode = control(self.tr("How documents are used"), self._fill_mode)
        self._tokens = control(self.tr("Context"), self._fill_tokens)
        self._time = control(self.tr("Time to the first word"), self._fill_time)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._scope)
        row.addWidget(self._mode)
        row.addStretch(1)
        row.addWidget(self._tokens)
        row.addWidget(self._time)
        composer.attachments_changed.connect(self._word_mode)
        composer.mode_changed.connect(self._word_mode)
        composer.plan_changed.connect(self._on_plan_changed)
        documents.listed.connect(self._word_mode)
        settings.changed.connect(self._word_plan)
        self._on_plan_changed(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show fewer words where there is little room."""
        super().resizeEvent(event)
        self._word_mode()
        self._word_plan()

    # --- What is said ---------------------------------------------------------------------

    @Slot(object)
    def _on_plan_changed(self, plan: Plan | None) -> None:
        self._plan = plan
        self._word_mode()
        self._word_plan()

    @Slot()
    def _word_plan(self) -> None:
        plan = self._plan
        context = number(self._settings.context_tokens)
        accepted = self.tr("up to {n} s").format(n=number(self._settings.answer_seconds))
        if plan is None:
            self._tokens.setText(self.tr("{n} tokens fit").format(n=context))
            self._time.setText(accepted)
        else:
            self._tokens.setText(self.tr("{n} tokens").format(n=number(plan.prompt_tokens)))
            self._time.setText(
                accepted
                if plan.seconds_to_first_word is None
                else self.tr("~{time}").format(time=seconds(plan.seconds_to_first_word))
            )
        everything = plan is not None and plan.reading is not None
        self._time.setEnabled(not everything)
        self._tokens.setVisible(self.width() >= NARROW)
        self._tokens.setToolTip(
            self.tr("What the model will be given. {n} tokens fit into its context.").format(
                n=context
            )
        )
        self._time.setToolTip(
            self.tr("Until everything is read. You can stop it and go on later.")
            if everything
            else self.tr("Until the first word. You accept {n} seconds.").format(
                n=number(self._settings.answer_seconds)
            )
        )

    @Slot()
    def _word_mode(self) -> None:
        ready = sum(row.status == "ready" for row in self._documents.rows)
        attached = [a for a in self._composer.attachments if a.state != "failed"]
        self._scope.setText(self._scope_text(len(attached), ready))
        usable = self._composer.use_documents and bool(attached or ready)
        self._mode.setVisible(usable and self.width() >= NARROW)
        self._mode.setText(self._mode_text())

    def _scope_text(self, attached: int, ready: int) -> str:
        if not self._composer.use_documents:
            name = self._composer.persona_name
            return (
                self.tr("No documents: {name}").format(name=name)
                if name
                else self.tr("No documents")
            )
        collections = [a.collection for a in self._composer.attachments if a.collection]
        if collections:
            return self._collections_text(collections)
        if attached:
            return counted(attached, self.tr("This document"), self.tr("These {n} documents"))
        if ready:
            return counted(ready, self.tr("1 document"), self.tr("All {n} documents"))
        return self.tr("No documents yet")

    def _collections_text(self, collections: list[str]) -> str:
        text = (
            shorten(collections[0], LONGEST_NAME)
            if len(collections) == 1
            else self.tr("{n} collections").format(n=number(len(collections)))
        )
        documents = sum(not a.collection and a.state != "failed"
                        for a in self._composer.attachments)  # fmt: skip
        if documents:
            text += ", " + counted(documents, self.tr("1 document"), self.tr("{n} documents"))
        return text

    def _mode_text(self) -> str:
        mode, plan = self._composer.mode, self._plan
        if mode == "whole":
            return self.tr("Whole")
        if mode == "retrieval":
            return self.tr("By passages")
        if mode == "everything":
            if plan is None or plan.reading is None or not plan.reading.pages:
                return self.tr("Read everything")
            return counted(
                plan.reading.pages, self.tr("Read 1 page"), self.tr("Read all {n} pages")
            )
        if plan is not None and plan.mode == "whole":
            return self.tr("Auto: whole")
        if plan is not None and plan.mode == "retrieval":
            return self.tr("Auto: {passages}").format(
                passages=counted(plan.passages, self.tr("1 passage"), self.tr("{n} passages"))
            )
        return self.tr("Auto")

    # --- What can be chosen ---------------------------------------------------------------

    def _fill_scope(self, menu: QMenu) -> None:
        composer = self._composer
        group = QActionGroup(menu)
        used, attached = composer.use_documents, bool(composer.attachments)
        choice(menu, group, self.tr("All documents"), used and not attached, self._use_all)
        if attached:
            choice(menu, group, self.tr("What is attached"), used, lambda: self._use(True))
        choice(menu, group, self.tr("No documents, the model alone"), not used,
               lambda: self._use(False))  # fmt: skip
        menu.addSeparator()
        self._offer_collections(menu)
        ready = [row for row in self._documents.rows if row.status == "ready"]
        if ready:
            sub = menu.addMenu(self.tr("Attach from the library"))
            for row in ready[:MOST_OFFERED]:
                sub.addAction(row.title).triggered.connect(
                    lambda _=False, row=row: self._attach(row)
                )

    def _offer_collections(self, menu: QMenu) -> None:
        composer = self._composer
        attached = {a.collection for a in composer.attachments if a.collection}
        names = [*attached - composer.collections.keys(), *composer.collections]
        for number_of, name in enumerate(names):
            if number_of == MOST_COLLECTIONS:
                menu = menu.addMenu(self.tr("More collections"))
            count = composer.collections.get(name, 0)
            action = menu.addAction(f"{name} · {number(count)}")
            action.setCheckable(True)
            action.setChecked(composer.use_documents and name in attached)
            action.triggered.connect(
                lambda wanted, name=name: self._use_collection(name, wanted=wanted)
            )
        if names:
            menu.addSeparator()

    def _use_collection(self, name: str, *, wanted: bool) -> None:
        if wanted:
            self._composer.attach_collection(name)
            self._use(True)
        else:
            self._composer.detach_collection(name)

    def _attach(self, row: DocumentRow) -> None:
        self._composer.attach_document(row)
        self._use(True)

    @Slot()
    def _use_all(self) -> None:
        self._composer.detach_all()
        self._use(True)

    def _use(self, use: bool) -> None:
        self._composer.set_mode(self._composer.mode, use_documents=use)

    def _fill_mode(self, menu: QMenu) -> None:
        composer = self._composer
        group = QActionGroup(menu)
        modes: tuple[tuple[Mode, str], ...] = (
            ("auto", self.tr("Auto: whole where it fits, else passages")),
            ("whole", self.tr("Whole documents")),
            ("retrieval", self.tr("By passages")),
            ("everything", self.tr("Read everything: for lists, counts, summaries, comparisons")),
        )
        for mode, text in modes:
            choice(menu, group, text, composer.mode == mode,
                   lambda mode=mode: composer.set_mode(mode))  # fmt: skip

    def _fill_tokens(self, menu: QMenu) -> None:
        plan = self._plan
        if plan is not None:
            for text in (
                self.tr("{n} tokens will be read").format(n=number(plan.prompt_tokens)),
                self.tr("{n} of them are read already").format(n=number(plan.cached_tokens)),
                left_out_text(plan) if plan.earlier_left_out else "",
            ):
                if text:
                    menu.addAction(text).setEnabled(False)
            menu.addSeparator()
        menu.addAction(self.tr("Context of the model")).setEnabled(False)
        group = QActionGroup(menu)
        for tokens in CONTEXT_CHOICES:
            choice(menu, group, self.tr("{n} tokens").format(n=number(tokens)),
                   tokens == self._settings.context_tokens,
                   lambda tokens=tokens: self._settings.set_context_tokens(tokens))  # fmt: skip

    def _fill_time(self, menu: QMenu) -> None:
        menu.addAction(self.tr("Time you accept to the first word")).setEnabled(False)
        group = QActionGroup(menu)
        for accepted in SECONDS_CHOICES:
            choice(menu, group, self.tr("{n} seconds").format(n=accepted),
                   accepted == round(self._settings.answer_seconds),
                   lambda n=accepted: self._settings.set_answer_seconds(n))  # fmt: skip
