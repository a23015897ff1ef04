"""Who answers: models and personas, chosen for one conversation and kept with it."""

from __future__ import annotations

import pytest
import scenes
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QPushButton

from assistant.answering.prompt import wording
from assistant.paths import DataPaths
from assistant.personas import Persona
from assistant.settings import ModelSettings
from desktop.app import Window
from desktop.views.model_settings_sheet import ModelSettingsSheet
from desktop.views.personas_sheet import PersonasSheet

pytestmark = [pytest.mark.gui, pytest.mark.model]

SMALL = "SmolLM2-135M-Instruct.Q4_1.gguf"
OTHER = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"


@pytest.fixture
def window(qapp, data_dir, smollm_path, qwen_small_path, embedder_path, until, short_answers):
    paths = DataPaths(data_dir).create()
    scenes.link_models(paths, SMALL)
    (paths.models / OTHER).symlink_to(qwen_small_path)
    paths.settings_file.write_text(f'model = "{SMALL}"\n', encoding="utf-8")
    made = Window(qapp, paths, [])
    made.main.resize(1280, 800)
    made.show()
    until(lambda: made.session.assistant is not None)
    until(lambda: made.session.models.state == "ready")
    until(lambda: made.session.respondent.personas)
    yield made
    made.main.close()
    made.close()


def ask(window, qtbot, until, text):
    session = window.session
    field = window.main._composer._field
    count = len(session.chat.messages)
    field.setPlainText(text)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    until(lambda: session.chat.is_busy)
    until(lambda: not session.chat.is_busy, 150)
    until(lambda: len(session.chat.messages) == count + 2)
    return session.chat.messages[-1]


def test_models_are_switched_in_a_conversation_and_its_history_stays(window, until, qtbot):
    session = window.session
    title = window.main._title_bar
    session.composer.set_mode("auto", use_documents=False)
    first = ask(window, qtbot, until, "Say one.")
    assert first.answer.model == SMALL
    talk = session.conversations.current
    session.respondent.choose_model(OTHER)
    assert "0.5B" in title._model.text()
    until(lambda: session.models.is_loaded(session.models.facts(OTHER)))
    second = ask(window, qtbot, until, "Say two.")
    assert second.answer.model == OTHER
    session.respondent.choose_model(SMALL)
    third = ask(window, qtbot, until, "Say three.")
    assert third.answer.model == SMALL
    shown = session.chat.messages
    assert [m.text for m in shown if m.role == "user"] == ["Say one.", "Say two.", "Say three."]
    # The choice is this conversation's; a new one follows the settings.
    session.respondent.choose_model(OTHER)
    until(lambda: session.assistant.conversations.get(talk).model == OTHER)
    window.main.new_chat()
    assert session.respondent.model.name == SMALL
    session.conversations.open(talk)
    until(lambda: session.respondent.model.name == OTHER)


def test_the_menu_of_models_says_what_each_one_is(window, until):
    menu = QMenu()
    window.main._title_bar._menus.fill_models(menu)
    rows = {action.text(): action.isChecked() for action in menu.actions() if action.isCheckable()}
    assert len(rows) == 2
    [chosen] = [text for text, on in rows.items() if on]
    assert "loaded" in chosen
    assert all("\t" in text and "MB" in text for text in rows)


def test_loading_can_be_stopped_and_the_memory_freed(window, until, qtbot):
    session = window.session
    session.models.unload()
    until(lambda: session.models.state == "unloaded")
    assert window.main._title_bar._state.text() == "not loaded"
    # Nobody asked anything for so long: what is loaded goes by itself.
    session.models.load()
    until(lambda: session.models.state == "ready")
    assert session.models._idle.isActive()
    # What it learns of the model meanwhile counts as use: the time is cut short again and again.
    until(lambda: session.models.state == "unloaded" or session.models._idle.start(1))
    session.settings.set_idle_minutes(0)
    session.models.load()
    session.models.cancel_load()
    until(lambda: not session.models.is_loading)
    until(lambda: session.models.state in ("unloaded", "ready", "none"))
    assert not session.models.problem
    assert not session.models._idle.isActive()


