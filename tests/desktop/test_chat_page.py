from __future__ import annotations

import time
from types import SimpleNamespace

import msgspec
import pytest
import scenes
from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from assistant.answering.errors import WholeDoesNotFit
from assistant.answering.types import AnswerDelta, AnswerSentence, AskRequest, Citation, Phase
from assistant.conversations.store import ConversationStore
from assistant.failures import failure_of
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.presenters.live import LiveAnswer
from desktop.presenters.session import Session
from desktop.presenters.settings import SettingsPresenter
from desktop.views.answer_view import AnswerView
from desktop.views.chat_page import SHOWN_AT_FIRST, ChatPage
from desktop.views.composer import Composer
from desktop.views.empty import EmptyChat
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import ElidedLabel


@pytest.fixture
def store(data_dir):
    made = ConversationStore(data_dir)
    yield made
    made.close()


@pytest.fixture
def session(bridge, data_dir, store):
    paths = DataPaths(data_dir).create()
    settings = SettingsPresenter(SettingsFile(paths.settings_file), paths.root, bridge)
    made = Session(paths, settings, bridge)
    made.conversations.attach(store)
    return made


@pytest.fixture
def page(theme, session, qtbot):
    composer = Composer(theme, session.composer, session.chat, session.documents, session.settings)
    empty = EmptyChat(theme, session.documents, session.models)
    made = ChatPage(theme, session.chat, session.composer, composer, empty)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    return made


def write(store, exchanges):
    talk = store.create()
    for number in range(exchanges):
        answer = scenes.plain_answer(f"Question {number}", scenes.CODE_ANSWER)
        question = store.ask(talk.id, answer.question)
        writer = store.begin_answer(question.id, answer.model)
        writer.append(answer.answer)
        writer.finish(answer)
    return talk.id


def open_talk(session, store, talk):
    """Open a conversation with its messages, as the assistant's store gives them."""
    session.conversations.open(talk)
    session.chat._messages = store.messages(talk)
    session.chat.messages_changed.emit()


def built(page):
    return [item for item in page._items if item.message is not None]


