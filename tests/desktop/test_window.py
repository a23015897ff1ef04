"""The window with the real assistant, a real small model and a real index behind it."""

from __future__ import annotations

import os
import signal

import pytest
import scenes
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel

from assistant.paths import DataPaths
from desktop.app import Window
from desktop.housekeeping import Watchdog
from desktop.views.answer_view import AnswerView
from desktop.views.question_view import QuestionView

pytestmark = [pytest.mark.gui, pytest.mark.model]

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def paths(data_dir, smollm_path, embedder_path):
    made = DataPaths(data_dir).create()
    scenes.link_models(made, MODEL)
    return made


@pytest.fixture
def window(qapp, paths, until):
    made = Window(qapp, paths, [])
    made.main.resize(1280, 800)
    made.show()
    until(lambda: made.session.assistant is not None)
    yield made
    made.main.close()
    made.close()


def answers(window):
    """The answers that are shown, first to last."""
    widgets = [item.widget for item in window.main._chat._items]
    return [widget for widget in widgets if isinstance(widget, AnswerView)]


def type_and_send(window, qtbot, text):
    field = window.main._composer._field
    field.setFocus()
    field.setPlainText(text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def drop(window, paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(100, 100), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    # Qt hands on only what was dragged over the window before.
    window.main._drop.eventFilter(window.main, event)


def test_dropped_asked_answered_and_read_at_the_source(
    short_answers, window, until, qtbot, tmp_path
):
    session = window.session
    lease = tmp_path / "lease.md"
    lease.write_text(scenes.LEASE, encoding="utf-8")
    drop(window, [lease])
    until(lambda: session.composer.attachments[0].state == "ready")
    until(lambda: session.models.state == "ready")
    type_and_send(window, qtbot, "How much is the rent?")
    until(lambda: session.chat.is_busy)
    assert window.main._composer._send.accessibleName() == "Stop"
    until(lambda: not session.chat.is_busy, 120)
    until(lambda: len(session.chat.messages) == 2)
    question, answer = session.chat.messages
    assert question.text == "How much is the rent?"
    assert answer.state == "complete", answer.failure
    assert answer.answer is not None
    until(lambda: session.conversations.conversation(session.chat.conversation) is not None)
    # What is shown is what is kept, and each citation is exact.
    text = session.assistant.catalog.text(session.composer.attachments[0].document)
    for citation in answer.answer.citations:
        assert text[citation.start : citation.end] == citation.quote
    until(lambda: len(answers(window)) == 1)
    assert answers(window)[0].text == answer.answer.answer
    assert session.conversations.current == answer.conversation


def test_a_kept_conversation_opens_with_its_proof(window, until, qtbot, tmp_path):
    session = window.session
    rows = scenes.add_documents(session.assistant, tmp_path)
    lease = next(row for row in rows if row.path.endswith("lease.md"))
    talk = scenes.write_conversations(session.assistant, lease)
    session.documents.refresh()
    session.conversations.refresh()
    until(lambda: session.conversations.conversation(talk.id) is not None)
    session.conversations.open(talk.id)
    until(lambda: len(answers(window)) == 2)
    first = answers(window)[0]
    assert [chip.number for chip in first._prose._chips] == [1, 2, 3, 4]
    until(lambda: [a.title for a in session.composer.attachments] == ["lease.md"])
    until(lambda: first._prose._chip_rect(first._prose._chips[1]).width() > 5)
    place = first._prose._chip_rect(first._prose._chips[1]).center().toPoint()
    with qtbot.waitSignal(window.main._chat.citation_activated) as activated:
        qtbot.mouseClick(first._prose.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert activated.args[0].n == 2
    assert window.main._source.isVisible()


def test_stopping_keeps_what_came(window, until, qtbot):
    session = window.session
    until(lambda: session.models.state == "ready")
    session.composer.set_mode("auto", use_documents=False)
    type_and_send(window, qtbot, "Count slowly from one to five hundred, in words.")
    until(lambda: session.chat.live is not None and session.chat.live.text)
    qtbot.keyClick(window.main, Qt.Key.Key_Escape)
    until(lambda: not session.chat.is_busy)
    until(lambda: len(session.chat.messages) == 2)
    assert session.chat.messages[1].state == "stopped"
    assert session.chat.messages[1].text.strip()
    # The next question works.
    type_and_send(window, qtbot, "Say yes.")
    until(lambda: session.chat.is_busy)
    until(lambda: not session.chat.is_busy, 120)
    until(lambda: len(session.chat.messages) == 4)
    assert session.chat.messages[3].state == "complete"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_model_leaves_the_partial_answer_and_a_working_next_question(window, until, qtbot):
    session = window.session
    until(lambda: session.models.state == "ready")
    session.composer.set_mode("auto", use_documents=False)
    type_and_send(window, qtbot, "Tell me a very long story about the sea.")
    until(lambda: session.chat.live is not None and len(session.chat.live.text) > 20)
    os.kill(session.assistant.model.worker.pid, signal.SIGKILL)
    until(lambda: not session.chat.is_busy)
    until(lambda: len(session.chat.messages) == 2)
    answer = session.chat.messages[1]
    assert answer.state == "failed"
    assert answer.text.strip()
    until(lambda: len(answers(window)) == 1)
    said = " ".join(label.text() for label in answers(window)[0].findChildren(QLabel))
    assert "stopped unexpectedly" in said
    type_and_send(window, qtbot, "Say yes.")
    until(lambda: not session.chat.is_busy and len(session.chat.messages) == 4, 120)
    assert session.chat.messages[3].state == "complete"


def test_editing_a_question_keeps_both_branches(short_answers, window, until, qtbot):
    session = window.session
    session.composer.set_mode("auto", use_documents=False)
    until(lambda: session.models.state == "ready")
    type_and_send(window, qtbot, "Say one.")
    until(lambda: not session.chat.is_busy and len(session.chat.messages) == 2, 120)
    first = session.chat.messages[0]
    window.main._chat._ask_anew(first, "Say two.")
    until(lambda: session.chat.is_busy)
    until(lambda: not session.chat.is_busy, 120)
    until(lambda: session.chat.messages and session.chat.messages[0].text == "Say two.")
    again = session.chat.messages[0]
    assert set(again.siblings) == {first.id, again.id}
    session.chat.show_sibling(again, -1)
    until(lambda: session.chat.messages[0].id == first.id)
    until(lambda: [q._text for q in window.main._chat.findChildren(QuestionView)
                   if q.isVisible()] == ["Say one."])  # fmt: skip


def test_the_window_is_never_held_up(window, until, qtbot, tmp_path):
    """While an answer streams and files are indexed, the window's thread stays free."""
    session = window.session
    until(lambda: session.models.state == "ready")
    for number in range(6):
        text = "\n\n".join(f"Paragraph {n} of text {number}. " + scenes.LEASE for n in range(8))
        (tmp_path / f"text-{number}.md").write_text(text, encoding="utf-8")
    watchdog = Watchdog()
    watchdog.start()
    try:
        session.documents.add([str(tmp_path)])
        session.composer.set_mode("auto", use_documents=False)
        type_and_send(window, qtbot, "Write a long list of rivers, each with its country.")
        until(lambda: session.chat.is_busy)
        until(lambda: not session.chat.is_busy, 150)
        until(lambda: len(session.chat.messages) == 2)
        # The work that the thread itself did; where the machine is busy, waiting for a core
        # is not the window's doing.
        held_up = [stall for stall in watchdog.stalls if stall[0] > 0.05 and stall[2] > 0.05]
        assert not held_up, held_up
    finally:
        watchdog.stop()
    for adding in list(session.documents.adding):
        adding.stop()


def test_every_button_has_a_name_and_the_focus_goes_round(window, until):
    main = window.main
    for button in main.findChildren(QAbstractButton):
        if button.isVisibleTo(main) and button.objectName() != "qt_menubar_ext_button":
            assert button.accessibleName() or button.text(), button
    seen = set()
    main._composer.focus()
    for _ in range(40):
        seen.add(QApplication.focusWidget())
        main.focusNextChild()
    assert main._composer._field in seen
    assert main._composer._attach in seen
    assert main._sidebar._new in seen


def test_what_the_window_remembers(qapp, paths, until):
    first = Window(qapp, paths, [])
    first.show()
    until(lambda: first.session.assistant is not None)
    first.main.resize(744, 633)
    first.main._toggle_sidebar()
    first.settings.set_theme("dark")
    first.main.close()
    first.close()
    second = Window(qapp, paths, [])
    second.show()
    try:
        assert second.main.size().width() == 744
        assert not second.main._sidebar.isVisibleTo(second.main)
        assert second.theme.tokens.scheme == "dark"
        until(lambda: second.session.assistant is not None)
    finally:
        second.main.close()
        second.close()
