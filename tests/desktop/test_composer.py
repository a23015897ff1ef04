from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import QMenu

from assistant.answering.types import Plan
from assistant.conversations.store import ConversationStore
from assistant.conversations.types import Scope
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.presenters.session import Session
from desktop.presenters.settings import SettingsPresenter
from desktop.views.composer import Composer
from desktop.widgets.chip import Chip
from indexing.types import AddReport, DocumentRow, DocumentStatus, IndexProgress


@pytest.fixture
def session(bridge, data_dir):
    """The presenters of a window whose assistant is not there yet."""
    paths = DataPaths(data_dir).create()
    settings = SettingsPresenter(SettingsFile(paths.settings_file), paths.root, bridge)
    return Session(paths, settings, bridge)


@pytest.fixture
def composer(theme, session, qtbot):
    made = Composer(theme, session.composer, session.chat, session.documents, session.settings)
    qtbot.addWidget(made)
    made.resize(700, 160)
    made.show()
    return made


def row(path, *, number=1, status: DocumentStatus = "queued", reason=None, collection=None):
    return DocumentRow(
        id=number, path=path, title=path, kind="pdf", pages=3, passages=9, status=status,
        reason=reason, bytes=10, indexed_at=None, collection=collection,
        collections=(collection,) if collection else (),
    )  # fmt: skip


def chips(composer):
    return [chip for chip in composer.findChildren(Chip) if chip.isVisibleTo(composer)]


def test_enter_asks_and_shift_enter_begins_a_line(composer, qtbot):
    field = composer._field
    qtbot.keyClicks(field, "one")
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(field, "two")
    assert field.toPlainText() == "one\ntwo"
    with qtbot.waitSignal(field.submitted):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    # Nobody is there to answer yet: what was typed stays.
    assert field.toPlainText() == "one\ntwo"


def test_the_field_grows_to_eight_lines(composer):
    field = composer._field
    line = field.fontMetrics().lineSpacing()
    heights = []
    for lines in (1, 2, 8, 20):
        field.setPlainText("\n".join("x" * lines))
        heights.append(field.height())
    assert heights[1] == heights[0] + line
    assert heights[2] == heights[0] + 7 * line
    assert heights[3] == heights[2]
    field.setPlainText("word " * 200)
    assert field.height() == heights[2]


def test_each_conversation_has_its_draft(composer, session):
    composer._field.setPlainText("for the new one")
    session.conversations.open(7)
    assert composer._field.toPlainText() == ""
    composer._field.setPlainText("for the seventh")
    session.conversations.open(None)
    assert composer._field.toPlainText() == "for the new one"
    session.conversations.open(7)
    assert composer._field.toPlainText() == "for the seventh"


def test_attached_files_show_how_they_stand(composer, session, tmp_path):
    good, bad = tmp_path / "lease.pdf", tmp_path / "scan.pdf"
    session.composer.attach_files([str(good), str(bad)])
    assert len(chips(composer)) == 2
    assert session.composer.waiting_for == "lease.pdf"
    [adding] = session.documents._waiting
    adding.progressed.emit(
        [
            IndexProgress(
                row(str(good)), "embedding", done=5, total=10, files_left=2, passages_left=5
            )
        ]
    )
    assert "55 %" in chips(composer)[0].accessibleName()
    reason = "no_text: nothing but images"
    adding.finished.emit(
        AddReport(
            (
                row(str(good), status="ready"),
                row(str(bad), number=2, status="failed", reason=reason),
            ),
            1.0,
        )
    )
    first, second = chips(composer)
    assert first.property("state") == "ready"
    assert second.property("state") == "failed"
    assert "scan.pdf" in second.toolTip()
    assert session.composer.waiting_for == ""
    assert session.composer.scope.documents == (1,)


def test_a_chip_can_be_taken_away(composer, session, tmp_path, qtbot):
    session.composer.attach_files([str(tmp_path / "a.pdf"), str(tmp_path / "b.pdf")])
    qtbot.mouseClick(chips(composer)[0]._remove, Qt.MouseButton.LeftButton)
    assert [a.title for a in session.composer.attachments] == ["b.pdf"]
    assert len(chips(composer)) == 1


def test_files_are_pasted_as_attachments_and_words_as_plain_text(composer, session, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "lease.pdf"))])
    composer._field.insertFromMimeData(data)
    assert [a.title for a in session.composer.attachments] == ["lease.pdf"]
    data = QMimeData()
    data.setHtml("<b>bold</b>")
    data.setText("bold")
    composer._field.insertFromMimeData(data)
    assert composer._field.toPlainText() == "bold"


