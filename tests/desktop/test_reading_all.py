"""Reading everything in the window: offered, forecast, behind other questions, read on."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import reading_scenes

from assistant.answering.types import AnswerDelta, AskRequest, Phase
from assistant.conversations.store import ConversationStore
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.presenters.live import LiveAnswer
from desktop.presenters.session import Session
from desktop.presenters.settings import SettingsPresenter
from desktop.views.answer_view import AnswerView
from desktop.views.composer import Composer
from desktop.views.read_wording import what_was_read
from desktop.views.wording import phase_fraction, phase_text, sources_text, speed_text


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
    made.chat.attach(cast("Any", SimpleNamespace(conversations=store)))
    return made


@pytest.fixture
def composer(theme, session, qtbot):
    made = Composer(theme, session.composer, session.chat, session.documents, session.settings)
    qtbot.addWidget(made)
    made.resize(700, 160)
    made.show()
    return made


def reading(session, bridge, talk):
    """Begin a reading that goes on until it is stopped."""

    def steps():
        yield reading_scenes.PLAN
        yield AnswerDelta("- one\n")
        while True:
            time.sleep(0.01)
            yield Phase("reading_all", 31, 104, 470.0)

    request = AskRequest("List all.", conversation=talk, mode="everything")
    live = LiveAnswer(request, session.chat)
    session.chat._lives.append(live)
    live.follow(bridge.start("reading", steps))
    session.chat.live_changed.emit()
    return live


def kept(store, answer, plan):
    talk = store.create()
    question = store.ask(talk.id, answer.question)
    writer = store.begin_answer(question.id, answer.model)
    writer.plan(plan)
    writer.finish(answer)
    return store.messages(talk.id)[-1]


def test_what_a_search_cannot_answer_is_offered_and_never_chosen_by_itself(composer, session):
    searches = msgspec.structs.replace(reading_scenes.searched())
    composer._field.setPlainText("When is the rent due?")
    session.composer._on_planned(searches)
    assert not composer._suggestion.isVisible()
    composer._field.setPlainText("List all repairs that the tenant bears.")
    session.composer._on_planned(searches)
    assert composer._suggestion.isVisible()
    assert session.composer.mode == "auto"
    # What is read whole has been read to its end.
    session.composer._on_planned(msgspec.structs.replace(searches, mode="whole"))
    assert not composer._suggestion.isVisible()
    session.composer.set_mode("everything")
    session.composer._on_planned(reading_scenes.PLAN)
    assert not composer._suggestion.isVisible()


def test_the_forecast_says_pages_and_minutes(composer, session):
    composer._field.setPlainText("List all repairs that the tenant bears.")
    session.composer.set_mode("everything")
    session.composer._on_planned(reading_scenes.PLAN)
    controls = composer._controls
    assert controls._mode.text() == "Read all 104 pages"
    assert controls._tokens.text() == "61,400 tokens"
    assert controls._time.text() == "~12 min"
    assert not controls._time.isEnabled()


def test_a_reading_lets_questions_go_first_but_not_in_its_own_conversation(
    session, store, bridge, until
):
    talk, other = store.create().id, store.create().id
    session.conversations.open(talk)
    live = reading(session, bridge, talk)
    until(lambda: live.text)
    assert session.chat.live is live
    assert session.chat.is_busy
    session.conversations.open(other)
    assert session.chat.live is None
    assert not session.chat.is_busy
    assert session.chat.can_ask
    # There is nothing to stop here, and the reading goes on.
    session.chat.stop()
    assert not live.stopping
    session.conversations.open(talk)
    session.chat.stop()
    until(lambda: live.is_over)
    assert live.was_stopped


def test_while_it_is_read_pages_and_time_are_said():
    phase = Phase("reading_all", 31, 104, 470.0)
    assert phase_text(phase) == "Reading everything, 31 of 104, about 8 min left"
    assert phase_text(Phase("reading_all", 104, 104, 0)).endswith("about 0.0 s left")
    assert phase_text(Phase("reading_all", 1, 9)) == "Reading everything, 1 of 9"
    assert phase_fraction(phase) == pytest.approx(31 / 104)
    assert "other question" in phase_text(Phase("giving_way", 31, 104))


def test_a_stopped_reading_can_be_gone_on_with(theme, store, qtbot):
    view = AnswerView(theme)
    qtbot.addWidget(view)
    message = kept(store, reading_scenes.answer(42), reading_scenes.PLAN)
    view.show_message(message)
    assert view._read_on is not None
    with qtbot.waitSignal(view.read_on_wanted):
        view._read_on.click()
    whole = AnswerView(theme)
    qtbot.addWidget(whole)
    whole.show_message(kept(store, reading_scenes.answer(), reading_scenes.PLAN))
    assert whole._read_on is None


def test_the_receipt_says_what_was_read_and_what_not(store):
    message = kept(store, reading_scenes.answer(), reading_scenes.PLAN)
    assert message.answer is not None
    assert sources_text(message.answer, message.plan) == "3 sources · 104 of 113 pages read"
    assert speed_text(message.answer) == "read in 11 min"
    pages, model = what_was_read(message)
    told = [(line.title, line.text) for line in pages.lines]
    assert told == [
        ("lease", "93 of 93 pages"),
        ("", "page 41: no text to read"),
        ("house-rules", "11 of 11 pages"),
        ("", "pages 3, 4: more than could be written down"),
        ("annex-scan", "not read: page 1 has no text"),
    ]
    assert ("Dropped", "4 not in the text, or only copied from it") in [
        line[:2] for line in model.lines
    ]


def test_what_was_searched_found_and_given_is_kept_with_an_answer(store):
    answer = msgspec.structs.replace(reading_scenes.answer(), mode="retrieval", receipt=None)
    message = kept(store, answer, reading_scenes.searched())
    searched, found, given = what_was_read(message)
    assert searched.heading == "Searched in 14 documents for"
    assert searched.lines[0].title == "“Who bears the repairs?”"
    assert [line.text for line in found.lines] == [
        "pages 4\u20135 · 3 passages",
        "page 9 · 1 passage",
        "2 passages",
        "page 2 · 1 passage · not given: no room",
    ]
    assert [line.missing for line in found.lines] == [False, False, False, True]
    assert given.lines[1].text == "1,240 of 8,192 that fit, 310 of them read before"