def test_a_long_conversation_opens_at_its_end_and_in_slices(page, session, store, until, qtbot):
    talk = write(store, 60)
    messages = store.messages(talk)
    began = time.process_time()
    open_talk(session, store, talk)
    first_slice = time.process_time() - began
    assert 0 < len(built(page)) < SHOWN_AT_FIRST
    assert built(page)[-1].message == messages[-1]
    assert first_slice < 0.25
    until(lambda: len(built(page)) == SHOWN_AT_FIRST)
    bar = page._scroll.verticalScrollBar()
    until(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    assert [item.message for item in built(page)] == messages[-SHOWN_AT_FIRST:]
    # What is earlier comes when it is scrolled to.
    bar.setValue(0)
    until(lambda: len(built(page)) > SHOWN_AT_FIRST)


def start_live(session, bridge, talk, steps):
    live = LiveAnswer(AskRequest("And then?", conversation=talk), session.chat)
    live.ended.connect(lambda: session.chat._on_live_ended(live))
    session.chat._lives = [live]
    live.follow(bridge.start("answer", steps))
    session.chat.messages_changed.emit()
    session.chat.live_changed.emit()
    return live


def test_the_end_is_kept_in_sight_unless_the_reader_has_gone_up(
    page, session, store, bridge, until, qtbot
):
    talk = write(store, 3)
    open_talk(session, store, talk)
    until(lambda: len(built(page)) == 6)
    go_on = [1]

    def steps():
        yield Phase("writing")
        done = 0
        while True:
            time.sleep(0.01)
            if done < go_on[0]:
                done += 1
                yield AnswerDelta(f"Paragraph {done}.\n\n" * 10)
            else:
                yield Phase("writing")

    live = start_live(session, bridge, talk, steps)
    bar = page._scroll.verticalScrollBar()
    until(lambda: "Paragraph 1" in live.text)
    until(lambda: bar.value() == bar.maximum())
    go_on[0] = 2
    until(lambda: "Paragraph 2" in live.text)
    until(lambda: bar.value() == bar.maximum())
    bar.setValue(100)
    go_on[0] = 3
    until(lambda: "Paragraph 3" in live.text)
    qtbot.wait(80)
    assert bar.value() == 100
    live.stop()
    until(lambda: live.is_over)


def test_waiting_says_what_happens_and_how_far(page, session, store, bridge, until):
    talk = write(store, 1)
    open_talk(session, store, talk)

    def steps():
        yield Phase("searching", 0, 14)
        while True:
            time.sleep(0.01)
            yield Phase("reading", 420, 1240)

    live = start_live(session, bridge, talk, steps)
    until(lambda: live.phase is not None and live.phase.name == "reading")
    view = page._items[-1].widget
    assert isinstance(view, AnswerView)
    assert view._waiting._text.text() == "Reading 1,240 tokens, 34 %"
    assert view._waiting.isVisible()
    view._waiting._stop.click()
    assert view._waiting._text.text() == "Stopping"
    until(lambda: live.is_over)
    assert not view._waiting.isVisible()


def test_asking_again_is_not_offered_while_an_answer_is_written(
    page, session, store, bridge, until
):
    talk = write(store, 1)
    open_talk(session, store, talk)
    until(lambda: len(built(page)) == 2)
    answer = page._items[1].widget
    assert answer._regenerate.isEnabled()

    def steps():
        while True:
            time.sleep(0.01)
            yield Phase("writing")

    live = start_live(session, bridge, talk, steps)
    assert not answer._regenerate.isEnabled()
    live.stop()
    until(answer._regenerate.isEnabled)


def write_proved(store, text="Something is said here. " * 12):
    """Write two questions with a long answer, each of whose sentences has a source."""
    talk = store.create()
    for number in range(2):
        answer = scenes.plain_answer(f"Question {number}", f"The {number}st heron stood. " + text)
        words = tuple(range(1, 13))
        citations = tuple(
            Citation(n, 1 + n % 2, f"/a/{n % 2}.pdf", "a", 3, 0, 9, "Something") for n in words
        )
        sentences = tuple(
            AnswerSentence("Something is said here.", True, (n,), 24 * n - 3, 24 * n + 20)
            for n in words
        )
        answer = msgspec.structs.replace(
            answer, mode="retrieval", citations=citations, sentences=sentences
        )
        question = store.ask(talk.id, answer.question)
        writer = store.begin_answer(question.id, answer.model)
        writer.finish(answer)
    return talk.id


def settle(bar, qtbot):
    """Wait until views that were just made have the sizes that they keep."""
    before = -1
    while bar.maximum() != before:
        before = bar.maximum()
        qtbot.wait(200)


def test_opening_the_sources_leaves_them_in_sight(page, session, store, until, qtbot):
    page.resize(700, 420)
    open_talk(session, store, write_proved(store))
    until(lambda: len(built(page)) == 4)
    bar = page._scroll.verticalScrollBar()
    settle(bar, qtbot)
    assert bar.value() == bar.maximum() > 0
    openers = page._items[-1].widget.findChildren(Disclosure)
    [opener] = [each for each in openers if "sources" in each.accessibleName()]
    before, longest = opener.mapTo(page, QPoint()).y(), bar.maximum()
    opener.click()
    until(lambda: bar.maximum() > longest)
    qtbot.wait(30)
    assert opener.mapTo(page, QPoint()).y() == before
    # The quotes stand under their document, which is named once.
    names = [each.text() for each in opener._opened.findChildren(ElidedLabel)]
    assert names.count("0.pdf") == names.count("1.pdf") == 1


def test_a_citation_stays_in_sight_when_the_panel_takes_its_room(
    page, session, store, until, qtbot
):
    page.resize(1000, 420)
    open_talk(session, store, write_proved(store))
    until(lambda: len(built(page)) == 4)
    view = page._items[1].widget
    bar = page._scroll.verticalScrollBar()
    until(lambda: view.chip_place(3).width() > 5 and bar.maximum() > 0)
    settle(bar, qtbot)
    bar.setValue(view.y())

    def seen_at():
        return page._top(view, view.chip_place(3)) - bar.value()

    before = seen_at()
    view.citation_activated.emit(view._citation(3))
    width = view.width()
    page.resize(460, 420)
    until(lambda: view.width() < width)
    qtbot.wait(30)
    assert abs(seen_at() - before) <= 2


def test_what_a_search_found_is_scrolled_to_and_marked(page, session, store, until, qtbot):
    page.resize(700, 420)
    talk = write_proved(store, "Something is said here. " * 60)
    session.chat._assistant = SimpleNamespace(conversations=store)
    [found] = [f for f in store.search("1st heron") if f.message is not None]
    session.conversations.open_found(found)
    assert session.conversations.current == talk
    until(lambda: len(built(page)) == 4)
    view = page._items[-1].widget
    bar = page._scroll.verticalScrollBar()
    until(view._prose.extraSelections)
    settle(bar, qtbot)
    until(lambda: 0 <= view.mapTo(page._scroll.viewport(), QPoint()).y() < 300)
    assert bar.value() < bar.maximum()
    marked = [selection.cursor.selectedText() for selection in view._prose.extraSelections()]
    assert set(marked) == {"1st", "heron"}


def test_what_the_documents_do_not_say_can_be_asked_of_the_model_alone(
    page, session, store, until, monkeypatch
):
    talk = store.create()
    question = store.ask(talk.id, "Who built it?")
    answer = msgspec.structs.replace(
        scenes.plain_answer(question.text, "Your documents do not say."),
        mode="retrieval", declined=True,
    )  # fmt: skip
    store.begin_answer(question.id).finish(answer)
    open_talk(session, store, talk.id)
    until(lambda: len(built(page)) == 2)
    asked = []
    monkeypatch.setattr(session.chat, "_ask", lambda request, before: asked.append(request))
    page._items[1].widget._alone.click()
    assert [(r.question, r.use_documents, r.replaces) for r in asked] == [
        ("Who built it?", False, question.id)
    ]


def test_documents_that_are_too_long_are_asked_by_passages_or_by_a_larger_context(
    page, session, store, until, qtbot, monkeypatch
):
    talk = store.create()
    question = store.ask(talk.id, "Who signed it?")
    store.begin_answer(question.id).fail(failure_of(WholeDoesNotFit(19_328, 8192)))
    open_talk(session, store, talk.id)
    until(lambda: len(built(page)) == 2)
    view = page._items[1].widget
    buttons = {button.text(): button for button in view.findChildren(QPushButton)}
    assert "Ask again" not in buttons  # it would only fail again
    asked = []
    monkeypatch.setattr(session.chat, "_ask", lambda request, before: asked.append(request))
    buttons["Answer from passages"].click()
    assert [(r.question, r.mode, r.replaces) for r in asked] == [
        ("Who signed it?", "retrieval", question.id)
    ]
    with qtbot.waitSignal(page.context_wanted):
        buttons["Let the model hold more…"].click()
    said = " ".join(each.text() for each in view.findChildren(QLabel))
    assert "19,328 tokens, where the model holds 8,192" in said


def test_the_last_question_is_changed_and_the_last_answer_copied_by_key(
    page, session, store, until
):
    open_talk(session, store, write(store, 2))
    until(lambda: len(built(page)) == 4)
    page.edit_last()
    assert page._items[2].widget._editor is not None
    page.copy_last()
    assert QGuiApplication.clipboard().text() == scenes.CODE_ANSWER