class Asked:
    """A chat that takes every question."""

    def __init__(self, session, monkeypatch):
        self.questions = []
        monkeypatch.setattr(type(session.chat), "can_ask", property(lambda _: True))
        monkeypatch.setattr(session.chat, "ask", self.ask)

    def ask(self, question, scope, mode):
        self.questions.append((question, scope.documents))
        return True


def test_a_question_waits_for_its_document(composer, session, tmp_path, qtbot, monkeypatch):
    asked = Asked(session, monkeypatch)
    lease = str(tmp_path / "lease.pdf")
    session.composer.attach_files([lease])
    qtbot.keyClicks(composer._field, "What is the rent?")
    qtbot.keyClick(composer._field, Qt.Key.Key_Return)
    assert composer._queued.isVisible()
    assert "lease.pdf" in composer._queued_text.text()
    assert asked.questions == []
    [adding] = session.documents._waiting
    adding.finished.emit(AddReport((row(lease, status="ready"),), 1.0))
    assert asked.questions == [("What is the rent?", (1,))]
    assert composer._field.toPlainText() == ""
    assert not composer._queued.isVisible()


def test_a_waiting_question_is_not_asked_of_a_document_that_failed(
    composer, session, said, tmp_path, qtbot, monkeypatch
):
    asked = Asked(session, monkeypatch)
    heard = []
    session.notices.begin()
    session.notices.shown.connect(heard.append)
    path = str(tmp_path / "scan.pdf")
    session.composer.attach_files([path])
    qtbot.keyClicks(composer._field, "What is the rent?")
    qtbot.keyClick(composer._field, Qt.Key.Key_Return)
    [adding] = session.documents._waiting
    adding.finished.emit(AddReport((row(path, status="failed", reason="no_text: x"),), 1.0))
    assert asked.questions == []
    assert composer._field.toPlainText() == "What is the rent?"
    assert "scan.pdf" in heard[0].text


def test_a_file_that_failed_can_be_attached_once_more(composer, session, tmp_path):
    path = str(tmp_path / "scan.pdf")
    session.composer.attach_files([path])
    [adding] = session.documents._waiting
    adding.finished.emit(AddReport((row(path, status="failed", reason="no_text: x"),), 1.0))
    assert session.composer.waiting_for == ""
    session.composer.attach_files([path])
    [chip] = chips(composer)
    assert chip.property("state") == "adding"
    assert session.composer.waiting_for == "scan.pdf"


def test_a_waiting_question_can_be_held_back(composer, session, tmp_path, qtbot, monkeypatch):
    asked = Asked(session, monkeypatch)
    lease = str(tmp_path / "lease.pdf")
    session.composer.attach_files([lease])
    qtbot.keyClicks(composer._field, "What is")
    qtbot.keyClick(composer._field, Qt.Key.Key_Return)
    # Typing on means that it was not finished.
    qtbot.keyClicks(composer._field, " the rent?")
    assert not session.composer.is_queued
    [adding] = session.documents._waiting
    adding.finished.emit(AddReport((row(lease, status="ready"),), 1.0))
    assert asked.questions == []


def test_a_folder_is_one_chip_and_its_collection_the_scope(composer, session, tmp_path):
    folder = tmp_path / "Leases"
    folder.mkdir()
    (folder / "a.md").write_text("a")
    session.composer.attach_files([str(folder)])
    [adding] = session.documents._waiting
    assert adding.collection == "Leases"
    many = [row(str(folder / f"{n}.md"), number=n, collection="Leases") for n in range(1, 901)]
    adding.progressed.emit(
        [IndexProgress(many[0], "queued", done=0, total=None, files_left=900, passages_left=0)]
    )
    adding.files = 900
    adding.progressed.emit(
        [IndexProgress(many[9], "reading", done=1, total=2, files_left=450, passages_left=5)]
    )
    [chip] = chips(composer)
    assert chip.accessibleName() == "Leases 50 %"
    adding.finished.emit(AddReport((row("x", status="ready", collection="Leases"),), 1.0))
    assert session.composer.scope == Scope(collections=("Leases",))
    assert composer._controls._scope.text() == "Leases"
    # With a document beside it, what is asked is asked of all of them.
    session.documents._on_listed([row("x", number=4, status="ready", collection="Leases")])
    session.composer.attach_document(row("other.pdf", number=7, status="ready"))
    assert session.composer.scope == Scope((7,), ("Leases",))
    assert composer._controls._scope.text() == "Leases, 1 document"


def choose(composer, words):
    """Open the menu of what is asked, and choose from it."""
    menu = QMenu()
    composer._controls._fill_scope(menu)
    actions = {action.text(): action for action in menu.actions()}
    actions[words].trigger()
    return list(actions)


