from __future__ import annotations

import time

import pytest
import scenes

from assistant.answering.types import AnswerDelta, AskRequest, Phase
from assistant.conversations.store import ConversationStore
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.presenters.live import LiveAnswer
from desktop.presenters.session import Session
from desktop.presenters.settings import SettingsPresenter
from desktop.views.answer_view import AnswerView
from desktop.views.chat_page import SHOWN_AT_FIRST, ChatPage
from desktop.views.composer import Composer
from desktop.views.empty import EmptyChat


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
    until(lambda: len(built(page)) == SHOWN_AT_FIRST, 30)
    bar = page._scroll.verticalScrollBar()
    until(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    assert [item.message for item in built(page)] == messages[-SHOWN_AT_FIRST:]
    # What is earlier comes when it is scrolled to.
    bar.setValue(0)
    until(lambda: len(built(page)) > SHOWN_AT_FIRST, 30)


def start_live(session, bridge, talk, steps):
    live = LiveAnswer(AskRequest("And then?", conversation=talk), session.chat)
    live.ended.connect(session.chat._on_live_ended)
    session.chat._live = live
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
