"""Everything read through by a real model, with its process killed and a question in between."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading

import pytest

from assistant.answering.calibration import Calibrations, Scale
from assistant.answering.types import AskRequest, Phase, Plan
from assistant.assistant import Assistant
from assistant.paths import DataPaths
from assistant.reading_all.prompts import edition
from indexing.database import database_path
from indexing.types import Block, CanonicalDocument
from tests.integration.studio import PATIENCE_S, Studio
from tests.library import put_document
from tests.waiting import wait_until

pytestmark = [pytest.mark.model, pytest.mark.timeout(PATIENCE_S * 2)]

KILL = signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM
QUESTION = "List all jars."
EMPTY_PAGE = 3
PAGES = 6


def cellar_book() -> CanonicalDocument:
    """A book of six pages, the third of which has no text."""
    text, blocks, starts = "", [], []
    for page in range(1, PAGES + 1):
        starts.append(len(text))
        if page == EMPTY_PAGE:
            text += "\n\n"
            continue
        for shelf in range(1, 16):
            sentence = f"Shelf {shelf} of room {page} holds a jar of {'plums' * (shelf % 2)}salt."
            blocks.append(Block(len(text), len(text) + len(sentence), "paragraph", page, ()))
            text += f"{sentence}\n\n"
    return CanonicalDocument("The cellar book", "pdf", text, tuple(blocks), tuple(starts))


def windows_kept(data_dir) -> int:
    """How many windows of a reading lie in the database."""
    with contextlib.closing(sqlite3.connect(database_path(data_dir), timeout=10)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM readings_windows").fetchone()[0]
        except sqlite3.OperationalError:  # before its tables are made
            return 0


def finish(steps, seen):
    """Take all steps of a generator; return its result."""
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value


@pytest.fixture
def studio(data_dir, smollm_path):
    studio = Studio(data_dir)
    studio.install(model=smollm_path)
    # So small a context that a window is about a page.
    (data_dir / "settings.toml").write_text("context_tokens = 1024\n", "utf-8")
    put_document(data_dir, cellar_book(), "/shelf/cellar.pdf")
    # What the replies of so small a model are worth is known, and need not be measured here.
    calibrations = Calibrations(DataPaths(data_dir).calibrations_file)
    for asked in ("windows", "notes"):
        calibrations.keep(f"{smollm_path.name} {edition()} {asked}", Scale(0.0, 0.0))
    return studio


def test_a_killed_reading_goes_on_where_it_was_and_lets_a_question_go_first(studio):
    command = studio.start("ask", "--mode", "everything", QUESTION)
    try:
        wait_until(lambda: windows_kept(studio.data_dir) >= 1)
    finally:
        command.send_signal(KILL)
        command.communicate()
    before = windows_kept(studio.data_dir)

    assistant = Assistant(DataPaths(studio.data_dir))
    with contextlib.closing(assistant):
        steps = assistant.ask(AskRequest(QUESTION, mode="everything"))
        seen = []
        while not any(isinstance(event, Plan) for event in seen):
            seen.append(next(steps))
        plan = seen[-1]
        assert plan.reading.windows_kept == before > 0
        assert plan.reading.pages == PAGES
        assert plan.reading.windows > before

        seen.append(next(steps))
        answers = []
        question = threading.Thread(
            target=lambda: answers.append(
                finish(assistant.ask(AskRequest("Say yes.", use_documents=False)), [])
            )
        )
        question.start()
        answer = finish(steps, seen)
        question.join()

    assert answers[0].answer
    names = [event.name for event in seen if isinstance(event, Phase)]
    assert "giving_way" in names
    receipt = answer.receipt
    assert receipt.complete
    assert receipt.windows_kept == before
    (document,) = receipt.documents
    assert document.pages_read == PAGES - 1
    assert document.empty_pages == (EMPTY_PAGE,)
    assert document.passages_read == document.passages > 0
    text = cellar_book().text
    for citation in answer.citations:
        assert text[citation.start : citation.end] == citation.quote
        assert citation.page != EMPTY_PAGE
    assert len(answer.sentences) == receipt.found - receipt.dropped - receipt.merged
    assert all(sentence.citations for sentence in answer.sentences)


def test_a_stopped_reading_says_how_far_it_came_and_is_kept_in_its_conversation(studio):
    assistant = Assistant(DataPaths(studio.data_dir))
    with contextlib.closing(assistant):
        talk = assistant.conversations.create().id
        steps = assistant.ask(AskRequest(QUESTION, conversation=talk, mode="everything"))
        for event in steps:
            if isinstance(event, Phase) and event.name == "reading_all" and event.done:
                break
        steps.close()
        kept = windows_kept(studio.data_dir)
        message = assistant.conversations.messages(talk)[-1]
        assert message.state == "stopped"
        receipt = message.answer.receipt
        assert 0 < receipt.pages_read < PAGES - 1
        assert not receipt.complete
        assert receipt.windows_read == kept
        assert message.plan.reading.windows == receipt.windows
        # Another conversation does not see what was read in this one; the same one does.
        again = AskRequest(QUESTION, conversation=talk, replaces=message.parent, mode="everything")
        assert assistant.plan(again).reading.windows_kept == kept
        assert assistant.plan(AskRequest(QUESTION, mode="everything")).reading.windows_kept == 0