def test_the_librarian_never_answers_alone(window, until, qtbot):
    session = window.session
    session.respondent.choose_persona("librarian")
    assert window.main._title_bar._persona.text() == "Librarian"
    answer = ask(window, qtbot, until, "How tall is the Eiffel Tower?")
    assert answer.answer.declined
    assert answer.text == wording().declined
    # The persona is kept with the conversation.
    talk = session.conversations.current
    assert session.assistant.conversations.get(talk).persona == "librarian"
    until(lambda: session.conversations.conversation(talk) is not None)
    window.main.new_chat()
    assert session.respondent.persona is None
    session.conversations.open(talk)
    assert session.respondent.persona is not None
    assert session.respondent.persona.id == "librarian"


def test_a_persona_without_documents_says_so_before_sending(window, until):
    session = window.session
    session.respondent.choose_persona("translator")
    assert not session.composer.use_documents
    assert window.main._composer._controls._scope.text() == "No documents: Translator"
    session.respondent.choose_persona(None)
    assert session.composer.use_documents


def test_a_persona_is_made_used_and_removed(window, until, qtbot):
    session = window.session
    window.main._sheets.show_personas()
    sheet = window.main.findChild(PersonasSheet)
    assert [sheet._list.item(row).text() for row in range(sheet._list.count())][:2] == [
        "Explainer", "Librarian",
    ]  # fmt: skip
    sheet._on_new()
    qtbot.mouseClick(sheet._save, Qt.MouseButton.LeftButton)
    assert "name" in sheet._problem.text()
    qtbot.keyClicks(sheet._name, "Tax adviser")
    sheet._instructions.setPlainText("Name the paragraph.")
    sheet._model.setCurrentIndex(sheet._model.findData(OTHER))
    qtbot.mouseClick(sheet._save, Qt.MouseButton.LeftButton)
    until(lambda: any(p.name == "Tax adviser" for p in session.respondent.personas))
    made = session.assistant.personas.get("tax-adviser")
    assert made == Persona(
        "tax-adviser", "Tax adviser", instructions="Name the paragraph.", model=OTHER, own=True
    )
    until(sheet._remove.isVisible)
    qtbot.mouseClick(sheet._use, Qt.MouseButton.LeftButton)
    assert session.respondent.persona == made
    assert session.respondent.model.name == OTHER
    heard = []
    session.notices.shown.connect(heard.append)
    session.respondent.remove(made)
    until(lambda: made not in session.respondent.personas)
    heard[-1].act()
    until(lambda: made in session.respondent.personas)


def test_a_conversation_has_settings_of_its_own(window, until, qtbot):
    session = window.session
    menus = window.main._title_bar._menus

    def own_settings():
        menu = QMenu(window.main)
        menus.fill_models(menu)
        return next(a for a in menu.actions() if a.text() == "Settings for this conversation…")

    # A new chat has none yet.
    assert not own_settings().isEnabled()
    session.composer.set_mode("auto", use_documents=False)
    ask(window, qtbot, until, "Say one.")
    talk = session.conversations.current
    until(lambda: session.conversations.conversation(talk) is not None)
    own_settings().trigger()
    sheet = window.main.findChild(ModelSettingsSheet)
    context = sheet.form.fields["context_tokens"]
    assert context.currentText() == "As everywhere: 8,192 tokens"
    assert sheet.chosen == ModelSettings()
    context.setCurrentIndex(context.findData(2048))
    sheet.form.fields["top_k"].setValue(7)
    qtbot.mouseClick(sheet.findChild(QPushButton, "save"), Qt.MouseButton.LeftButton)
    kept = ModelSettings(context_tokens=2048, top_k=7)
    until(lambda: session.conversations.conversation(talk).settings == {SMALL: kept})
    # It holds for the next question there, and nowhere else.
    ask(window, qtbot, until, "Say two.")
    until(lambda: session.assistant.model.loaded.context_tokens == 2048)
    assert session.settings.model_settings(SMALL) == ModelSettings()
    window.main.new_chat()
    session.composer.set_mode("auto", use_documents=False)
    ask(window, qtbot, until, "Say three.")
    until(lambda: session.assistant.model.loaded.context_tokens == 8192)