def test_collections_are_chosen_and_kept_by_their_names(composer, session):
    tax = row("tax.pdf", number=1, status="ready", collection="Tax")
    flat = row("lease.pdf", number=2, status="ready", collection="Flat {1}")
    session.documents._on_listed([tax, flat])
    assert composer._controls._scope.text() == "All 2 documents"
    choose(composer, "Flat {1} · 1")
    assert composer._controls._scope.text() == "Flat {1}"
    assert session.composer.scope == Scope(collections=("Flat {1}",))
    choose(composer, "Tax · 1")
    assert composer._controls._scope.text() == "2 collections"
    choose(composer, "Flat {1} · 1")
    assert session.composer.scope == Scope(collections=("Tax",))
    # Chosen while the model alone was asked, it is used.
    session.composer.set_mode("auto", use_documents=False)
    choose(composer, "Flat {1} · 1")
    assert session.composer.scope == Scope(collections=("Tax", "Flat {1}"))
    # One that is gone is said to be, and is not silently left out of the question.
    session.documents._on_listed([flat])
    [chip, other] = chips(composer)
    assert (chip.property("state"), other.property("state")) == ("failed", "ready")
    assert "No document belongs to it any more" in chip.toolTip()
    assert session.composer.scope.collections == ("Tax", "Flat {1}")
    session.documents._on_listed([flat, tax])
    assert [chip.property("state") for chip in chips(composer)] == ["ready", "ready"]
    session.collections.renamed.emit("Tax", "Taxes")
    assert session.composer.scope.collections == ("Taxes", "Flat {1}")
    assert choose(composer, "All documents")[:2] == ["All documents", "What is attached"]
    assert session.composer.scope == Scope()
    assert chips(composer) == []


def test_drafts_outlast_the_window(composer, session, data_dir, bridge, until, theme, qtbot):
    store = ConversationStore(data_dir)
    talk = store.create()
    # A forecast falls due meanwhile where the machine is busy.
    assistant: Any = SimpleNamespace(conversations=store, plan=lambda _: None)
    session.composer._assistant = assistant
    session.documents._on_listed([row("lease.pdf", status="ready")])
    composer._field.setPlainText("Half a ques")
    session.composer.attach_document(row("lease.pdf", status="ready"))
    session.conversations.open(talk.id)
    composer._field.setPlainText("And another")
    session.composer.close()
    until(lambda: len(store.drafts()) == 2)

    settings = SettingsPresenter(SettingsFile(session.paths.settings_file), data_dir, bridge)
    again = Session(session.paths, settings, bridge)
    field = Composer(theme, again.composer, again.chat, again.documents, again.settings)
    qtbot.addWidget(field)
    again.documents._on_listed([row("lease.pdf", status="ready")])
    again.composer.attach(assistant)
    until(lambda: field._field.toPlainText() == "Half a ques")
    assert [a.title for a in again.composer.attachments] == ["lease.pdf"]
    again.conversations.open(talk.id)
    assert field._field.toPlainText() == "And another"
    again.composer._assistant = None
    session.composer._assistant = None
    store.close()


def test_up_in_the_empty_field_asks_for_the_last_question(composer, qtbot):
    with qtbot.waitSignal(composer.edit_last_wanted):
        qtbot.keyClick(composer._field, Qt.Key.Key_Up)
    composer._field.setPlainText("one")
    with qtbot.assertNotEmitted(composer.edit_last_wanted):
        qtbot.keyClick(composer._field, Qt.Key.Key_Up)


def test_the_plan_is_said_before_sending(composer, session):
    session.composer.plan_changed.emit(
        Plan(
            mode="whole", prompt_tokens=1240, cached_tokens=310, context_tokens=8192,
            seconds_to_first_word=4.2, passages=0, documents_used=1, documents_searched=1,
        )
    )  # fmt: skip
    session.documents._on_listed([row("lease.pdf", status="ready")])
    assert composer._controls._tokens.text() == "1,240 tokens"
    assert composer._controls._time.text() == "~4.2 s"
    assert composer._controls._mode.text() == "Auto: whole"
    assert composer._controls._scope.text() == "1 document"
    session.composer.set_mode("retrieval")
    assert composer._controls._mode.text() == "By passages"
    session.composer.set_mode("auto", use_documents=False)
    assert composer._controls._scope.text() == "No documents"


def test_choices_are_kept(composer, session, bridge, until):
    session.settings.set_answer_seconds(40)
    session.settings.set_context_tokens(4096)
    assert "40" in composer._controls._time.text()
    until(lambda: SettingsFile(session.paths.settings_file).current.answer_seconds == 40)
    assert SettingsFile(session.paths.settings_file).current.context_tokens == 4096


def test_every_control_has_a_name(composer):
    from PySide6.QtWidgets import QAbstractButton

    for button in composer.findChildren(QAbstractButton):
        assert button.accessibleName(), button
        assert button.toolTip(), button
